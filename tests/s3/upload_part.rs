//! `UploadPart`: the order of its checks, digests, checksums, and that only success replaces a part.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answers::{bad_argument, bad_request, has_ids, no_upload, refused};
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, RequestBuilder, Streaming};

const K: &str = "/bkt/k";
/// Of `hello`.
const MD5: &str = "XUFAKrxLKna5cZ2REBfFkg==";
const CRC32: &str = "NhCmhg==";
const CRC32C: &str = "mnG7TA==";
const SHA256: &str = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

fn put(client: &RawClient, id: &str, number: &str) -> RequestBuilder {
    client.put(&format!("{K}?partNumber={number}&uploadId={id}")).body("hello")
}

async fn upload(headers: &[(&str, &str)]) -> (TestServer, RawClient, String) {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, headers).await;
    (server, client, id)
}

async fn sizes(client: &RawClient, id: &str) -> Vec<String> {
    client.get(&format!("{K}?uploadId={id}")).send().await.expect_status(200).xml_all("Size")
}

#[tokio::test]
async fn upload_part_answer() {
    let (_server, client, id) = upload(&[]).await;
    let reply = put(&client, &id, "10000").header("content-md5", MD5).send().await.expect_status(200);
    has_ids(&reply);
    assert_eq!(reply.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(reply.header("x-amz-server-side-encryption"), Some("AES256"));
    assert_eq!(reply.header("x-amz-checksum-crc64nvme"), None, "none sent, none returned");
    assert!(reply.body.is_empty());
}

#[tokio::test]
async fn upload_part_bad_number() {
    let (_server, client, id) = upload(&[]).await;
    for number in ["0", "-1", "10001", "abc", "", "1.5", "99999999999999999999"] {
        let reply = put(&client, &id, number).header("content-md5", "bad").send().await;
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        bad_argument(&reply, message, "partNumber", number);
    }
    assert_eq!(sizes(&client, &id).await, [""; 0]);
}

#[tokio::test]
async fn upload_part_number_or_id_alone() {
    let (_server, client, id) = upload(&[]).await;
    let reply = client.put(&format!("{K}?partNumber=1")).body("hello").send().await;
    bad_argument(&reply, "This operation does not accept partNumber without uploadId", "partNumber", "1");
    let reply = client.put(&format!("{K}?uploadId={id}")).body("hello").send().await;
    let message = "The specified method is not allowed against this resource.";
    refused(&reply, 405, "MethodNotAllowed", message, &[("Method", "PUT"), ("ResourceType", "UPLOAD")]);
    assert_eq!(reply.header("allow"), Some("DELETE, POST, GET"));
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn upload_part_unknown_upload_precedes_everything() {
    let (_server, client, id) = upload(&[]).await;
    client.put("/bkt2").send().await.expect_status(200);
    for bad in ["nope".to_owned(), "A".repeat(128), "A".repeat(1025), "%20".to_owned(), format!("{id}x")] {
        let shown = if bad == "%20" { " " } else { &bad };
        no_upload(&put(&client, &bad, "0").header("content-md5", "bad").send().await, shown);
        no_upload(&put(&client, &bad, "1").header("x-amz-checksum-crc32", "bad").send().await, shown);
    }
    // The right id of another key, or bucket.
    for target in ["/bkt/other", "/bkt2/k"] {
        no_upload(&upload_part(&client, target, &id, 1, b"hello").await, &id);
    }
    client.delete(&format!("{K}?uploadId={id}")).send().await.expect_status(204);
    no_upload(&put(&client, &id, "1").send().await, &id);
}

#[tokio::test]
async fn upload_part_ids_end_with_their_bucket() {
    let (_server, client, id) = upload(&[]).await;
    put(&client, &id, "1").send().await.expect_status(200);
    client.delete("/bkt").send().await.expect_status(204);
    client.put("/bkt").send().await.expect_status(200);
    no_upload(&put(&client, &id, "1").send().await, &id);
    no_upload(&client.get(&format!("{K}?uploadId={id}")).send().await, &id);
    no_upload(&client.delete(&format!("{K}?uploadId={id}")).send().await, &id);
    complete(&client, K, &id, &part_list([(1, "x")])).await.expect_error(404, "NoSuchUpload");
    assert_eq!(client.get("/bkt?uploads").send().await.xml_all("Upload"), [""; 0]);
}

#[tokio::test]
async fn upload_part_content_md5() {
    let (_server, client, id) = upload(&[]).await;
    for bad in ["bad", "", "XUFAKrxLKna5cZ2REBfF", "5d41402abc4b2a76b9719d911017c592"] {
        let reply = put(&client, &id, "1").header("content-md5", bad).send().await;
        let message = "The Content-MD5 you specified was invalid.";
        refused(&reply, 400, "InvalidDigest", message, &[("Content-MD5", bad)]);
    }
    let other = STANDARD.encode([7; 16]);
    let reply = put(&client, &id, "1").header("content-md5", &other).send().await;
    let message = "The Content-MD5 you specified did not match what we received.";
    // Base64 where PutObject writes hexadecimal digits.
    refused(&reply, 400, "BadDigest", message, &[("ExpectedDigest", &other), ("CalculatedDigest", MD5)]);
    assert_eq!(sizes(&client, &id).await, [""; 0]);
}

#[tokio::test]
async fn upload_part_checksum_headers() {
    let (_server, client, id) = upload(&[]).await;
    let with = |headers: &[(&str, &str)]| {
        let request = put(&client, &id, "1");
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send()
    };
    for bad in ["!", "AAAA", "AAAAAAAA"] {
        let reply = with(&[("x-amz-checksum-crc32", bad)]).await;
        bad_request(&reply, "Value for x-amz-checksum-crc32 header is invalid.");
    }
    for (name, upper, wrong) in
        [("x-amz-checksum-crc32", "CRC32", "AAAAAA=="), ("x-amz-checksum-md5", "MD5", "AAAAAAAAAAAAAAAAAAAAAA==")]
    {
        let message = format!("The {upper} you specified did not match the calculated checksum.");
        refused(&with(&[(name, wrong)]).await, 400, "BadDigest", &message, &[]);
    }
    bad_request(
        &with(&[("x-amz-checksum-crc32", CRC32), ("x-amz-checksum-crc32c", CRC32C)]).await,
        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
    bad_request(
        &with(&[("x-amz-sdk-checksum-algorithm", "CRC32")]).await,
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
    );
    bad_request(
        &with(&[("x-amz-sdk-checksum-algorithm", "SHA256"), ("x-amz-checksum-crc32", CRC32)]).await,
        "Value for x-amz-sdk-checksum-algorithm header is invalid.",
    );
    let both = put(&client, &id, "1")
        .header("x-amz-checksum-crc32", CRC32)
        .streaming(Streaming::UnsignedTrailer)
        .trailer("x-amz-checksum-crc32", CRC32)
        .send()
        .await;
    bad_request(&both, "Expecting a single x-amz-checksum- header");
    assert_eq!(sizes(&client, &id).await, [""; 0]);
}

#[tokio::test]
async fn upload_part_of_an_upload_without_algorithm() {
    let (_server, client, id) = upload(&[]).await;
    for (header, element, value) in [
        ("x-amz-checksum-crc32", "ChecksumCRC32", CRC32),
        ("x-amz-checksum-crc32c", "ChecksumCRC32C", CRC32C),
        ("x-amz-checksum-sha256", "ChecksumSHA256", SHA256),
    ] {
        let reply = put(&client, &id, "1").header(header, value).send().await.expect_status(200);
        assert_eq!(reply.header(header), Some(value), "echoed");
        let listing = client.get(&format!("{K}?uploadId={id}")).send().await;
        assert_eq!(listing.xml_text(element), None, "but not stored");
        assert_eq!(listing.xml_text("ChecksumAlgorithm"), None);
    }
}

#[tokio::test]
async fn upload_part_of_a_composite_upload() {
    let (_server, client, id) = upload(&[("x-amz-checksum-algorithm", "SHA256")]).await;
    let mismatch = |actual: &str| {
        format!("Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: {actual}")
    };
    bad_request(&put(&client, &id, "1").send().await, &mismatch("null"));
    bad_request(&put(&client, &id, "1").header("x-amz-checksum-crc32", CRC32).send().await, &mismatch("crc32"));
    let reply = put(&client, &id, "1").header("x-amz-checksum-sha256", SHA256).send().await.expect_status(200);
    assert_eq!(reply.header("x-amz-checksum-sha256"), Some(SHA256));
    let listing = client.get(&format!("{K}?uploadId={id}")).send().await;
    assert_eq!(listing.xml_text("ChecksumSHA256").as_deref(), Some(SHA256));
}

#[tokio::test]
async fn upload_part_of_a_full_object_upload() {
    let headers = [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT")];
    let (_server, client, id) = upload(&headers).await;
    let reply = put(&client, &id, "1").send().await.expect_status(200);
    assert_eq!(reply.header("x-amz-checksum-crc32"), Some(CRC32), "computed and returned");
    let reply = put(&client, &id, "1").header("x-amz-checksum-sha256", SHA256).send().await;
    bad_request(&reply, "Checksum Type mismatch occurred, expected checksum Type: crc32, actual checksum Type: sha256");
    let trailer = put(&client, &id, "2").streaming(Streaming::SignedTrailer).trailer("x-amz-checksum-crc32", CRC32);
    assert_eq!(trailer.send().await.expect_status(200).header("x-amz-checksum-crc32"), Some(CRC32));
    let listing = client.get(&format!("{K}?uploadId={id}")).send().await;
    assert_eq!(listing.xml_all("ChecksumCRC32"), [CRC32, CRC32]);
}

#[tokio::test]
async fn upload_part_again_replaces_it() {
    let (_server, client, id) = upload(&[]).await;
    let first = put(&client, &id, "1").send().await.expect_status(200);
    let second = upload_part(&client, K, &id, 1, b"other bytes").await.expect_status(200);
    assert_ne!(first.header("etag"), second.header("etag"));
    assert_eq!(sizes(&client, &id).await, ["11"]);
    let list = part_list([(1, first.header("etag").unwrap())]);
    complete(&client, K, &id, &list).await.expect_error(400, "InvalidPart");
    let list = part_list([(1, second.header("etag").unwrap())]);
    complete(&client, K, &id, &list).await.expect_status(200);
    assert_eq!(client.get(K).send().await.body, b"other bytes");
}

#[tokio::test]
async fn upload_part_that_fails_keeps_the_old_one() {
    let (_server, client, id) = upload(&[]).await;
    let first = put(&client, &id, "1").send().await.expect_status(200);
    let again = || client.put(&format!("{K}?partNumber=1&uploadId={id}")).body("other bytes");
    again().header("content-md5", MD5).send().await.expect_error(400, "BadDigest");
    again().header("x-amz-checksum-crc32", CRC32).send().await.expect_error(400, "BadDigest");
    again().payload_hash(&"0".repeat(64)).send().await.expect_error(400, "XAmzContentSHA256Mismatch");
    again().streaming(Streaming::Signed).corrupt_chunk(0).send().await.expect_error(403, "SignatureDoesNotMatch");
    let cut = |frames: &mut crate::support::Frames| frames.0.truncate(1);
    again().streaming(Streaming::UnsignedTrailer).edit_frames(cut).send().await.expect_error(400, "IncompleteBody");
    let listing = client.get(&format!("{K}?uploadId={id}")).send().await.expect_status(200);
    assert_eq!(listing.xml_text("ETag").as_deref(), first.header("etag"));
    complete(&client, K, &id, &part_list([(1, first.header("etag").unwrap())])).await.expect_status(200);
    assert_eq!(client.get(K).send().await.body, b"hello");
}

#[tokio::test]
async fn upload_part_cut_off_keeps_the_old_one() {
    use tokio::io::AsyncWriteExt as _;
    let (server, client, id) = upload(&[]).await;
    put(&client, &id, "1").send().await.expect_status(200);
    let whole = client.put(&format!("{K}?partNumber=1&uploadId={id}")).body(vec![b'x'; 100_000]).into_bytes();
    let mut stream = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
    drop(stream);
    assert_eq!(sizes(&client, &id).await, ["5"]);
}

#[tokio::test]
async fn upload_part_sizes() {
    let (_server, client, id) = upload(&[]).await;
    // Larger than a part may be: said before the body is sent.
    let reply = client
        .put(&format!("{K}?partNumber=1&uploadId={id}"))
        .header("content-length", "5368709121")
        .payload_hash("UNSIGNED-PAYLOAD")
        .send()
        .await;
    let fields = [("ProposedSize", "5368709121"), ("MaxSizeAllowed", "5368709120")];
    refused(&reply, 400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", &fields);
    let reply =
        put(&client, &id, "1").streaming(Streaming::Signed).header("x-amz-decoded-content-length", "5368709121");
    let reply = reply.send().await;
    refused(&reply, 400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", &fields);
    // An empty part is a part.
    let empty = upload_part(&client, K, &id, 1, b"").await.expect_status(200);
    assert_eq!(empty.header("etag"), Some("\"d41d8cd98f00b204e9800998ecf8427e\""));
    assert_eq!(sizes(&client, &id).await, ["0"]);
}

#[tokio::test]
async fn upload_part_without_length() {
    let (_server, client, id) = upload(&[]).await;
    let target = format!("{K}?partNumber=1&uploadId={id}");
    let reply = client.put(&target).without_header("content-length").send().await;
    let message = "You must provide the Content-Length HTTP header.";
    refused(&reply, 411, "MissingContentLength", message, &[]);
    let reply = client.put(&target).body("hello").http_chunked().send().await;
    let message = "A header you provided implies functionality that is not implemented";
    refused(&reply, 501, "NotImplemented", message, &[("Header", "Transfer-Encoding")]);
    put(&client, &id, "1").http_chunked().streaming(Streaming::Signed).send().await.expect_status(200);
}
