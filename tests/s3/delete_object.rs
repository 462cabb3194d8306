//! `DeleteObject`: absent keys are a success, conditions are honoured or refused, versions are judged.

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";
const ETAG: &str = "\"5d41402abc4b2a76b9719d911017c592\"";

async fn object() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("hello").send().await.expect_status(200);
    (server, client)
}

async fn delete(client: &RawClient, headers: &[(&str, &str)]) -> Reply {
    let mut request = client.delete(K);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

/// A deletion with these headers is refused, and the object is there still.
async fn refused(headers: &[(&str, &str)], status: u16, fields: &[(&str, &str)]) {
    let (_server, client) = object().await;
    delete(&client, headers).await.expect_fields(status, fields);
    assert_eq!(client.get(K).send().await.text(), "hello");
}

#[tokio::test]
async fn delete_object_once_and_again() {
    let (_server, client) = object().await;
    for _ in 0..2 {
        let reply = delete(&client, &[]).await.expect_status(204);
        assert_eq!(reply.body, b"");
        for absent in ["content-type", "content-length", "x-amz-delete-marker", "x-amz-version-id"] {
            assert_eq!(reply.header(absent), None, "{absent}");
        }
        assert!(reply.header("x-amz-request-id").is_some());
        client.get(K).send().await.expect_error(404, "NoSuchKey");
    }
    let fields =
        [("Code", "NoSuchBucket"), ("Message", "The specified bucket does not exist"), ("BucketName", "nowhere")];
    client.delete("/nowhere/k").send().await.expect_fields(404, &fields);
}

#[tokio::test]
async fn delete_object_versions() {
    let (_server, client) = object().await;
    let absent = "nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi";
    let reply = client.delete(&format!("{K}?versionId={absent}")).send().await.expect_status(204);
    assert_eq!(reply.header("x-amz-version-id"), Some(absent));
    client.get(K).send().await.expect_status(200);
    for bad in ["nonsense", "NULL"] {
        client.delete(&format!("{K}?versionId={bad}")).send().await.expect_fields(
            400,
            &[
                ("Code", "InvalidArgument"),
                ("Message", "Invalid version id specified"),
                ("ArgumentName", "versionId"),
                ("ArgumentValue", bad),
            ],
        );
    }
    client.delete(&format!("{K}?versionId=")).send().await.expect_error(400, "InvalidArgument");
    client.get(K).send().await.expect_status(200);
    let reply = client.delete(&format!("{K}?versionId=null")).send().await.expect_status(204);
    assert_eq!(reply.header("x-amz-version-id"), Some("null"));
    client.get(K).send().await.expect_status(404);
}

#[tokio::test]
async fn delete_object_if_match() {
    for matching in [ETAG, ETAG.trim_matches('"'), "*"] {
        let (_server, client) = object().await;
        delete(&client, &[("if-match", matching)]).await.expect_status(204);
        let missing = [("Code", "NoSuchKey"), ("Message", "The specified key does not exist."), ("Key", "k")];
        delete(&client, &[("if-match", matching)]).await.expect_fields(404, &missing);
    }
    let (weak, list) = (format!("W/{ETAG}"), format!("\"x\", {ETAG}"));
    for other in ["\"x\"", "x", "\"*\"", &weak, &list] {
        refused(
            &[("if-match", other)],
            412,
            &[
                ("Code", "PreconditionFailed"),
                ("Message", "At least one of the pre-conditions you specified did not hold"),
                ("Condition", "If-Match"),
            ],
        )
        .await;
    }
    refused(
        &[("if-match", "")],
        400,
        &[
            ("Code", "InvalidArgument"),
            ("Message", "Invalid Argument"),
            ("ArgumentName", "If-Match"),
            ("ArgumentValue", ""),
        ],
    )
    .await;
    let (_server, client) = object().await;
    delete(&client, &[("if-match", ETAG), ("if-match", "*")]).await.expect_error(400, "InvalidRequest");
    client.get(K).send().await.expect_status(200);
}

#[tokio::test]
async fn delete_object_conditions_that_are_refused() {
    for (name, value) in [
        ("x-amz-if-match-size", "5"),
        ("x-amz-if-match-last-modified-time", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ("if-none-match", "*"),
    ] {
        let message = "A header you provided implies functionality that is not implemented";
        refused(&[(name, value)], 501, &[("Code", "NotImplemented"), ("Message", message), ("Header", name)]).await;
    }
}

#[tokio::test]
async fn delete_object_bypass_of_a_lock_that_is_not_there() {
    let name = "x-amz-bypass-governance-retention";
    let message = "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.";
    let fields = [("Code", "InvalidArgument"), ("Message", message), ("ArgumentName", name)];
    refused(&[(name, "true")], 400, &fields).await;
}

#[tokio::test]
async fn delete_object_of_another_account() {
    let server = crate::copy_object::two_accounts().await;
    let (owner, stranger) = (server.client(), crate::copy_object::stranger(&server));
    owner.put("/bkt").send().await.expect_status(200);
    owner.put(K).body("hello").send().await.expect_status(200);
    delete(&stranger, &[]).await.expect_error(403, "AccessDenied");
    delete(&owner, &[]).await.expect_status(204);
}

#[tokio::test]
async fn delete_object_frees_the_disk() {
    let server = TestServer::on_disk(|builder| builder).await;
    let client = server.bucket().await;
    client.put(K).body(vec![1; 50_000]).send().await.expect_status(200);
    delete(&client, &[]).await.expect_status(204);
    let data = server.data.as_ref().unwrap().path().to_owned();
    for _ in 0..200 {
        if crate::bad_bodies::body_files(&data).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{:?}", crate::bad_bodies::body_files(&data));
}
