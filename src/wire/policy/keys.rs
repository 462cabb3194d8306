//! The condition keys that S3 knows, and the actions that each says something about. What a key's value is in a request is
//! asked of the request.
//!
//! Sources: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html> for which key goes with
//! which action; that AWS refuses the other pairs, and keys of `s3:` that it does not know, was seen.

/// Actions without their prefix that store an object.
const PUT: &[&str] = &["PutObject", "BypassGovernanceRetention"];
const LIST: &[&str] = &["ListBucket", "ListBucketVersions"];
const GRANT: &[&str] =
    &["CreateBucket", "PutBucketAcl", "PutObject", "PutObjectAcl", "PutObjectVersionAcl", "BypassGovernanceRetention"];
const VERSION: &[&str] = &[
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "GetObjectVersion",
    "GetObjectVersionAcl",
    "GetObjectVersionAttributes",
    "GetObjectVersionTagging",
    "GetObjectVersionTorrent",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
];
const EXISTING_TAG: &[&str] = &[
    "DeleteObjectTagging",
    "DeleteObjectVersionTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "GetObjectVersion",
    "GetObjectVersionAcl",
    "GetObjectVersionAttributes",
    "GetObjectVersionTagging",
    "PutObjectAcl",
    "PutObjectTagging",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
];
const REQUEST_TAG: &[&str] = &["PutObject", "PutObjectTagging", "PutObjectVersionTagging", "BypassGovernanceRetention"];
const ENCRYPT: &[&str] = &["PutObject", "ReplicateObject", "BypassGovernanceRetention"];
const STORAGE_CLASS: &[&str] = &["PutObject", "PutObjectAcl", "PutObjectVersionAcl", "BypassGovernanceRetention"];
const RETAIN: &[&str] = &["PutObject", "PutObjectRetention", "ReplicateObject", "BypassGovernanceRetention"];
const RETENTION_DAYS: &[&str] = &[
    "PutObject",
    "PutObjectRetention",
    "PutBucketObjectLockConfiguration",
    "ReplicateObject",
    "BypassGovernanceRetention",
];
const HOLD: &[&str] = &["PutObject", "PutObjectLegalHold", "ReplicateObject", "BypassGovernanceRetention"];
const CONDITIONAL: &[&str] = &["PutObject", "DeleteObject", "DeleteObjectVersion", "BypassGovernanceRetention"];
const CREATE_BUCKET: &[&str] = &["CreateBucket"];
const INVENTORY: &[&str] = &["PutInventoryConfiguration"];
/// Every action.
const EVERY: &[&str] = &[];

/// Keys of `s3:` without their prefix, in lower case, and the actions that they say something about. A key that ends in `/`
/// is followed by the name of a tag.
const S3_KEYS: [(&str, &[&str]); 52] = [
    ("accessgrantsinstancearn", EVERY),
    ("accesspointnetworkorigin", EVERY),
    ("accesspointtag/", EVERY),
    ("authtype", EVERY),
    ("buckettag/", EVERY),
    ("dataaccesspointaccount", EVERY),
    ("dataaccesspointarn", EVERY),
    ("resourceaccount", EVERY),
    ("signatureage", EVERY),
    ("signatureversion", EVERY),
    ("tlsversion", EVERY),
    ("x-amz-content-sha256", EVERY),
    ("delimiter", LIST),
    ("max-keys", LIST),
    ("prefix", LIST),
    ("versionid", VERSION),
    ("x-amz-acl", GRANT),
    ("x-amz-grant-full-control", GRANT),
    ("x-amz-grant-read", GRANT),
    ("x-amz-grant-read-acp", GRANT),
    ("x-amz-grant-write", GRANT),
    ("x-amz-grant-write-acp", GRANT),
    ("x-amz-copy-source", PUT),
    ("x-amz-metadata-directive", PUT),
    ("x-amz-website-redirect-location", PUT),
    ("x-amz-server-side-encryption", ENCRYPT),
    ("x-amz-server-side-encryption-aws-kms-key-id", ENCRYPT),
    ("x-amz-server-side-encryption-customer-algorithm", ENCRYPT),
    ("x-amz-storage-class", STORAGE_CLASS),
    ("existingobjecttag/", EXISTING_TAG),
    ("requestobjecttag/", REQUEST_TAG),
    ("requestobjecttagkeys", REQUEST_TAG),
    ("object-lock-mode", RETAIN),
    ("object-lock-retain-until-date", RETAIN),
    ("object-lock-remaining-retention-days", RETENTION_DAYS),
    ("object-lock-legal-hold", HOLD),
    ("if-match", CONDITIONAL),
    ("if-none-match", CONDITIONAL),
    ("objectcreationoperation", PUT),
    ("locationconstraint", CREATE_BUCKET),
    ("x-amz-object-ownership", CREATE_BUCKET),
    ("x-amz-bucket-namespace", CREATE_BUCKET),
    ("inventoryaccessibleoptionalfields", INVENTORY),
    ("destinationregion", &["PauseReplication"]),
    ("isreplicationpauserequest", &["PutReplicationConfiguration"]),
    ("annotation-prefix", &["ListObjectAnnotations"]),
    ("max-annotation-results", &["ListObjectAnnotations"]),
    ("existingjoboperation", &["UpdateJobPriority", "UpdateJobStatus"]),
    ("existingjobpriority", &["UpdateJobPriority", "UpdateJobStatus"]),
    ("jobsuspendedcause", &["UpdateJobStatus"]),
    ("requestjoboperation", &["CreateJob"]),
    ("requestjobpriority", &["CreateJob", "UpdateJobPriority"]),
];

/// Services whose keys a bucket policy may ask for beside those of S3: those that put their own into a role's session.
const OTHER_SERVICES: [&str; 8] = ["aws", "codebuild", "ec2", "glue", "identitystore", "lambda", "saml", "ssm"];

/// A condition key, in the spelling in which requests are asked for it: in lower case up to a `/`, behind which the name of
/// a tag keeps its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionKey {
    name: String,
    /// The actions that it says something about, without their prefix; all, if empty.
    actions: &'static [&'static str],
}

impl ConditionKey {
    /// Reads a key; its case does not count. S3 refuses keys of its own that it does not know, and takes any of `aws:`.
    pub(super) fn parse(text: &str) -> Option<ConditionKey> {
        let name = match text.split_once('/') {
            Some((name, tag)) => format!("{}/{tag}", name.to_ascii_lowercase()),
            None => text.to_ascii_lowercase(),
        };
        let (service, rest) = name.split_once(':')?;
        if service != "s3" {
            let known = OTHER_SERVICES.contains(&service) && !rest.is_empty();
            return known.then_some(ConditionKey { name, actions: EVERY });
        }
        let is = |known: &str| match rest.split_once('/') {
            Some((before, tag)) => !tag.is_empty() && known.strip_suffix('/') == Some(before),
            None => known == rest,
        };
        let (_, actions) = S3_KEYS.iter().find(|(known, _)| is(known))?;
        Some(ConditionKey { name, actions })
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Whether the key says something about an action, named without its prefix.
    pub(super) fn applies_to(&self, action: &str) -> bool {
        self.actions.is_empty() || self.actions.contains(&action)
    }
}

#[cfg(test)]
mod tests {
    use super::super::actions;
    use super::*;

    #[test]
    fn spellings() {
        let name = |text| ConditionKey::parse(text).map(|key| key.name);
        assert_eq!(name("S3:Prefix").as_deref(), Some("s3:prefix"));
        assert_eq!(name("s3:ExistingObjectTag/Team/A").as_deref(), Some("s3:existingobjecttag/Team/A"));
        assert_eq!(name("aws:PrincipalTag/Team").as_deref(), Some("aws:principaltag/Team"));
        assert_eq!(name("aws:AnythingAtAll").as_deref(), Some("aws:anythingatall"));
        for unknown in
            ["", "prefix", "s3:", "s3:VersionStatus", "s3:ExistingObjectTag", "s3:ExistingObjectTag/", "aws:", "x:y"]
        {
            assert_eq!(name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn every_action_of_the_table_exists() {
        for (key, names) in S3_KEYS {
            for name in names {
                assert!(actions::scope(&format!("s3:{name}")).is_some(), "{key}: {name}");
            }
        }
    }

    #[test]
    fn what_a_key_says_something_about() {
        let applies = |key, action| ConditionKey::parse(key).unwrap().applies_to(action);
        assert!(applies("s3:prefix", "ListBucket") && !applies("s3:prefix", "GetObject"));
        assert!(applies("aws:SourceIp", "GetObject") && applies("s3:TlsVersion", "ListBucket"));
        // Seen on AWS.
        assert!(applies("s3:ExistingObjectTag/a", "GetObject") && applies("s3:ExistingObjectTag/a", "PutObjectAcl"));
        for action in ["PutObject", "DeleteObject", "GetObjectRetention", "PutObjectLegalHold"] {
            assert!(!applies("s3:ExistingObjectTag/a", action), "{action}");
        }
        for action in ["PutObjectAcl", "PutObjectRetention", "PutObjectLegalHold"] {
            assert!(!applies("s3:RequestObjectTag/a", action), "{action}");
        }
        for key in
            ["s3:x-amz-copy-source", "s3:x-amz-metadata-directive", "s3:x-amz-acl", "s3:x-amz-server-side-encryption"]
        {
            assert!(applies(key, "PutObject") && !applies(key, "GetObject"), "{key}");
        }
    }
}
