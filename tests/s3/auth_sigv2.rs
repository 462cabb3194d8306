//! `SigV2`: what the AWS CLI v1 and boto3 presign with by default, and the header form; in the regions that take it.

use http::{HeaderMap, HeaderValue};
use staves::wire::query::Query;
use staves::wire::sigv2::{self, When};

use crate::support::RawClient;
use crate::support::server::TestServer;

const FAR_FUTURE: &str = "4102444800";

/// A presigned target: `AWSAccessKeyId`, `Signature` and `Expires` after the given query.
fn presigned(secret: &str, method: &str, path: &str, query: &str, headers: &HeaderMap, expires: &str) -> String {
    let parsed = Query::parse(query).unwrap();
    let request = sigv2::Request { method, host_bucket: None, raw_path: path, query: &parsed, headers };
    let signature = sigv2::sign(secret, &sigv2::string_to_sign(request, When::Expires(expires)));
    let signature = staves::wire::percent::encode(signature.as_bytes());
    let and = if query.is_empty() { "" } else { "&" };
    format!("{path}?{query}{and}AWSAccessKeyId=test&Signature={signature}&Expires={expires}")
}

fn signed_header(method: &str, path: &str, headers: &HeaderMap) -> String {
    let query = Query::parse("").unwrap();
    let request = sigv2::Request { method, host_bucket: None, raw_path: path, query: &query, headers };
    format!("AWS test:{}", sigv2::sign("test", &sigv2::string_to_sign(request, When::Date)))
}

async fn with_object() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body(b"bytes").send().await.expect_status(200);
    (server, client)
}

#[tokio::test]
async fn sigv2_presigned_get_and_put() {
    let (_server, client) = with_object().await;
    let none = HeaderMap::new();
    let get = presigned("test", "GET", "/bkt/k", "", &none, FAR_FUTURE);
    assert_eq!(client.get(&get).anonymous().send().await.expect_status(200).body, b"bytes");
    let named = presigned("test", "GET", "/bkt/k", "response-content-type=text%2Fplain", &none, FAR_FUTURE);
    let reply = client.get(&named).anonymous().send().await.expect_status(200);
    assert_eq!(reply.header("content-type"), Some("text/plain"));
    // Parameters that stand for headers are signed as headers, and are headers.
    let put = presigned("test", "PUT", "/bkt/new", "x-amz-meta-a=1", &none, FAR_FUTURE);
    client.put(&put).anonymous().body(b"new").send().await.expect_status(200);
    assert_eq!(client.head("/bkt/new").send().await.header("x-amz-meta-a"), Some("1"));
    // The content type is part of the string to sign, so one that was not expected breaks it.
    let put = presigned("test", "PUT", "/bkt/typed", "", &none, FAR_FUTURE);
    let typed = client.put(&put).anonymous().unsigned_header("content-type", "text/x").body(b"x").send().await;
    typed.expect_error(403, "SignatureDoesNotMatch");
    client.head("/bkt/typed").send().await.expect_status(404);
}

#[tokio::test]
async fn sigv2_presigned_refusals() {
    let (_server, client) = with_object().await;
    let none = HeaderMap::new();
    let wrong = presigned("other", "GET", "/bkt/k", "", &none, FAR_FUTURE);
    let reply = client.get(&wrong).anonymous().send().await.expect_error(403, "SignatureDoesNotMatch");
    let names: Vec<String> = reply.stable_error_fields().into_iter().map(|(name, _)| name).collect();
    let expected = ["Code", "Message", "AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes"];
    assert_eq!(names, expected);
    assert_eq!(reply.xml_text("StringToSign"), Some(format!("GET\n\n\n{FAR_FUTURE}\n/bkt/k")));

    let expired = presigned("test", "GET", "/bkt/k", "", &none, "1000000000");
    let reply = client.get(&expired).anonymous().send().await.expect_error(403, "AccessDenied");
    let fields = reply.stable_error_fields();
    assert_eq!(fields[1].1, "Request has expired");
    assert_eq!(fields[2], ("Expires".to_owned(), "2001-09-09T01:46:40Z".to_owned()));
    assert_eq!((fields[3].0.as_str(), fields.len()), ("ServerTime", 4));

    let reply = client.get("/bkt/k?AWSAccessKeyId=test&Signature=x").anonymous().send().await;
    let message = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
    assert_eq!(reply.expect_error(403, "AccessDenied").xml_text("Message").as_deref(), Some(message));
}

#[tokio::test]
async fn sigv2_header() {
    let (_server, client) = with_object().await;
    let mut headers = HeaderMap::new();
    let date = httpdate::fmt_http_date(std::time::SystemTime::now());
    headers.insert("date", HeaderValue::from_str(&date).unwrap());
    for (path, status) in [("/bkt/k", 200), ("/bkt", 200), ("/bkt/", 200), ("/", 200)] {
        let authorization = signed_header("GET", path, &headers);
        let request = client.get(path).anonymous().unsigned_header("date", &date);
        request.unsigned_header("authorization", authorization).send().await.expect_status(status);
    }
    // botocore signs a bucket with a slash at its end, and sends it without.
    let authorization = signed_header("GET", "/bkt/", &headers);
    let request = client.get("/bkt").anonymous().unsigned_header("date", &date);
    request.unsigned_header("authorization", authorization).send().await.expect_status(200);

    let undated = client.get("/bkt").anonymous().unsigned_header("authorization", "AWS test:x").send().await;
    undated.expect_error(403, "AccessDenied");
    let without_colon = client.get("/bkt").anonymous().unsigned_header("authorization", "AWS test").send().await;
    without_colon.expect_error(400, "InvalidArgument");
}

#[tokio::test]
async fn sigv2_where_it_is_not_taken() {
    let server = TestServer::with(|builder| builder.region("eu-central-1")).await;
    let client = server.client();
    let get = presigned("test", "GET", "/bkt/k", "", &HeaderMap::new(), FAR_FUTURE);
    let reply = client.get(&get).anonymous().send().await.expect_error(400, "InvalidRequest");
    let message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    assert_eq!(reply.xml_text("Message").as_deref(), Some(message));

    let (_server, client) = with_object().await;
    let put = presigned("test", "PUT", "/bkt/k", "", &HeaderMap::new(), FAR_FUTURE);
    let conditional = client.put(&put).anonymous().unsigned_header("if-none-match", "*").body(b"x").send().await;
    conditional.expect_error(400, "InvalidRequest");
}
