//! Copies of objects with SSE-C, into others with another key, with the same, or with none; and back.

use super::{K, assert_encrypted, bytes, get, key, put, with_key, with_source_key};
use crate::support::server::{TestServer, complete, part_list};
use staves::wire::md5::Md5;

#[tokio::test]
async fn copy_object_between_keys() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for size in [5, 300_000] {
        let body = bytes(size);
        let md5 = format!("\"{}\"", hex::encode(Md5::digest(&body)));
        put(&client, K, &body, &key(1)).await.expect_status(200);
        client.put("/bkt/plain").body(&body).send().await.expect_status(200);
        let copy = |to: &str, from: &str| client.put(to).header("x-amz-copy-source", from);

        let other = with_source_key(with_key(copy("/bkt/other", K), &key(2)), &key(1)).send().await.expect_status(200);
        assert_encrypted(&other, &key(2));
        assert!(get(&client, "/bkt/other", &key(2)).await.expect_status(200).body == body);
        get(&client, "/bkt/other", &key(1)).await.expect_error(403, "AccessDenied");

        let same = with_source_key(with_key(copy("/bkt/same", K), &key(1)), &key(1)).send().await.expect_status(200);
        assert_ne!(same.xml_text("ETag"), other.xml_text("ETag"));
        assert!(get(&client, "/bkt/same", &key(1)).await.expect_status(200).body == body);

        // Without a word about the copy it is as its bucket has it.
        let out = with_source_key(copy("/bkt/out", K), &key(1)).send().await.expect_status(200);
        assert_eq!(out.header("x-amz-server-side-encryption"), Some("AES256"));
        assert_eq!(out.xml_text("ETag"), Some(md5.clone()));
        assert!(client.get("/bkt/out").send().await.expect_status(200).body == body);

        let into = with_key(copy("/bkt/into", "/bkt/plain"), &key(3)).send().await.expect_status(200);
        assert_ne!(into.xml_text("ETag"), Some(md5));
        assert_eq!(into.xml_text("ChecksumCRC64NVME"), out.xml_text("ChecksumCRC64NVME"));
        assert!(get(&client, "/bkt/into", &key(3)).await.expect_status(200).body == body);
    }
    let removed = client.delete(K).send().await;
    assert_eq!(removed.status, 204);
    // The copy with the same key shares its bytes, and outlives it.
    assert!(get(&client, "/bkt/same", &key(1)).await.expect_status(200).body == bytes(300_000));
}

#[tokio::test]
async fn copy_object_onto_itself_with_a_new_key() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, K, b"hello", &key(1)).await.expect_status(200);
    let copy = client.put(K).header("x-amz-copy-source", K);
    with_source_key(with_key(copy, &key(2)), &key(1)).send().await.expect_status(200);
    assert_eq!(get(&client, K, &key(2)).await.expect_status(200).body, b"hello");
    get(&client, K, &key(1)).await.expect_error(403, "AccessDenied");
}

#[tokio::test]
async fn upload_part_copy_between_keys() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let body = bytes(200_000);
    put(&client, K, &body, &key(1)).await.expect_status(200);
    client.put("/bkt/plain").body(&body).send().await.expect_status(200);
    let create = with_key(client.post("/bkt/m?uploads"), &key(2)).send().await.expect_status(200);
    let id = create.xml_text("UploadId").unwrap();
    let part = |number: u32, from: &str| {
        client.put(&format!("/bkt/m?partNumber={number}&uploadId={id}")).header("x-amz-copy-source", from)
    };
    let range = "x-amz-copy-source-range";
    let first = with_source_key(with_key(part(1, K), &key(2)), &key(1)).header(range, "bytes=65000-70000");
    let first = first.send().await.expect_status(200);
    assert_encrypted(&first, &key(2));
    let second = with_key(part(2, "/bkt/plain"), &key(2)).send().await.expect_status(200);
    put(&client, "/bkt/own", &body, &key(2)).await.expect_status(200);
    let third = with_source_key(with_key(part(3, "/bkt/own"), &key(2)), &key(2)).header(range, "bytes=1-131072");
    let third = third.send().await.expect_status(200);
    let etags: Vec<String> = [first, second, third].iter().map(|reply| reply.xml_text("ETag").unwrap()).collect();
    let list = part_list((1..).zip(etags.iter().map(String::as_str)));
    complete(&client, "/bkt/m", &id, &list).await.expect_status(200);
    let expected = [&body[65_000..=70_000], &body, &body[1..=131_072]].concat();
    assert!(get(&client, "/bkt/m", &key(2)).await.expect_status(200).body == expected);
    let read = with_key(client.get("/bkt/m"), &key(2)).header("range", "bytes=4990-5010").send().await;
    assert_eq!(read.expect_status(206).body, &expected[4_990..=5_010]);

    // Out of it, into an upload without a key.
    let id = client.post("/bkt/n?uploads").send().await.xml_text("UploadId").unwrap();
    let request = client.put(&format!("/bkt/n?partNumber=1&uploadId={id}")).header("x-amz-copy-source", "/bkt/m");
    let out = with_source_key(request, &key(2)).send().await.expect_status(200);
    assert_eq!(out.xml_text("ETag"), Some(format!("\"{}\"", hex::encode(Md5::digest(&expected)))));
}
