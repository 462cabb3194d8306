//! The names of S3's actions, and what each is about. Which operation needs which action is the table of operations' business.
//!
//! Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>

use super::pattern::matches_ignoring_case;

/// What an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A bucket: `arn:aws:s3:::bucket`.
    Bucket,
    /// An object: `arn:aws:s3:::bucket/key`.
    Object,
    /// An account, an access point, a job: nothing that a bucket policy speaks of.
    Other,
}

/// Actions on a bucket, without their prefix `s3:`.
const BUCKET: [&str; 61] = [
    "CreateBucket",
    "CreateBucketMetadataTableConfiguration",
    "DeleteBucket",
    "DeleteBucketMetadataTableConfiguration",
    "DeleteBucketPolicy",
    "DeleteBucketWebsite",
    "GetAccelerateConfiguration",
    "GetAnalyticsConfiguration",
    "GetBucketAbac",
    "GetBucketAcl",
    "GetBucketCORS",
    "GetBucketLocation",
    "GetBucketLogging",
    "GetBucketMetadataTableConfiguration",
    "GetBucketNotification",
    "GetBucketObjectLockConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketPublicAccessBlock",
    "GetBucketRequestPayment",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetEncryptionConfiguration",
    "GetIntelligentTieringConfiguration",
    "GetInventoryConfiguration",
    "GetLifecycleConfiguration",
    "GetMetricsConfiguration",
    "GetReplicationConfiguration",
    "ListBucket",
    "ListBucketMultipartUploads",
    "ListBucketVersions",
    "ListTagsForResource",
    "PauseReplication",
    "PutAccelerateConfiguration",
    "PutAnalyticsConfiguration",
    "PutBucketAbac",
    "PutBucketAcl",
    "PutBucketCORS",
    "PutBucketLogging",
    "PutBucketNotification",
    "PutBucketObjectLockConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketRequestPayment",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketWebsite",
    "PutEncryptionConfiguration",
    "PutIntelligentTieringConfiguration",
    "PutInventoryConfiguration",
    "PutLifecycleConfiguration",
    "PutMetricsConfiguration",
    "PutReplicationConfiguration",
    "TagResource",
    "UntagResource",
    "UpdateBucketMetadataAnnotationTableConfiguration",
    "UpdateBucketMetadataInventoryTableConfiguration",
    "UpdateBucketMetadataJournalTableConfiguration",
];

/// Actions on an object, without their prefix.
const OBJECT: [&str; 38] = [
    "AbortMultipartUpload",
    "BypassGovernanceRetention",
    "DeleteObject",
    "DeleteObjectAnnotation",
    "DeleteObjectTagging",
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAnnotation",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectTorrent",
    "GetObjectVersion",
    "GetObjectVersionAcl",
    "GetObjectVersionAttributes",
    "GetObjectVersionForReplication",
    "GetObjectVersionTagging",
    "GetObjectVersionTorrent",
    "InitiateReplication",
    "ListMultipartUploadParts",
    "ListObjectAnnotations",
    "ObjectOwnerOverrideToBucketOwner",
    "PutObject",
    "PutObjectAcl",
    "PutObjectAnnotation",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
    "ReplicateDelete",
    "ReplicateObject",
    "ReplicateTags",
    "RestoreObject",
    "UpdateObjectEncryption",
];

/// Actions on something else, without their prefix.
const OTHER: [&str; 61] = [
    "AssociateAccessGrantsIdentityCenter",
    "CreateAccessGrant",
    "CreateAccessGrantsInstance",
    "CreateAccessGrantsLocation",
    "CreateAccessPoint",
    "CreateAccessPointForObjectLambda",
    "CreateJob",
    "CreateMultiRegionAccessPoint",
    "CreateStorageLensGroup",
    "DeleteAccessGrant",
    "DeleteAccessGrantsInstance",
    "DeleteAccessGrantsInstanceResourcePolicy",
    "DeleteAccessGrantsLocation",
    "DeleteAccessPoint",
    "DeleteAccessPointForObjectLambda",
    "DeleteAccessPointPolicy",
    "DeleteAccessPointPolicyForObjectLambda",
    "DeleteJobTagging",
    "DeleteMultiRegionAccessPoint",
    "DeleteStorageLensConfiguration",
    "DeleteStorageLensConfigurationTagging",
    "DeleteStorageLensGroup",
    "DescribeJob",
    "DescribeMultiRegionAccessPointOperation",
    "DissociateAccessGrantsIdentityCenter",
    "GetAccessGrant",
    "GetAccessGrantsInstance",
    "GetAccessGrantsLocation",
    "GetAccessPoint",
    "GetAccessPointPolicy",
    "GetAccessPointPolicyStatus",
    "GetAccountPublicAccessBlock",
    "GetDataAccess",
    "GetJobTagging",
    "GetMultiRegionAccessPoint",
    "GetMultiRegionAccessPointPolicy",
    "GetMultiRegionAccessPointPolicyStatus",
    "GetMultiRegionAccessPointRoutes",
    "GetStorageLensConfiguration",
    "GetStorageLensConfigurationTagging",
    "GetStorageLensDashboard",
    "GetStorageLensGroup",
    "ListAccessGrants",
    "ListAccessPoints",
    "ListAllMyBuckets",
    "ListJobs",
    "ListMultiRegionAccessPoints",
    "ListStorageLensConfigurations",
    "ListStorageLensGroups",
    "PutAccessPointPolicy",
    "PutAccessPointPublicAccessBlock",
    "PutAccountPublicAccessBlock",
    "PutJobTagging",
    "PutMultiRegionAccessPointPolicy",
    "PutStorageLensConfiguration",
    "PutStorageLensConfigurationTagging",
    "SubmitMultiRegionAccessPointRoutes",
    "UpdateAccessGrantsLocation",
    "UpdateJobPriority",
    "UpdateJobStatus",
    "UpdateStorageLensGroup",
];

/// Every action with its prefix, and what it is about.
pub fn all() -> impl Iterator<Item = (String, Scope)> {
    names().map(|(name, scope)| (format!("s3:{name}"), scope))
}

/// What an action is about, if there is one of that name; with its prefix, whatever the case of its letters.
pub fn scope(action: &str) -> Option<Scope> {
    let name = strip_prefix(action)?;
    names().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, scope)| scope)
}

/// The actions, without their prefix, that a pattern such as `s3:Get*` covers.
pub(super) fn covered_by(pattern: &str) -> Vec<(&'static str, Scope)> {
    // Most patterns name one action.
    if let Some(name) = strip_prefix(pattern)
        && let Some(found) = names().find(|(other, _)| other.eq_ignore_ascii_case(name))
    {
        return vec![found];
    }
    names().filter(|(name, _)| matches_ignoring_case(pattern, &format!("s3:{name}"))).collect()
}

fn strip_prefix(action: &str) -> Option<&str> {
    let (service, name) = action.split_once(':')?;
    service.eq_ignore_ascii_case("s3").then_some(name)
}

fn names() -> impl Iterator<Item = (&'static str, Scope)> {
    let of = |names: &'static [&'static str], scope| names.iter().map(move |name| (*name, scope));
    of(&BUCKET, Scope::Bucket).chain(of(&OBJECT, Scope::Object)).chain(of(&OTHER, Scope::Other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<_> = names().map(|(name, _)| name.to_ascii_lowercase()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn scopes() {
        assert_eq!(scope("s3:GetObject"), Some(Scope::Object));
        assert_eq!(scope("S3:listbucket"), Some(Scope::Bucket));
        assert_eq!(scope("s3:ListAllMyBuckets"), Some(Scope::Other));
        for unknown in
            ["GetObject", "ec2:GetObject", "s3:ListObjects", "s3:PutObjectLockConfiguration", "s3:HeadObject"]
        {
            assert_eq!(scope(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn patterns() {
        let covered = |pattern: &str| covered_by(pattern).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(covered("s3:getobject"), ["GetObject"]);
        assert_eq!(covered("s3:*LegalHold"), ["GetObjectLegalHold", "PutObjectLegalHold"]);
        assert_eq!(covered("s3:PutObject?cl"), ["PutObjectAcl"]);
        assert_eq!(covered("*").len(), names().count());
        assert_eq!(covered("s3:*").len(), all().count());
        assert!(covered("s3:Nothing*").is_empty() && covered("ec2:*").is_empty() && covered("").is_empty());
    }
}
