//! CORS: preflights, what actual answers carry, and the documents of a bucket's rules.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;

use crate::answers::{MALFORMED_XML, bad_request, has_ids, refused};
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply, RequestBuilder};

const VARY: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
const NOT_ALLOWED: &str = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
const RULES: &str = "<CORSRule><AllowedOrigin>http://a.test</AllowedOrigin><AllowedOrigin>https://*.b.test</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>content-*</AllowedHeader><AllowedHeader>X-Amz-Date</AllowedHeader><ExposeHeader>ETag</ExposeHeader><ExposeHeader>x-amz-request-id</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod></CORSRule>";

fn put_rules(client: &RawClient, rules: &str) -> RequestBuilder {
    let body = format!("<CORSConfiguration>{rules}</CORSConfiguration>");
    put_document(client, &body)
}

fn put_document(client: &RawClient, body: &str) -> RequestBuilder {
    client.put("/bkt?cors").header("content-md5", STANDARD.encode(md5::Md5::digest(body))).body(body)
}

async fn with_rules() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = put_rules(&client, RULES).send().await.expect_status(200);
    assert!(reply.body.is_empty());
    (server, client)
}

async fn preflight(client: &RawClient, target: &str, origin: &str, method: &str, headers: &str) -> Reply {
    let mut request = client.options(target).anonymous().header("origin", origin);
    for (name, value) in [("access-control-request-method", method), ("access-control-request-headers", headers)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    request.send().await
}

/// The CORS headers of an answer, in alphabetical order.
fn cors_headers(reply: &Reply) -> Vec<(&str, &str)> {
    let mine = |name: &str| name.starts_with("access-control-") || name == "vary";
    let pairs = reply.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut found: Vec<(&str, &str)> = pairs.filter(|(name, _)| mine(name)).collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn cors_preflight_of_an_origin() {
    let (_server, client) = with_rules().await;
    for target in ["/bkt/k", "/bkt", "/bkt/k?partNumber=1&uploadId=x"] {
        let reply = preflight(&client, target, "http://a.test", "PUT", "Content-Type, x-amz-date").await;
        has_ids(&reply);
        assert_eq!((reply.status, reply.body.len()), (200, 0));
        assert_eq!(
            cors_headers(&reply),
            [
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", "content-type, x-amz-date"),
                ("access-control-allow-methods", "GET, PUT"),
                ("access-control-allow-origin", "http://a.test"),
                ("access-control-expose-headers", "ETag, x-amz-request-id"),
                ("access-control-max-age", "3000"),
                ("vary", VARY),
            ]
        );
    }
    let reply = preflight(&client, "/bkt/k", "https://x.b.test", "GET", "").await.expect_status(200);
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://x.b.test"));
    assert_eq!(reply.header("access-control-allow-headers"), None);
}

#[tokio::test]
async fn cors_preflight_of_any_origin() {
    let (_server, client) = with_rules().await;
    let reply = preflight(&client, "/bkt/k", "http://whoever.test", "HEAD", "").await.expect_status(200);
    let expected = [("access-control-allow-methods", "HEAD"), ("access-control-allow-origin", "*"), ("vary", VARY)];
    assert_eq!(cors_headers(&reply), expected);
}

#[tokio::test]
async fn cors_preflight_refused() {
    let (_server, client) = with_rules().await;
    for (origin, method, headers) in [
        ("http://other.test", "GET", ""),
        ("http://a.test/", "GET", ""),
        ("HTTP://a.test", "GET", ""),
        ("http://a.test", "DELETE", ""),
        ("http://a.test", "get", ""),
        ("http://a.test", "PUT", "x-amz-meta-a"),
        ("http://a.test", "PUT", "content-type, x-other"),
        ("http://whoever.test", "HEAD", "content-type"),
    ] {
        let reply = preflight(&client, "/bkt/k", origin, method, headers).await;
        let fields = [("Method", method), ("ResourceType", "OBJECT")];
        refused(&reply, 403, "AccessForbidden", NOT_ALLOWED, &fields);
        assert_eq!(cors_headers(&reply), []);
    }
    let reply = preflight(&client, "/bkt", "http://other.test", "GET", "").await;
    let fields = [("Method", "GET"), ("ResourceType", "BUCKET")];
    refused(&reply, 403, "AccessForbidden", NOT_ALLOWED, &fields);
    let reply = preflight(&client, "/bkt/k", "http://a.test", "", "").await;
    let fields = [("Method", "OPTIONS"), ("ResourceType", "OBJECT")];
    refused(&reply, 403, "AccessForbidden", NOT_ALLOWED, &fields);
}

#[tokio::test]
async fn cors_preflight_without_origin_bucket_or_rules() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.options("/bkt/k").anonymous().send().await;
    refused(&reply, 400, "BadRequest", "Insufficient information. Origin request header needed.", &[]);
    let fields = [("Method", "GET"), ("ResourceType", "BUCKET")];
    for target in ["/gone/k", "/gone", "/Not_a_bucket"] {
        let reply = preflight(&client, target, "http://a.test", "GET", "").await;
        refused(&reply, 403, "AccessForbidden", "CORSResponse: Bucket not found", &fields);
    }
    let reply = preflight(&client, "/bkt/k", "http://a.test", "GET", "").await;
    let message = "CORSResponse: CORS is not enabled for this bucket.";
    refused(&reply, 403, "AccessForbidden", message, &fields);
    let reply = preflight(&client, "/bkt/k", "http://a.test", "", "").await;
    refused(&reply, 403, "AccessForbidden", message, &[("Method", "OPTIONS"), ("ResourceType", "BUCKET")]);
}

#[tokio::test]
async fn cors_the_first_rule_that_matches_wholly() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let rule = |origin: &str, header: &str, age: u32| {
        format!(
            "<CORSRule><AllowedOrigin>{origin}</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedHeader>{header}</AllowedHeader><MaxAgeSeconds>{age}</MaxAgeSeconds></CORSRule>"
        )
    };
    let rules = [rule("http://a.test", "x-a", 1), rule("http://*", "x-b", 2), rule("*", "*", 3)].concat();
    put_rules(&client, &rules).send().await.expect_status(200);
    for (origin, headers, age) in [
        ("http://a.test", "", "1"),
        ("http://a.test", "X-A", "1"),
        ("http://a.test", "x-b", "2"),
        ("http://a.test", "x-a, x-b", "3"),
        ("https://c.test", "", "3"),
    ] {
        let reply = preflight(&client, "/bkt/k", origin, "GET", headers).await.expect_status(200);
        assert_eq!(reply.header("access-control-max-age"), Some(age), "{origin} {headers}");
    }
}

#[tokio::test]
async fn cors_actual_answers() {
    let (_server, client) = with_rules().await;
    let put = client.put("/bkt/k").header("origin", "http://a.test").body("x").send().await.expect_status(200);
    let expected = [
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET, PUT"),
        ("access-control-allow-origin", "http://a.test"),
        ("access-control-expose-headers", "ETag, x-amz-request-id"),
        ("access-control-max-age", "3000"),
        ("vary", VARY),
    ];
    assert_eq!(cors_headers(&put), expected);
    assert!(put.header("etag").is_some());
    let url = client.presigned_target("GET", "/bkt/k", 60);
    let get = client.get(&url).anonymous().header("origin", "http://a.test").send().await.expect_status(200);
    assert_eq!(cors_headers(&get), expected);
    // A page may read why it was refused.
    let missing = client.get("/bkt/gone").header("origin", "http://a.test").send().await;
    assert_eq!((missing.status, cors_headers(&missing)), (404, expected.to_vec()));
    let denied = client.get("/bkt/k").anonymous().header("origin", "http://a.test").send().await;
    assert_eq!((denied.status, cors_headers(&denied)), (403, expected.to_vec()));
    let unchanged = client.get("/bkt/k").header("origin", "http://a.test").header("if-none-match", "*").send().await;
    assert_eq!((unchanged.status, cors_headers(&unchanged)), (304, expected.to_vec()));
    let refused = client.get("/bkt/k?torrent").header("origin", "http://a.test").send().await;
    assert_eq!((refused.status, cors_headers(&refused)), (501, expected.to_vec()));
    let head = client.head("/bkt/k").header("origin", "http://whoever.test").send().await.expect_status(200);
    assert_eq!(head.header("access-control-allow-origin"), Some("*"));
    // The method that is asked about counts on any verb.
    let asked = client.delete("/bkt/gone").header("origin", "http://a.test");
    let asked = asked.header("access-control-request-method", "PUT").send().await.expect_status(204);
    assert_eq!(cors_headers(&asked), expected);
}

#[tokio::test]
async fn cors_actual_requests_that_no_rule_matches() {
    let (_server, client) = with_rules().await;
    let reply = client.put("/bkt/k").header("origin", "http://other.test").body("x").send().await.expect_status(200);
    assert_eq!(cors_headers(&reply), []);
    let reply = client.get("/bkt/k").send().await.expect_status(200);
    assert_eq!(cors_headers(&reply), [], "no origin, no headers");
    client.delete("/bkt?cors").send().await.expect_status(204);
    let reply = client.get("/bkt/k").header("origin", "http://a.test").send().await.expect_status(200);
    assert_eq!(cors_headers(&reply), []);
}

#[tokio::test]
async fn cors_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let message = "The CORS configuration does not exist";
    let missing = [("BucketName", "bkt")];
    refused(&client.get("/bkt?cors").send().await, 404, "NoSuchCORSConfiguration", message, &missing);
    client.delete("/bkt?cors").send().await.expect_status(204);
    put_rules(&client, RULES).send().await.expect_status(200);
    let reply = client.get("/bkt?cors").send().await.expect_status(200);
    assert_eq!(reply.xml_all("AllowedOrigin"), ["http://a.test", "https://*.b.test", "*"]);
    assert_eq!(reply.xml_all("AllowedMethod"), ["GET", "PUT", "HEAD"]);
    assert_eq!(reply.xml_all("AllowedHeader"), ["content-*", "X-Amz-Date"]);
    assert_eq!(reply.xml_all("ExposeHeader"), ["ETag", "x-amz-request-id"]);
    assert_eq!(reply.xml_all("MaxAgeSeconds"), ["3000"]);
    assert!(reply.text().contains("<CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"));
    // Another replaces it whole; what is read can be put.
    let other =
        "<CORSRule><ID>a &amp; b</ID><AllowedOrigin>*</AllowedOrigin><AllowedMethod>POST</AllowedMethod></CORSRule>";
    put_rules(&client, other).send().await.expect_status(200);
    let reply = client.get("/bkt?cors").send().await;
    assert_eq!((reply.xml_all("AllowedMethod"), reply.xml_all("ID")), (vec!["POST".into()], vec!["a & b".into()]));
    put_document(&client, reply.text()).send().await.expect_status(200);
    assert_eq!(client.get("/bkt?cors").send().await.text(), reply.text());
    let reply = client.delete("/bkt?cors").send().await.expect_status(204);
    assert!(reply.body.is_empty());
    client.get("/bkt?cors").send().await.expect_error(404, "NoSuchCORSConfiguration");
}

#[tokio::test]
async fn cors_bad_documents() {
    let (_server, client) = with_rules().await;
    let before = client.get("/bkt?cors").send().await;
    let rule = |inner: &str| format!("<CORSRule>{inner}</CORSRule>");
    let (origin, method) = ("<AllowedOrigin>*</AllowedOrigin>", "<AllowedMethod>GET</AllowedMethod>");
    for bad in [
        String::new(),
        rule(origin),
        rule(method),
        rule(&format!("{origin}{method}<Other/>")),
        rule(&format!("{origin}{method}<MaxAgeSeconds>x</MaxAgeSeconds>")),
        rule(&format!("{origin}{method}")).repeat(101),
        "<Other/>".to_owned(),
    ] {
        refused(&put_rules(&client, &bad).send().await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    for bad in ["<Other/>", "not xml", ""] {
        refused(&put_document(&client, bad).send().await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    for method in ["OPTIONS", "PATCH", "get", "*"] {
        let rules = rule(&format!("{origin}<AllowedMethod>{method}</AllowedMethod>"));
        let message = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
        bad_request(&put_rules(&client, &rules).send().await, &message);
    }
    let rules = rule(&format!("<AllowedOrigin>http://*.*.test</AllowedOrigin>{method}"));
    let message = "AllowedOrigin \"http://*.*.test\" can not have more than one wildcard.";
    bad_request(&put_rules(&client, &rules).send().await, message);
    assert_eq!(client.get("/bkt?cors").send().await.text(), before.text());
    put_rules(&client, &rule(&format!("{origin}{method}")).repeat(100)).send().await.expect_status(200);
}

#[tokio::test]
async fn cors_documents_need_a_digest() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let body = format!("<CORSConfiguration>{RULES}</CORSConfiguration>");
    let put = || client.put("/bkt?cors").body(&body);
    let message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
    bad_request(&put().send().await, message);
    let reply = put().header("x-amz-sdk-checksum-algorithm", "CRC32").send().await;
    bad_request(
        &reply,
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
    put().header("content-md5", "x").send().await.expect_error(400, "InvalidDigest");
    put().header("content-md5", STANDARD.encode([1; 16])).send().await.expect_error(400, "BadDigest");
    put().header("x-amz-checksum-crc32", "AAAAAA==").send().await.expect_error(400, "BadDigest");
    client.get("/bkt?cors").send().await.expect_error(404, "NoSuchCORSConfiguration");
    let sha256 = STANDARD.encode(<sha2::Sha256 as sha2::Digest>::digest(&body));
    put().header("x-amz-checksum-sha256", sha256).send().await.expect_status(200);
}
