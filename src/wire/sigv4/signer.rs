//! The client's side of header authentication, for tests, benchmarks and upstream calls. Presigning is in `presign`.

use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderMap, HeaderValue};

use super::ALGORITHM;
use super::canonical::{Canonical, Mechanism, Request};
use super::chunked::ChunkSigner;
use super::date::AmzDate;
use super::key::{Credentials, SigningKey};
use super::scope::Scope;
use super::signed_headers::SignedHeaders;

/// Headers that change on the way, or that say nothing about the request: SDKs do not sign them either.
const NOT_SIGNED: [&str; 7] =
    ["authorization", "connection", "expect", "te", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

/// What to sign. The headers are a parameter of [`sign_headers`].
#[derive(Debug, Clone, Copy)]
pub struct SignRequest<'a> {
    /// Such as `PUT`.
    pub method: &'a str,
    /// The path as it will be sent.
    pub raw_path: &'a str,
    /// The query as it will be sent, without `?`.
    pub raw_query: &'a str,
    /// The value for `x-amz-content-sha256`: the body's hash in hexadecimal digits, or a keyword.
    pub payload_hash: &'a str,
    /// Who signs.
    pub credentials: &'a Credentials,
    /// The region to sign for.
    pub region: &'a str,
    /// When.
    pub date: AmzDate,
}

/// What signing yields beside the headers.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The request's signature.
    pub signature: String,
    /// Signs the chunks of a streaming body, the first after the request's own signature.
    pub chunks: ChunkSigner,
}

/// Adds `x-amz-date`, `x-amz-content-sha256`, `x-amz-security-token` and `authorization` to headers that already hold
/// `host`. Signs every header but those that change on the way. Values that are there already are kept, so that tests can
/// say something else than they sign for.
pub fn sign_headers(request: &SignRequest<'_>, headers: &mut HeaderMap) -> Result<Signed, InvalidHeaderValue> {
    let mut defaults =
        vec![("x-amz-date", request.date.iso_basic()), ("x-amz-content-sha256", request.payload_hash.to_owned())];
    if let Some(token) = &request.credentials.session_token {
        defaults.push(("x-amz-security-token", token.clone()));
    }
    for (name, value) in defaults {
        if !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_str(&value)?);
        }
    }
    let names = headers.keys().map(http::HeaderName::as_str).filter(|name| !NOT_SIGNED.contains(name));
    let signed_headers = SignedHeaders::sorted(names.map(str::to_owned));
    let scope = Scope::s3(request.date, request.region);
    let key = SigningKey::derive(&request.credentials.secret_key, &scope);
    let received =
        Request { method: request.method, raw_path: request.raw_path, raw_query: request.raw_query, headers };
    let canonical = Canonical::of(received, Mechanism::Header, &signed_headers, request.payload_hash);
    let signature = canonical.sign(request.date, &scope, &key).signature;
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={signed_headers}, Signature={signature}",
        request.credentials.access_key
    );
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&authorization)?);
    let chunks = ChunkSigner::new(key, request.date, &scope, &signature);
    Ok(Signed { signature, chunks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::sigv4::{EMPTY_SHA256, HeaderAuth};

    #[test]
    fn what_is_signed_can_be_verified() {
        let credentials = Credentials { session_token: Some("token".into()), ..Credentials::new("AKID", "secret") };
        let date = AmzDate::from_unix(1_369_353_600);
        let (raw_path, raw_query) = ("/b/./k%20//", "uploads&prefix=a+b");
        let request = SignRequest {
            method: "POST",
            raw_path,
            raw_query,
            payload_hash: EMPTY_SHA256,
            credentials: &credentials,
            region: "us-east-1",
            date,
        };
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:9000".parse().unwrap());
        headers.insert("user-agent", "test".parse().unwrap());
        let signed = sign_headers(&request, &mut headers).unwrap();
        let auth = HeaderAuth::parse(headers["authorization"].to_str().unwrap()).unwrap();
        assert_eq!(auth.signed_headers.to_string(), "host;x-amz-content-sha256;x-amz-date;x-amz-security-token");
        assert!(auth.signed_headers.unsigned_in(&headers).is_empty());
        let received = Request { method: "POST", raw_path, raw_query, headers: &headers };
        let key = SigningKey::derive("secret", &auth.scope);
        let computed = auth.canonical(received, EMPTY_SHA256).sign(date, &auth.scope, &key);
        assert!(computed.matches(&auth.signature) && computed.matches(&signed.signature));
    }
}
