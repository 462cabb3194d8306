//! Who calls: which mechanism a request uses, and whether its signature is right. Not what the caller may do.

mod denied;
mod form;
mod sigv2;
mod sigv4;

use std::sync::Arc;

use http::HeaderName;
use http::header::AUTHORIZATION;

use super::error::{Result, S3Error};
use super::operation::Operation as _;
use super::ops::{HeadBucket, region_of};
use super::request::Head;
use super::{AuthMode, Shared, access, route};
use crate::engine::bucket::Bucket;
use crate::http::identity::Identity;
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;
use crate::wire::sigv4::{AuthScheme, ChunkSigning, PayloadHash};

pub(crate) use self::form::{by_form, missing_field};
pub(crate) use self::sigv4::signing_region;

/// Who calls.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    /// Someone whose key is configured.
    Identity(Arc<Identity>),
    /// Someone without credentials.
    Anonymous,
}

/// How the body is framed, and what of it is signed.
pub(crate) enum PayloadMode {
    /// As it is.
    Plain {
        /// Its SHA-256, if that was signed.
        sha256: Option<[u8; 32]>,
    },
    /// In aws-chunked frames.
    Chunked {
        /// How its chunks are signed.
        signing: ChunkSigning,
        /// Whether a trailer follows.
        trailer: Trailer,
        /// What a wrong chunk signature shows of the request itself.
        seed: Option<Seed>,
    },
}

/// Whether a trailer follows the last chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trailer {
    Follows,
    None,
}

/// The signed request that the first chunk's signature follows from.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    pub(crate) access_key: String,
    pub(crate) canonical_request: String,
    pub(crate) canonical_request_bytes: String,
}

/// What authentication came to.
pub(crate) struct Authenticated {
    pub(crate) principal: Principal,
    pub(crate) payload_mode: PayloadMode,
    /// Headers that a presigned URL carries in its query.
    pub(crate) hoisted: Vec<(String, String)>,
}

/// The ways to authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mechanism {
    Anonymous,
    HeaderV4,
    QueryV4,
    HeaderV2,
    QueryV2,
    /// For multi-region access points.
    V4A,
}

/// Finds out who calls. Fails with AWS's error for whatever is wrong with the credentials.
pub(crate) fn authenticate(shared: &Shared, head: &Head) -> Result<Authenticated> {
    caller(shared, head).map_err(|error| with_bucket_region(shared, head, error))
}

/// SDKs that have signed for a wrong region try again with the one that this header names; and to ask for it, `HeadBucket`
/// needs no credentials that are good.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
fn with_bucket_region(shared: &Shared, head: &Head, error: S3Error) -> S3Error {
    let of_region = error.fields().iter().any(|(name, _)| *name == "Region");
    if !of_region && !route::route(head).is_ok_and(|row| row.name == HeadBucket::NAME) {
        return error;
    }
    let name = head.target.bucket().and_then(|name| BucketName::parse(name).ok());
    match name.and_then(|name| shared.engine.bucket(&name).ok()) {
        Some(bucket) => tell_region(error, &bucket),
        None => error,
    }
}

/// An error that says where the bucket is.
pub(crate) fn tell_region(error: S3Error, bucket: &Bucket) -> S3Error {
    error.header(HeaderName::from_static("x-amz-bucket-region"), region_of(bucket))
}

fn caller(shared: &Shared, head: &Head) -> Result<Authenticated> {
    if shared.config.auth == AuthMode::Off {
        let identity = Arc::clone(shared.config.identities.default_identity());
        let payload_mode = unverified_payload(head)?;
        let principal = Principal::Identity(identity);
        return Ok(Authenticated { principal, payload_mode, hoisted: sigv4::unverified_hoisted(head) });
    }
    match mechanism(head)? {
        Mechanism::HeaderV4 => sigv4::by_header(shared, head),
        Mechanism::QueryV4 => sigv4::by_query(shared, head),
        Mechanism::HeaderV2 => sigv2::by_header(shared, head),
        Mechanism::QueryV2 => sigv2::by_query(shared, head),
        Mechanism::V4A => Err(unsupported_mechanism()),
        Mechanism::Anonymous => {
            // AWS denies a request that carries a date to sign with but no signature, even for public data.
            if head.headers.contains_key("x-amz-date") {
                access::log_denial(head, head.target.key(), "the request has x-amz-date and no signature");
                return Err(Code::AccessDenied.into());
            }
            let payload_mode = anonymous_payload(head)?;
            Ok(Authenticated { principal: Principal::Anonymous, payload_mode, hoisted: Vec::new() })
        }
    }
}

/// AWS's answer to a kind of signature that it does not take here.
fn unsupported_mechanism() -> S3Error {
    S3Error::invalid_request(
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    )
}

fn mechanism(head: &Head) -> Result<Mechanism> {
    let mut sent = head.headers.get_all(AUTHORIZATION).iter();
    let first = sent.next();
    if sent.next().is_some() {
        return Err(S3Error::header_not_implemented("Authorization"));
    }
    let value = first.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default();
    let value = value.trim();
    let query_v4 = head.query.has("X-Amz-Algorithm") || head.query.has("X-Amz-Signature");
    let query_v2 = head.query.has("Signature") || head.query.has("AWSAccessKeyId");
    if !value.is_empty() && (query_v4 || query_v2) {
        return Err(S3Error::invalid_argument(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
            "Authorization",
            value,
        ));
    }
    if query_v4 {
        return Ok(Mechanism::QueryV4);
    }
    if query_v2 {
        return Ok(Mechanism::QueryV2);
    }
    match AuthScheme::of(value) {
        Ok(AuthScheme::Anonymous) => Ok(Mechanism::Anonymous),
        Ok(AuthScheme::SigV4) => Ok(Mechanism::HeaderV4),
        Ok(AuthScheme::SigV4A) => Ok(Mechanism::V4A),
        Ok(AuthScheme::SigV2) => Ok(Mechanism::HeaderV2),
        Err(error) => Err(sigv4::header_error(&error, value)),
    }
}

/// The body of an anonymous request: it can be anything but signed.
fn anonymous_payload(head: &Head) -> Result<PayloadMode> {
    let Some(value) = head.header("x-amz-content-sha256") else { return Ok(PayloadMode::Plain { sha256: None }) };
    let hash = PayloadHash::parse(&value).map_err(|error| sigv4::payload_error(&error))?;
    if hash.has_signed_chunks() {
        return Err(S3Error::invalid_request(
            "Anonymous requests don't support this x-amz-content-sha256 value. Please use UNSIGNED-PAYLOAD or STREAMING-UNSIGNED-PAYLOAD-TRAILER.",
        ));
    }
    Ok(sigv4::payload_mode(hash, None))
}

/// The body when nothing is verified (`--auth off`): chunk signatures are read over, digests are still compared.
fn unverified_payload(head: &Head) -> Result<PayloadMode> {
    let sent =
        head.header("x-amz-content-sha256").or_else(|| head.query.first("X-Amz-Content-Sha256").map(str::to_owned));
    let Some(value) = sent else { return Ok(PayloadMode::Plain { sha256: None }) };
    let hash = PayloadHash::parse(&value).map_err(|error| sigv4::payload_error(&error))?;
    Ok(sigv4::payload_mode(hash, None))
}
