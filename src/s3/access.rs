//! Who may do what. Until there are policies, a bucket serves the account that owns it, and nobody else.

use super::auth::Principal;
use super::engine_error::{Named, s3_error};
use super::error::{Result, S3Error};
use super::operation::{AccessRule, Row};
use super::request::Head;
use super::target::Target;
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;

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
pub(crate) fn decide(row: &Row, head: &Head, principal: &Principal, bucket: Option<&Bucket>) -> Result<()> {
    let denied = |why: &str| {
        tracing::info!(
            operation = row.name,
            action = row.action,
            request_id = head.request_id.as_str(),
            "access denied: {why}"
        );
        Err(Code::AccessDenied.into())
    };
    let Principal::Identity(identity) = principal else {
        return denied("the request has no credentials");
    };
    let Some(bucket) = bucket else { return Ok(()) };
    expected_owner(head, "x-amz-expected-bucket-owner", bucket)?;
    if identity.account != bucket.account {
        return denied(&format!(
            "bucket {} belongs to account {}, {} is of account {}",
            bucket.name, bucket.account, identity.access_key, identity.account
        ));
    }
    Ok(())
}

/// The owner that the client expects is the owner.
pub(crate) fn expected_owner(head: &Head, header: &str, bucket: &Bucket) -> Result<()> {
    let Some(expected) = head.header(header) else { return Ok(()) };
    if expected.len() != 12 || !expected.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid_owner(&expected));
    }
    if expected == bucket.account { Ok(()) } else { Err(Code::AccessDenied.into()) }
}

fn invalid_owner(value: &str) -> S3Error {
    Code::InvalidBucketOwnerAwsAccountId
        .says(format!("The value of the expected bucket owner parameter must be an AWS Account ID... [{value}]"))
}
