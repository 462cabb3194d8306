//! Signatures in the `Authorization` header: which mechanism counts, every sentence, and the order of checks.

use http::HeaderMap;
use sha2::{Digest as _, Sha256};
use staves::http::identity::{Identities, Identity, Secret};
use staves::s3::{AuthMode, RegionRule};
use staves::wire::sigv4::{AmzDate, Credentials};

use crate::answers::{DENIED, bad_argument, bad_request, has_ids, refused};
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const MISMATCH: &str =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const UNSIGNED: &str = "There were headers present in the request which were not signed";
const NEEDS_DATE: &str = "AWS authentication requires a valid Date or x-amz-date header";

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

fn hex_dump(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// Sends `GET /` with the header edited.
async fn edited(client: &RawClient, edit: impl FnOnce(&str) -> String + Send + 'static) -> Reply {
    client.get("/").edit_authorization(edit).send().await
}

fn malformed(reply: &Reply, sentence: &str, fields: &[(&str, &str)]) {
    let message = format!("The authorization header is malformed; {sentence}");
    refused(reply, 400, "AuthorizationHeaderMalformed", &message, fields);
}

#[tokio::test]
async fn auth_header_is_accepted() {
    let server = TestServer::start().await;
    let client = server.client();
    client.get("/").send().await.expect_status(200);
    edited(&client, |value| value.replace(", ", ",")).await.expect_status(200);
    client.get("/").payload_hash("UNSIGNED-PAYLOAD").send().await.expect_status(200);
    // Headers that are no x-amz-* may stay unsigned.
    let request = client.get("/");
    let request = ["content-type", "content-md5", "range", "if-match", "x-forwarded-for"]
        .iter()
        .fold(request, |request, name| request.unsigned_header(name, "x"));
    request.send().await.expect_status(200);
}

#[tokio::test]
async fn auth_header_mechanisms() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let two = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified";
    for query in ["X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Signature=x", "Signature=x&Expires=1&AWSAccessKeyId=test"]
    {
        let reply =
            client.get(&format!("/bkt?{query}")).anonymous().unsigned_header("authorization", "garbage").send().await;
        bad_argument(&reply, two, "Authorization", "garbage");
    }
    let valid = client.presigned_target("GET", "/bkt", 60);
    let reply = client.get(&valid).send().await;
    assert_eq!(reply.stable_error_fields()[1].1, two, "even if both are valid");
    let send = |value: &'static str| client.get("/bkt").anonymous().unsigned_header("authorization", value).send();
    let space = "Authorization header is invalid -- one and only one ' ' (space) required";
    bad_argument(&send("garbage").await, space, "Authorization", "garbage");
    let value = "AWS4-HMAC-SHA512 Credential=x";
    bad_argument(&send(value).await, "Unsupported Authorization Type", "Authorization", value);
    bad_argument(&send("Bearer x").await, "Unsupported Authorization Type", "Authorization", "Bearer x");
    // Empty is anonymous.
    refused(&send("").await, 403, "AccessDenied", DENIED, &[]);
    refused(&client.get("/bkt").anonymous().send().await, 403, "AccessDenied", DENIED, &[]);
    refused(&client.get("/").anonymous().send().await, 403, "AccessDenied", DENIED, &[]);
    let dated = client.get("/bkt").anonymous().unsigned_header("x-amz-date", "20250101T000000Z").send().await;
    refused(&dated, 403, "AccessDenied", DENIED, &[]);
    let twice = client.get("/bkt").unsigned_header("authorization", "x").send().await;
    let message = "A header you provided implies functionality that is not implemented";
    refused(&twice, 501, "NotImplemented", message, &[("Header", "Authorization")]);
    let old = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    bad_request(&send("AWS4-ECDSA-P256-SHA256 Credential=x").await, old);
}

#[tokio::test]
async fn auth_header_precedes_the_bucket() {
    let server = TestServer::start().await;
    let client = server.client();
    let nobody = client.with_credentials(Credentials::new("nobody", "x"));
    nobody.get("/gone").send().await.expect_error(403, "InvalidAccessKeyId");
    nobody.get("/gone/k?uploadId=x&max-parts=x").send().await.expect_error(403, "InvalidAccessKeyId");
    client.get("/gone").anonymous().send().await.expect_error(404, "NoSuchBucket");
    let head = nobody.head("/gone").send().await.expect_status(403);
    has_ids(&head);
    assert!(head.body.is_empty());
}

#[tokio::test]
async fn auth_header_grammar() {
    let server = TestServer::start().await;
    let client = server.client();
    let three = "the authorization header requires three components: Credential, SignedHeaders, and Signature.";
    malformed(&edited(&client, |_| "AWS4-HMAC-SHA256 Credential=x".to_owned()).await, three, &[]);
    malformed(&edited(&client, |_| "AWS4-HMAC-SHA256 a=1,b=2".to_owned()).await, three, &[]);
    for name in ["Credential", "SignedHeaders", "Signature"] {
        let reply = edited(&client, move |value| value.replace(&format!("{name}="), "Other=")).await;
        malformed(&reply, &format!("missing {name}."), &[]);
    }
    let reply = edited(&client, |value| value.replace("Signature=", "Signature")).await;
    let sent = reply.xml_text("Message").unwrap();
    assert!(
        sent.starts_with("The authorization header is malformed; the authorization component \"Signature"),
        "{sent}"
    );
    assert!(sent.ends_with("\" is malformed."));
    let credential = "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
    malformed(&edited(&client, |value| value.replace("/s3/", "/")).await, credential, &[]);
    malformed(&edited(&client, |value| value.replace("test/", "a/test/")).await, credential, &[]);
}

#[tokio::test]
async fn auth_header_scope() {
    let server = TestServer::start().await;
    let client = server.client();
    let day = AmzDate::from_unix(now()).day();
    for (from, to, sentence) in [
        (
            format!("/{day}/"),
            "/2025-1-1/",
            "incorrect date format \"2025-1-1\". This date in the credential must be in the format \"yyyyMMdd\".",
        ),
        (format!("/{day}/"), "/20200101/", "Invalid credential date. Date is not the same as X-Amz-Date."),
        ("/s3/".to_owned(), "/iam/", "incorrect service \"iam\". This endpoint belongs to \"s3\"."),
        ("/aws4_request".to_owned(), "/x", "incorrect terminal \"x\". This endpoint uses \"aws4_request\"."),
    ] {
        let reply = edited(&client, move |value| value.replace(&from, to)).await;
        malformed(&reply, sentence, &[]);
    }
}

#[tokio::test]
async fn auth_header_region() {
    let any = TestServer::start().await;
    any.bucket().await.with_region("mars-north-1").get("/").send().await.expect_status(200);
    let strict = TestServer::with(|builder| builder.region_rule(RegionRule::Exact)).await;
    let client = strict.bucket().await;
    let reply = client.with_region("us-west-2").get("/").send().await;
    let sentence = "the region 'us-west-2' is wrong; expecting 'us-east-1'";
    malformed(&reply, sentence, &[("Region", "us-east-1")]);
    assert_eq!(reply.header("x-amz-bucket-region"), None);
    let reply = client.with_region("us-west-2").get("/bkt").send().await;
    malformed(&reply, sentence, &[("Region", "us-east-1")]);
    assert_eq!(reply.header("x-amz-bucket-region"), Some("us-east-1"));
    let head = client.with_region("us-west-2").head("/bkt").send().await.expect_status(400);
    assert_eq!(head.header("x-amz-bucket-region"), Some("us-east-1"));
    let other = TestServer::with(|builder| builder.region("eu-west-3").region_rule(RegionRule::Exact)).await;
    other.client().with_region("eu-west-3").get("/").send().await.expect_status(200);
    let reply = other.client().get("/").send().await;
    let sentence = "the region 'us-east-1' is wrong; expecting 'eu-west-3'";
    malformed(&reply, sentence, &[("Region", "eu-west-3")]);
}

#[tokio::test]
async fn auth_header_dates() {
    let server = TestServer::start().await;
    let client = server.client();
    let without = client.get("/").without_header("x-amz-date").send().await;
    refused(&without, 403, "AccessDenied", NEEDS_DATE, &[]);
    for bad in ["", "yesterday", "2025-01-01T00:00:00Z", "20250101T000000"] {
        let reply = client.get("/").tampered_header("x-amz-date", bad).send().await;
        refused(&reply, 403, "AccessDenied", NEEDS_DATE, &[]);
    }
    // x-amz-date wins over Date, whatever that says.
    client.get("/").unsigned_header("date", "Sat, 01 Jan 2000 00:00:00 GMT").send().await.expect_status(200);
    // Date alone, in each of its forms: the string to sign has it in ISO 8601, or as it was sent.
    let moment = AmzDate::from_unix(now());
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(moment.unix_seconds()).unwrap());
    let (iso, http) = (moment.iso_basic(), httpdate::fmt_http_date(time));
    for value in [&iso, &http, &http.replace("GMT", "UTC"), &http.replace("GMT", "+0000")] {
        for dated in [&iso, value] {
            let bytes = signed_with_date_only(&client, moment, value, dated);
            client.send_raw(&bytes).await.expect_status(200);
        }
        let other = client.send_raw(&signed_with_date_only(&client, moment, value, "x")).await;
        let string_to_sign = other.expect_error(403, "SignatureDoesNotMatch").xml_text("StringToSign").unwrap();
        assert_eq!(string_to_sign.lines().nth(1), Some(value.as_str()));
    }
    // x-amz-date in such a form, which is signed as a header.
    let value = http.replace("GMT", "UTC");
    client.get("/").header("x-amz-date", &value).date(moment).send().await.expect_status(200);
    let old = "Wed, 06 May 2020 15:42:30 UTC";
    let moment = AmzDate::parse(old).unwrap();
    let reply = client.get("/").header("x-amz-date", old).date(moment).send().await;
    assert_eq!(reply.expect_error(403, "RequestTimeTooSkewed").xml_text("RequestTime").as_deref(), Some(old));
}

/// A `GET /` that is signed with `Date` and without `x-amz-date`; in the string to sign stands `dated`.
fn signed_with_date_only(client: &RawClient, moment: AmzDate, date: &str, dated: &str) -> Vec<u8> {
    use staves::wire::sigv4::{Canonical, Mechanism, Request, Scope, SignedHeaders, SigningKey};
    let empty = hex::encode(Sha256::digest(b""));
    let headers: HeaderMap = [("host", client.host.as_str()), ("date", date), ("x-amz-content-sha256", &empty)]
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .into_iter()
        .collect();
    let signed = SignedHeaders::parse("date;host;x-amz-content-sha256");
    let request = Request { method: "GET", raw_path: "/", raw_query: "", headers: &headers };
    let scope = Scope::s3(moment, "us-east-1");
    let key = SigningKey::derive("test", &scope);
    let signature =
        Canonical::of(request, Mechanism::Header, &signed, &empty).sign_dated(dated, &scope, &key).signature;
    format!(
        "GET / HTTP/1.1\r\nhost: {}\r\ndate: {date}\r\nx-amz-content-sha256: {empty}\r\nconnection: close\r\nauthorization: AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={signed}, Signature={signature}\r\n\r\n",
        client.host
    )
    .into_bytes()
}

#[tokio::test]
async fn auth_header_skew() {
    let server = TestServer::start().await;
    let client = server.client();
    for seconds in [-880, 880] {
        client.get("/").date(AmzDate::from_unix(now() + seconds)).send().await.expect_status(200);
    }
    for seconds in [-1000, 1000] {
        let date = AmzDate::from_unix(now() + seconds);
        let reply = client.get("/").date(date).send().await;
        let server_time = reply.xml_text("ServerTime").unwrap();
        assert!(server_time.len() == 20 && server_time.ends_with('Z'), "{server_time}");
        refused(
            &reply,
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            &[
                ("RequestTime", &date.iso_basic()),
                ("ServerTime", &server_time),
                ("MaxAllowedSkewMilliseconds", "900000"),
            ],
        );
    }
}

#[tokio::test]
async fn auth_header_unknown_key() {
    let server = TestServer::start().await;
    let client = server.client().with_credentials(Credentials::new("nobody", "test"));
    let message = "The AWS Access Key Id you provided does not exist in our records.";
    let fields = [("AWSAccessKeyId", "nobody")];
    refused(&client.get("/").send().await, 403, "InvalidAccessKeyId", message, &fields);
}

#[tokio::test]
async fn auth_header_headers_not_signed() {
    let server = TestServer::start().await;
    let client = server.client();
    let request = || client.get("/").unsigned_header("x-amz-meta-b", "1").unsigned_header("x-amz-acl", "private");
    let fields = [("HeadersNotSigned", "x-amz-acl, x-amz-meta-b")];
    refused(&request().send().await, 403, "AccessDenied", UNSIGNED, &fields);
    // Said before the signature is compared.
    let wrong = client.with_credentials(Credentials::new("test", "wrong"));
    let reply = wrong.get("/").unsigned_header("x-amz-acl", "private").send().await;
    refused(&reply, 403, "AccessDenied", UNSIGNED, &[("HeadersNotSigned", "x-amz-acl")]);
    let reply = edited(&client, |value| value.replace("host;", "")).await;
    refused(&reply, 403, "AccessDenied", UNSIGNED, &[("HeadersNotSigned", "host")]);
    // Signed, but not sent; or sent otherwise than signed.
    let gone = client.get("/").header("x-amz-meta-a", "1").without_header("x-amz-meta-a").send().await;
    gone.expect_error(403, "SignatureDoesNotMatch");
    let other = client.get("/").header("x-amz-meta-a", "1").tampered_header("x-amz-meta-a", "2").send().await;
    other.expect_error(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn auth_header_signature_does_not_match() {
    let server = TestServer::start().await;
    let client = server.bucket().await.with_credentials(Credentials::new("test", "wrong"));
    let date = AmzDate::from_unix(now());
    let bytes = client.get("/bkt/a%20b?prefix=x&uploads").date(date).into_bytes();
    let sent = String::from_utf8(bytes.clone()).unwrap();
    let signature = sent.split("Signature=").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
    let reply = client.send_raw(&bytes).await;
    let hash = hex::encode(Sha256::digest(b""));
    let canonical = format!(
        "GET\n/bkt/a%20b\nprefix=x&uploads=\nhost:{}\nx-amz-content-sha256:{hash}\nx-amz-date:{}\n\nhost;x-amz-content-sha256;x-amz-date\n{hash}",
        client.host,
        date.iso_basic()
    );
    let string = format!(
        "AWS4-HMAC-SHA256\n{}\n{}/us-east-1/s3/aws4_request\n{}",
        date.iso_basic(),
        date.day(),
        hex::encode(Sha256::digest(&canonical))
    );
    refused(
        &reply,
        403,
        "SignatureDoesNotMatch",
        MISMATCH,
        &[
            ("AWSAccessKeyId", "test"),
            ("StringToSign", &string),
            ("SignatureProvided", &signature),
            ("StringToSignBytes", &hex_dump(&string)),
            ("CanonicalRequest", &canonical),
            ("CanonicalRequestBytes", &hex_dump(&canonical)),
        ],
    );
    assert!(reply.text().contains(&format!("<StringToSign>{string}</StringToSign>")), "line feeds stay as they are");
    client.head("/bkt").send().await.expect_status(403);
}

#[tokio::test]
async fn auth_header_covers_method_path_query_and_case() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let bytes = String::from_utf8(client.get("/bkt?prefix=a").into_bytes()).unwrap();
    for (from, to) in [("GET ", "POST "), ("/bkt?", "/bkt/?"), ("prefix=a", "prefix=b"), ("prefix=a", "prefix=a&x=")] {
        let changed = bytes.replacen(from, to, 1);
        client.send_raw(changed.as_bytes()).await.expect_error(403, "SignatureDoesNotMatch");
    }
    let upper = edited(&client, |value| {
        let (head, signature) = value.split_once("Signature=").unwrap();
        format!("{head}Signature={}", signature.to_uppercase())
    });
    upper.await.expect_error(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn auth_header_payload_hashes() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let put = || client.put("/bkt/k").body("hello");
    bad_request(
        &client.get("/").without_header("x-amz-content-sha256").send().await,
        "Missing required header for this request: x-amz-content-sha256",
    );
    let sentence = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";
    for bad in ["x", "unsigned-payload", "STREAMING-UNSIGNED-PAYLOAD", &"0".repeat(63)] {
        bad_argument(&put().payload_hash(bad).send().await, sentence, "x-amz-content-sha256", bad);
    }
    let zeros = "0".repeat(64);
    let computed = hex::encode(Sha256::digest(b"hello"));
    let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    let fields = [("ClientComputedContentSHA256", zeros.as_str()), ("S3ComputedContentSHA256", &computed)];
    refused(&put().payload_hash(&zeros).send().await, 400, "XAmzContentSHA256Mismatch", message, &fields);
    let rules = client.put("/bkt?cors").header("x-amz-checksum-crc32", "NhCmhg==").body("hello");
    refused(&rules.payload_hash(&zeros).send().await, 400, "XAmzContentSHA256Mismatch", message, &fields);
    // The value is part of what is signed, also where its header is not.
    let reply = put().tampered_header("x-amz-content-sha256", "UNSIGNED-PAYLOAD").send().await;
    reply.expect_error(403, "SignatureDoesNotMatch");
    client.get("/bkt/k").send().await.expect_error(404, "NoSuchKey");
    put().payload_hash("UNSIGNED-PAYLOAD").send().await.expect_status(200);
    put().send().await.expect_status(200);
}

#[tokio::test]
async fn auth_header_streaming_only_where_bytes_are_stored() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let message = "The value of x-amz-content-sha256 header is invalid.";
    for hash in [
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    ] {
        for target in ["/", "/bkt", "/bkt?uploads"] {
            bad_request(&client.get(target).payload_hash(hash).send().await, message);
        }
        bad_request(&client.put("/bkt2").payload_hash(hash).send().await, message);
        bad_request(&client.post("/bkt?delete").payload_hash(hash).send().await, message);
    }
    let reply = client.put("/bkt/k").payload_hash("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD").send().await;
    bad_request(&reply, message);
}

fn temporary(access_key: &str) -> Identity {
    Identity { session_token: Some(Secret::new("the token")), ..Identity::new(access_key, "secret") }
}

fn credentials(access_key: &str, secret_key: &str, token: &str) -> Credentials {
    Credentials { session_token: Some(token.to_owned()), ..Credentials::new(access_key, secret_key) }
}

#[tokio::test]
async fn auth_header_session_tokens() {
    let identities = Identities::new([Identity::new("test", "test"), temporary("ASIA")]).unwrap();
    let server = TestServer::with(|builder| builder.identities(identities)).await;
    let client = server.client();
    let as_ = |credentials: Credentials| client.with_credentials(credentials);
    as_(credentials("ASIA", "secret", "the token")).get("/").send().await.expect_status(200);
    let invalid = "The provided token is malformed or otherwise invalid.";
    for (key, secret, token) in [("ASIA", "secret", "another"), ("test", "test", "any"), ("test", "test", "")] {
        let reply = as_(credentials(key, secret, token)).get("/").send().await;
        refused(&reply, 400, "InvalidToken", invalid, &[("Token-0", token)]);
    }
    // A wrong signature is said before a wrong token.
    let reply = as_(credentials("ASIA", "wrong", "another")).get("/").send().await;
    reply.expect_error(403, "SignatureDoesNotMatch");
    // Without its token a temporary key is none.
    let reply = as_(Credentials::new("ASIA", "secret")).get("/").send().await;
    let message = "The AWS Access Key Id you provided does not exist in our records.";
    refused(&reply, 403, "InvalidAccessKeyId", message, &[("AWSAccessKeyId", "ASIA")]);
    let reply = as_(Credentials::new("ASIA", "secret")).get("/").unsigned_header("x-amz-security-token", "the token");
    refused(&reply.send().await, 403, "AccessDenied", UNSIGNED, &[("HeadersNotSigned", "x-amz-security-token")]);
}

#[tokio::test]
async fn auth_header_off() {
    let server = TestServer::with(|builder| builder.auth(AuthMode::Off)).await;
    let client = server.client();
    client.put("/bkt").anonymous().send().await.expect_status(200);
    client.put("/bkt/k").anonymous().body("x").send().await.expect_status(200);
    let nobody = client.with_credentials(Credentials::new("nobody", "x"));
    assert_eq!(nobody.get("/bkt/k").send().await.expect_status(200).body, b"x");
    let garbage = client.get("/bkt/k").anonymous().unsigned_header("authorization", "garbage").send().await;
    assert_eq!(garbage.expect_status(200).body, b"x");
    // Digests are no matter of identity.
    let lie = nobody.put("/bkt/k").body("y").payload_hash(&"0".repeat(64)).send().await;
    lie.expect_error(400, "XAmzContentSHA256Mismatch");
    assert_eq!(client.get("/bkt/k").anonymous().send().await.body, b"x");
}
