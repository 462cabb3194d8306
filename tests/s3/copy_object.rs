//! `CopyObject`: the source's syntax and conditions, what is copied and what is not, and errors without a declaration.

use staves::http::identity::{Identities, Identity};
use staves::wire::checksum::{Algorithm, Hasher};
use staves::wire::sigv4::Credentials;

use crate::support::server::{SMALL_PART, TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};

const FROM: &str = "/bkt/from";
const TO: &str = "/bkt/to";
const PAST: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
const FUTURE: &str = "Wed, 21 Oct 2099 07:28:00 GMT";

/// A server that two accounts may call.
pub(crate) async fn two_accounts() -> TestServer {
    let identities =
        Identities::new([Identity::new("test", "test"), Identity::of_account("other", "other", "111111111111")]);
    TestServer::with(|builder| builder.identities(identities.unwrap())).await
}

/// A client of the second account.
pub(crate) fn stranger(server: &TestServer) -> RawClient {
    server.client().with_credentials(Credentials::new("other", "other"))
}

/// A server with an object `from`.
async fn source() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client
        .put(FROM)
        .header("content-type", "text/plain")
        .header("cache-control", "no-cache")
        .header("x-amz-meta-colour", "blue")
        .header("x-amz-storage-class", "STANDARD_IA")
        .header("x-amz-website-redirect-location", "/there")
        .body("hello")
        .send()
        .await
        .expect_status(200);
    (server, client)
}

async fn copy(client: &RawClient, to: &str, from: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = client.put(to).header("x-amz-copy-source", from);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

/// A whole error, which this operation writes without a declaration.
#[track_caller]
fn refused(reply: Reply, status: u16, fields: &[(&str, &str)]) {
    assert!(reply.text().starts_with("<Error>"), "{}", reply.text());
    reply.expect_fields(status, fields);
}

#[tokio::test]
async fn copy_object_answer() {
    let (_server, client) = source().await;
    let reply = copy(&client, TO, "/bkt/from", &[]).await.expect_status(200);
    let start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CopyObjectResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><LastModified>";
    assert!(reply.text().starts_with(start), "{}", reply.text());
    assert!(reply.text().contains(".000Z</LastModified><ChecksumCRC64NVME>"), "{}", reply.text());
    assert!(reply.xml_text("ChecksumCRC64NVME").is_some());
    assert_eq!(reply.xml_text("ChecksumType").as_deref(), Some("FULL_OBJECT"));
    assert_eq!(reply.header("x-amz-server-side-encryption"), Some("AES256"));
    assert_eq!(reply.header("x-amz-copy-source-version-id"), None);
    assert_eq!(client.get(TO).send().await.text(), "hello");
}

#[tokio::test]
async fn copy_object_what_is_copied() {
    let (_server, client) = source().await;
    // With COPY, which is also the default, the request's own headers do not count.
    for directive in [&[][..], &[("x-amz-metadata-directive", "COPY")]] {
        let headers = [directive, &[("content-type", "a/b"), ("x-amz-meta-other", "x")]].concat();
        copy(&client, TO, "bkt/from", &headers).await.expect_status(200);
        let head = client.head(TO).send().await.expect_status(200);
        assert_eq!(head.header("content-type"), Some("text/plain"));
        assert_eq!(head.header("cache-control"), Some("no-cache"));
        assert_eq!(head.header("x-amz-meta-colour"), Some("blue"));
        assert_eq!(head.header("x-amz-meta-other"), None);
        // Never copied.
        assert_eq!(head.header("x-amz-storage-class"), None);
        assert_eq!(head.header("x-amz-website-redirect-location"), None);
    }
    let own = [("x-amz-storage-class", "ONEZONE_IA"), ("x-amz-website-redirect-location", "/here")];
    copy(&client, TO, "bkt/from", &own).await.expect_status(200);
    let head = client.head(TO).send().await;
    assert_eq!(head.header("x-amz-storage-class"), Some("ONEZONE_IA"));
    assert_eq!(head.header("x-amz-website-redirect-location"), Some("/here"));
    assert_eq!(head.header("x-amz-meta-colour"), Some("blue"));
}

#[tokio::test]
async fn copy_object_replace() {
    let (_server, client) = source().await;
    let headers = [("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-other", "x")];
    copy(&client, TO, "bkt/from", &headers).await.expect_status(200);
    let head = client.head(TO).send().await;
    assert_eq!(head.header("content-type"), Some("binary/octet-stream"));
    assert_eq!(head.header("cache-control"), None);
    assert_eq!(head.header("x-amz-meta-colour"), None);
    assert_eq!(head.header("x-amz-meta-other"), Some("x"));
}

#[tokio::test]
async fn copy_object_unknown_directives() {
    let (_server, client) = source().await;
    for (name, message) in [
        ("x-amz-metadata-directive", "Unknown metadata directive."),
        ("x-amz-tagging-directive", "Unknown tagging directive."),
    ] {
        for value in ["KEEP", "copy"] {
            refused(
                copy(&client, TO, "bkt/from", &[(name, value)]).await,
                400,
                &[("Code", "InvalidArgument"), ("Message", message), ("ArgumentName", name), ("ArgumentValue", value)],
            );
        }
    }
    copy(&client, TO, "bkt/from", &[("x-amz-tagging-directive", "COPY")]).await.expect_status(200);
}

#[tokio::test]
async fn copy_object_source_syntax() {
    let (_server, client) = source().await;
    for key in ["a%20b%2Bc%C3%A4", "slash//..", "q%3FversionId%3Dnull"] {
        client.put(&format!("/bkt/{key}")).body(key).send().await.expect_status(200);
    }
    for (from, body) in [
        ("bkt/from", "hello"),
        ("/bkt/from", "hello"),
        ("bkt%2Ffrom", "hello"),
        ("%2Fbkt/from", "hello"),
        ("bkt/%66rom", "hello"),
        ("bkt/from?versionId=null", "hello"),
        ("bkt/a+b%2Bc%C3%A4", "a%20b%2Bc%C3%A4"),
        ("bkt/a b%2bc\u{e4}", "a%20b%2Bc%C3%A4"),
        ("bkt/slash//..", "slash//.."),
        ("bkt/q%3FversionId%3Dnull", "q%3FversionId%3Dnull"),
        ("http://s3.amazonaws.com/bkt/from", "hello"),
        ("https%3A%2F%2Flocalhost:9000/bkt/from?versionId=null", "hello"),
    ] {
        copy(&client, TO, from, &[]).await.expect_status(200);
        assert_eq!(client.get(TO).send().await.text(), body, "{from}");
    }
    let reply = copy(&client, TO, "bkt/from?versionId=null", &[]).await;
    assert_eq!(reply.header("x-amz-copy-source-version-id"), Some("null"));
}

#[tokio::test]
async fn copy_object_bad_sources() {
    let (_server, client) = source().await;
    let invalid = |message, value| {
        [
            ("Code", "InvalidArgument"),
            ("Message", message),
            ("ArgumentName", "x-amz-copy-source"),
            ("ArgumentValue", value),
        ]
    };
    let too_long = format!("bkt/{}", "k".repeat(1025));
    for from in ["", "bkt", "/bkt", "bkt/", "/", too_long.as_str(), "bkt/nul%00"] {
        let fields = invalid("Invalid copy source object key", "x-amz-copy-source");
        refused(copy(&client, TO, from, &[]).await, 400, &fields);
    }
    for from in ["//from", "No_Bucket/from", "a/from", "arn:aws:s3:::bkt/from"] {
        refused(copy(&client, TO, from, &[]).await, 400, &invalid("Invalid copy source bucket name", from));
    }
    for from in ["bkt/%80", "bkt/%zz", "bkt/100%"] {
        refused(copy(&client, TO, from, &[]).await, 400, &invalid("Invalid copy source encoding", from));
    }
    let bad_version = copy(&client, TO, "bkt/from?versionId=nonsense", &[]).await;
    refused(
        bad_version,
        400,
        &[
            ("Code", "InvalidArgument"),
            ("Message", "Invalid version id specified"),
            ("ArgumentName", "versionId"),
            ("ArgumentValue", "nonsense"),
        ],
    );
    let absent = "nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi";
    refused(
        copy(&client, TO, &format!("bkt/from?versionId={absent}"), &[]).await,
        404,
        &[
            ("Code", "NoSuchVersion"),
            ("Message", "The specified version does not exist."),
            ("Key", "from"),
            ("VersionId", absent),
        ],
    );
    client.get(TO).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn copy_object_source_missing() {
    let (_server, client) = source().await;
    // Said before the conditions are looked at.
    for headers in [&[][..], &[("x-amz-copy-source-if-match", "x")]] {
        refused(
            copy(&client, TO, "bkt/absent", headers).await,
            404,
            &[("Code", "NoSuchKey"), ("Message", "The specified key does not exist."), ("Key", "absent")],
        );
    }
    refused(
        copy(&client, TO, "nowhere/from", &[]).await,
        404,
        &[("Code", "NoSuchBucket"), ("Message", "The specified bucket does not exist"), ("BucketName", "nowhere")],
    );
    let no_bucket = copy(&client, "/nowhere/to", "bkt/from", &[]).await.expect_error(404, "NoSuchBucket");
    assert_eq!(no_bucket.xml_text("BucketName").as_deref(), Some("nowhere"));
}

#[tokio::test]
async fn copy_object_of_another_account() {
    let server = two_accounts().await;
    let (owner, stranger) = (server.client(), stranger(&server));
    owner.put("/bkt").send().await.expect_status(200);
    owner.put(FROM).body("secret").send().await.expect_status(200);
    stranger.put("/theirs").send().await.expect_status(200);
    let denied = [("Code", "AccessDenied"), ("Message", "Access Denied")];
    refused(copy(&stranger, "/theirs/k", "bkt/from", &[]).await, 403, &denied);
    copy(&owner, "/theirs/k", "bkt/from", &[]).await.expect_fields(403, &denied);
    stranger.get("/theirs/k").send().await.expect_error(404, "NoSuchKey");
    let expecting = |account| [("x-amz-source-expected-bucket-owner", account)];
    copy(&owner, TO, "bkt/from", &expecting("000000000000")).await.expect_status(200);
    refused(copy(&owner, TO, "bkt/from", &expecting("111111111111")).await, 403, &denied);
    let message = "The value of the expected bucket owner parameter must be an AWS Account ID... [x]";
    let fields = [("Code", "InvalidBucketOwnerAWSAccountID"), ("Message", message)];
    refused(copy(&owner, TO, "bkt/from", &expecting("x")).await, 400, &fields);
}

#[tokio::test]
async fn copy_object_conditions_on_the_source() {
    let (_server, client) = source().await;
    let head = client.head(FROM).send().await;
    let (etag, modified) = (head.header("etag").unwrap(), head.header("last-modified").unwrap());
    let if_match = "x-amz-copy-source-if-match";
    let if_none_match = "x-amz-copy-source-if-none-match";
    let if_modified = "x-amz-copy-source-if-modified-since";
    let if_unmodified = "x-amz-copy-source-if-unmodified-since";
    let passing: [&[(&str, &str)]; 9] = [
        &[(if_match, etag)],
        &[(if_match, "*")],
        &[(if_match, etag), (if_unmodified, PAST)],
        &[(if_none_match, "x")],
        &[(if_none_match, "x"), (if_modified, modified)],
        &[(if_modified, PAST)],
        &[(if_modified, FUTURE)],
        &[(if_modified, "junk"), (if_unmodified, "junk")],
        &[(if_unmodified, modified)],
    ];
    for headers in passing {
        copy(&client, TO, "bkt/from", headers).await.expect_status(200);
    }
    client.delete(TO).send().await.expect_status(204);
    let failing: [(&[(&str, &str)], &str); 5] = [
        (&[(if_match, "x")], "x-amz-copy-source-If-Match"),
        (&[(if_none_match, etag)], "x-amz-copy-source-If-None-Match"),
        (&[(if_none_match, etag), (if_modified, PAST)], "x-amz-copy-source-If-None-Match"),
        (&[(if_modified, modified)], "x-amz-copy-source-If-Modified-Since"),
        (&[(if_unmodified, PAST)], "x-amz-copy-source-If-Unmodified-Since"),
    ];
    for (headers, condition) in failing {
        refused(
            copy(&client, TO, "bkt/from", headers).await,
            412,
            &[
                ("Code", "PreconditionFailed"),
                ("Message", "At least one of the pre-conditions you specified did not hold"),
                ("Condition", condition),
            ],
        );
    }
    client.get(TO).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn copy_object_conditions_on_the_destination() {
    let (_server, client) = source().await;
    let failed = |condition| {
        [
            ("Code", "PreconditionFailed"),
            ("Message", "At least one of the pre-conditions you specified did not hold"),
            ("Condition", condition),
        ]
    };
    let missing = [("Code", "NoSuchKey"), ("Message", "The specified key does not exist."), ("Key", "to")];
    refused(copy(&client, TO, "bkt/from", &[("if-match", "x")]).await, 404, &missing);
    copy(&client, TO, "bkt/from", &[("if-none-match", "*")]).await.expect_status(200);
    refused(copy(&client, TO, "bkt/from", &[("if-none-match", "*")]).await, 412, &failed("If-None-Match"));
    refused(copy(&client, TO, "bkt/from", &[("if-match", "x")]).await, 412, &failed("If-Match"));
    let etag = client.head(TO).send().await.header("etag").unwrap().to_owned();
    copy(&client, TO, "bkt/from", &[("if-match", &etag)]).await.expect_status(200);
}

#[tokio::test]
async fn copy_object_onto_itself() {
    let (_server, client) = source().await;
    let message = "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
    let fields = [("Code", "InvalidRequest"), ("Message", message)];
    refused(copy(&client, FROM, "/bkt/from", &[]).await, 400, &fields);
    let nothing_new = [("x-amz-metadata-directive", "COPY"), ("x-amz-meta-colour", "red")];
    refused(copy(&client, FROM, "/bkt/from", &nothing_new).await, 400, &fields);
    for header in [
        ("x-amz-storage-class", "STANDARD"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-website-redirect-location", "/x"),
        ("x-amz-metadata-directive", "REPLACE"),
    ] {
        copy(&client, FROM, "/bkt/from", &[header]).await.expect_status(200);
        assert_eq!(client.get(FROM).send().await.text(), "hello");
    }
    copy(&client, FROM, "/bkt/from?versionId=null", &[]).await.expect_status(200);
}

#[tokio::test]
async fn copy_object_onto_itself_encrypted_otherwise() {
    let (_server, client) = source().await;
    let kms = [("x-amz-server-side-encryption", "aws:kms")];
    copy(&client, FROM, "/bkt/from", &kms).await.expect_status(200);
    // From SSE-KMS to the SSE-S3 of every bucket, which then is no change any more.
    let reply = copy(&client, FROM, "/bkt/from", &[]).await.expect_status(200);
    assert_eq!(reply.header("x-amz-server-side-encryption"), Some("AES256"));
    copy(&client, FROM, "/bkt/from", &[]).await.expect_error(400, "InvalidRequest");
    // A bucket that says itself what every bucket does.
    let by_default = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
    client.put("/bkt?encryption").body(by_default).send().await.expect_status(200);
    copy(&client, FROM, "/bkt/from", &[]).await.expect_status(200);
    assert_eq!(client.get(FROM).send().await.text(), "hello");
}

#[tokio::test]
async fn copy_object_checksum() {
    let (_server, client) = source().await;
    for algorithm in Algorithm::ALL {
        let asked = [("x-amz-checksum-algorithm", algorithm.lower_name())];
        let reply = copy(&client, TO, "bkt/from", &asked).await.expect_status(200);
        let expected = Hasher::digest(algorithm, b"hello").to_base64();
        assert_eq!(reply.xml_text(algorithm.xml_element()).as_deref(), Some(expected.as_str()));
        assert_eq!(reply.xml_text("ChecksumType").as_deref(), Some("FULL_OBJECT"));
        // Without another being asked for, the source's is carried over.
        let again = copy(&client, "/bkt/again", "bkt/to", &[]).await.expect_status(200);
        assert_eq!(again.xml_text(algorithm.xml_element()).as_deref(), Some(expected.as_str()));
        let head = client.head("/bkt/again").header("x-amz-checksum-mode", "ENABLED").send().await;
        assert_eq!(head.header(algorithm.header_name()), Some(expected.as_str()));
    }
    let message = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]";
    let fields = [("Code", "InvalidRequest"), ("Message", message)];
    refused(copy(&client, TO, "bkt/from", &[("x-amz-checksum-algorithm", "CRC16")]).await, 400, &fields);
}

#[tokio::test]
async fn copy_object_of_a_multipart_object_is_in_one_piece() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    for algorithm in [&[][..], &[("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT")]] {
        let id = create_upload(&client, FROM, algorithm).await;
        let first = vec![b'a'; usize::try_from(SMALL_PART).unwrap()];
        let one = upload_part(&client, FROM, &id, 1, &first).await.expect_status(200);
        let two = upload_part(&client, FROM, &id, 2, b"b").await.expect_status(200);
        let list = part_list([(1, one.header("etag").unwrap()), (2, two.header("etag").unwrap())]);
        complete(&client, FROM, &id, &list).await.expect_status(200);
        let mode = ("x-amz-checksum-mode", "ENABLED");
        let source = client.head(FROM).header(mode.0, mode.1).send().await;
        let copied = copy(&client, TO, "bkt/from", &[]).await.expect_status(200);
        // md5 of sixteen a and one b.
        let whole = [first, b"b".to_vec()].concat();
        let md5 = hex::encode(Hasher::digest(Algorithm::Md5, &whole).as_bytes());
        assert_eq!(copied.xml_text("ETag"), Some(format!("\"{md5}\"")));
        let head = client.head(&format!("{TO}?partNumber=1")).header(mode.0, mode.1).send().await.expect_status(206);
        assert_eq!(head.header("x-amz-mp-parts-count"), None);
        for name in ["x-amz-checksum-crc32", "x-amz-checksum-crc64nvme", "x-amz-checksum-type"] {
            assert_eq!(head.header(name), source.header(name), "{name}");
        }
    }
}

#[tokio::test]
async fn copy_object_of_an_archived_object() {
    let (_server, client) = source().await;
    client.put(FROM).header("x-amz-storage-class", "GLACIER").body("x").send().await.expect_status(200);
    refused(
        copy(&client, TO, "bkt/from", &[]).await,
        403,
        &[
            ("Code", "InvalidObjectState"),
            ("Message", "The operation is not valid for the object's storage class"),
            ("StorageClass", "GLACIER"),
        ],
    );
}

#[tokio::test]
async fn copy_object_is_independent_of_its_source() {
    let server = TestServer::on_disk(|builder| builder).await;
    let client = server.bucket().await;
    for size in [0, 100, 100_000] {
        let body = vec![b'x'; size];
        client.put(FROM).body(&body).send().await.expect_status(200);
        copy(&client, TO, "bkt/from", &[]).await.expect_status(200);
        client.delete(FROM).send().await.expect_status(204);
        assert!(client.get(TO).send().await.body == body, "{size}");
        copy(&client, FROM, "bkt/to", &[]).await.expect_status(200);
        client.put(TO).body("over").send().await.expect_status(200);
        assert!(client.get(FROM).send().await.body == body, "{size}");
    }
}
