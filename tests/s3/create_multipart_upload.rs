//! `CreateMultipartUpload`: what is settled there, and what is refused there.

use crate::answers::{bad_request, has_ids, masked, refused};
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};

const K: &str = "/bkt/k";
const TYPES: &str = "[CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]";

#[tokio::test]
async fn create_multipart_upload_answer() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.post("/bkt/a%20b%22?uploads").send().await.expect_status(200);
    has_ids(&reply);
    assert_eq!(
        masked(reply.text(), &["UploadId"]),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>bkt</Bucket><Key>a b&quot;</Key><UploadId>*</UploadId></InitiateMultipartUploadResult>"
    );
    let id = reply.xml_text("UploadId").unwrap();
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    assert!(id.len() <= 1024 && id.bytes().all(url_safe), "{id}");
    assert_eq!(reply.header("x-amz-server-side-encryption"), Some("AES256"));
    for absent in ["x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-abort-date"] {
        assert_eq!(reply.header(absent), None);
    }
    let again = create_upload(&client, "/bkt/a%20b%22", &[]).await;
    assert_ne!(id, again, "each upload has its own id");
}

#[tokio::test]
async fn create_multipart_upload_checksums() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    // Name, what may be asked for, and what comes without asking.
    let table = [
        ("crc32", "COMPOSITE FULL_OBJECT", "COMPOSITE"),
        ("CRC32C", "COMPOSITE FULL_OBJECT", "COMPOSITE"),
        ("Crc64nvme", "FULL_OBJECT", "FULL_OBJECT"),
        ("sha1", "COMPOSITE", "COMPOSITE"),
        ("SHA256", "COMPOSITE", "COMPOSITE"),
        ("SHA512", "COMPOSITE", "COMPOSITE"),
        ("MD5", "COMPOSITE", "COMPOSITE"),
        ("XXHASH64", "COMPOSITE", "COMPOSITE"),
        ("XXHASH3", "COMPOSITE", "COMPOSITE"),
        ("XXHASH128", "COMPOSITE", "COMPOSITE"),
    ];
    for (name, allowed, default) in table {
        let create = || client.post("/bkt/k?uploads").header("x-amz-checksum-algorithm", name);
        let reply = create().send().await.expect_status(200);
        assert_eq!(reply.header("x-amz-checksum-algorithm"), Some(name.to_uppercase().as_str()));
        assert_eq!(reply.header("x-amz-checksum-type"), Some(default), "{name}");
        for kind in ["COMPOSITE", "FULL_OBJECT", "composite", "full_object"] {
            let reply = create().header("x-amz-checksum-type", kind).send().await;
            let kind = kind.to_uppercase();
            if allowed.split(' ').any(|one| one == kind) {
                assert_eq!((reply.status, reply.header("x-amz-checksum-type")), (200, Some(kind.as_str())), "{name}");
            } else {
                let lower = name.to_lowercase();
                bad_request(
                    &reply,
                    &format!("The {kind} checksum type cannot be used with the {lower} checksum algorithm."),
                );
            }
        }
    }
}

#[tokio::test]
async fn create_multipart_upload_bad_checksum_headers() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let create = || client.post("/bkt/k?uploads");
    bad_request(
        &create().header("x-amz-checksum-algorithm", "CRC64").send().await,
        &format!("Checksum algorithm provided is unsupported. Please try again with any of the valid types: {TYPES}"),
    );
    bad_request(
        &create().header("x-amz-checksum-type", "COMPOSITE").send().await,
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    );
    bad_request(
        &create().header("x-amz-checksum-algorithm", "CRC32").header("x-amz-checksum-type", "FULL").send().await,
        "Value for x-amz-checksum-type header is invalid.",
    );
    assert_eq!(client.get("/bkt?uploads").send().await.xml_all("UploadId"), [""; 0]);
}

#[tokio::test]
async fn create_multipart_upload_storage_class() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for class in ["OUTPOSTS", "standard", "NOPE"] {
        // The storage class is looked at before the checksum.
        let reply = client
            .post("/bkt/k?uploads")
            .header("x-amz-storage-class", class)
            .header("x-amz-checksum-algorithm", "NOPE")
            .send()
            .await;
        let message = "The storage class you specified is not valid";
        refused(&reply, 400, "InvalidStorageClass", message, &[("StorageClassRequested", class)]);
    }
}

#[tokio::test]
async fn create_multipart_upload_refused_features() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.post("/bkt/k?uploads").header("x-amz-write-offset-bytes", "1").send().await;
    let message = "A header you provided implies functionality that is not implemented";
    refused(&reply, 501, "NotImplemented", message, &[("Header", "x-amz-write-offset-bytes")]);
    let reply = client.post("/bkt/k?uploads").header("x-amz-server-side-encryption", "AES128").send().await;
    refused(
        &reply,
        400,
        "InvalidArgument",
        "The encryption method specified is not supported",
        &[("ArgumentName", "x-amz-server-side-encryption"), ("ArgumentValue", "AES128")],
    );
    assert_eq!(client.get("/bkt?uploads").send().await.xml_all("UploadId"), [""; 0]);
    // What holds anyway may be asked for.
    for (name, value) in [("x-amz-acl", "bucket-owner-full-control"), ("x-amz-server-side-encryption", "AES256")] {
        client.post("/bkt/k?uploads").header(name, value).send().await.expect_status(200);
    }
}

#[tokio::test]
async fn create_multipart_upload_freezes_the_headers() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let headers = [
        ("content-type", "text/x"),
        ("content-encoding", "gzip, aws-chunked"),
        ("content-language", "de"),
        ("content-disposition", "inline"),
        ("cache-control", "no-store"),
        ("expires", "whenever"),
        ("x-amz-meta-a", "1"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-website-redirect-location", "/x"),
    ];
    let id = create_upload(&client, K, &headers).await;
    let part = upload_part(&client, K, &id, 1, b"x").await.expect_status(200);
    let list = part_list([(1, part.header("etag").unwrap())]);
    let reply = client
        .post(&format!("{K}?uploadId={id}"))
        .header("content-type", "text/other")
        .header("x-amz-meta-a", "2")
        .body(list)
        .send()
        .await;
    reply.expect_status(200);
    let head = client.head(K).send().await.expect_status(200);
    for (name, value) in headers {
        let value = if name == "content-encoding" { "gzip" } else { value };
        assert_eq!(head.header(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn create_multipart_upload_metadata_too_large() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.post("/bkt/k?uploads").header("x-amz-meta-a", "v".repeat(2048)).send().await;
    refused(
        &reply,
        400,
        "MetadataTooLarge",
        "Your metadata headers exceed the maximum allowed metadata size",
        &[("Size", "2049"), ("MaxSizeAllowed", "2048")],
    );
    client.post("/bkt/k?uploads").header("x-amz-meta-a", "v".repeat(2047)).send().await.expect_status(200);
}

#[tokio::test]
async fn create_multipart_upload_missing_bucket_and_long_keys() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.post("/gone/k?uploads").header("x-amz-storage-class", "NOPE").send().await;
    refused(&reply, 404, "NoSuchBucket", "The specified bucket does not exist", &[("BucketName", "gone")]);
    let reply = client.post(&format!("/bkt/{}?uploads", "k".repeat(1025))).send().await;
    let fields = [("Size", "1025"), ("MaxSizeAllowed", "1024")];
    refused(&reply, 400, "KeyTooLongError", "Your key is too long", &fields);
    create_upload(&client, &format!("/bkt/{}", "k".repeat(1024)), &[]).await;
}

#[tokio::test]
async fn create_multipart_upload_without_a_completion_shows_no_object() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    upload_part(&client, K, &id, 1, b"x").await.expect_status(200);
    client.get(K).send().await.expect_error(404, "NoSuchKey");
    assert_eq!(client.get("/bkt").send().await.xml_all("Key"), [""; 0]);
    complete(&client, K, "other", &part_list([(1, "x")])).await.expect_error(404, "NoSuchUpload");
}
