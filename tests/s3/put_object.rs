//! `PutObject`: what is kept of a request, keys and sizes at their limits, and what is refused by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";

async fn put(client: &RawClient, headers: &[(&str, &str)]) -> Reply {
    let mut request = client.put(K).body(b"hello");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

/// A request with these headers is refused with these fields, and makes no object.
async fn refused(headers: &[(&str, &str)], status: u16, fields: &[(&str, &str)]) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, headers).await.expect_fields(status, fields);
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn put_object_answer() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = put(&client, &[]).await.expect_status(200);
    assert_eq!(reply.body, b"");
    assert_eq!(reply.header("content-type"), None);
    assert_eq!(reply.header("etag"), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(reply.header("x-amz-server-side-encryption"), Some("AES256"));
    assert!(reply.header("x-amz-checksum-crc64nvme").is_some());
    assert_eq!(reply.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    assert_eq!(reply.header("x-amz-version-id"), None);
    assert_eq!(reply.header("server"), Some("AmazonS3"));
    let id = reply.header("x-amz-request-id").unwrap();
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), "{id}");
    assert!(reply.header("x-amz-id-2").unwrap().len() >= 40);
    assert!(reply.header("date").is_some());
}

#[tokio::test]
async fn put_object_stored_headers_come_back() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let stored = [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-language", "sl, en"),
        ("content-disposition", "attachment; filename=\"a b.txt\""),
        ("cache-control", "max-age=60, public"),
        ("content-encoding", "gzip, br"),
        ("expires", "tomorrow, perhaps"),
        ("x-amz-website-redirect-location", "/elsewhere"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-meta-colour", "blue"),
        ("x-amz-meta-empty", ""),
    ];
    put(&client, &stored).await.expect_status(200);
    for reply in [client.get(K).send().await, client.head(K).send().await] {
        assert_eq!(reply.status, 200);
        for (name, value) in stored {
            assert_eq!(reply.header(name), Some(value), "{name}");
        }
    }
    // A put replaces all of it.
    put(&client, &[]).await.expect_status(200);
    let head = client.head(K).send().await.expect_status(200);
    assert_eq!(head.header("content-type"), Some("binary/octet-stream"));
    for (name, _) in &stored[1..] {
        assert_eq!(head.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn put_object_empty_content_type() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, &[("content-type", "")]).await.expect_status(200);
    let head = client.head(K).send().await;
    assert_eq!(head.header("content-type"), Some("binary/octet-stream"));
}

#[tokio::test]
async fn put_object_aws_chunked_is_no_content_encoding() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for (sent, kept) in
        [("aws-chunked", None), ("gzip,aws-chunked", Some("gzip")), ("gzip, aws-chunked, br", Some("gzip, br"))]
    {
        put(&client, &[("content-encoding", sent)]).await.expect_status(200);
        assert_eq!(client.head(K).send().await.header("content-encoding"), kept, "{sent}");
    }
}

#[tokio::test]
async fn put_object_metadata_of_repeated_headers_is_joined() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, &[("x-amz-meta-n", "one"), ("X-Amz-Meta-N", "two")]).await.expect_status(200);
    assert_eq!(client.head(K).send().await.header("x-amz-meta-n"), Some("one,two"));
}

#[tokio::test]
async fn put_object_metadata_beyond_ascii() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let cases: [(&[u8], &str); 9] = [
        (b"=?UTF-8?Q?h=C3=A9llo_w=C3=B6rld?=", "=?UTF-8?Q?h=C3=A9llo_w=C3=B6rld?="),
        (b"=?UTF-8?B?aMOpbGxv?=", "=?UTF-8?Q?h=C3=A9llo?="),
        (b"=?UTF-8?Q?plain?=", "plain"),
        (b"=?UTF-8?B?w6QB?=", "=?UTF-8?B?w6QB?="),
        (b"h\xE9", "=?UTF-8?B?aMOp?="),
        ("=?UTF-8?B?77+977+9?=".as_bytes(), "=?UTF-8?B?77+977+9?="),
        (b"a\tb", "a\tb"),
        (
            "a value that is longer than a word of mail may be: “”".as_bytes(),
            "=?UTF-8?Q?a_value_that_is_longer_than_?= =?UTF-8?Q?a_word_of_mail_may_be:_=C3=A2=C2=80=C2=9C=C3=A2=C2=80=C2=9D?=",
        ),
        // The example of AWS's guide, in UTF-8.
        ("ÄMÄZÕÑ S3".as_bytes(), "=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?="),
    ];
    for (sent, shown) in cases {
        client.put(K).header("x-amz-meta-text", sent).send().await.expect_status(200);
        assert_eq!(client.head(K).send().await.header("x-amz-meta-text"), Some(shown));
    }
}

#[tokio::test]
async fn put_object_metadata_that_no_header_can_say_is_counted() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, &[("x-amz-meta-lines", "=?UTF-8?Q?one=0Atwo?="), ("x-amz-meta-a", "1")]).await.expect_status(200);
    let head = client.head(K).send().await.expect_status(200);
    assert_eq!(head.header("x-amz-missing-meta"), Some("1"));
    assert_eq!((head.header("x-amz-meta-lines"), head.header("x-amz-meta-a")), (None, Some("1")));
}

#[tokio::test]
async fn put_object_content_headers_come_back_byte_for_byte() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for sent in ["attachment; filename=\"š—é.txt\"".as_bytes(), b"attachment; filename=\"\xE9.txt\""] {
        client.put(K).header("content-disposition", sent).send().await.expect_status(200);
        let head = client.head(K).send().await.expect_status(200);
        let bytes: String = sent.iter().map(|byte| char::from(*byte)).collect();
        assert_eq!(head.header("content-disposition"), Some(bytes.as_str()));
    }
}

#[tokio::test]
async fn put_object_metadata_in_a_presigned_url() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let target = client.presigned_target(
        "PUT",
        &format!("{K}?x-amz-meta-a=b&x-amz-meta-u=h%C3%A9&x-amz-storage-class=STANDARD_IA"),
        60,
    );
    client.put(&target).anonymous().body(b"x").send().await.expect_status(200);
    let head = client.head(K).send().await;
    assert_eq!(head.header("x-amz-meta-a"), Some("b"));
    assert_eq!(head.header("x-amz-meta-u"), Some("=?UTF-8?B?aMOp?="));
    assert_eq!(head.header("x-amz-storage-class"), Some("STANDARD_IA"));
}

#[tokio::test]
async fn put_object_metadata_limit() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let fits = "v".repeat(2048 - 4);
    put(&client, &[("x-amz-meta-name", &fits)]).await.expect_status(200);
    let too_long = "v".repeat(2048 - 3);
    put(&client, &[("x-amz-meta-name", &too_long)]).await.expect_fields(
        400,
        &[
            ("Code", "MetadataTooLarge"),
            ("Message", "Your metadata headers exceed the maximum allowed metadata size"),
            ("Size", "2049"),
            ("MaxSizeAllowed", "2048"),
        ],
    );
}

#[tokio::test]
async fn put_object_storage_class() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for class in ["REDUCED_REDUNDANCY", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"] {
        put(&client, &[("x-amz-storage-class", class)]).await.expect_status(200);
        assert_eq!(client.head(K).send().await.header("x-amz-storage-class"), Some(class));
    }
    put(&client, &[("x-amz-storage-class", "STANDARD")]).await.expect_status(200);
    assert_eq!(client.head(K).send().await.header("x-amz-storage-class"), None);
    for class in ["OUTPOSTS", "EXPRESS_ONEZONE", "standard", "x"] {
        refused(
            &[("x-amz-storage-class", class)],
            400,
            &[
                ("Code", "InvalidStorageClass"),
                ("Message", "The storage class you specified is not valid"),
                ("StorageClassRequested", class),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn put_object_website_redirect() {
    let message = "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
    let fields = [("Code", "InvalidRedirectLocation"), ("Message", message)];
    refused(&[("x-amz-website-redirect-location", "elsewhere")], 400, &fields).await;
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let put = |bytes: usize| client.put("/bkt/k").header("x-amz-website-redirect-location", "/".repeat(bytes));
    put(2048).send().await.expect_status(200);
    let message = "The length of website redirect location cannot exceed 2,048 characters.";
    let fields = [("Code", "InvalidRedirectLocation"), ("Message", message)];
    put(2049).send().await.expect_fields(400, &fields);
    client
        .post("/bkt/k?uploads")
        .header("x-amz-website-redirect-location", "/".repeat(2049))
        .send()
        .await
        .expect_fields(400, &fields);
}

#[tokio::test]
async fn put_object_features_that_do_not_exist_are_refused_by_name() {
    let message = "A header you provided implies functionality that is not implemented";
    for (name, value) in [("x-amz-write-offset-bytes", "5"), ("x-amz-rename-source", "/bkt/other")] {
        refused(&[(name, value)], 501, &[("Code", "NotImplemented"), ("Message", message), ("Header", name)]).await;
    }
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let rename = client.put(&format!("{K}?renameObject")).header("x-amz-rename-source", "/bkt/other").send().await;
    let message = "A query parameter you provided implies functionality that is not implemented";
    let fields = [("Code", "NotImplemented"), ("Message", message), ("QueryParameter", "renameObject")];
    rename.expect_fields(501, &fields);
}

#[tokio::test]
async fn put_object_content_md5() {
    refused(
        &[("content-md5", "not base64")],
        400,
        &[
            ("Code", "InvalidDigest"),
            ("Message", "The Content-MD5 you specified was invalid."),
            ("Content-MD5", "not base64"),
        ],
    )
    .await;
    refused(
        &[("content-md5", "AAAA")],
        400,
        &[
            ("Code", "InvalidDigest"),
            ("Message", "The Content-MD5 you specified was invalid."),
            ("Content-MD5", "AAAA"),
        ],
    )
    .await;
    // The digest that was expected is shown in hexadecimal, the other in base64: a quirk of AWS's.
    refused(
        &[("content-md5", &STANDARD.encode([0xAB; 16]))],
        400,
        &[
            ("Code", "BadDigest"),
            ("Message", "The Content-MD5 you specified did not match what we received."),
            ("ExpectedDigest", &"ab".repeat(16)),
            ("CalculatedDigest", "XUFAKrxLKna5cZ2REBfFkg=="),
        ],
    )
    .await;
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, &[("content-md5", "XUFAKrxLKna5cZ2REBfFkg==")]).await.expect_status(200);
}

#[tokio::test]
async fn put_object_sizes_at_thresholds() {
    let sizes = [0, 1, 8191, 8192, 8193, 65_536, (512 << 10) - 1, 512 << 10, (512 << 10) + 1, 3 << 20];
    for server in [TestServer::start().await, TestServer::on_disk(|builder| builder).await] {
        let client = server.bucket().await;
        for size in sizes {
            let body: Vec<u8> = (0..size).map(|at: usize| u8::try_from(at * 7 % 251).unwrap()).collect();
            let put = client.put(K).body(&body).send().await.expect_status(200);
            let got = client.get(K).send().await.expect_status(200);
            assert!(got.body == body, "{size}");
            assert_eq!(got.header("content-length"), Some(size.to_string().as_str()));
            assert_eq!(got.header("etag"), put.header("etag"));
        }
    }
}

#[tokio::test]
async fn put_object_keys_are_taken_literally() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let longest = "k".repeat(1024);
    let keys = [
        (".", "."),
        ("..", ".."),
        ("../x", "../x"),
        ("a/./b", "a/./b"),
        ("/", "/"),
        ("//", "//"),
        ("a//b", "a//b"),
        ("a/", "a/"),
        ("a", "a"),
        ("a%2Fb", "a/b"),
        ("a%20b+c", "a b+c"),
        ("%C3%A4%F0%9F%8C%8D", "ä🌍"),
        ("%25zz%3F%23%26", "%zz?#&"),
        ("line%0Abreak%09tab", "line\nbreak\ttab"),
        (longest.as_str(), longest.as_str()),
    ];
    for (raw, key) in keys {
        client.put(&format!("/bkt/{raw}")).body(key).send().await.expect_status(200);
    }
    for (raw, key) in keys {
        let got = client.get(&format!("/bkt/{raw}")).send().await.expect_status(200);
        assert_eq!(String::from_utf8(got.body).unwrap(), key);
    }
    let listed = client.get("/bkt?list-type=2").send().await.expect_status(200);
    let mut expected: Vec<&str> = keys.iter().map(|(_, key)| *key).collect();
    expected.sort_unstable_by_key(|key| key.as_bytes());
    assert_eq!(listed.xml_all("Key"), expected);
    // A control character that XML 1.0 cannot write.
    client.put("/bkt/%01").body("x").send().await.expect_status(200);
    client.get("/bkt/%01").send().await.expect_status(200);
    let missing = client.get("/bkt/%01%7F%3C").send().await.expect_error(404, "NoSuchKey");
    assert!(missing.text().contains("<Key>&#x1;"), "{}", missing.text());
    assert_eq!(missing.xml_text("Key").as_deref(), Some("\u{1}\u{7F}<"));
}

#[tokio::test]
async fn put_object_by_many_at_once() {
    let server = TestServer::on_disk(|builder| builder).await;
    let client = server.bucket().await;
    let writers: Vec<_> =
        (b'a'..=b'p').map(|letter| tokio::spawn(client.put(K).body(vec![letter; 50_000]).send())).collect();
    for writer in writers {
        writer.await.unwrap().expect_status(200);
    }
    let got = client.get(K).send().await.expect_status(200).body;
    assert!(got.len() == 50_000 && got.iter().all(|byte| *byte == got[0]), "one of them, and all of it");
}

#[tokio::test]
async fn put_object_key_too_long() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for (key, size) in [("k".repeat(1025), "1025"), ("%C3%A4".repeat(600), "1200")] {
        client.put(&format!("/bkt/{key}")).body("x").send().await.expect_fields(
            400,
            &[
                ("Code", "KeyTooLongError"),
                ("Message", "Your key is too long"),
                ("Size", size),
                ("MaxSizeAllowed", "1024"),
            ],
        );
    }
}

#[tokio::test]
async fn put_object_too_large_is_said_before_the_body() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let request = client.put(K).payload_hash("UNSIGNED-PAYLOAD").header("content-length", "5368709121");
    client.send_raw(&request.into_bytes()).await.expect_fields(
        400,
        &[
            ("Code", "EntityTooLarge"),
            ("Message", "Your proposed upload exceeds the maximum allowed size"),
            ("ProposedSize", "5368709121"),
            ("MaxSizeAllowed", "5368709120"),
        ],
    );
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn put_object_without_a_length() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let fields = [("Code", "MissingContentLength"), ("Message", "You must provide the Content-Length HTTP header.")];
    client.put(K).without_header("content-length").send().await.expect_fields(411, &fields);
    let message = "A header you provided implies functionality that is not implemented";
    let fields = [("Code", "NotImplemented"), ("Message", message), ("Header", "Transfer-Encoding")];
    client.put(K).body("x").http_chunked().send().await.expect_fields(501, &fields);
}

#[tokio::test]
async fn put_object_has_no_version_to_write_to() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(&format!("{K}?versionId=null")).body("x").send().await.expect_fields(
        400,
        &[
            ("Code", "InvalidArgument"),
            ("Message", "This operation does not accept a version-id."),
            ("ArgumentName", "versionId"),
            ("ArgumentValue", "null"),
        ],
    );
    client.put(&format!("{K}?partNumber=1")).body("x").send().await.expect_fields(
        400,
        &[
            ("Code", "InvalidArgument"),
            ("Message", "This operation does not accept partNumber without uploadId"),
            ("ArgumentName", "partNumber"),
            ("ArgumentValue", "1"),
        ],
    );
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

#[tokio::test]
async fn put_object_no_bucket() {
    let server = TestServer::start().await;
    let fields =
        [("Code", "NoSuchBucket"), ("Message", "The specified bucket does not exist"), ("BucketName", "nowhere")];
    server.client().put("/nowhere/k").body("x").send().await.expect_fields(404, &fields);
}

#[tokio::test]
async fn put_object_copy_source_on_other_operations() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("kept").send().await.expect_status(200);
    for request in [client.get(K), client.delete(K), client.post(&format!("{K}?uploads")), client.get("/bkt")] {
        request.header("x-amz-copy-source", "/bkt/k").send().await.expect_fields(
            400,
            &[
                ("Code", "InvalidArgument"),
                ("Message", "You can only specify a copy source header for copy requests."),
                ("ArgumentName", "x-amz-copy-source"),
                ("ArgumentValue", "/bkt/k"),
            ],
        );
    }
    client.head(K).header("x-amz-copy-source", "/bkt/k").send().await.expect_status(400);
    client.get(K).send().await.expect_status(200);
}

#[tokio::test]
async fn put_object_overwrites() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for body in ["one", "two", ""] {
        client.put(K).body(body).send().await.expect_status(200);
        assert_eq!(client.get(K).send().await.text(), body);
    }
    assert_eq!(client.get("/bkt").send().await.xml_all("Key"), ["k"]);
}

#[tokio::test]
async fn put_object_expected_bucket_owner() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, &[("x-amz-expected-bucket-owner", "000000000000")]).await.expect_status(200);
    let fields = [("Code", "AccessDenied"), ("Message", "Access Denied")];
    put(&client, &[("x-amz-expected-bucket-owner", "111111111111")]).await.expect_fields(403, &fields);
    let message = "The value of the expected bucket owner parameter must be an AWS Account ID... [me]";
    let fields = [("Code", "InvalidBucketOwnerAWSAccountID"), ("Message", message)];
    put(&client, &[("x-amz-expected-bucket-owner", "me")]).await.expect_fields(400, &fields);
}
