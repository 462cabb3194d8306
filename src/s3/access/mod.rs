//! Who may do what: the bucket's policy, its owner, and ACLs, in AWS's order. What a request has to be allowed is in
//! `demand`, the decision in `verdict`, what a bucket says of itself in `settings`.
//!
//! Every key acts as the root of its account: there are no users and roles with policies of their own here, so that within
//! an account everything is allowed that a bucket's policy does not deny.

mod accounts;
mod context;
mod demand;
mod services;
mod settings;
mod verdict;

pub(crate) use self::accounts::{bucket_owner, caller_as_owner, directory, display_name, shown};
pub(crate) use self::demand::Demand;
pub(crate) use self::services::service_may_put;
pub use self::settings::AclDefaults;
pub(crate) use self::settings::{BucketAccess, Setting};

use super::auth::Principal;
use super::call::Call;
use super::engine_error::{Named, s3_error};
use super::error::{Result, S3Error};
use super::operation::{AccessRule, Row};
use super::request::Head;
use super::target::Target;
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;
use crate::wire::object_key::ObjectKey;
use crate::wire::policy::ARN_PREFIX;

/// The bucket's name in a target, checked.
pub(crate) fn bucket_name(target: &Target) -> Result<BucketName> {
    let name = target.bucket().unwrap_or_default();
    BucketName::parse(name).map_err(|_| Code::InvalidBucketName.with("BucketName", name))
}

/// The bucket that a request is about: it has to exist before anything else is said about it.
pub(crate) fn find_bucket(engine: &Engine, row: &Row, target: &Target) -> Result<Option<Bucket>> {
    if row.access == AccessRule::AnyIdentity || target.bucket().is_none() {
        return Ok(None);
    }
    let name = bucket_name(target)?;
    let named = Named { bucket: Some(&name), ..Named::default() };
    engine.bucket(&name).map(Some).map_err(|error| s3_error(error, named))
}

/// Decides whether the caller may call this row.
pub(crate) fn decide(row: &Row, call: &Call) -> Result<()> {
    let Some(bucket) = call.found_bucket.as_ref() else {
        return call.identity().map(drop).inspect_err(|_| {
            let request_id = call.head.request_id.as_str();
            tracing::info!(operation = row.name, request_id, "access denied: the request has no credentials");
        });
    };
    expected_owner(&call.head, "x-amz-expected-bucket-owner", bucket)?;
    if row.access == AccessRule::InOperation || verdict::is_free(call, bucket, row.action)? {
        return Ok(());
    }
    demand::of_action(row.action, call, bucket).iter().try_for_each(|demand| require(call, demand))
}

/// As [`decide`], for an operation that knows only now who asks for what.
pub(crate) fn decide_action(action: &'static str, call: &Call) -> Result<()> {
    let bucket = call.bucket()?;
    demand::of_action(action, call, bucket).iter().try_for_each(|demand| require(call, demand))
}

/// Decides whether the caller may do one thing. What denies it stands in the log.
pub(crate) fn require(call: &Call, demand: &Demand<'_>) -> Result<()> {
    verdict::require(call, demand)
}

/// That a key does not exist is told to those who may list the bucket; to others access is denied.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub(crate) fn hide_absence(call: &Call, bucket: &Bucket, key: Option<&ObjectKey>, error: S3Error) -> S3Error {
    if !matches!(error.code(), Code::NoSuchKey | Code::NoSuchVersion) {
        return error;
    }
    match require(call, &Demand::to_miss(bucket, key)) {
        Ok(()) => error,
        Err(denied) => denied,
    }
}

/// What a public access block refuses to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    Acls,
    Policy,
}

/// The refusal of what would make something public, by a public access block.
pub(crate) fn blocked(call: &Call, action: &str, what: Blocked) -> S3Error {
    let because = match what {
        Blocked::Acls => {
            "because public access control lists (ACLs) are blocked by the BlockPublicAcls block public access setting."
        }
        Blocked::Policy => "because public policies are blocked by the BlockPublicPolicy block public access setting.",
    };
    let request_id = call.head.request_id.as_str();
    tracing::info!(request_id, action, "access denied {because}");
    match call.bucket() {
        Ok(bucket) if owns(&call.principal, bucket) => {
            let resource = match call.head.target.key() {
                Some(key) => format!("{ARN_PREFIX}{}/{key}", bucket.name),
                None => format!("{ARN_PREFIX}{}", bucket.name),
            };
            verdict::not_authorized(&verdict::Names::of(&call.principal).arn, action, &resource, because)
        }
        _ => Code::AccessDenied.into(),
    }
}

/// The refusal of an action for another reason than a policy or an ACL.
pub(crate) fn denied_because(call: &Call, because: &str) -> S3Error {
    let (bucket, key) = (call.head.target.bucket().unwrap_or_default(), call.head.target.key());
    let resource = format!("{ARN_PREFIX}{bucket}/{}", key.map_or("", |key| key.as_str()));
    tracing::info!(request_id = call.head.request_id.as_str(), "access denied {because}");
    verdict::not_authorized(&verdict::Names::of(&call.principal).arn, "s3:PutObject", &resource, because)
}

/// Whether the caller is of the account that owns the bucket.
pub(crate) fn owns(principal: &Principal, bucket: &Bucket) -> bool {
    matches!(principal, Principal::Identity(identity) if identity.account == bucket.account)
}

/// The owner that the client expects is the owner.
pub(crate) fn expected_owner(head: &Head, header: &str, bucket: &Bucket) -> Result<()> {
    let Some(expected) = head.header(header) else { return Ok(()) };
    if expected.len() != 12 || !expected.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid_owner(&expected));
    }
    if expected == bucket.account {
        return Ok(());
    }
    let (name, account) = (&bucket.name, &bucket.account);
    log_denial(head, head.target.key(), format_args!("{header} is {expected}, and {name} is of account {account}"));
    Err(Code::AccessDenied.into())
}

/// Tells the log of a denial that neither the policy nor an ACL has decided.
pub(crate) fn log_denial(head: &Head, key: Option<&ObjectKey>, because: impl std::fmt::Display) {
    let (request_id, bucket, key) = (head.request_id.as_str(), head.target.bucket(), key.map(ObjectKey::as_str));
    tracing::info!(request_id, bucket, key, "access denied: {because}");
}

fn invalid_owner(value: &str) -> S3Error {
    Code::InvalidBucketOwnerAwsAccountId
        .says(format!("The value of the expected bucket owner parameter must be an AWS Account ID... [{value}]"))
}
