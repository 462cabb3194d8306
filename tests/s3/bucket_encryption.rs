//! What a bucket says of encryption (`?encryption`), as new objects show it. The document itself is in
//! `documents/encryption`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::wire::md5::Md5;

use crate::support::server::{TestServer, complete, part_list, upload_part};
use crate::support::{RawClient, Reply, RequestBuilder};

const SSE: &str = "x-amz-server-side-encryption";
const KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const BUCKET_KEY: &str = "x-amz-server-side-encryption-bucket-key-enabled";
const K: &str = "/bkt/k";
const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";

async fn configure(client: &RawClient, rule: &str) {
    let document =
        format!("<ServerSideEncryptionConfiguration><Rule>{rule}</Rule></ServerSideEncryptionConfiguration>");
    client.put("/bkt?encryption").body(document).send().await.expect_status(200);
}

fn by_default(algorithm: &str, key: &str) -> String {
    let key = if key.is_empty() { String::new() } else { format!("<KMSMasterKeyID>{key}</KMSMasterKeyID>") };
    format!(
        "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>{algorithm}</SSEAlgorithm>{key}</ApplyServerSideEncryptionByDefault>"
    )
}

fn with_customer_key(request: RequestBuilder) -> RequestBuilder {
    request
        .header("x-amz-server-side-encryption-customer-algorithm", "AES256")
        .header("x-amz-server-side-encryption-customer-key", STANDARD.encode([7; 32]))
        .header("x-amz-server-side-encryption-customer-key-md5", STANDARD.encode(Md5::digest(&[7; 32])))
}

fn shown(reply: &Reply) -> (Option<&str>, Option<&str>, Option<&str>) {
    (reply.header(SSE), reply.header(KEY), reply.header(BUCKET_KEY))
}

#[tokio::test]
async fn new_objects_are_encrypted_as_their_bucket_says() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    client.put("/bkt/before").body(b"hello").send().await.expect_status(200);
    configure(&client, &format!("{}<BucketKeyEnabled>true</BucketKeyEnabled>", by_default("aws:kms", ID))).await;
    // The bucket shows the key as it was named.
    let document = client.get("/bkt?encryption").send().await;
    assert_eq!(document.xml_text("KMSMasterKeyID").as_deref(), Some(ID));
    let put = client.put(K).body(b"hello").send().await.expect_status(200);
    assert_ne!(put.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    let copy = client.put("/bkt/copy").header("x-amz-copy-source", "/bkt/before").send().await.expect_status(200);
    let create = client.post("/bkt/m?uploads").send().await.expect_status(200);
    let id = create.xml_text("UploadId").unwrap();
    let part = upload_part(&client, "/bkt/m", &id, 1, b"hello").await.expect_status(200);
    let list = part_list([(1, part.header("etag").unwrap())]);
    let completed = complete(&client, "/bkt/m", &id, &list).await.expect_status(200);
    let read = [client.get(K).send().await, client.head("/bkt/copy").send().await, client.get("/bkt/m").send().await];
    for reply in [put, copy, create, part, completed].into_iter().chain(read) {
        assert_eq!(shown(&reply), (Some("aws:kms"), Some(ARN), Some("true")), "{reply:?}");
    }
    // What was there before stays as it was, and what a request says wins.
    assert_eq!(shown(&client.get("/bkt/before").send().await), (Some("AES256"), None, None));
    let own = client.put(K).header(SSE, "AES256").body(b"hello").send().await.expect_status(200);
    assert_eq!(shown(&own), (Some("AES256"), None, None));
    let other = client.put(K).header(SSE, "aws:kms").header(BUCKET_KEY, "false").send().await.expect_status(200);
    assert_eq!((other.header(BUCKET_KEY), other.header(KEY) == Some(ARN)), (None, false));
    let without = client.put(K).header(BUCKET_KEY, "false").send().await.expect_status(200);
    assert_eq!(shown(&without), (Some("aws:kms"), Some(ARN), None));
    let customer = with_customer_key(client.put(K).body(b"hello")).send().await.expect_status(200);
    assert_eq!(shown(&customer), (None, None, None));

    client.delete("/bkt?encryption").send().await.expect_status(204);
    assert_eq!(shown(&client.put(K).send().await), (Some("AES256"), None, None));
}

#[tokio::test]
async fn a_request_for_kms_uses_the_buckets_setting_of_bucket_keys() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    configure(&client, &format!("{}<BucketKeyEnabled>true</BucketKeyEnabled>", by_default("AES256", ""))).await;
    let kms = client.put(K).header(SSE, "aws:kms").send().await.expect_status(200);
    assert_eq!(kms.header(BUCKET_KEY), Some("true"));
    assert_eq!(shown(&client.put(K).send().await), (Some("AES256"), None, None));
}

#[tokio::test]
async fn dsse_by_default_has_no_bucket_key() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    configure(&client, &format!("{}<BucketKeyEnabled>true</BucketKeyEnabled>", by_default("aws:kms:dsse", ID))).await;
    assert_eq!(shown(&client.put(K).send().await), (Some("aws:kms:dsse"), Some(ARN), None));
}

#[tokio::test]
async fn a_wrong_key_is_taken_by_the_bucket_and_refused_by_objects() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    configure(&client, &by_default("aws:kms", "aws/s3")).await;
    let fields = [("Code", "KMS.NotFoundException"), ("Message", "Invalid keyId 'aws/s3'")];
    client.put(K).body(b"hello").send().await.expect_fields(400, &fields);
    client.post("/bkt/k?uploads").send().await.expect_fields(400, &fields);
    client.put(K).header(SSE, "AES256").body(b"hello").send().await.expect_status(200);
}

#[tokio::test]
async fn blocked_customer_keys() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    with_customer_key(client.put("/bkt/before").body(b"hello")).send().await.expect_status(200);
    let open = with_customer_key(client.post("/bkt/k?uploads")).send().await.expect_status(200);
    let open = open.xml_text("UploadId").unwrap();
    let blocked = "<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>";
    configure(&client, blocked).await;
    let message = "User: arn:aws:iam::000000000000:root is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::bkt/k\" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type";
    let refused = [("Code", "AccessDenied"), ("Message", message)];
    let requests = [
        client.put(K).body(b"hello"),
        client.post("/bkt/k?uploads"),
        client.put(K).header("x-amz-copy-source", "/bkt/other"),
        client.put(&format!("/bkt/k?partNumber=1&uploadId={open}")).body(b"hello"),
    ];
    for request in requests {
        with_customer_key(request).send().await.expect_fields(403, &refused);
    }
    // Before the key is looked at.
    let headers = client.put(K).header("x-amz-server-side-encryption-customer-key", "x").send().await;
    headers.expect_fields(403, &refused);
    // What is there can be read still.
    let read = with_customer_key(client.get("/bkt/before")).send().await.expect_status(200);
    assert_eq!(read.body, b"hello");
    client.put(K).body(b"hello").send().await.expect_status(200);
    // A configuration that does not speak of it leaves it as it is.
    configure(&client, &by_default("AES256", "")).await;
    assert_eq!(client.get("/bkt?encryption").send().await.xml_text("EncryptionType").as_deref(), Some("SSE-C"));
    with_customer_key(client.put(K).body(b"hello")).send().await.expect_fields(403, &refused);
    configure(&client, &blocked.replace("SSE-C", "NONE")).await;
    with_customer_key(client.put(K).body(b"hello")).send().await.expect_status(200);
}
