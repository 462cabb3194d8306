//! What a request has to be allowed: an action on a bucket or an object, or several. Which of them an operation has is AWS's
//! list.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>

use super::accounts::bucket_owner;
use crate::engine::bucket::Bucket;
use crate::s3::call::Call;
use crate::wire::acl::{GRANT_HEADERS, Permission};
use crate::wire::object_key::ObjectKey;
use crate::wire::policy::ARN_PREFIX;

/// One thing that has to be allowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand<'a> {
    /// With its prefix.
    pub(crate) action: &'static str,
    pub(crate) bucket: &'a Bucket,
    /// Of an action on an object.
    pub(crate) key: Option<&'a ObjectKey>,
    /// As the client named it.
    pub(crate) version: Option<&'a str>,
    /// The key that was looked for in vain, where listing the bucket would tell the same.
    pub(crate) sought: Option<&'a ObjectKey>,
    pub(crate) door: Door,
}

/// Which ACL may allow it, where ACLs count.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The bucket's.
    Bucket(Permission),
    /// The object's.
    Object(Permission),
    /// None: it is for the bucket's owner, and for whom the policy names.
    Closed,
}

/// Actions on an object, and those on one version of it.
const OF_VERSIONS: [(&str, &str); 8] = [
    ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    ("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
    ("s3:GetObject", "s3:GetObjectVersion"),
    ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    ("s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"),
    ("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
    ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
    ("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
];

impl<'a> Demand<'a> {
    pub(crate) fn on_bucket(action: &'static str, bucket: &'a Bucket) -> Demand<'a> {
        Demand { action, bucket, key: None, version: None, sought: None, door: Door::of(action) }
    }

    /// To be told that there is no such key is to list it.
    pub(crate) fn to_miss(bucket: &'a Bucket, key: Option<&'a ObjectKey>) -> Demand<'a> {
        Demand { sought: key, ..Demand::on_bucket("s3:ListBucket", bucket) }
    }

    /// An action on an object, or, if a version is named, the one on versions.
    pub(crate) fn on_object(
        action: &'static str,
        bucket: &'a Bucket,
        key: &'a ObjectKey,
        version: Option<&'a str>,
    ) -> Demand<'a> {
        let of_version = OF_VERSIONS.iter().find(|(of_object, _)| version.is_some() && *of_object == action);
        let action = of_version.map_or(action, |(_, of_version)| *of_version);
        Demand { action, bucket, key: Some(key), version, sought: None, door: Door::of(action) }
    }

    /// An action that sets something on an object as it is made: of an ACL that needs no more than making it.
    pub(crate) fn as_it_is_made(action: &'static str, bucket: &'a Bucket, key: &'a ObjectKey) -> Demand<'a> {
        Demand { door: Door::of("s3:PutObject"), ..Demand::on_object(action, bucket, key, None) }
    }

    /// The ARN that a policy has to name.
    pub(crate) fn resource(&self) -> String {
        match self.key {
            Some(key) => format!("{ARN_PREFIX}{}/{key}", self.bucket.name),
            None => format!("{ARN_PREFIX}{}", self.bucket.name),
        }
    }
}

impl Door {
    pub(crate) fn of(action: &str) -> Door {
        match action.strip_prefix("s3:").unwrap_or(action) {
            "ListBucket" | "ListBucketVersions" | "ListBucketMultipartUploads" => Door::Bucket(Permission::Read),
            // The documentation speaks of creating objects; that whoever may write may also overwrite and delete was the
            // meaning of the permission from its beginning, and is reported of public buckets to this day.
            "PutObject" | "DeleteObject" => Door::Bucket(Permission::Write),
            "GetBucketAcl" => Door::Bucket(Permission::ReadAcp),
            "PutBucketAcl" => Door::Bucket(Permission::WriteAcp),
            "GetObject" | "GetObjectVersion" => Door::Object(Permission::Read),
            "GetObjectAcl" | "GetObjectVersionAcl" => Door::Object(Permission::ReadAcp),
            "PutObjectAcl" | "PutObjectVersionAcl" => Door::Object(Permission::WriteAcp),
            _ => Door::Closed,
        }
    }
}

/// Everything that a request for this action has to be allowed.
pub(super) fn of_action<'a>(action: &'static str, call: &'a Call, bucket: &'a Bucket) -> Vec<Demand<'a>> {
    let head = &call.head;
    let Some(key) = head.target.key() else { return vec![Demand::on_bucket(action, bucket)] };
    let version = head.query.first("versionId");
    let first = Demand::on_object(action, bucket, key, version);
    let mut demands = vec![first];
    demands.extend(further(action, call, bucket).into_iter().map(|further| {
        let demand = Demand::on_object(further, bucket, key, version);
        // What is set on an object as it is made needs no more of an ACL than making it.
        let made_with_it = action == "s3:PutObject" && further != "s3:GetObject";
        Demand { door: if made_with_it { first.door } else { demand.door }, ..demand }
    }));
    demands
}

/// What beside the action itself the headers ask for.
fn further(action: &str, call: &Call, bucket: &Bucket) -> Vec<&'static str> {
    let head = &call.head;
    let has = |name: &str| head.headers.contains_key(name);
    let mut further = Vec::new();
    let mut add = |action, asked: bool| further.extend(asked.then_some(action));
    match action {
        "s3:PutObject" => {
            add("s3:PutObjectAcl", grants_more(call, bucket));
            add("s3:PutObjectTagging", head.header_filled("x-amz-tagging").is_some());
            add("s3:PutObjectRetention", has("x-amz-object-lock-mode") || has("x-amz-object-lock-retain-until-date"));
            add("s3:PutObjectLegalHold", has("x-amz-object-lock-legal-hold"));
            add("s3:GetObject", has("if-match"));
        }
        "s3:DeleteObject" => add("s3:GetObject", has("if-match")),
        "s3:GetObjectAttributes" => add("s3:GetObject", true),
        _ => {}
    }
    if matches!(action, "s3:PutObject" | "s3:DeleteObject" | "s3:PutObjectRetention") {
        let bypass = head.header("x-amz-bypass-governance-retention");
        add("s3:BypassGovernanceRetention", bypass.is_some_and(|value| value.trim().eq_ignore_ascii_case("true")));
    }
    further
}

/// Whether the headers give an ACL that does more than to leave the object to the bucket's owner. That much the permission
/// to put it covers: AWS's own services send `bucket-owner-full-control` and are let in by a policy of `s3:PutObject` alone.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html>, its example of
/// `s3:x-amz-grant-full-control`; the bucket policies of `CloudTrail` and other services.
fn grants_more(call: &Call, bucket: &Bucket) -> bool {
    let canned = call.head.header_filled("x-amz-acl");
    if canned.is_some_and(|canned| canned != "bucket-owner-full-control") {
        return true;
    }
    let is_owner = |grantee: &str| {
        let id = grantee.trim().strip_prefix("id=").unwrap_or_default().trim_matches('"');
        id == bucket_owner(&call.shared.config.identities, bucket).id
    };
    GRANT_HEADERS.iter().any(|(name, permission)| {
        let sent = call.head.header(name);
        sent.is_some_and(|sent| *permission != Permission::FullControl || !is_owner(&sent))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::policy::{Scope, scope_of_action};

    #[test]
    fn every_action_named_here_exists() {
        for (of_object, of_version) in OF_VERSIONS {
            assert_eq!(scope_of_action(of_object), Some(Scope::Object), "{of_object}");
            assert_eq!(scope_of_action(of_version), Some(Scope::Object), "{of_version}");
        }
        for action in ["PutObjectRetention", "PutObjectLegalHold", "BypassGovernanceRetention"] {
            assert_eq!(scope_of_action(&format!("s3:{action}")), Some(Scope::Object), "{action}");
        }
    }
}
