//! Verifying `SigV2`, in the header and in presigned URLs, in the regions where AWS still takes it.

use std::sync::Arc;

use super::{Authenticated, PayloadMode, Principal, sigv4};
use crate::http::domains::Addressed;
use crate::http::identity::Identity;
use crate::s3::Shared;
use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::s3::target::Target;
use crate::wire::error_codes::Code;
use crate::wire::sigv2::{self, When};
use crate::wire::sigv4::{PayloadHash, RequestDate, hex_dump};
use crate::wire::time::Timestamp;

/// `Authorization: AWS <access key>:<signature>`.
pub(super) fn by_header(shared: &Shared, head: &Head) -> Result<Authenticated> {
    check_accepted(shared, head)?;
    let value = head.header("authorization").unwrap_or_default();
    let (access_key, provided) =
        value.trim().strip_prefix("AWS ").and_then(|rest| rest.split_once(':')).ok_or_else(|| {
            let message = "AWS authorization header is invalid. Expected AwsAccessKeyId:signature";
            S3Error::invalid_argument(message, "Authorization", &value)
        })?;
    let date = RequestDate::from_headers(&head.headers).map_err(|error| Code::AccessDenied.says(error.message()))?;
    date.check_skew(head.now.secs()).map_err(|skewed| sigv4::skew_error(&skewed))?;
    let identity = sigv4::find_identity(shared, access_key.trim())?;
    let token = head.header("x-amz-security-token");
    verify(shared, head, &identity, When::Date, provided.trim(), token.as_deref())
}

/// A presigned URL.
pub(super) fn by_query(shared: &Shared, head: &Head) -> Result<Authenticated> {
    check_accepted(shared, head)?;
    let sent = |name: &str| {
        head.query.first(name).filter(|value| !value.is_empty()).ok_or_else(|| {
            let message = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
            Code::AccessDenied.says(message)
        })
    };
    let (access_key, provided, expires) = (sent("AWSAccessKeyId")?, sent("Signature")?, sent("Expires")?);
    let expires_at: i64 = expires
        .parse()
        .map_err(|_| Code::AccessDenied.says(format!("Invalid date (should be seconds since epoch): {expires}")))?;
    if head.now.secs() > expires_at {
        return Err(Code::AccessDenied
            .says("Request has expired")
            .with("Expires", Timestamp::from_secs(expires_at).iso8601_seconds())
            .with("ServerTime", head.now.iso8601_seconds()));
    }
    let identity = sigv4::find_identity(shared, access_key)?;
    let token = head.query.first_ignoring_case("x-amz-security-token");
    let mut authenticated = verify(shared, head, &identity, When::Expires(expires), provided, token)?;
    // Such parameters are signed as headers, and are headers.
    let hoisted = head.query.pairs().map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    authenticated.hoisted =
        hoisted.filter(|(name, _)| name.starts_with("x-amz-") && name != "x-amz-security-token").collect();
    Ok(authenticated)
}

fn verify(
    shared: &Shared,
    head: &Head,
    identity: &Arc<Identity>,
    when: When<'_>,
    provided: &str,
    token: Option<&str>,
) -> Result<Authenticated> {
    let host = head.header("host").unwrap_or_default();
    let addressed = shared.domains.addressed(&host);
    let request = sigv2::Request {
        method: head.method.as_str(),
        host_bucket: match &addressed {
            Addressed::Bucket(bucket) => Some(bucket),
            Addressed::Endpoint | Addressed::Website(_) => None,
        },
        raw_path: &head.raw_path,
        query: &head.query,
        headers: &head.headers,
    };
    let string_to_sign = sigv2::string_to_sign(request, when);
    let signed = |text: &str| sigv2::matches(&sigv2::sign(identity.secret_key.expose(), text), provided);
    // botocore signs a bucket's path with a slash at the end, and sends it without: AWS takes both.
    let with_slash = sigv2::Request { raw_path: &format!("{}/", head.raw_path), ..request };
    let bucket_only = matches!(head.target, Target::Bucket { .. }) && !head.raw_path.ends_with('/');
    let right = signed(&string_to_sign) || (bucket_only && signed(&sigv2::string_to_sign(with_slash, when)));
    if !right {
        let bytes = hex_dump(string_to_sign.as_bytes());
        return Err(Code::SignatureDoesNotMatch
            .with("AWSAccessKeyId", &identity.access_key)
            .with("StringToSign", string_to_sign)
            .with("SignatureProvided", provided)
            .with("StringToSignBytes", bytes));
    }
    sigv4::check_token(identity, token)?;
    let principal = Principal::Identity(Arc::clone(identity));
    Ok(Authenticated { principal, payload_mode: payload_mode(head)?, hoisted: Vec::new() })
}

/// Bodies are not signed; a hash that was sent all the same is compared. aws-chunked belongs to `SigV4`.
fn payload_mode(head: &Head) -> Result<PayloadMode> {
    let Some(value) = head.header("x-amz-content-sha256") else { return Ok(PayloadMode::Plain { sha256: None }) };
    let hash = PayloadHash::parse(&value).map_err(|error| sigv4::payload_error(&error))?;
    if hash.is_streaming() {
        return Err(S3Error::invalid_request("The value of x-amz-content-sha256 header is invalid."));
    }
    Ok(sigv4::payload_mode(hash, None))
}

/// Newer regions never took these signatures, and conditional writes do not either.
fn check_accepted(shared: &Shared, head: &Head) -> Result<()> {
    let write = matches!(head.method.as_str(), "PUT" | "POST" | "DELETE");
    let conditional = head.headers.contains_key("if-match") || head.headers.contains_key("if-none-match");
    if !sigv2::is_accepted_in(&shared.config.region) || (write && conditional) {
        return Err(super::unsupported_mechanism());
    }
    Ok(())
}
