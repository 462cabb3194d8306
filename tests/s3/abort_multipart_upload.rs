//! `AbortMultipartUpload`: once, twice, after completion, and of what never was.

use crate::answers::{has_ids, no_upload, refused};
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};

const K: &str = "/bkt/k";

#[tokio::test]
async fn abort_multipart_upload_is_idempotent() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    upload_part(&client, K, &id, 1, b"x").await.expect_status(200);
    for _ in 0..3 {
        let reply = client.delete(&format!("{K}?uploadId={id}")).send().await.expect_status(204);
        has_ids(&reply);
        assert!(reply.body.is_empty());
        assert_eq!(reply.header("content-type"), None);
    }
    no_upload(&client.get(&format!("{K}?uploadId={id}")).send().await, &id);
    no_upload(&upload_part(&client, K, &id, 1, b"x").await, &id);
    complete(&client, K, &id, &part_list([(1, "x")])).await.expect_error(404, "NoSuchUpload");
    assert_eq!(client.get("/bkt?uploads").send().await.xml_all("Upload"), [""; 0]);
}

#[tokio::test]
async fn abort_multipart_upload_after_completion_leaves_the_object() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    let part = upload_part(&client, K, &id, 1, b"x").await.expect_status(200);
    complete(&client, K, &id, &part_list([(1, part.header("etag").unwrap())])).await.expect_status(200);
    client.delete(&format!("{K}?uploadId={id}")).send().await.expect_status(204);
    assert_eq!(client.get(K).send().await.body, b"x");
    client.delete(K).send().await.expect_status(204);
    client.delete(&format!("{K}?uploadId={id}")).send().await.expect_status(204);
}

#[tokio::test]
async fn abort_multipart_upload_unknown() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt2").send().await.expect_status(200);
    let id = create_upload(&client, K, &[]).await;
    for unknown in ["nope", "", &"A".repeat(1025)] {
        no_upload(&client.delete(&format!("{K}?uploadId={unknown}")).send().await, unknown);
    }
    for elsewhere in ["/bkt/other", "/bkt2/k"] {
        no_upload(&client.delete(&format!("{elsewhere}?uploadId={id}")).send().await, &id);
    }
    let reply = client.delete("/gone/k?uploadId=x").send().await;
    refused(&reply, 404, "NoSuchBucket", "The specified bucket does not exist", &[("BucketName", "gone")]);
    assert_eq!(client.get("/bkt?uploads").send().await.xml_all("UploadId"), [id]);
}

#[tokio::test]
async fn abort_multipart_upload_by_initiation_time_is_refused() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    let name = "x-amz-if-match-initiated-time";
    let reply = client.delete(&format!("{K}?uploadId={id}")).header(name, "x").send().await;
    let message = "A header you provided implies functionality that is not implemented";
    refused(&reply, 501, "NotImplemented", message, &[("Header", name)]);
    assert_eq!(client.get("/bkt?uploads").send().await.xml_all("UploadId"), [id]);
}

#[tokio::test]
async fn abort_multipart_upload_ends_one_of_several() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let ids = [create_upload(&client, K, &[]).await, create_upload(&client, K, &[]).await];
    client.delete(&format!("{K}?uploadId={}", ids[0])).send().await.expect_status(204);
    assert_eq!(client.get("/bkt?uploads").send().await.xml_all("UploadId"), [ids[1].as_str()]);
    upload_part(&client, K, &ids[1], 1, b"x").await.expect_status(200);
}
