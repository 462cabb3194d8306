//! SSE-KMS and DSSE-KMS: keys by all their names, ETags that say nothing, contexts and bucket keys, and every refusal.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::s3::KmsKeys;

use crate::support::server::{TestServer, complete, part_list, upload_part};
use crate::support::{RawClient, Reply};

const SSE: &str = "x-amz-server-side-encryption";
const KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const CONTEXT: &str = "x-amz-server-side-encryption-context";
const BUCKET_KEY: &str = "x-amz-server-side-encryption-bucket-key-enabled";
const K: &str = "/bkt/k";
const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";
/// MD5 of `hello`.
const HELLO: &str = "\"5d41402abc4b2a76b9719d911017c592\"";

async fn put(client: &RawClient, headers: &[(&str, &str)]) -> Reply {
    let mut request = client.put(K).body(b"hello");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

async fn server_with(keys: &[&str]) -> TestServer {
    let keys = KmsKeys::listed(keys.iter().copied()).unwrap();
    TestServer::with(|builder| builder.kms_keys(keys)).await
}

#[tokio::test]
async fn put_object_shows_the_keys_arn_whatever_it_is_called() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for (layers, name) in [("aws:kms", ID), ("aws:kms:dsse", ARN)] {
        let put = put(&client, &[(SSE, layers), (KEY, name)]).await.expect_status(200);
        for reply in [put, client.get(K).send().await, client.head(K).send().await] {
            assert_eq!((reply.header(SSE), reply.header(KEY)), (Some(layers), Some(ARN)));
            assert_eq!(reply.header(BUCKET_KEY), None);
        }
    }
    let alias = put(&client, &[(SSE, "aws:kms"), (KEY, "alias/mine")]).await.expect_status(200);
    let again = put(&client, &[(SSE, "aws:kms"), (KEY, "arn:aws:kms:us-east-1:000000000000:alias/mine")]).await;
    assert!(alias.header(KEY).unwrap().starts_with("arn:aws:kms:us-east-1:000000000000:key/"));
    assert_eq!(alias.header(KEY), again.header(KEY));
    // Without a key it is the one that S3 makes.
    let managed = put(&client, &[(SSE, "aws:kms")]).await.expect_status(200);
    let by_name = put(&client, &[(SSE, "aws:kms"), (KEY, "alias/aws/s3")]).await.expect_status(200);
    assert_eq!(managed.header(KEY), by_name.header(KEY));
    assert_ne!(managed.header(KEY), alias.header(KEY));
}

#[tokio::test]
async fn etags_are_no_md5_and_bodies_are_what_they_were() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let first = put(&client, &[(SSE, "aws:kms")]).await.expect_status(200);
    let second = put(&client, &[(SSE, "aws:kms")]).await.expect_status(200);
    assert_ne!(first.header("etag"), Some(HELLO));
    assert_ne!(first.header("etag"), second.header("etag"));
    assert_eq!(first.header("x-amz-checksum-crc64nvme"), second.header("x-amz-checksum-crc64nvme"));
    let read = client.get(K).send().await.expect_status(200);
    assert_eq!((read.body.as_slice(), read.header("etag")), (b"hello".as_slice(), second.header("etag")));
    // A digest of what was sent is compared all the same.
    put(&client, &[(SSE, "aws:kms"), ("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")]).await.expect_status(200);
    let wrong = put(&client, &[(SSE, "aws:kms"), ("content-md5", "XUFAKrxLKna5cZ2REBfFkQ==")]).await;
    wrong.expect_error(400, "BadDigest");

    // A copy out of it has an MD5, and one into it has none.
    let copy = |to: &str, from: &str| client.put(to).header("x-amz-copy-source", from);
    let out = copy("/bkt/plain", "/bkt/k").send().await.expect_status(200);
    assert_eq!(out.xml_text("ETag").as_deref(), Some(HELLO));
    assert_eq!(out.header(SSE), Some("AES256"));
    let into = copy("/bkt/in", "/bkt/plain").header(SSE, "aws:kms").header(KEY, ID).send().await.expect_status(200);
    assert_ne!(into.xml_text("ETag").as_deref(), Some(HELLO));
    assert_eq!((into.header(SSE), into.header(KEY)), (Some("aws:kms"), Some(ARN)));
    assert_eq!(client.get("/bkt/in").send().await.body, b"hello");
}

#[tokio::test]
async fn multipart_uploads_are_encrypted_as_they_were_initiated() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let create = client.post("/bkt/m?uploads").header(SSE, "aws:kms").header(KEY, ID).header(BUCKET_KEY, "true");
    let create = create.header(CONTEXT, STANDARD.encode("{\"a\":\"b\"}")).send().await.expect_status(200);
    assert_eq!(create.header(CONTEXT), Some("eyJhIjoiYiJ9"));
    let id = create.xml_text("UploadId").unwrap();
    let part = upload_part(&client, "/bkt/m", &id, 1, b"hello hello hello hello").await.expect_status(200);
    assert_ne!(part.header("etag"), Some("\"485e38a2587327830b80a15d10820b24\""));
    let copied = client.put(&format!("/bkt/m?partNumber=2&uploadId={id}")).header("x-amz-copy-source", "/bkt/from");
    client.put("/bkt/from").body(b"hello").send().await.expect_status(200);
    let copied = copied.send().await.expect_status(200);
    assert_ne!(copied.xml_text("ETag").as_deref(), Some(HELLO));
    let list = part_list([(1, part.header("etag").unwrap()), (2, copied.xml_text("ETag").unwrap().as_str())]);
    let completed = complete(&client, "/bkt/m", &id, &list).await.expect_status(200);
    assert!(completed.xml_text("ETag").unwrap().ends_with("-2\""));
    // The checksum that nobody asked for is shown when it is read, and not here.
    assert_eq!(completed.xml_text("ChecksumCRC64NVME"), None);
    let read = client.get("/bkt/m").header("x-amz-checksum-mode", "ENABLED").send().await.expect_status(200);
    assert!(read.header("x-amz-checksum-crc64nvme").is_some());
    assert_eq!(read.body, b"hello hello hello hellohello");
    for reply in [create, part, copied, completed, read] {
        let shown = (reply.header(SSE), reply.header(KEY), reply.header(BUCKET_KEY));
        assert_eq!(shown, (Some("aws:kms"), Some(ARN), Some("true")), "{reply:?}");
    }
}

#[tokio::test]
async fn contexts_are_shown_where_they_are_set() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let context = STANDARD.encode("{\"department\":\"x\"}");
    let reply = put(&client, &[(SSE, "aws:kms"), (CONTEXT, &context)]).await.expect_status(200);
    assert_eq!(reply.header(CONTEXT), Some(context.as_str()));
    assert_eq!(client.head(K).send().await.header(CONTEXT), None);
    // It is not copied.
    let copy = client.put("/bkt/copy").header("x-amz-copy-source", K).header(SSE, "aws:kms").send().await;
    assert_eq!(copy.expect_status(200).header(CONTEXT), None);
    for bad in ["not base64", "e30", &STANDARD.encode("[]"), &STANDARD.encode("{\"a\":1}")] {
        let message = "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map";
        let fields =
            [("Code", "InvalidArgument"), ("Message", message), ("ArgumentName", CONTEXT), ("ArgumentValue", bad)];
        put(&client, &[(SSE, "aws:kms"), (CONTEXT, bad)]).await.expect_fields(400, &fields);
    }
}

#[tokio::test]
async fn bucket_keys_are_shown_where_they_are_on() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for (sse, sent, shown) in [
        ("aws:kms", "true", Some("true")),
        ("aws:kms", "false", None),
        ("aws:kms:dsse", "true", None),
        ("AES256", "true", None),
    ] {
        let reply = put(&client, &[(SSE, sse), (BUCKET_KEY, sent)]).await.expect_status(200);
        assert_eq!(reply.header(BUCKET_KEY), shown, "{sse} {sent}");
        assert_eq!(client.head(K).send().await.header(BUCKET_KEY), shown, "{sse} {sent}");
    }
    put(&client, &[(SSE, "aws:kms"), (BUCKET_KEY, "yes")]).await.expect_error(400, "InvalidArgument");
}

#[tokio::test]
async fn headers_of_kms_need_kms() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let refused = |value| {
        [
            ("Code", "InvalidArgument"),
            (
                "Message",
                "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
            ),
            ("ArgumentName", SSE),
            ("ArgumentValue", value),
        ]
    };
    put(&client, &[(KEY, ID)]).await.expect_fields(400, &refused("null"));
    put(&client, &[(SSE, "AES256"), (KEY, ID)]).await.expect_fields(400, &refused("AES256"));
    put(&client, &[(SSE, "AES256"), (CONTEXT, "e30=")]).await.expect_fields(400, &refused("AES256"));
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn keys_of_another_region_and_bad_arns_are_not_found() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for (name, message) in [
        ("arn:aws:kms:us-west-2:000000000000:key/k", "Invalid arn us-west-2"),
        ("arn:aws:s3:::bkt", "Invalid arn"),
        ("aws/s3", "Invalid keyId 'aws/s3'"),
    ] {
        let fields = [("Code", "KMS.NotFoundException"), ("Message", message)];
        put(&client, &[(SSE, "aws:kms"), (KEY, name)]).await.expect_fields(400, &fields);
        let create = client.post("/bkt/k?uploads").header(SSE, "aws:kms").header(KEY, name).send().await;
        create.expect_fields(400, &fields);
    }
}

#[tokio::test]
async fn only_listed_keys_exist() {
    const OTHER: &str = "00000000-0000-0000-0000-000000000001";
    let disabled = format!("{OTHER}=disabled");
    let server = server_with(&[ID, "alias/mine=1234abcd-12ab-34cd-56ef-1234567890ab", &disabled]).await;
    let client = server.bucket().await;
    for name in [ID, ARN, "alias/mine"] {
        let reply = put(&client, &[(SSE, "aws:kms"), (KEY, name)]).await.expect_status(200);
        assert_eq!(reply.header(KEY), Some(ARN), "{name}");
    }
    put(&client, &[(SSE, "aws:kms")]).await.expect_status(200);
    let arn = |id: &str| format!("arn:aws:kms:us-east-1:000000000000:key/{id}");
    let absent = "134f2428-cec1-4b25-a1ae-9048164dba47";
    for (name, code, message) in [
        ("fake-key-id", "KMS.NotFoundException", "Invalid keyId 'fake-key-id'".to_owned()),
        (absent, "KMS.NotFoundException", format!("Key '{}' does not exist", arn(absent))),
        (
            "alias/x",
            "KMS.NotFoundException",
            "Alias arn:aws:kms:us-east-1:000000000000:alias/x is not found.".to_owned(),
        ),
        (OTHER, "KMS.DisabledException", format!("{} is disabled.", arn(OTHER))),
    ] {
        let fields = [("Code", code), ("Message", message.as_str())];
        put(&client, &[(SSE, "aws:kms"), (KEY, name)]).await.expect_fields(400, &fields);
    }
}

#[tokio::test]
async fn a_disabled_key_opens_nothing() {
    let server = TestServer::on_disk(|builder| builder).await;
    let client = server.bucket().await;
    put(&client, &[(SSE, "aws:kms"), (KEY, ID)]).await.expect_status(200);
    let TestServer { running, data } = server;
    running.shutdown().await;
    let data = data.unwrap();
    let keys = KmsKeys::listed([format!("{ID}=pending-deletion").as_str()]).unwrap();
    let builder = staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(data.path()).kms_keys(keys);
    let running = builder.start().await.unwrap();
    let client = RawClient::new(running.addr(), "test", "test");
    let message = format!("{ARN} is pending deletion.");
    let fields = [("Code", "KMS.KMSInvalidStateException"), ("Message", message.as_str())];
    client.get(K).send().await.expect_fields(400, &fields);
    client.put("/bkt/copy").header("x-amz-copy-source", K).send().await.expect_fields(400, &fields);
    running.shutdown().await;
    // One that was taken off the list is as one that was deleted.
    let keys = KmsKeys::listed(["00000000-0000-0000-0000-000000000000"]).unwrap();
    let builder = staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(data.path()).kms_keys(keys);
    let running = builder.start().await.unwrap();
    let client = RawClient::new(running.addr(), "test", "test");
    let message = format!("Key '{ARN}' does not exist");
    let fields = [("Code", "KMS.NotFoundException"), ("Message", message.as_str())];
    client.get(K).send().await.expect_fields(400, &fields);
    let head = client.head(K).send().await.expect_status(400);
    assert_eq!((head.body.len(), head.header("content-length")), (0, None));
    client.put("/bkt/copy").header("x-amz-copy-source", K).send().await.expect_fields(400, &fields);
    client.delete(K).send().await.expect_status(204);
    running.shutdown().await;
}

#[tokio::test]
async fn old_signatures_and_strangers_are_refused() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, &[(SSE, "aws:kms")]).await.expect_status(200);
    client.delete("/bkt?publicAccessBlock").send().await.expect_status(204);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bkt/*"}]}"#;
    client.put("/bkt?policy").body(policy).send().await.expect_status(204);
    let fields = [
        ("Code", "InvalidArgument"),
        (
            "Message",
            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
        ),
        ("ArgumentName", "Authorization"),
        ("ArgumentValue", "null"),
    ];
    client.get(K).anonymous().send().await.expect_fields(400, &fields);
    client.head(K).anonymous().send().await.expect_status(400);
}
