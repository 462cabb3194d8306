//! Presigned URLs: their parameters, their time, what they sign, and what SDKs hoist into them.

use http::HeaderMap;
use staves::http::identity::{Identities, Identity, Secret};
use staves::s3::{AuthMode, RegionRule};
use staves::wire::sigv4::{AmzDate, Credentials};

use crate::answers::{DENIED, bad_request, refused};
use crate::support::server::{TestServer, complete, create_upload, part_list};
use crate::support::{RawClient, Reply};

const CODE: &str = "AuthorizationQueryParametersError";
const UNSIGNED: &str = "There were headers present in the request which were not signed";
const CREDENTIAL: &str = "Error parsing the X-Amz-Credential parameter; ";

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

/// A server with the object `/bkt/k`, whose bytes are `body`.
async fn with_object() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body("body").send().await.expect_status(200);
    (server, client)
}

async fn get(client: &RawClient, target: &str) -> Reply {
    client.get(target).anonymous().send().await
}

fn at(client: &RawClient, seconds: i64, expires: i64) -> String {
    client.presigned_target_at("GET", "/bkt/k", expires, AmzDate::from_unix(now() + seconds), &HeaderMap::new())
}

#[tokio::test]
async fn auth_presigned_every_operation() {
    let (_server, client) = with_object().await;
    assert_eq!(get(&client, &client.presigned_target("GET", "/bkt/k", 60)).await.body, b"body");
    let head = client.presigned_target("HEAD", "/bkt/k", 60);
    client.head(&head).anonymous().send().await.expect_status(200);
    let put = client.presigned_target("PUT", "/bkt/p", 60);
    // What is not x-amz-* may come unsigned.
    let request = client.put(&put).anonymous().header("content-type", "text/x").body("1");
    request.send().await.expect_status(200);
    let head = client.head("/bkt/p").send().await;
    assert_eq!(head.header("content-type"), Some("text/x"));
    let delete = client.presigned_target("DELETE", "/bkt/p", 60);
    client.delete(&delete).anonymous().send().await.expect_status(204);
    let list = get(&client, &client.presigned_target("GET", "/bkt?list-type=2&prefix=k", 60)).await;
    assert_eq!(list.expect_status(200).xml_all("Key"), ["k"]);
    // The URL of another method is none.
    let url = client.presigned_target("GET", "/bkt/k", 60);
    client.head(&url).anonymous().send().await.expect_status(403);
    client.delete(&url).anonymous().send().await.expect_error(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn auth_presigned_multipart_upload() {
    let (_server, client) = with_object().await;
    let id = create_upload(&client, "/bkt/m", &[]).await;
    let target = format!("/bkt/m?partNumber=1&uploadId={id}");
    let url = client.presigned_target("PUT", &target, 60);
    let part = client.put(&url).anonymous().body("part").send().await.expect_status(200);
    // Another part's number is another URL.
    let other = client.put(&url.replace("partNumber=1", "partNumber=2")).anonymous().body("x").send().await;
    other.expect_error(403, "SignatureDoesNotMatch");
    let listing = get(&client, &client.presigned_target("GET", &format!("/bkt/m?uploadId={id}"), 60)).await;
    assert_eq!(listing.xml_all("PartNumber"), ["1"]);
    let url = client.presigned_target("POST", &format!("/bkt/m?uploadId={id}"), 60);
    let done = client.post(&url).anonymous().body(part_list([(1, part.header("etag").unwrap())])).send().await;
    done.expect_status(200);
    let again = complete(&client, "/bkt/m", &id, &part_list([(1, part.header("etag").unwrap())])).await;
    again.expect_status(200);
    let url = client.presigned_target("POST", "/bkt/m?uploads", 60);
    client.post(&url).anonymous().send().await.expect_status(200);
    assert_eq!(client.get("/bkt/m").send().await.body, b"part");
}

#[tokio::test]
async fn auth_presigned_missing_parameters() {
    let (_server, client) = with_object().await;
    let message = "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
    let url = client.presigned_target("GET", "/bkt/k", 60);
    for name in ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"] {
        let reply = get(&client, &url.replace(&format!("X-Amz-{name}="), "X-Other=")).await;
        refused(&reply, 400, CODE, message, &[]);
    }
}

#[tokio::test]
async fn auth_presigned_bad_parameters() {
    let (_server, client) = with_object().await;
    let url = client.presigned_target("GET", "/bkt/k", 60);
    let day = AmzDate::from_unix(now()).day();
    let date = AmzDate::from_unix(now()).iso_basic();
    let credential = |sentence: &str| format!("{CREDENTIAL}{sentence}");
    let malformed =
        credential("the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".");
    let day_then = format!("Date={day}T");
    let cases: Vec<(&str, &str, String)> = vec![
        ("HMAC-SHA256", "HMAC-SHA512", "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"".into()),
        ("%2Fs3%2F", "%2F", malformed.clone()),
        ("%2F", "%252F", malformed),
        ("%2Fs3%2F", "%2Fexecute-api%2F", credential("incorrect service \"execute-api\". This endpoint belongs to \"s3\".")),
        ("aws4_request", "x", credential("incorrect terminal \"x\". This endpoint uses \"aws4_request\".")),
        (&day, "2025", credential("incorrect date format \"2025\". This date in the credential must be in the format \"yyyyMMdd\".")),
        (&date, "yesterday", "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".into()),
        (
            &day_then,
            "Date=20200101T",
            format!("Invalid credential date \"{day}\". This date is not the same as X-Amz-Date: \"20200101\"."),
        ),
        ("Expires=60", "Expires=x", "X-Amz-Expires should be a number".into()),
        ("Expires=60", "Expires=-1", "X-Amz-Expires must be non-negative".into()),
        (
            "Expires=60",
            "Expires=604801",
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds".into(),
        ),
    ];
    for (from, to, message) in cases {
        // Of the date the first occurrence is the credential's; all of the slashes are.
        let bad = if from == "%2F" { url.replace(from, to) } else { url.replacen(from, to, 1) };
        assert_ne!(bad, url, "{from}");
        refused(&get(&client, &bad).await, 400, CODE, &message, &[]);
    }
    let ecdsa = url.replacen("HMAC-SHA256", "ECDSA-P256-SHA256", 1);
    let message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    bad_request(&get(&client, &ecdsa).await, message);
}

#[tokio::test]
async fn auth_presigned_region() {
    let (_server, client) = with_object().await;
    let url = client.with_region("us-west-2").presigned_target("GET", "/bkt/k", 60);
    get(&client, &url).await.expect_status(200);
    let strict = TestServer::with(|builder| builder.region_rule(RegionRule::Exact)).await;
    let client = strict.bucket().await;
    let url = client.with_region("us-west-2").presigned_target("GET", "/bkt", 60);
    let message = format!("{CREDENTIAL}the region 'us-west-2' is wrong; expecting 'us-east-1'");
    let reply = get(&client, &url).await;
    refused(&reply, 400, CODE, &message, &[("Region", "us-east-1")]);
    assert_eq!(reply.header("x-amz-bucket-region"), Some("us-east-1"));
    get(&client, &client.presigned_target("GET", "/bkt", 60)).await.expect_status(200);
}

#[tokio::test]
async fn auth_presigned_expired() {
    let (_server, client) = with_object().await;
    for (seconds, expires) in [(-100, 60), (-10, 0), (-700_000, 604_800)] {
        let url = at(&client, seconds, expires);
        let expected = AmzDate::from_unix(now() + seconds + expires).iso_basic();
        let reply = get(&client, &url).await;
        let (at, server_time) = (reply.xml_text("Expires").unwrap(), reply.xml_text("ServerTime").unwrap());
        let fields = [("X-Amz-Expires", expires.to_string()), ("Expires", at.clone()), ("ServerTime", server_time)];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        refused(&reply, 403, "AccessDenied", "Request has expired", &fields);
        assert_eq!(at.replace(['-', ':'], "")[..13], expected[..13], "the minute at which it ended");
        // Whatever its signature is.
        get(&client, &format!("{url}x")).await.expect_error(403, "AccessDenied");
    }
    get(&client, &at(&client, 0, 0)).await.expect_error(403, "AccessDenied");
    // A week is accepted, and being old is no skew.
    get(&client, &at(&client, 0, 604_800)).await.expect_status(200);
    get(&client, &at(&client, -600_000, 604_800)).await.expect_status(200);
}

#[tokio::test]
async fn auth_presigned_in_the_future() {
    let (_server, client) = with_object().await;
    get(&client, &at(&client, 850, 60)).await.expect_status(200);
    let date = now() + 2000;
    let url = client.presigned_target_at("GET", "/bkt/k", 60, AmzDate::from_unix(date), &HeaderMap::new());
    let reply = get(&client, &url).await;
    let (expires, server_time) = (reply.xml_text("Expires").unwrap(), reply.xml_text("ServerTime").unwrap());
    let milliseconds = format!("{date}000");
    let fields = [("X-Amz-Date", milliseconds.as_str()), ("Expires", &expires), ("ServerTime", &server_time)];
    refused(&reply, 403, "AccessDenied", "Request is not yet valid", &fields);
}

#[tokio::test]
async fn auth_presigned_headers() {
    let (_server, client) = with_object().await;
    let url = client.presigned_target("GET", "/bkt/k", 60);
    let send = |headers: &[(&str, &str)]| {
        let request = client.get(&url).anonymous();
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send()
    };
    let fields = [("HeadersNotSigned", "x-amz-expires, x-amz-meta-a")];
    let reply = send(&[("x-amz-meta-a", "1"), ("x-amz-expires", "60")]).await;
    refused(&reply, 403, "AccessDenied", UNSIGNED, &fields);
    let without_host = url.replace("SignedHeaders=host", "SignedHeaders=range");
    let reply = get(&client, &without_host).await;
    refused(&reply, 403, "AccessDenied", UNSIGNED, &[("HeadersNotSigned", "host")]);
    let range = send(&[("range", "bytes=0-1"), ("content-type", "text/x"), ("content-md5", "x")]).await;
    assert_eq!(range.expect_status(206).body, b"bo");
    // The one payload hash that is what would have been signed anyway.
    send(&[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")]).await.expect_status(200);
    let empty = staves::wire::sigv4::EMPTY_SHA256;
    send(&[("x-amz-content-sha256", empty)]).await.expect_error(403, "SignatureDoesNotMatch");
    // A signed header has to come as it was signed.
    let signed: HeaderMap = [("x-amz-meta-a".parse().unwrap(), "1".parse().unwrap())].into_iter().collect();
    let url = client.presigned_target_at("PUT", "/bkt/p", 60, AmzDate::from_unix(now()), &signed);
    let put = |value: Option<&str>| {
        let request = client.put(&url).anonymous().body("x");
        match value {
            Some(value) => request.header("x-amz-meta-a", value),
            None => request,
        }
    };
    put(None).send().await.expect_error(403, "SignatureDoesNotMatch");
    put(Some("2")).send().await.expect_error(403, "SignatureDoesNotMatch");
    put(Some("1")).send().await.expect_status(200);
}

#[tokio::test]
async fn auth_presigned_response_overrides_are_signed() {
    let (_server, client) = with_object().await;
    let target = "/bkt/k?response-content-type=text/x&response-content-disposition=attachment%3B%20filename%3D%22a%22";
    let url = client.presigned_target("GET", target, 60);
    let reply = get(&client, &url).await.expect_status(200);
    assert_eq!(reply.header("content-type"), Some("text/x"));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"a\""));
    let plain = client.presigned_target("GET", "/bkt/k", 60);
    let added = get(&client, &format!("{plain}&response-content-type=text/x")).await;
    added.expect_error(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn auth_presigned_hoisted_headers() {
    let (_server, client) = with_object().await;
    let target = "/bkt/h?X-Amz-Meta-Color=dark+blue&x-amz-storage-class=STANDARD_IA&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32";
    let url = client.presigned_target("PUT", target, 60);
    let reply = client.put(&url).anonymous().body("body").send().await.expect_status(200);
    // A hoisted checksum is signed, and otherwise ignored.
    assert_eq!(reply.header("x-amz-checksum-crc32"), None);
    assert!(reply.header("x-amz-checksum-crc64nvme").is_some());
    let head = client.head("/bkt/h").send().await.expect_status(200);
    assert_eq!(head.header("x-amz-meta-color"), Some("dark blue"));
    assert_eq!(head.header("x-amz-storage-class"), Some("STANDARD_IA"));
    // The same in query and header: fine if it is signed and equal; two values are one too many.
    let reply = client.put(&url).anonymous().header("x-amz-storage-class", "GLACIER").body("x").send().await;
    reply.expect_error(403, "SignatureDoesNotMatch");
    // A bad one is refused as in a header.
    let url = client.presigned_target("PUT", "/bkt/h?x-amz-storage-class=NOPE", 60);
    client.put(&url).anonymous().body("x").send().await.expect_error(400, "InvalidStorageClass");
    let url = client.presigned_target("PUT", "/bkt/h?x-amz-acl=public-read", 60);
    client.put(&url).anonymous().body("x").send().await.expect_error(400, "AccessControlListNotSupported");
}

#[tokio::test]
async fn auth_presigned_hoisted_copy() {
    let (_server, client) = with_object().await;
    let url = client.presigned_target("PUT", "/bkt/copy?x-amz-copy-source=bkt%2Fk", 60);
    client.put(&url).anonymous().send().await.expect_status(200);
    assert_eq!(client.get("/bkt/copy").send().await.body, b"body", "not an empty object");
}

#[tokio::test]
async fn auth_presigned_hoisted_conditions() {
    let (_server, client) = with_object().await;
    let url = client.presigned_target("PUT", "/bkt/k?If-None-Match=*", 60);
    let reply = client.put(&url).anonymous().body("other").send().await;
    let message = "At least one of the pre-conditions you specified did not hold";
    refused(&reply, 412, "PreconditionFailed", message, &[("Condition", "If-None-Match")]);
    let url = client.presigned_target("PUT", "/bkt/k?If-Match=%22other%22", 60);
    client.put(&url).anonymous().body("other").send().await.expect_error(412, "PreconditionFailed");
    let url = client.presigned_target("PUT", "/bkt/new?If-None-Match=*", 60);
    client.put(&url).anonymous().body("new").send().await.expect_status(200);
    client.put(&url).anonymous().body("again").send().await.expect_error(412, "PreconditionFailed");
    assert_eq!(client.get("/bkt/k").send().await.body, b"body");
}

#[tokio::test]
async fn auth_presigned_duplicates() {
    let (_server, client) = with_object().await;
    let url = client.presigned_target("GET", "/bkt/k", 60);
    let (path, query) = url.split_once('?').unwrap();
    // Of two the first counts: here a wrong one, then a right one that comes too late.
    let reply = get(&client, &format!("{path}?X-Amz-Expires=x&{query}")).await;
    refused(&reply, 400, CODE, "X-Amz-Expires should be a number", &[]);
    let reply = get(&client, &format!("{path}?X-Amz-Signature=00&{query}")).await;
    assert_eq!(reply.expect_error(403, "SignatureDoesNotMatch").xml_text("SignatureProvided").as_deref(), Some("00"));
    get(&client, &format!("{url}&X-Amz-Signature=00")).await.expect_status(200);
}

#[tokio::test]
async fn auth_presigned_signature_does_not_match() {
    let (_server, client) = with_object().await;
    let wrong = client.with_credentials(Credentials::new("test", "wrong"));
    let reply = get(&client, &wrong.presigned_target("GET", "/bkt/k?b=2&a=1", 60)).await;
    let names: Vec<String> = reply.error_fields().into_iter().map(|(name, _)| name).collect();
    let expected = "Code Message AWSAccessKeyId StringToSign SignatureProvided StringToSignBytes CanonicalRequest CanonicalRequestBytes RequestId HostId";
    assert_eq!(names, expected.split(' ').collect::<Vec<_>>());
    let canonical = reply.xml_text("CanonicalRequest").unwrap();
    let lines: Vec<&str> = canonical.lines().collect();
    assert_eq!((lines[0], lines[1]), ("GET", "/bkt/k"));
    assert!(
        lines[2].starts_with("X-Amz-Algorithm=AWS4-HMAC-SHA256&") && lines[2].ends_with("&a=1&b=2"),
        "{}",
        lines[2]
    );
    assert!(!lines[2].contains("X-Amz-Signature"));
    assert_eq!(lines[3..], [format!("host:{}", client.host).as_str(), "", "host", "UNSIGNED-PAYLOAD"]);
    let nobody = client.with_credentials(Credentials::new("nobody", "x"));
    let reply = get(&client, &nobody.presigned_target("GET", "/bkt/k", 60)).await;
    let message = "The AWS Access Key Id you provided does not exist in our records.";
    refused(&reply, 403, "InvalidAccessKeyId", message, &[("AWSAccessKeyId", "nobody")]);
}

#[tokio::test]
async fn auth_presigned_session_tokens() {
    let temporary = Identity { session_token: Some(Secret::new("a+token/=")), ..Identity::new("ASIA", "secret") };
    let identities = Identities::new([Identity::new("test", "test"), temporary]).unwrap();
    let server = TestServer::with(|builder| builder.identities(identities)).await;
    let client = server.bucket().await;
    let signed = |token: Option<&str>| {
        let credentials = Credentials { session_token: token.map(str::to_owned), ..Credentials::new("ASIA", "secret") };
        client.with_credentials(credentials).presigned_target("GET", "/bkt", 60)
    };
    get(&client, &signed(Some("a+token/="))).await.expect_status(200);
    let invalid = "The provided token is malformed or otherwise invalid.";
    refused(&get(&client, &signed(Some("x"))).await, 400, "InvalidToken", invalid, &[("Token-0", "x")]);
    get(&client, &signed(None)).await.expect_error(403, "InvalidAccessKeyId");
    let stripped = signed(Some("a+token/=")).replace("X-Amz-Security-Token=", "X-Other=");
    get(&client, &stripped).await.expect_error(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn auth_presigned_without_auth() {
    let server = TestServer::with(|builder| builder.auth(AuthMode::Off)).await;
    let client = server.bucket().await;
    let nobody = client.with_credentials(Credentials::new("nobody", "x"));
    // Not verified, but what it carries for headers counts.
    let url = nobody.presigned_target("PUT", "/bkt/k?x-amz-meta-a=1&If-None-Match=*", 60);
    client.put(&url).anonymous().body("x").send().await.expect_status(200);
    assert_eq!(client.head("/bkt/k").send().await.header("x-amz-meta-a"), Some("1"));
    client.put(&url).anonymous().body("y").send().await.expect_error(412, "PreconditionFailed");
}

#[tokio::test]
async fn auth_presigned_of_a_missing_bucket() {
    let server = TestServer::start().await;
    let client = server.client();
    get(&client, &client.presigned_target("GET", "/gone/k", 60)).await.expect_error(404, "NoSuchBucket");
    refused(&get(&client, "/").await, 403, "AccessDenied", DENIED, &[]);
}
