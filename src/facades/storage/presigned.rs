//! Presigned URLs of this server's own S3.

use http::{HeaderMap, HeaderValue, header};

use crate::http::identity::Identity;
use crate::http::origin::Origin;
use crate::wire::bucket_name::BucketName;
use crate::wire::percent;
use crate::wire::sigv4::{AmzDate, Credentials, PresignRequest};
use crate::wire::time::Timestamp;

/// What a URL is for.
pub(in crate::facades) struct Signing<'a> {
    pub(in crate::facades) method: &'static str,
    /// The address that the client came by.
    pub(in crate::facades) origin: &'a Origin,
    pub(in crate::facades) bucket: &'a BucketName,
    pub(in crate::facades) key: &'a str,
    /// Not encoded yet.
    pub(in crate::facades) query: &'a [(&'a str, &'a str)],
    /// A type that the client has to send.
    pub(in crate::facades) content_type: Option<&'a str>,
    pub(in crate::facades) expires_seconds: u32,
}

/// The URL, signed by `signer` as of `now`.
pub(in crate::facades) fn presigned(signing: &Signing<'_>, signer: &Identity, region: &str, now: Timestamp) -> String {
    let mut headers = HeaderMap::new();
    if let Some(value) = signing.content_type.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    let credentials = Credentials {
        access_key: signer.access_key.clone(),
        secret_key: signer.secret_key.expose().to_owned(),
        session_token: signer.session_token.as_ref().map(|token| token.expose().to_owned()),
    };
    PresignRequest {
        method: signing.method,
        host: signing.origin.authority(),
        raw_path: &format!("/{}/{}", signing.bucket, percent::encode_path(signing.key.as_bytes())),
        query: signing.query,
        headers: &headers,
        expires_seconds: i64::from(signing.expires_seconds),
        credentials: &credentials,
        region,
        date: AmzDate::from_unix(now.secs()),
    }
    .url(signing.origin.scheme())
}
