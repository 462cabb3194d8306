//! Tests against signatures that others have computed: AWS's documentation, and botocore for awkward paths and queries.

use http::{HeaderMap, HeaderName};
use serde::Deserialize;

use super::*;
use crate::wire::query::Query;

const AWS: &str = include_str!("../../../data/vectors/sigv4-aws-docs.json");
const BOTOCORE: &str = include_str!("../../../data/vectors/sigv4-botocore.json");

/// One signed request. With an `Authorization` header it is header authentication, else the query is presigned.
#[derive(Deserialize)]
struct Vector {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    payload_hash: Option<String>,
}

#[derive(Deserialize)]
struct Vectors {
    secret_key: String,
    region: String,
    #[serde(rename = "vectors")]
    requests: Vec<Vector>,
}

fn check(text: &str, at_least: usize) {
    let file: Vectors = serde_json::from_str(text).unwrap();
    assert!(file.requests.len() >= at_least);
    for vector in &file.requests {
        let mut headers = HeaderMap::new();
        for (name, value) in &vector.headers {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let request =
            Request { method: &vector.method, raw_path: &vector.path, raw_query: &vector.query, headers: &headers };
        let (canonical, date, scope, signature) = if let Some(authorization) = headers.get("authorization") {
            let auth = HeaderAuth::parse(authorization.to_str().unwrap()).unwrap();
            let date = RequestDate::from_headers(&headers).unwrap().date;
            assert_eq!(auth.check_scope(date, &file.region), Ok(()));
            let payload_hash = vector.payload_hash.as_deref().unwrap();
            assert!(PayloadHash::parse(payload_hash).is_ok());
            (auth.canonical(request, payload_hash), date, auth.scope, auth.signature)
        } else {
            let auth = PresignAuth::parse(&Query::parse(&vector.query).unwrap(), &file.region).unwrap();
            (auth.canonical(request), auth.date, auth.scope, auth.signature)
        };
        let computed = canonical.sign(date, &scope, &SigningKey::derive(&file.secret_key, &scope));
        assert!(computed.matches(&signature), "{}:\n{}", vector.name, computed.canonical_request_text());
    }
}

#[test]
fn the_examples_of_the_documentation() {
    check(AWS, 7);
}

#[test]
fn what_botocore_signs() {
    check(BOTOCORE, 30);
}

/// The other direction: our own presigner writes the documentation's URL.
#[test]
fn the_presigned_url_of_the_documentation() {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let request = PresignRequest {
        method: "GET",
        host: "examplebucket.s3.amazonaws.com",
        raw_path: "/test.txt",
        query: &[],
        headers: &HeaderMap::new(),
        expires_seconds: 86400,
        credentials: &credentials,
        region: "us-east-1",
        date: AmzDate::parse_iso_basic("20130524T000000Z").unwrap(),
    };
    assert_eq!(
        request.url("https"),
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z\
         &X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}
