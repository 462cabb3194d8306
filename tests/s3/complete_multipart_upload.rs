//! `CompleteMultipartUpload`: every way to be refused, in AWS's words, and what success is.

use crate::support::server::{SMALL_PART, TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";
const CRC32_OF_A16: &str = "z9Zo1Q==";

fn part(letter: u8) -> Vec<u8> {
    vec![letter; usize::try_from(SMALL_PART).unwrap()]
}

/// A server, a client, and an upload with two parts of 16 bytes; with their ETags.
async fn two_parts(headers: &[(&str, &str)]) -> (TestServer, RawClient, String, [String; 2]) {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, headers).await;
    let one = upload_part(&client, K, &id, 1, &part(b'a')).await.expect_status(200);
    let two = upload_part(&client, K, &id, 2, &part(b'b')).await.expect_status(200);
    let etags = [one, two].map(|reply| reply.header("etag").unwrap().to_owned());
    (server, client, id, etags)
}

fn fields(reply: &Reply) -> Vec<(String, String)> {
    reply.stable_error_fields()
}

fn expect(reply: &Reply, status: u16, expected: &[(&str, &str)]) {
    let expected: Vec<(String, String)> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    assert_eq!((reply.status, fields(reply)), (status, expected), "{}", reply.text());
    assert!(reply.text().starts_with("<Error>"), "no declaration before this operation's errors: {}", reply.text());
}

async fn refused(headers: &[(&str, &str)], list: &str, status: u16, expected: &[(&str, &str)]) {
    let (_server, client, id, _) = two_parts(&[]).await;
    let mut request = client.post(&format!("{K}?uploadId={id}")).body(list.as_bytes());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let filled: Vec<(&str, String)> = expected.iter().map(|(n, v)| (*n, v.replace("{id}", &id))).collect();
    let filled: Vec<(&str, &str)> = filled.iter().map(|(n, v)| (*n, v.as_str())).collect();
    expect(&request.send().await, status, &filled);
    // Whatever was refused has changed nothing: the upload is still there, with its parts.
    let listing = client.get(&format!("{K}?uploadId={id}")).send().await.expect_status(200);
    assert_eq!(listing.xml_all("PartNumber"), ["1", "2"]);
    client.get(K).send().await.expect_error(404, "NoSuchKey");
}

const MALFORMED: [(&str, &str); 2] = [
    ("Code", "MalformedXML"),
    ("Message", "The XML you provided was not well-formed or did not validate against our published schema"),
];

#[tokio::test]
async fn complete_multipart_upload_success() {
    let (_server, client, id, [one, two]) = two_parts(&[]).await;
    let list = part_list([(1, one.as_str()), (2, two.as_str())]);
    let reply = complete(&client, K, &id, &list).await.expect_status(200);
    let text = reply.text();
    assert!(
        text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<CompleteMultipartUploadResult "),
        "{text}"
    );
    assert_eq!(reply.xml_text("Bucket").as_deref(), Some("bkt"));
    assert_eq!(reply.xml_text("Key").as_deref(), Some("k"));
    assert!(reply.xml_text("Location").unwrap().ends_with("/bkt/k"));
    assert_eq!(reply.xml_text("ChecksumType").as_deref(), Some("FULL_OBJECT"));
    let got = client.get(K).header("x-amz-checksum-mode", "ENABLED").send().await.expect_status(200);
    assert_eq!(got.body, [part(b'a'), part(b'b')].concat());
    assert_eq!(got.header("x-amz-checksum-crc64nvme"), reply.xml_text("ChecksumCRC64NVME").as_deref());
    assert_eq!(got.header("etag").map(str::to_owned), reply.xml_text("ETag").map(|e| e.replace("&quot;", "\"")));
    assert!(got.header("etag").unwrap().ends_with("-2\""));
    client.get(&format!("{K}?uploadId={id}")).send().await.expect_error(404, "NoSuchUpload");
}

#[tokio::test]
async fn complete_multipart_upload_etag_is_the_md5_of_md5s() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    let one = upload_part(&client, K, &id, 1, b"hello").await.expect_status(200);
    let list = part_list([(1, one.header("etag").unwrap())]);
    let reply = complete(&client, K, &id, &list).await.expect_status(200);
    assert_eq!(reply.xml_text("Key").as_deref(), Some("k"));
    // md5(md5("hello")), and -1 although there is one part only.
    let head = client.head(K).send().await.expect_status(200);
    assert_eq!(head.header("etag"), Some("\"62109206880d38a4010a98e11243924a-1\""));
}

#[tokio::test]
async fn complete_multipart_upload_no_body() {
    refused(&[], "", 400, &[("Code", "InvalidRequest"), ("Message", "You must specify at least one part")]).await;
}

#[tokio::test]
async fn complete_multipart_upload_malformed() {
    for list in [
        "<CompleteMultipartUpload></CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>",
        "<CompleteMultipartUpload><Part><PartNumber>x</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
        "<Other><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></Other>",
        "<CompleteMultipartUpload>",
        "not xml",
    ] {
        refused(&[], list, 400, &MALFORMED).await;
    }
}

#[tokio::test]
async fn complete_multipart_upload_part_number_zero() {
    refused(
        &[],
        &part_list([(0, "x")]),
        400,
        &[
            ("Code", "InvalidArgument"),
            ("Message", "PartNumber must be >= 1"),
            ("ArgumentName", "PartNumber"),
            ("ArgumentValue", "0"),
        ],
    )
    .await;
}

#[tokio::test]
async fn complete_multipart_upload_out_of_order() {
    let expected = [
        ("Code", "InvalidPartOrder"),
        ("Message", "The list of parts was not in ascending order. Parts must be ordered by part number."),
        ("UploadId", "{id}"),
    ];
    refused(&[], &part_list([(2, "x"), (1, "x")]), 400, &expected).await;
    refused(&[], &part_list([(1, "x"), (1, "x")]), 400, &expected).await;
}

#[tokio::test]
async fn complete_multipart_upload_invalid_part() {
    let message = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    let expected = |number: &'static str, etag: &'static str| {
        [("Code", "InvalidPart"), ("Message", message), ("UploadId", "{id}"), ("PartNumber", number), ("ETag", etag)]
    };
    refused(&[], &part_list([(1, "\"beef\"")]), 400, &expected("1", "beef")).await;
    refused(&[], &part_list([(7, "beef")]), 400, &expected("7", "beef")).await;
    let with_checksum = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>beef</ETag><ChecksumCRC32>{CRC32_OF_A16}</ChecksumCRC32></Part></CompleteMultipartUpload>"
    );
    refused(&[], &with_checksum, 400, &expected("1", "beef")).await;
}

#[tokio::test]
async fn complete_multipart_upload_too_small() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    for number in 1..=2 {
        upload_part(&client, K, &id, number, b"small").await.expect_status(200);
    }
    let etag = "eb5c1399a871211c7e7ed732d15e3a8b";
    let reply = complete(&client, K, &id, &part_list([(1, etag), (2, etag)])).await;
    expect(
        &reply,
        400,
        &[
            ("Code", "EntityTooSmall"),
            ("Message", "Your proposed upload is smaller than the minimum allowed size"),
            ("ProposedSize", "5"),
            ("MinSizeAllowed", "5242880"),
            ("PartNumber", "1"),
            ("ETag", etag),
        ],
    );
}

#[tokio::test]
async fn complete_multipart_upload_object_size() {
    let (_server, client, id, [one, two]) = two_parts(&[]).await;
    let list = part_list([(1, one.as_str()), (2, two.as_str())]);
    let with_size = |size: &str| {
        client.post(&format!("{K}?uploadId={id}")).header("x-amz-mp-object-size", size).body(list.as_bytes())
    };
    let message = "The provided 'x-amz-mp-object-size' header value 5 does not match what was computed: 32";
    expect(&with_size("5").send().await, 400, &[("Code", "InvalidRequest"), ("Message", message)]);
    let message = "Value for x-amz-mp-object-size header is less than zero: '-1'";
    expect(&with_size("-1").send().await, 400, &[("Code", "InvalidRequest"), ("Message", message)]);
    with_size("32").send().await.expect_status(200);
}

#[tokio::test]
async fn complete_multipart_upload_twice_is_the_same_answer() {
    let (_server, client, id, [one, two]) = two_parts(&[]).await;
    let list = part_list([(1, one.as_str()), (2, two.as_str())]);
    let first = complete(&client, K, &id, &list).await.expect_status(200);
    let again = client
        .post(&format!("{K}?uploadId={id}"))
        .header("if-none-match", "*")
        .body(list.as_bytes())
        .send()
        .await
        .expect_status(200);
    assert_eq!(first.xml_text("ETag"), again.xml_text("ETag"));
    assert_eq!(again.xml_text("ChecksumType"), None, "a repeated answer leaves the checksum out");
    complete(&client, K, &id, &part_list([(1, one.as_str())])).await.expect_error(404, "NoSuchUpload");
    client.put(K).body(b"over").send().await.expect_status(200);
    complete(&client, K, &id, &list).await.expect_error(404, "NoSuchUpload");
}

#[tokio::test]
async fn complete_multipart_upload_subset_discards_the_rest() {
    let (_server, client, id, [_, two]) = two_parts(&[]).await;
    complete(&client, K, &id, &part_list([(2, two.as_str())])).await.expect_status(200);
    assert_eq!(client.get(K).send().await.body, part(b'b'));
}

#[tokio::test]
async fn complete_multipart_upload_conditional() {
    let (_server, client, id, [one, two]) = two_parts(&[]).await;
    let list = part_list([(1, one.as_str()), (2, two.as_str())]);
    let with = |headers: &[(&str, &str)]| {
        let mut request = client.post(&format!("{K}?uploadId={id}")).body(list.as_bytes());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request
    };
    let not_implemented = "A header you provided implies functionality that is not implemented";
    expect(
        &with(&[("if-match", "x"), ("if-none-match", "*")]).send().await,
        501,
        &[
            ("Code", "NotImplemented"),
            ("Message", not_implemented),
            ("Header", "If-Match,If-None-Match"),
            ("additionalMessage", "Multiple conditional request headers present in the request"),
        ],
    );
    expect(
        &with(&[("if-none-match", "abc")]).send().await,
        501,
        &[
            ("Code", "NotImplemented"),
            ("Message", not_implemented),
            ("Header", "If-None-Match"),
            ("additionalMessage", "We don't accept the provided value of If-None-Match header for this API"),
        ],
    );
    let missing = ("Message", "The specified key does not exist.");
    expect(&with(&[("if-match", "abc")]).send().await, 404, &[("Code", "NoSuchKey"), missing, ("Key", "k")]);
    client.put(K).body(b"between").send().await.expect_status(200);
    expect(
        &with(&[("if-none-match", "*")]).send().await,
        412,
        &[
            ("Code", "PreconditionFailed"),
            ("Message", "At least one of the pre-conditions you specified did not hold"),
            ("Condition", "If-None-Match"),
        ],
    );
    client.delete(K).send().await.expect_status(204);
    client.put(K).body(b"other").send().await.expect_status(200);
    let etag = client.head(K).send().await.header("etag").unwrap().to_owned();
    expect(
        &with(&[("if-match", &etag)]).send().await,
        409,
        &[
            ("Code", "ConditionalRequestConflict"),
            ("Message", "The conditional request cannot succeed due to a conflicting operation against this resource."),
            ("Condition", "If-Match"),
            ("Key", "k"),
        ],
    );
    client.delete(K).send().await.expect_status(204);
    // As it was when the upload was initiated: no object.
    with(&[("if-none-match", "*")]).send().await.expect_status(200);
}

#[tokio::test]
async fn complete_multipart_upload_composite_checksum() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[("x-amz-checksum-algorithm", "crc32")]).await;
    let sent = client
        .put(&format!("{K}?partNumber=1&uploadId={id}"))
        .header("x-amz-checksum-crc32", CRC32_OF_A16)
        .body(part(b'a'))
        .send()
        .await
        .expect_status(200);
    let etag = sent.header("etag").unwrap();
    let message = "The upload was created using a crc32 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.";
    expect(
        &complete(&client, K, &id, &part_list([(1, etag)])).await,
        400,
        &[("Code", "InvalidRequest"), ("Message", message)],
    );
    let listed = |element: &str, value: &str| {
        format!(
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag><{element}>{value}</{element}></Part></CompleteMultipartUpload>"
        )
    };
    let sha256 = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=";
    let message = "The sha256 you specified for part 1 did not match what we received.";
    expect(
        &complete(&client, K, &id, &listed("ChecksumSHA256", sha256)).await,
        400,
        &[("Code", "BadDigest"), ("Message", message)],
    );
    complete(&client, K, &id, &listed("ChecksumCRC32", "AAAAAA==")).await.expect_error(400, "InvalidPart");
    expect(
        &complete(&client, K, &id, &listed("ChecksumCRC32", "!")).await,
        400,
        &[
            ("Code", "InvalidArgument"),
            ("Message", "Invalid Base64 or multiple checksums present in request"),
            ("ArgumentName", "Checksum"),
            ("ArgumentValue", "CRC32:!;"),
        ],
    );
    let wrong_kind = client
        .post(&format!("{K}?uploadId={id}"))
        .header("x-amz-checksum-type", "FULL_OBJECT")
        .body(listed("ChecksumCRC32", CRC32_OF_A16))
        .send()
        .await;
    let message = "The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.";
    expect(&wrong_kind, 400, &[("Code", "InvalidRequest"), ("Message", message)]);
    let done = complete(&client, K, &id, &listed("ChecksumCRC32", CRC32_OF_A16)).await.expect_status(200);
    assert!(done.xml_text("ChecksumCRC32").unwrap().ends_with("-1"));
    let head = client.head(K).header("x-amz-checksum-mode", "ENABLED").send().await;
    assert_eq!(head.header("x-amz-checksum-crc32").map(str::to_owned), done.xml_text("ChecksumCRC32"));
    assert_eq!(head.header("x-amz-checksum-type"), Some("COMPOSITE"));
}

#[tokio::test]
async fn complete_multipart_upload_full_object_checksum() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let headers = [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT")];
    let id = create_upload(&client, K, &headers).await;
    let sent = upload_part(&client, K, &id, 1, &part(b'a')).await.expect_status(200);
    assert_eq!(sent.header("x-amz-checksum-crc32"), Some(CRC32_OF_A16), "computed where the client sent none");
    let list = part_list([(1, sent.header("etag").unwrap())]);
    let with = |headers: &[(&str, &str)]| {
        let mut request = client.post(&format!("{K}?uploadId={id}")).body(list.as_bytes());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request
    };
    let mismatch =
        [("Code", "BadDigest"), ("Message", "The crc32 you specified did not match the calculated checksum.")];
    let full = ("x-amz-checksum-type", "FULL_OBJECT");
    expect(&with(&[("x-amz-checksum-crc32", "AAAAAA=="), full]).send().await, 400, &mismatch);
    expect(&with(&[("x-amz-checksum-crc32", CRC32_OF_A16)]).send().await, 400, &mismatch);
    let done = with(&[("x-amz-checksum-crc32", CRC32_OF_A16), full]).send().await.expect_status(200);
    assert_eq!(done.xml_text("ChecksumCRC32").as_deref(), Some(CRC32_OF_A16));
}

#[tokio::test]
async fn complete_multipart_upload_declared_checksum_wants_consecutive_parts() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let headers = [("x-amz-checksum-algorithm", "CRC64NVME")];
    let id = create_upload(&client, K, &headers).await;
    let sent = upload_part(&client, K, &id, 2, &part(b'a')).await.expect_status(200);
    let reply = complete(&client, K, &id, &part_list([(2, sent.header("etag").unwrap())])).await;
    let message = "We encountered an internal error. Please try again.";
    expect(&reply, 500, &[("Code", "InternalError"), ("Message", message)]);
}

#[tokio::test]
async fn complete_multipart_upload_unknown_upload() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for id in ["nope".to_owned(), "A".repeat(128), "A".repeat(1025)] {
        let reply = complete(&client, K, &id, &part_list([(1, "x")])).await;
        let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
        expect(&reply, 404, &[("Code", "NoSuchUpload"), ("Message", message), ("UploadId", &id)]);
        // Said before the body's own fault.
        let reply = client.post(&format!("{K}?uploadId={id}")).send().await;
        expect(&reply, 404, &[("Code", "NoSuchUpload"), ("Message", message), ("UploadId", &id)]);
    }
}

#[tokio::test]
async fn complete_multipart_upload_last_modified_is_the_initiation() {
    let (_server, client, id, [one, two]) = two_parts(&[]).await;
    client.put(K).body(b"a PUT made after the initiation").send().await.expect_status(200);
    let list = part_list([(1, one.as_str()), (2, two.as_str())]);
    complete(&client, K, &id, &list).await.expect_status(200);
    assert_eq!(client.get(K).send().await.body, b"a PUT made after the initiation");
}
