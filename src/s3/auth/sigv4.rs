//! Verifying `SigV4`, in the header and in presigned URLs, in AWS's order of checks as far as it is known.

use std::sync::Arc;

use super::{Authenticated, PayloadMode, Principal, Seed, Trailer, denied};
use crate::http::identity::Identity;
use crate::http::origin::Origin;
use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::s3::{RegionRule, Shared};
use crate::wire::error_codes::Code;
use crate::wire::sigv4::{
    AmzDate, Canonical, ChunkSigner, ChunkSigning, Computed, Credential, ExpiryError, HeaderAuth, HeaderAuthError,
    Mechanism, PayloadHash, PayloadHashError, PresignAuth, PresignError, RequestDate, Scope, SignedHeaders, SigningKey,
    Skewed,
};
use crate::wire::time::Timestamp;

/// What both forms of a signature have in common.
pub(super) struct Signature<'a> {
    pub(super) access_key: &'a str,
    pub(super) scope: &'a Scope,
    pub(super) date: AmzDate,
    /// The `Date` header as it was sent, where there is no `x-amz-date`.
    pub(super) sent_date: Option<&'a str>,
    pub(super) signed_headers: &'a SignedHeaders,
    pub(super) provided: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) mechanism: Mechanism,
}

/// The `Authorization` header.
pub(super) fn by_header(shared: &Shared, head: &Head) -> Result<Authenticated> {
    let value = head.header("authorization").unwrap_or_default();
    let auth = HeaderAuth::parse(&value).map_err(|error| header_error(&error, &value))?;
    let date = RequestDate::from_headers(&head.headers).map_err(|error| Code::AccessDenied.says(error.message()))?;
    let region = expected_region(shared, &auth.scope.region);
    auth.check_scope(date.date, region).map_err(|error| header_error(&error, &value))?;
    date.check_skew(head.now.secs()).map_err(|skewed| skew_error(&skewed))?;
    let identity = find_identity(shared, &auth.access_key)?;
    let hash = PayloadHash::from_headers(&head.headers).map_err(|error| payload_error(&error))?;
    let token = head.header("x-amz-security-token");
    let signature = Signature {
        access_key: &auth.access_key,
        scope: &auth.scope,
        date: date.date,
        sent_date: Some(date.as_sent.as_str()).filter(|_| !head.headers.contains_key("x-amz-date")),
        signed_headers: &auth.signed_headers,
        provided: &auth.signature,
        token: token.as_deref(),
        mechanism: Mechanism::Header,
    };
    let sent_hash = head.header("x-amz-content-sha256").unwrap_or_default();
    let canonical = auth.canonical(head.signable(), &sent_hash);
    verify(shared, head, &identity, &signature, &canonical, hash)
}

/// A presigned URL.
pub(super) fn by_query(shared: &Shared, head: &Head) -> Result<Authenticated> {
    let sent_region = sent_region(head);
    let auth = PresignAuth::parse(&head.query, expected_region(shared, &sent_region)).map_err(|e| presign_error(&e))?;
    auth.check_expiry(head.now.secs()).map_err(|error| expiry_error(&error))?;
    let identity = find_identity(shared, &auth.access_key)?;
    let sent_hash = PresignAuth::payload_hash(head.signable());
    let hash = PayloadHash::parse(&sent_hash).map_err(|error| payload_error(&error))?;
    let signature = Signature {
        access_key: &auth.access_key,
        scope: &auth.scope,
        date: auth.date,
        sent_date: None,
        signed_headers: &auth.signed_headers,
        provided: &auth.signature,
        token: auth.session_token.as_deref(),
        mechanism: Mechanism::Presigned,
    };
    let canonical = auth.canonical(head.signable());
    if !auth.conflicts(&head.query, &head.headers).is_empty() {
        // The same name in header and query with different values cannot both be what was signed.
        let key = signing_key(shared, &identity, signature.scope);
        return Err(mismatch(
            signature.access_key,
            &canonical.sign(signature.date, signature.scope, &key),
            signature.provided,
        ));
    }
    let mut authenticated = verify(shared, head, &identity, &signature, &canonical, hash)?;
    authenticated.hoisted = hoisted(&auth, head);
    Ok(authenticated)
}

/// The headers that a URL carries in its query, if it is presigned at all: nothing of it is verified.
pub(super) fn unverified_hoisted(head: &Head) -> Vec<(String, String)> {
    let region = sent_region(head);
    PresignAuth::parse(&head.query, &region).map(|auth| hoisted(&auth, head)).unwrap_or_default()
}

fn hoisted(auth: &PresignAuth, head: &Head) -> Vec<(String, String)> {
    auth.hoisted_headers(&head.query).into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

/// The region that a request is signed for, if it is by SigV4.
pub(crate) fn signing_region(head: &Head) -> Option<String> {
    match head.header("authorization") {
        Some(sent) => HeaderAuth::parse(&sent).ok().map(|auth| auth.scope.region),
        None => Some(sent_region(head)).filter(|region| !region.is_empty()),
    }
}

fn sent_region(head: &Head) -> String {
    let credential = head.query.first("X-Amz-Credential").and_then(|text| Credential::parse(text).ok());
    credential.map(|credential| credential.scope.region).unwrap_or_default()
}

fn verify(
    shared: &Shared,
    head: &Head,
    identity: &Arc<Identity>,
    signature: &Signature<'_>,
    canonical: &Canonical,
    hash: PayloadHash,
) -> Result<Authenticated> {
    let unsigned = signature.signed_headers.unsigned_in(&head.headers);
    if !unsigned.is_empty() {
        return Err(Code::AccessDenied
            .says("There were headers present in the request which were not signed")
            .with("HeadersNotSigned", unsigned.join(", ")));
    }
    let key = signing_key(shared, identity, signature.scope);
    let mut computed = canonical.sign(signature.date, signature.scope, &key);
    if !computed.matches(signature.provided)
        && let Some(sent_date) = signature.sent_date
    {
        // AWS was seen to sign the header as it was sent; its documentation wants ISO 8601.
        // Source: <https://github.com/ceph/s3-tests/issues/346>
        computed = canonical.sign_dated(sent_date, signature.scope, &key);
    }
    if !computed.matches(signature.provided)
        && let Some(through_proxy) = through_proxy(shared, head, signature, canonical, &key)
    {
        computed = through_proxy;
    }
    if !computed.matches(signature.provided) {
        denied::log_why(shared, head, identity, signature, canonical);
        return Err(mismatch(signature.access_key, &computed, signature.provided));
    }
    check_token(identity, signature.token)?;
    if hash.is_ecdsa() {
        return Err(S3Error::invalid_request("The value of x-amz-content-sha256 header is invalid."));
    }
    // Only a body that is signed chunk by chunk asks for it; dumping the canonical request costs more than signing it.
    let seed = hash.has_signed_chunks().then(|| ChunkSeed {
        signer: ChunkSigner::new(key, signature.date, signature.scope, signature.provided),
        shown: Seed {
            access_key: signature.access_key.to_owned(),
            canonical_request: computed.canonical_request_text(),
            canonical_request_bytes: computed.canonical_request_bytes(),
        },
    });
    let payload_mode = payload_mode(hash, seed);
    let principal = Principal::Identity(Arc::clone(identity));
    Ok(Authenticated { principal, payload_mode, hoisted: Vec::new() })
}

/// The request as the client sent it to a proxy that put another host name in: URLs are handed out for the address that
/// the client came by, and have to work there. `None` if that does not match either.
fn through_proxy(
    shared: &Shared,
    head: &Head,
    signature: &Signature<'_>,
    canonical: &Canonical,
    key: &SigningKey,
) -> Option<Computed> {
    let origins = [shared.config.public_url.as_deref(), None];
    let origins = origins.map(|public_url| Origin::of(&head.connection, &head.headers, public_url));
    origins.iter().find_map(|origin| {
        let mut sent = canonical.clone();
        let host = sent.headers.iter_mut().find(|(name, _)| name == "host")?;
        host.1 = origin.authority().as_bytes().to_vec();
        let computed = sent.sign(signature.date, signature.scope, key);
        computed.matches(signature.provided).then_some(computed)
    })
}

/// What verifying chunks starts from.
pub(super) struct ChunkSeed {
    signer: ChunkSigner,
    shown: Seed,
}

/// How the body is framed; without a seed the signatures of chunks and trailer are read over.
pub(super) fn payload_mode(hash: PayloadHash, seed: Option<ChunkSeed>) -> PayloadMode {
    match hash {
        PayloadHash::Sha256(digest) => PayloadMode::Plain { sha256: Some(digest) },
        PayloadHash::Unsigned => PayloadMode::Plain { sha256: None },
        streaming => {
            let trailer = if streaming.has_trailer() { Trailer::Follows } else { Trailer::None };
            let (signing, seed) = match seed {
                Some(seed) => (ChunkSigning::Signed(seed.signer), Some(seed.shown)),
                None if streaming.has_signed_chunks() => (ChunkSigning::Unverified, None),
                None => (ChunkSigning::Unsigned, None),
            };
            PayloadMode::Chunked { signing, trailer, seed }
        }
    }
}

pub(super) fn expected_region<'a>(shared: &'a Shared, sent: &'a str) -> &'a str {
    match shared.config.region_rule {
        RegionRule::Exact => &shared.config.region,
        RegionRule::Any => sent,
    }
}

pub(super) fn find_identity(shared: &Shared, access_key: &str) -> Result<Arc<Identity>> {
    match shared.config.identities.find(access_key) {
        Some(identity) => Ok(Arc::clone(identity)),
        None => Err(Code::InvalidAccessKeyId.with("AWSAccessKeyId", access_key)),
    }
}

/// Deriving a key costs four HMACs, and a client uses one key all day.
pub(super) fn signing_key(shared: &Shared, identity: &Identity, scope: &Scope) -> SigningKey {
    shared.signing_keys.get(&identity.access_key, scope, || SigningKey::derive(identity.secret_key.expose(), scope))
}

/// Temporary credentials come with their token, others with none.
pub(super) fn check_token(identity: &Identity, sent: Option<&str>) -> Result<()> {
    match (&identity.session_token, sent) {
        (None, None) => Ok(()),
        (Some(expected), Some(sent)) if expected.expose() == sent => Ok(()),
        (Some(_), None) => Err(Code::InvalidAccessKeyId.with("AWSAccessKeyId", &identity.access_key)),
        (_, Some(sent)) => Err(Code::InvalidToken.with("Token-0", sent)),
    }
}

fn mismatch(access_key: &str, computed: &Computed, provided: &str) -> S3Error {
    Code::SignatureDoesNotMatch
        .with("AWSAccessKeyId", access_key)
        .with("StringToSign", &computed.string_to_sign)
        .with("SignatureProvided", provided)
        .with("StringToSignBytes", computed.string_to_sign_bytes())
        .with("CanonicalRequest", computed.canonical_request_text())
        .with("CanonicalRequestBytes", computed.canonical_request_bytes())
}

pub(super) fn header_error(error: &HeaderAuthError, sent: &str) -> S3Error {
    match error {
        HeaderAuthError::SpaceRequired | HeaderAuthError::UnsupportedType => {
            S3Error::invalid_argument(error.message(), "Authorization", sent)
        }
        _ => with_region(Code::AuthorizationHeaderMalformed.says(error.message()), error.expected_region()),
    }
}

fn presign_error(error: &PresignError) -> S3Error {
    match error {
        PresignError::SigV4A => super::unsupported_mechanism(),
        _ => with_region(Code::AuthorizationQueryParametersError.says(error.message()), error.expected_region()),
    }
}

pub(super) fn with_region(error: S3Error, region: Option<&str>) -> S3Error {
    match region {
        Some(region) => error.with("Region", region),
        None => error,
    }
}

fn expiry_error(error: &ExpiryError) -> S3Error {
    let denied = Code::AccessDenied.says(error.message());
    match *error {
        ExpiryError::Expired { expires_seconds, expires_at, server_time: now } => denied
            .with("X-Amz-Expires", expires_seconds)
            .with("Expires", server_time(expires_at))
            .with("ServerTime", server_time(now)),
        ExpiryError::NotYetValid { date_epoch_ms, expires_at, server_time: now } => denied
            .with("X-Amz-Date", date_epoch_ms)
            .with("Expires", server_time(expires_at))
            .with("ServerTime", server_time(now)),
    }
}

pub(super) fn skew_error(skewed: &Skewed) -> S3Error {
    Code::RequestTimeTooSkewed
        .says(skewed.message())
        .with("RequestTime", &skewed.request_time)
        .with("ServerTime", server_time(skewed.server_time))
        .with("MaxAllowedSkewMilliseconds", skewed.max_allowed_skew_ms)
}

pub(super) fn payload_error(error: &PayloadHashError) -> S3Error {
    match error {
        PayloadHashError::Missing => S3Error::invalid_request(error.message()),
        PayloadHashError::Unknown { value } => {
            S3Error::invalid_argument(error.message(), "x-amz-content-sha256", value)
        }
    }
}

fn server_time(unix_seconds: i64) -> String {
    Timestamp::from_secs(unix_seconds).iso8601_seconds()
}
