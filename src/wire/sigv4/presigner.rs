//! Makes presigned URLs. Reading them is in `presign`.

use http::HeaderMap;

use super::canonical::{Canonical, Mechanism, canonical_query, header_value, join_pairs};
use super::date::AmzDate;
use super::key::{Credentials, SigningKey};
use super::scope::Scope;
use super::signed_headers::SignedHeaders;
use super::{ALGORITHM, UNSIGNED_PAYLOAD};
use crate::wire::percent;

/// What to presign.
#[derive(Debug, Clone, Copy)]
pub struct PresignRequest<'a> {
    /// The method that the URL will be used with.
    pub method: &'a str,
    /// Host, with the port unless it is the scheme's own.
    pub host: &'a str,
    /// The path as it will be sent (encoded).
    pub raw_path: &'a str,
    /// Further parameters, decoded: `uploadId`, `response-content-type` …
    pub query: &'a [(&'a str, &'a str)],
    /// Further headers that the URL's user will have to send, without `host`.
    pub headers: &'a HeaderMap,
    /// Validity in seconds. Not judged here, so that tests can ask for wrong ones.
    pub expires_seconds: i64,
    /// Who signs.
    pub credentials: &'a Credentials,
    /// The region to sign for.
    pub region: &'a str,
    /// When.
    pub date: AmzDate,
}

impl PresignRequest<'_> {
    /// The whole URL; `scheme` is `http` or `https`.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}{}?{}", self.host, self.raw_path, presign(self))
    }
}

/// Makes the query of a presigned URL. The payload hash is `UNSIGNED-PAYLOAD`, unless `x-amz-content-sha256` is among
/// the headers.
pub fn presign(request: &PresignRequest<'_>) -> String {
    let scope = Scope::s3(request.date, request.region);
    let names = request.headers.keys().map(|name| name.as_str().to_owned()).chain(["host".to_owned()]);
    let signed_headers = SignedHeaders::sorted(names);
    let query = unsigned_query(request, &scope, &signed_headers);
    let header = |name: &str| {
        let value = if name == "host" { Some(request.host.into()) } else { header_value(request.headers, name) };
        (name.to_owned(), value.unwrap_or_default())
    };
    let payload_hash = header_value(request.headers, "x-amz-content-sha256")
        .map_or_else(|| UNSIGNED_PAYLOAD.to_owned(), |value| String::from_utf8_lossy(&value).into_owned());
    let canonical = Canonical {
        method: request.method.to_owned(),
        path: percent::encode_path(&percent::decode_path_lossless(request.raw_path)),
        query: canonical_query(&query, Mechanism::Presigned),
        headers: signed_headers.iter().map(header).collect(),
        signed_headers: signed_headers.to_string(),
        payload_hash,
    };
    let key = SigningKey::derive(&request.credentials.secret_key, &scope);
    format!("{query}&X-Amz-Signature={}", canonical.sign(request.date, &scope, &key).signature)
}

fn unsigned_query(request: &PresignRequest<'_>, scope: &Scope, signed_headers: &SignedHeaders) -> String {
    let credential = format!("{}/{scope}", request.credentials.access_key);
    let (date, expires) = (request.date.iso_basic(), request.expires_seconds.to_string());
    let signed_headers = signed_headers.to_string();
    let mut pairs: Vec<(&str, &str)> = request.query.to_vec();
    pairs.extend([
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", credential.as_str()),
        ("X-Amz-Date", date.as_str()),
        ("X-Amz-Expires", expires.as_str()),
        ("X-Amz-SignedHeaders", signed_headers.as_str()),
    ]);
    if let Some(token) = &request.credentials.session_token {
        pairs.push(("X-Amz-Security-Token", token));
    }
    let encode = |(name, value): (&str, &str)| (percent::encode(name.as_bytes()), percent::encode(value.as_bytes()));
    join_pairs(&pairs.into_iter().map(encode).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::query::Query;
    use crate::wire::sigv4::{PresignAuth, Request};

    const NOW: i64 = 1_369_353_600;

    #[test]
    fn what_is_made_can_be_verified() {
        let mut credentials = Credentials::new("AKID", "secret");
        credentials.session_token = Some("a/token+".into());
        let headers: HeaderMap = [("x-amz-acl".parse().unwrap(), "private".parse().unwrap())].into_iter().collect();
        let request = PresignRequest {
            method: "PUT",
            host: "localhost:9000",
            raw_path: "/b/a%20b//c",
            query: &[("uploadId", "a b+c"), ("partNumber", "1")],
            headers: &headers,
            expires_seconds: 60,
            credentials: &credentials,
            region: "us-east-1",
            date: AmzDate::from_unix(NOW),
        };
        let raw_query = presign(&request);
        assert!(
            request.url("http").starts_with("http://localhost:9000/b/a%20b//c?uploadId=a%20b%2Bc&partNumber=1&X-Amz-A")
        );
        let auth = PresignAuth::parse(&Query::parse(&raw_query).unwrap(), "us-east-1").unwrap();
        assert_eq!(auth.session_token.as_deref(), Some("a/token+"));
        assert_eq!(auth.signed_headers.to_string(), "host;x-amz-acl");
        let mut sent = headers.clone();
        sent.insert("host", "localhost:9000".parse().unwrap());
        let received = Request { method: "PUT", raw_path: "/b/a%20b//c", raw_query: &raw_query, headers: &sent };
        let key = SigningKey::derive("secret", &auth.scope);
        assert!(auth.canonical(received).sign(auth.date, &auth.scope, &key).matches(&auth.signature));
        let other = Request { method: "GET", ..received };
        assert!(!auth.canonical(other).sign(auth.date, &auth.scope, &key).matches(&auth.signature));
    }
}
