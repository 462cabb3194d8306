//! `If-None-Match` and `If-Match` on `PutObject`: what holds, what fails, what AWS does not take, and races.

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";
const ETAG_OF_ONE: &str = "\"f97c5d29941bfb1b2fdab0874906ab82\"";

async fn put(client: &RawClient, headers: &[(&str, &str)], body: &str) -> Reply {
    let mut request = client.put(K).body(body);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

fn failed(condition: &str) -> [(&str, &str); 3] {
    [
        ("Code", "PreconditionFailed"),
        ("Message", "At least one of the pre-conditions you specified did not hold"),
        ("Condition", condition),
    ]
}

#[tokio::test]
async fn conditional_write_if_none_match() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, &[("if-none-match", "*")], "one").await.expect_status(200);
    put(&client, &[("if-none-match", "*")], "two").await.expect_fields(412, &failed("If-None-Match"));
    assert_eq!(client.get(K).send().await.text(), "one");
    client.delete(K).send().await.expect_status(204);
    put(&client, &[("if-none-match", "*")], "two").await.expect_status(200);
}

#[tokio::test]
async fn conditional_write_if_match() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let missing = [("Code", "NoSuchKey"), ("Message", "The specified key does not exist."), ("Key", "k")];
    put(&client, &[("if-match", ETAG_OF_ONE)], "two").await.expect_fields(404, &missing);
    client.get(K).send().await.expect_error(404, "NoSuchKey");
    for etag in [ETAG_OF_ONE, ETAG_OF_ONE.trim_matches('"')] {
        put(&client, &[], "one").await.expect_status(200);
        put(&client, &[("if-match", etag)], "two").await.expect_status(200);
        put(&client, &[("if-match", etag)], "three").await.expect_fields(412, &failed("If-Match"));
        assert_eq!(client.get(K).send().await.text(), "two");
    }
    put(&client, &[], "one").await.expect_status(200);
    let (weak, list) = (format!("W/{ETAG_OF_ONE}"), format!("\"x\", {ETAG_OF_ONE}"));
    for other in ["\"*\"", &weak, &list, "x", ""] {
        put(&client, &[("if-match", other)], "two").await.expect_fields(412, &failed("If-Match"));
    }
    // Two headers are a list, and a list matches nothing.
    let twice = [("if-match", ETAG_OF_ONE), ("if-match", "\"x\"")];
    put(&client, &twice, "two").await.expect_fields(412, &failed("If-Match"));
    assert_eq!(client.get(K).send().await.text(), "one");
}

#[tokio::test]
async fn conditional_write_values_that_are_not_taken() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let cases = [
        (
            &[("if-none-match", ETAG_OF_ONE)][..],
            "If-None-Match",
            "We don't accept the provided value of If-None-Match header for this API",
        ),
        (&[("if-match", "*")], "If-Match", "We don't accept the provided value of If-Match header for this API"),
        (
            &[("if-none-match", "*"), ("if-match", ETAG_OF_ONE)],
            "If-Match,If-None-Match",
            "Multiple conditional request headers present in the request",
        ),
    ];
    for (headers, header, additional) in cases {
        put(&client, headers, "x").await.expect_fields(
            501,
            &[
                ("Code", "NotImplemented"),
                ("Message", "A header you provided implies functionality that is not implemented"),
                ("Header", header),
                ("additionalMessage", additional),
            ],
        );
    }
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn conditional_write_in_a_presigned_url() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let target = client.presigned_target("PUT", &format!("{K}?If-None-Match=%2A"), 60);
    client.put(&target).anonymous().body("one").send().await.expect_status(200);
    client.put(&target).anonymous().body("two").send().await.expect_fields(412, &failed("If-None-Match"));
}

#[tokio::test]
async fn conditional_write_failure_is_said_before_the_body() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, &[], "one").await.expect_status(200);
    let request = client
        .put(K)
        .header("if-none-match", "*")
        .header("expect", "100-continue")
        .payload_hash("UNSIGNED-PAYLOAD")
        .header("content-length", "1000000000");
    // Only the head is sent.
    client.send_raw(&request.into_bytes()).await.expect_fields(412, &failed("If-None-Match"));
}

#[tokio::test]
async fn conditional_write_race_has_one_winner() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for condition in [("if-none-match", "*"), ("if-match", "")] {
        let etag = client.head(K).send().await.header("etag").unwrap_or_default().to_owned();
        let value = if condition.0 == "if-match" { etag } else { condition.1.to_owned() };
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let request = client.put(K).header(condition.0, &value).body(format!("{} {writer}", condition.0));
                tokio::spawn(request.send())
            })
            .collect();
        let mut won = 0;
        for writer in writers {
            let reply = writer.await.unwrap();
            won += usize::from(reply.status == 200);
            assert!(matches!(reply.status, 200 | 409 | 412), "{}", reply.text());
        }
        assert_eq!(won, 1, "{}", condition.0);
    }
}
