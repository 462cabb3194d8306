//! SSE-C: an object and its client's own key, from writing to reading, in one piece and in parts. What is on disk is in
//! `sse_c/at_rest`, what is refused in `sse_c/refused`.

#[path = "sse_c/at_rest.rs"]
mod at_rest;
#[path = "sse_c/copies.rs"]
mod copies;
#[path = "sse_c/refused.rs"]
mod refused;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::wire::md5::Md5;

use crate::support::server::{TestServer, complete, part_list};
use crate::support::{RawClient, Reply, RequestBuilder};

pub(crate) const ALGORITHM: &str = "x-amz-server-side-encryption-customer-algorithm";
pub(crate) const KEY: &str = "x-amz-server-side-encryption-customer-key";
pub(crate) const KEY_MD5: &str = "x-amz-server-side-encryption-customer-key-md5";
const K: &str = "/bkt/k";

/// Bytes that repeat nowhere within a few kilobytes.
fn bytes(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..count).map(next).collect()
}

fn key(byte: u8) -> [u8; 32] {
    let mut key = [byte; 32];
    key[31] ^= 0x5a;
    key
}

/// The three headers of a key.
pub(crate) fn with_key(request: RequestBuilder, key: &[u8]) -> RequestBuilder {
    with_headers(request, "AES256", &STANDARD.encode(key), &STANDARD.encode(Md5::digest(key)))
}

fn with_headers(request: RequestBuilder, algorithm: &str, key: &str, md5: &str) -> RequestBuilder {
    request.header(ALGORITHM, algorithm).header(KEY, key).header(KEY_MD5, md5)
}

/// The three headers of the key of a copy's source.
fn with_source_key(request: RequestBuilder, key: &[u8]) -> RequestBuilder {
    request
        .header("x-amz-copy-source-server-side-encryption-customer-algorithm", "AES256")
        .header("x-amz-copy-source-server-side-encryption-customer-key", STANDARD.encode(key))
        .header("x-amz-copy-source-server-side-encryption-customer-key-md5", STANDARD.encode(Md5::digest(key)))
}

async fn put(client: &RawClient, target: &str, body: &[u8], key: &[u8]) -> Reply {
    with_key(client.put(target).body(body), key).send().await
}

async fn get(client: &RawClient, target: &str, key: &[u8]) -> Reply {
    with_key(client.get(target), key).send().await
}

/// An upload with a key, of these parts, completed. Returns the id and the answer.
async fn multipart(client: &RawClient, target: &str, parts: &[&[u8]], key: &[u8]) -> Reply {
    let create = with_key(client.post(&format!("{target}?uploads")), key).send().await.expect_status(200);
    assert_encrypted(&create, key);
    let id = create.xml_text("UploadId").unwrap();
    let mut etags = Vec::new();
    for (number, part) in (1..).zip(parts) {
        let request = client.put(&format!("{target}?partNumber={number}&uploadId={id}")).body(part);
        let reply = with_key(request, key).send().await.expect_status(200);
        assert_encrypted(&reply, key);
        assert_ne!(reply.header("etag"), Some(format!("\"{}\"", hex::encode(Md5::digest(part))).as_str()));
        etags.push((number, reply.header("etag").unwrap().to_owned()));
    }
    complete(client, target, &id, &part_list(etags.iter().map(|(number, etag)| (*number, etag.as_str())))).await
}

/// The answer echoes the key's digest, and shows no other encryption.
fn assert_encrypted(reply: &Reply, key: &[u8]) {
    assert_eq!(reply.header(ALGORITHM), Some("AES256"), "{reply:?}");
    assert_eq!(reply.header(KEY_MD5), Some(STANDARD.encode(Md5::digest(key)).as_str()));
    assert_eq!(reply.header("x-amz-server-side-encryption"), None);
    assert_eq!(reply.header(KEY), None);
}

#[tokio::test]
async fn put_get_head_with_the_key() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for size in [0, 1, 13, 8192, 8193, 65_536, 300_000] {
        let body = bytes(size);
        let reply = put(&client, K, &body, &key(1)).await.expect_status(200);
        assert_encrypted(&reply, &key(1));
        let etag = reply.header("etag").unwrap().to_owned();
        assert_ne!(etag, format!("\"{}\"", hex::encode(Md5::digest(&body))));
        assert!(reply.header("x-amz-checksum-crc64nvme").is_some());
        let read = get(&client, K, &key(1)).await.expect_status(200);
        assert_encrypted(&read, &key(1));
        assert!(read.body == body, "{size}");
        assert_eq!(read.header("etag"), Some(etag.as_str()));
        let head = with_key(client.head(K), &key(1)).send().await.expect_status(200);
        assert_encrypted(&head, &key(1));
        assert_eq!(head.header("content-length"), Some(size.to_string().as_str()));
        let listed = client.get("/bkt?list-type=2").send().await;
        assert_eq!(listed.xml_text("Size"), Some(size.to_string()));
    }
    // The same bytes have another ETag each time.
    let first = put(&client, K, b"x", &key(1)).await;
    assert_ne!(first.header("etag"), put(&client, K, b"x", &key(1)).await.header("etag"));
}

#[tokio::test]
async fn get_object_ranges_of_blocks() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let body = bytes(400_000);
    put(&client, K, &body, &key(1)).await.expect_status(200);
    for (first, last) in
        [(0, 0), (0, 65_535), (65_535, 65_536), (65_536, 131_071), (100_000, 399_999), (399_999, 399_999)]
    {
        let range = format!("bytes={first}-{last}");
        let reply = with_key(client.get(K), &key(1)).header("range", &range).send().await.expect_status(206);
        assert!(reply.body == body[first..=last], "{range}");
        assert_eq!(reply.header("content-range"), Some(format!("bytes {first}-{last}/400000").as_str()));
        assert_encrypted(&reply, &key(1));
    }
    let tail = with_key(client.get(K), &key(1)).header("range", "bytes=-7").send().await.expect_status(206);
    assert_eq!(tail.body, &body[399_993..]);
}

#[tokio::test]
async fn multipart_uploads_and_their_parts() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let body = bytes(200_000);
    let parts = [&body[..70_001], &body[70_001..70_020], &body[70_020..]];
    let completed = multipart(&client, "/bkt/m", &parts, &key(2)).await.expect_status(200);
    let etag = completed.xml_text("ETag").unwrap();
    assert!(etag.ends_with("-3\""));
    // No key in this answer, and no checksum of an object that has none.
    assert_eq!((completed.header(ALGORITHM), completed.header("x-amz-server-side-encryption")), (None, None));
    assert_eq!(completed.xml_text("ChecksumType"), None);
    let read = with_key(client.get("/bkt/m"), &key(2)).header("x-amz-checksum-mode", "ENABLED").send().await;
    let read = read.expect_status(200);
    assert!(read.body == body);
    assert_eq!(read.header("etag"), Some(etag.as_str()));
    assert!(!read.headers.iter().any(|(name, _)| name.starts_with("x-amz-checksum")), "{read:?}");
    for (number, part) in (1..).zip(parts) {
        let reply = get(&client, &format!("/bkt/m?partNumber={number}"), &key(2)).await.expect_status(206);
        assert!(reply.body == part, "part {number}");
        assert_eq!(reply.header("x-amz-mp-parts-count"), Some("3"));
    }
    let range = with_key(client.get("/bkt/m"), &key(2)).header("range", "bytes=69990-70030").send().await;
    assert_eq!(range.expect_status(206).body, &body[69_990..=70_030]);
    let attributes = with_key(client.get("/bkt/m?attributes"), &key(2))
        .header("x-amz-object-attributes", "ETag,Checksum,ObjectSize")
        .send()
        .await
        .expect_status(200);
    assert_eq!(attributes.xml_text("ObjectSize").as_deref(), Some("200000"));
    assert_eq!(attributes.xml_text("ETag").map(|etag| format!("\"{etag}\"")), Some(etag));
    assert_eq!(attributes.xml_text("Checksum"), None);
}

#[tokio::test]
async fn a_declared_checksum_is_shown_and_completion_needs_the_key() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let create = client.post("/bkt/m?uploads").header("x-amz-checksum-algorithm", "CRC32");
    let create = create.header("x-amz-checksum-type", "FULL_OBJECT");
    let id = with_key(create, &key(1)).send().await.expect_status(200).xml_text("UploadId").unwrap();
    let request = client.put(&format!("/bkt/m?partNumber=1&uploadId={id}")).body(b"hello");
    let part = with_key(request, &key(1)).send().await.expect_status(200);
    let list = part_list([(1, part.header("etag").unwrap())]);
    complete(&client, "/bkt/m", &id, &list).await.expect_error(400, "InvalidArgument");
    let completion = || client.post(&format!("/bkt/m?uploadId={id}")).body(list.as_bytes());
    let other = with_key(completion(), &key(2)).send().await.expect_error(400, "InvalidRequest");
    let message = "The provided encryption parameters did not match the ones used originally.";
    assert_eq!(other.xml_text("Message").as_deref(), Some(message));
    let completed = with_key(completion(), &key(1)).send().await.expect_status(200);
    assert_eq!(completed.xml_text("ChecksumCRC32").as_deref(), Some("NhCmhg=="));
    let read = with_key(client.get("/bkt/m"), &key(1)).header("x-amz-checksum-mode", "ENABLED").send().await;
    assert_eq!(read.expect_status(200).header("x-amz-checksum-crc32"), Some("NhCmhg=="));
}

#[tokio::test]
async fn each_version_has_a_key_of_its_own() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    client.put("/bkt?versioning").body(enabled).send().await.expect_status(200);
    let first = put(&client, K, b"first", &key(1)).await.expect_status(200);
    let second = put(&client, K, b"second", &key(2)).await.expect_status(200);
    let version = |reply: &Reply| format!("{K}?versionId={}", reply.header("x-amz-version-id").unwrap());
    assert_eq!(get(&client, &version(&first), &key(1)).await.expect_status(200).body, b"first");
    assert_eq!(get(&client, &version(&second), &key(2)).await.expect_status(200).body, b"second");
    get(&client, &version(&first), &key(2)).await.expect_error(403, "AccessDenied");
    // Deleting needs no key.
    client.delete(&version(&second)).send().await.expect_status(204);
    assert_eq!(get(&client, K, &key(1)).await.expect_status(200).body, b"first");
}

#[tokio::test]
async fn presigned_urls_with_headers_and_with_parameters() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    with_key(client.put(K).body(b"hello"), &key(1)).presigned(60).send().await.expect_status(200);
    assert_eq!(with_key(client.get(K), &key(1)).presigned(60).send().await.expect_status(200).body, b"hello");
    // As the JavaScript SDK has it: in the query.
    let query: Vec<String> = [
        (ALGORITHM, "AES256".to_owned()),
        (KEY, STANDARD.encode(key(1))),
        (KEY_MD5, STANDARD.encode(Md5::digest(&key(1)))),
    ]
    .iter()
    .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")))
    .collect();
    let reply = client.get(&format!("{K}?{}", query.join("&"))).presigned(60).send().await.expect_status(200);
    assert_eq!(reply.body, b"hello");
    assert_encrypted(&reply, &key(1));
    // A signed header that is not sent.
    let signed = with_key(client.get(K), &key(1)).presigned(60).without_header(KEY).send().await;
    assert_eq!(signed.status, 403, "{signed:?}");
}

#[tokio::test]
async fn forms_bring_a_key_in_their_fields() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.delete("/bkt?publicAccessBlock").send().await.expect_status(204);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:PutObject","s3:GetObject"],"Resource":"arn:aws:s3:::bkt/*"}]}"#;
    client.put("/bkt?policy").body(policy).send().await.expect_status(204);
    let (key_base64, md5) = (STANDARD.encode(key(1)), STANDARD.encode(Md5::digest(&key(1))));
    let fields = [("key", "k"), (ALGORITHM, "AES256"), (KEY, &key_base64), (KEY_MD5, &md5)];
    let field = |(name, value): &(&str, &str)| {
        format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhello\r\n--b--\r\n";
    let form = fields.iter().map(field).collect::<String>() + file;
    let post = client.post("/bkt").header("content-type", "multipart/form-data; boundary=b").body(form);
    let reply = post.anonymous().send().await.expect_status(204);
    assert_encrypted(&reply, &key(1));
    assert_ne!(reply.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    client.get(K).send().await.expect_error(400, "InvalidRequest");
    assert_eq!(get(&client, K, &key(1)).await.expect_status(200).body, b"hello");
}
