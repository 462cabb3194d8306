//! SSE-S3: what every object has by default, what may be said of it, and where nothing may be said.

use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};

const SSE: &str = "x-amz-server-side-encryption";
const K: &str = "/bkt/k";
/// MD5 of `hello`.
const HELLO: &str = "\"5d41402abc4b2a76b9719d911017c592\"";

#[tokio::test]
async fn every_answer_shows_aes256_by_default() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let put = client.put(K).body(b"hello").send().await.expect_status(200);
    assert_eq!(put.header("etag"), Some(HELLO));
    let copy = client.put("/bkt/copy").header("x-amz-copy-source", "/bkt/k").send().await.expect_status(200);
    let create = client.post("/bkt/m?uploads").send().await.expect_status(200);
    let id = create.xml_text("UploadId").unwrap();
    let part = upload_part(&client, "/bkt/m", &id, 1, &[1; 20]).await.expect_status(200);
    let part_copy = client.put(&format!("/bkt/m?partNumber=2&uploadId={id}")).header("x-amz-copy-source", "/bkt/k");
    let part_copy = part_copy.send().await.expect_status(200);
    let list = part_list([(1, part.header("etag").unwrap())]);
    let completed = complete(&client, "/bkt/m", &id, &list).await.expect_status(200);
    let read = [client.get(K).send().await, client.head(K).send().await, client.head("/bkt/m").send().await];
    for reply in [put, copy, create, part, part_copy, completed].into_iter().chain(read) {
        assert_eq!(reply.header(SSE), Some("AES256"), "{reply:?}");
        assert_eq!(reply.header("x-amz-server-side-encryption-aws-kms-key-id"), None);
        assert_eq!(reply.header("x-amz-server-side-encryption-bucket-key-enabled"), None);
    }
    let attributes = client.get("/bkt/k?attributes").header("x-amz-object-attributes", "ETag").send().await;
    assert_eq!(attributes.expect_status(200).header(SSE), None);
}

#[tokio::test]
async fn put_object_aes256_may_be_asked_for() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let put = client.put(K).header(SSE, "AES256").body(b"hello").send().await.expect_status(200);
    assert_eq!((put.header(SSE), put.header("etag")), (Some("AES256"), Some(HELLO)));
}

#[tokio::test]
async fn unknown_methods_are_refused_and_make_nothing() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/source").send().await.expect_status(200);
    for name in ["", "ROT13", "aes256", "aes:kms", "aws:fsx"] {
        let fields = [
            ("Code", "InvalidArgument"),
            ("Message", "The encryption method specified is not supported"),
            ("ArgumentName", SSE),
            ("ArgumentValue", name),
        ];
        client.put(K).header(SSE, name).body(b"hello").send().await.expect_fields(400, &fields);
        let copy = client.put(K).header("x-amz-copy-source", "/bkt/source").header(SSE, name).send().await;
        copy.expect_fields(400, &fields);
        client.post("/bkt/k?uploads").header(SSE, name).send().await.expect_fields(400, &fields);
    }
    client.get(K).send().await.expect_error(404, "NoSuchKey");
    assert_eq!(client.get("/bkt?uploads").send().await.xml_all("UploadId"), [""; 0]);
}

#[tokio::test]
async fn elsewhere_nothing_may_be_said_of_encryption() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body(b"hello").send().await.expect_status(200);
    let id = create_upload(&client, "/bkt/m", &[(SSE, "AES256")]).await;
    let part = format!("/bkt/m?partNumber=1&uploadId={id}");
    let refused = |value: &'static str| {
        [
            ("Code", "InvalidArgument"),
            ("Message", "x-amz-server-side-encryption header is not supported for this operation."),
            ("ArgumentName", SSE),
            ("ArgumentValue", value),
        ]
    };
    for value in ["AES256", "aws:kms"] {
        client.get(K).header(SSE, value).send().await.expect_fields(400, &refused(value));
        client.head(K).header(SSE, value).send().await.expect_status(400);
        client.put(&part).header(SSE, value).body(b"x").send().await.expect_fields(400, &refused(value));
        let completion = client.post(&format!("/bkt/m?uploadId={id}")).header(SSE, value).body(b"<x/>").send().await;
        completion.expect_fields(400, &refused(value));
        client.get("/bkt").header(SSE, value).send().await.expect_fields(400, &refused(value));
    }
    let kms_key = "x-amz-server-side-encryption-aws-kms-key-id";
    client.get(K).header(kms_key, "k").send().await.expect_error(400, "InvalidArgument");
    assert_eq!(client.get(&format!("/bkt/m?uploadId={id}")).send().await.xml_all("Part"), [""; 0]);
}
