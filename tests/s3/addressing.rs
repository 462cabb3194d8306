//! Buckets in the path and in the host name, and keys that nothing may normalise.

use crate::answers::{bad_request, refused};
use crate::support::RawClient;
use crate::support::server::TestServer;

fn host(client: &RawClient, name: &str) -> RawClient {
    client.with_host(&format!("{name}:{}", client.addr.port()))
}

#[tokio::test]
async fn addressing_buckets_as_hosts() {
    let server = TestServer::with(|builder| builder.domains(["s3.example.test"])).await;
    let client = server.bucket().await;
    client.put("/bkt/a/k").body("body").send().await.expect_status(200);
    for name in [
        "bkt.localhost",
        "BKT.LOCALHOST",
        "bkt.s3.localhost",
        "bkt.s3.eu-west-1.localhost",
        "bkt.s3.example.test",
        "bkt.localhost.",
    ] {
        let there = host(&client, name);
        assert_eq!(there.get("/a/k").send().await.expect_status(200).body, b"body", "{name}");
        assert_eq!(there.get("/?list-type=2").send().await.expect_status(200).xml_all("Key"), ["a/k"], "{name}");
        there.head("/").send().await.expect_status(200);
        there.put("/v").body("x").send().await.expect_status(200);
        client.delete("/bkt/v").send().await.expect_status(204);
        let url = there.presigned_target("GET", "/a/k", 60);
        assert_eq!(there.get(&url).anonymous().send().await.expect_status(200).body, b"body", "{name}");
    }
    // Without a port too.
    client.with_host("bkt.localhost").get("/a/k").send().await.expect_status(200);
}

#[tokio::test]
async fn addressing_the_endpoint() {
    let server = TestServer::with(|builder| builder.domains(["s3.example.test"])).await;
    let client = server.bucket().await;
    client.put("/bkt/k").body("body").send().await.expect_status(200);
    for name in
        ["localhost", "s3.localhost", "s3.us-west-2.localhost", "s3.example.test", "minio", "a.b.test", "127.0.0.1"]
    {
        let there = host(&client, name);
        assert_eq!(there.get("/bkt/k").send().await.expect_status(200).body, b"body", "{name}");
        assert_eq!(there.get("/").send().await.xml_all("Name"), ["bkt"], "{name}");
    }
    client.with_host("[::1]:9000").get("/bkt/k").send().await.expect_status(200);
}

#[tokio::test]
async fn addressing_the_bucket_is_not_in_the_signed_path() {
    let server = TestServer::start().await;
    let client = host(&server.bucket().await, "bkt.localhost");
    let wrong = client.with_credentials(staves::wire::sigv4::Credentials::new("test", "wrong"));
    let reply = wrong.get("/k").send().await.expect_error(403, "SignatureDoesNotMatch");
    assert!(reply.xml_text("CanonicalRequest").unwrap().starts_with("GET\n/k\n"));
    // Signed for one host, sent to another.
    let bytes = String::from_utf8(client.get("/k").into_bytes()).unwrap();
    let moved = bytes.replace("bkt.localhost", "oth.localhost");
    client.send_raw(moved.as_bytes()).await.expect_error(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn addressing_makes_and_deletes_buckets_as_hosts() {
    let server = TestServer::start().await;
    let client = host(&server.client(), "my.dotted.bkt.localhost");
    let reply = client.put("/").send().await.expect_status(200);
    assert_eq!(reply.header("location"), Some("/my.dotted.bkt"));
    client.put("/").send().await.expect_status(200);
    assert_eq!(server.client().get("/").send().await.xml_all("Name"), ["my.dotted.bkt"]);
    client.delete("/").send().await.expect_status(204);
    client.get("/").send().await.expect_error(404, "NoSuchBucket");
}

#[tokio::test]
async fn addressing_health() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for name in ["localhost", "minio", "127.0.0.1"] {
        let reply = host(&client, name).get("/_staves/health").anonymous().send().await.expect_status(200);
        assert!(reply.text().contains("\"status\":\"ok\""), "{}", reply.text());
    }
    client.get("/_staves/other").anonymous().send().await.expect_status(404);
    // Under a bucket's host it is a key like any other.
    let bucket = host(&client, "bkt.localhost");
    bucket.get("/_staves/health").send().await.expect_error(404, "NoSuchKey");
    bucket.put("/_staves/health").body("mine").send().await.expect_status(200);
    assert_eq!(client.get("/bkt/_staves/health").send().await.body, b"mine");
    assert_eq!(bucket.get("/_staves/health").send().await.body, b"mine");
}

#[tokio::test]
async fn addressing_keys_are_never_normalised() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let virtual_host = host(&client, "bkt.localhost");
    let keys = [
        ("//", "//"),
        ("/a", "/a"),
        ("a//b", "a//b"),
        ("a/", "a/"),
        (".", "."),
        ("..", ".."),
        ("a/./b/../c", "a/./b/../c"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("%2F", "/"),
        ("a%2Fb", "a/b"),
        ("%2e%2e", ".."),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("a%20b", "a b"),
        ("%C3%A4", "ä"),
        ("%25", "%"),
        ("%2525", "%25"),
        ("~*'()!-_.", "~*'()!-_."),
        ("a;b:c@d&e=f,g$", "a;b:c@d&e=f,g$"),
        ("%3F%23", "?#"),
        ("%5C", "\\"),
        ("%7F", "\u{7f}"),
    ];
    for (sent, key) in keys {
        for (client, prefix) in [(&client, "/bkt/"), (&virtual_host, "/")] {
            let target = format!("{prefix}{sent}");
            client.put(&target).body(key).send().await.expect_status(200);
            let listing = server.client().get("/bkt?list-type=2").send().await;
            assert_eq!(listing.xml_all("Key"), [key], "{sent}");
            assert_eq!(client.get(&target).send().await.expect_status(200).body, key.as_bytes(), "{sent}");
            let url = client.presigned_target("GET", &target, 60);
            assert_eq!(client.get(&url).anonymous().send().await.expect_status(200).body, key.as_bytes(), "{sent}");
            client.delete(&target).send().await.expect_status(204);
        }
    }
}

#[tokio::test]
async fn addressing_bad_keys() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for bad in ["%80", "%00", "%zz", "%", "a%2"] {
        client.put(&format!("/bkt/{bad}")).body("x").send().await.expect_error(400, "InvalidURI");
    }
    client.get("/bkt?prefix=%80").send().await.expect_error(400, "InvalidURI");
    let fields = [("Size", "1026"), ("MaxSizeAllowed", "1024")];
    let reply = client.get(&format!("/bkt/{}", "%C3%A4".repeat(513))).send().await;
    refused(&reply, 400, "KeyTooLongError", "Your key is too long", &fields);
    let reply = client.get("/%2Fbkt").send().await;
    let message = "The specified bucket is not valid.";
    refused(&reply, 400, "InvalidBucketName", message, &[("BucketName", "/bkt")]);
    let reply = client.get("//bkt").send().await;
    reply.expect_error(400, "InvalidBucketName");
    bad_request(&client.get("/bkt?attributes").send().await, "A key must be specified");
}

#[tokio::test]
async fn addressing_absolute_targets() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/a%20b").body("body").send().await.expect_status(200);
    let host = &client.host;
    let bytes = String::from_utf8(client.get("/bkt/a%20b").into_bytes()).unwrap();
    let absolute = bytes.replacen("GET /", &format!("GET http://{host}/"), 1);
    assert_eq!(client.send_raw(absolute.as_bytes()).await.expect_status(200).body, b"body");
    // The target's host counts, not the header's.
    let there = client.with_host("bkt.localhost");
    let bytes = String::from_utf8(there.get("/a%20b").into_bytes()).unwrap();
    let absolute =
        bytes.replacen("GET /", "GET http://bkt.localhost/", 1).replacen("host: bkt.localhost", "host: other", 1);
    assert_eq!(client.send_raw(absolute.as_bytes()).await.expect_status(200).body, b"body");
}

#[tokio::test]
async fn addressing_a_header_section_that_is_too_large() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.get("/bkt").unsigned_header("x-filler", "x".repeat(9000)).send().await;
    let fields = [("MaxSizeAllowed", "8192")];
    let message = "Your request header section exceeds the maximum allowed size.";
    refused(&reply, 400, "RequestHeaderSectionTooLarge", message, &fields);
}
