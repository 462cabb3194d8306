//! `UploadPartCopy`: sources, ranges, conditions. Its errors come without an XML declaration.

use crate::answers::{in_whole_seconds, masked, refused_bare};
use crate::support::server::{TestServer, complete, create_upload, part_list};
use crate::support::{RawClient, Reply, RequestBuilder};

const K: &str = "/bkt/k";
const RANGE: &str = "x-amz-copy-source-range";

/// A server, a client, an object `src` of ten bytes with its ETag, and an upload.
async fn upload(headers: &[(&str, &str)]) -> (TestServer, RawClient, String, String) {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let source = client.put("/bkt/src").body("0123456789").send().await.expect_status(200);
    let id = create_upload(&client, K, headers).await;
    let etag = source.header("etag").unwrap().to_owned();
    (server, client, id, etag)
}

fn copy(client: &RawClient, id: &str, source: &str) -> RequestBuilder {
    client.put(&format!("{K}?partNumber=1&uploadId={id}")).header("x-amz-copy-source", source)
}

fn bad_argument(reply: &Reply, message: &str, name: &str, value: &str) {
    refused_bare(reply, 400, "InvalidArgument", message, &[("ArgumentName", name), ("ArgumentValue", value)]);
}

async fn no_parts(client: &RawClient, id: &str) {
    let listing = client.get(&format!("{K}?uploadId={id}")).send().await.expect_status(200);
    assert_eq!(listing.xml_all("Part"), [""; 0]);
}

#[tokio::test]
async fn upload_part_copy_answer() {
    let (_server, client, id, etag) = upload(&[]).await;
    for source in ["bkt/src", "/bkt/src", "/bkt/%73rc", "bkt%2Fsrc"] {
        let reply = copy(&client, &id, source).send().await.expect_status(200);
        assert_eq!(
            masked(reply.text(), &["LastModified", "ETag"]),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CopyPartResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><LastModified>*</LastModified><ETag>*</ETag></CopyPartResult>"
        );
        assert_eq!(reply.xml_text("ETag").as_deref(), Some(etag.as_str()));
        in_whole_seconds(&reply, "LastModified");
        assert_eq!(reply.header("x-amz-copy-source-version-id"), None);
        assert_eq!(reply.header("x-amz-server-side-encryption"), Some("AES256"));
    }
    let reply = copy(&client, &id, "bkt/src?versionId=null").send().await.expect_status(200);
    assert_eq!(reply.header("x-amz-copy-source-version-id"), Some("null"));
    complete(&client, K, &id, &part_list([(1, etag.as_str())])).await.expect_status(200);
    assert_eq!(client.get(K).send().await.body, b"0123456789");
}

#[tokio::test]
async fn upload_part_copy_of_a_key_with_blanks_and_plus() {
    let (_server, client, id, _) = upload(&[]).await;
    client.put("/bkt/a%20b%2Bc").body("x").send().await.expect_status(200);
    copy(&client, &id, "bkt/a+b%2Bc").send().await.expect_status(200);
    copy(&client, &id, "bkt/a%20b%2Bc").send().await.expect_status(200);
}

#[tokio::test]
async fn upload_part_copy_ranges() {
    let (_server, client, id, _) = upload(&[]).await;
    for (range, size) in [("bytes=0-0", "1"), ("bytes=3-9", "7"), ("bytes=0-9", "10")] {
        copy(&client, &id, "bkt/src").header(RANGE, range).send().await.expect_status(200);
        let listing = client.get(&format!("{K}?uploadId={id}")).send().await;
        assert_eq!(listing.xml_all("Size"), [size], "{range}");
    }
}

#[tokio::test]
async fn upload_part_copy_bad_ranges() {
    let (_server, client, id, _) = upload(&[]).await;
    let form = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy";
    for range in [
        "",
        "bytes=",
        "bytes=0-",
        "bytes=-5",
        "bytes=5-2",
        "bytes=0-1,3-4",
        "0-1",
        "Bytes=0-1",
        "bytes=a-b",
        "bytes=+0-1",
    ] {
        bad_argument(&copy(&client, &id, "bkt/src").header(RANGE, range).send().await, form, RANGE, range);
    }
    // Never clipped.
    let message = "Range specified is not valid for source object of size: 10";
    for range in ["bytes=0-10", "bytes=9-10"] {
        bad_argument(&copy(&client, &id, "bkt/src").header(RANGE, range).send().await, message, RANGE, range);
    }
    let message = "The specified copy range is invalid for the source object size";
    for range in ["bytes=10-10", "bytes=11-20"] {
        let reply = copy(&client, &id, "bkt/src").header(RANGE, range).send().await;
        refused_bare(&reply, 400, "InvalidRequest", message, &[]);
    }
    no_parts(&client, &id).await;
}

#[tokio::test]
async fn upload_part_copy_bad_sources() {
    let (_server, client, id, _) = upload(&[]).await;
    let name = "x-amz-copy-source";
    for source in ["bkt", "/bkt", "bkt/", "", &format!("bkt/{}", "k".repeat(1025))] {
        let reply = copy(&client, &id, source).send().await;
        // The value that AWS shows is the header's name.
        bad_argument(&reply, "Invalid copy source object key", name, name);
    }
    bad_argument(&copy(&client, &id, "B/k").send().await, "Invalid copy source bucket name", name, "B/k");
    bad_argument(&copy(&client, &id, "bkt/%80").send().await, "Invalid copy source encoding", name, "bkt/%80");
    let reply = copy(&client, &id, "gone/k").send().await;
    let message = "The specified bucket does not exist";
    refused_bare(&reply, 404, "NoSuchBucket", message, &[("BucketName", "gone")]);
    let reply = copy(&client, &id, "bkt/gone").header("x-amz-copy-source-if-match", "x").send().await;
    refused_bare(&reply, 404, "NoSuchKey", "The specified key does not exist.", &[("Key", "gone")]);
    no_parts(&client, &id).await;
}

#[tokio::test]
async fn upload_part_copy_checks_in_order() {
    let (_server, client, id, _) = upload(&[]).await;
    let copy = |number: &str, id: &str| {
        let request = client.put(&format!("{K}?partNumber={number}&uploadId={id}"));
        request.header("x-amz-copy-source", "gone").header(RANGE, "bad")
    };
    let no_upload = crate::answers::NO_UPLOAD;
    refused_bare(&copy("0", "nope").send().await, 404, "NoSuchUpload", no_upload, &[("UploadId", "nope")]);
    let message = "Part number must be an integer between 1 and 10000, inclusive";
    bad_argument(&copy("0", &id).send().await, message, "partNumber", "0");
    copy("1", &id).send().await.expect_error(400, "InvalidArgument");
    let reply = client.put("/gone/k?partNumber=1&uploadId=x").header("x-amz-copy-source", "gone").send().await;
    let message = "The specified bucket does not exist";
    refused_bare(&reply, 404, "NoSuchBucket", message, &[("BucketName", "gone")]);
}

#[tokio::test]
async fn upload_part_copy_conditions() {
    let (_server, client, id, etag) = upload(&[]).await;
    let past = "Sat, 01 Jan 2000 00:00:00 GMT";
    let future = "Sat, 01 Jan 2200 00:00:00 GMT";
    let with = |headers: &[(&str, &str)]| {
        let request = copy(&client, &id, "bkt/src");
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(&format!("x-amz-copy-source-{name}"), value))
    };
    let failing: [(&[(&str, &str)], &str); 5] = [
        (&[("if-match", "\"other\"")], "x-amz-copy-source-If-Match"),
        (&[("if-none-match", &etag)], "x-amz-copy-source-If-None-Match"),
        (&[("if-none-match", "*")], "x-amz-copy-source-If-None-Match"),
        (&[("if-unmodified-since", past)], "x-amz-copy-source-If-Unmodified-Since"),
        (&[("if-match", "\"other\""), ("if-unmodified-since", future)], "x-amz-copy-source-If-Match"),
    ];
    for (headers, condition) in failing {
        let message = "At least one of the pre-conditions you specified did not hold";
        refused_bare(&with(headers).send().await, 412, "PreconditionFailed", message, &[("Condition", condition)]);
    }
    no_parts(&client, &id).await;
    // The object was just made, so an equal second is "not modified since".
    let modified = client.head("/bkt/src").send().await.header("last-modified").unwrap().to_owned();
    let reply = with(&[("if-modified-since", &modified)]).send().await;
    let message = "At least one of the pre-conditions you specified did not hold";
    let condition = [("Condition", "x-amz-copy-source-If-Modified-Since")];
    refused_bare(&reply, 412, "PreconditionFailed", message, &condition);
    let passing: [&[(&str, &str)]; 9] = [
        &[("if-match", &etag)],
        &[("if-match", etag.trim_matches('"'))],
        &[("if-match", &etag), ("if-unmodified-since", past)],
        &[("if-none-match", "\"other\"")],
        &[("if-none-match", "\"other\""), ("if-modified-since", &modified)],
        &[("if-modified-since", past)],
        &[("if-modified-since", future)],
        &[("if-modified-since", "nonsense")],
        &[("if-unmodified-since", "nonsense")],
    ];
    for headers in passing {
        let reply = with(headers).send().await;
        assert_eq!(reply.status, 200, "{headers:?} {}", reply.text());
    }
}

#[tokio::test]
async fn upload_part_copy_checksum_is_the_uploads() {
    let (_server, client, id, _) = upload(&[("x-amz-checksum-algorithm", "CRC32")]).await;
    let reply = copy(&client, &id, "bkt/src").send().await.expect_status(200);
    assert_eq!(reply.xml_text("ChecksumCRC32").as_deref(), Some("poTHxg=="));
    let reply = copy(&client, &id, "bkt/src").header(RANGE, "bytes=1-9").send().await.expect_status(200);
    let listing = client.get(&format!("{K}?uploadId={id}")).send().await;
    assert_eq!(listing.xml_text("ChecksumCRC32"), reply.xml_text("ChecksumCRC32"));
    assert_ne!(reply.xml_text("ChecksumCRC32").as_deref(), Some("poTHxg=="));
}

#[tokio::test]
async fn upload_part_copy_survives_its_source() {
    let (_server, client, id, etag) = upload(&[]).await;
    copy(&client, &id, "bkt/src").send().await.expect_status(200);
    client.delete("/bkt/src").send().await.expect_status(204);
    complete(&client, K, &id, &part_list([(1, etag.as_str())])).await.expect_status(200);
    assert_eq!(client.get(K).send().await.body, b"0123456789");
}

#[tokio::test]
async fn upload_part_copy_archived_source() {
    let (_server, client, id, _) = upload(&[]).await;
    client.put("/bkt/cold").header("x-amz-storage-class", "GLACIER").body("x").send().await.expect_status(200);
    let reply = copy(&client, &id, "bkt/cold").send().await;
    let message = "The operation is not valid for the object's storage class";
    refused_bare(&reply, 403, "InvalidObjectState", message, &[("StorageClass", "GLACIER")]);
}
