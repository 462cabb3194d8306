//! `GetObject`: ranges, conditions, parts, overridden headers, versions, archived objects, and bytes that were lost.

use staves::wire::checksum::{Algorithm, Hasher};

use crate::support::server::{SMALL_PART, TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";
const ETAG: &str = "\"781e5e245d69b566979b86e28d23f2c7\"";
const OTHER: &str = "\"00000000000000000000000000000000\"";
const PAST: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
const FUTURE: &str = "Wed, 21 Oct 2099 07:28:00 GMT";

/// A server with `0123456789` under [`K`].
async fn digits() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("0123456789").send().await.expect_status(200);
    (server, client)
}

async fn get(client: &RawClient, headers: &[(&str, &str)]) -> Reply {
    let mut request = client.get(K);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

#[tokio::test]
async fn get_object_answer() {
    let (_server, client) = digits().await;
    let reply = get(&client, &[]).await.expect_status(200);
    assert_eq!(reply.text(), "0123456789");
    assert_eq!(reply.header("accept-ranges"), Some("bytes"));
    assert_eq!(reply.header("content-length"), Some("10"));
    assert_eq!(reply.header("content-type"), Some("binary/octet-stream"));
    assert_eq!(reply.header("etag"), Some(ETAG));
    assert_eq!(reply.header("x-amz-server-side-encryption"), Some("AES256"));
    assert!(reply.header("last-modified").unwrap().ends_with(" GMT"));
    for absent in ["content-range", "x-amz-mp-parts-count", "x-amz-checksum-type", "x-amz-checksum-crc64nvme"] {
        assert_eq!(reply.header(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn get_object_ranges() {
    let (_server, client) = digits().await;
    let cases = [
        ("bytes=0-0", "0", "bytes 0-0/10"),
        ("bytes=2-5", "2345", "bytes 2-5/10"),
        ("bytes=5-", "56789", "bytes 5-9/10"),
        ("bytes=9-9", "9", "bytes 9-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=-10", "0123456789", "bytes 0-9/10"),
        ("bytes=-11", "0123456789", "bytes 0-9/10"),
        ("bytes=8-100", "89", "bytes 8-9/10"),
        ("bytes=0-99999999999999999999999", "0123456789", "bytes 0-9/10"),
    ];
    for (range, body, content_range) in cases {
        let reply = get(&client, &[("range", range)]).await.expect_status(206);
        assert_eq!(reply.text(), body, "{range}");
        assert_eq!(reply.header("content-range"), Some(content_range));
        assert_eq!(reply.header("content-length"), Some(body.len().to_string().as_str()));
        assert_eq!(reply.header("etag"), Some(ETAG));
    }
}

#[tokio::test]
async fn get_object_ranges_that_are_ignored() {
    let (_server, client) = digits().await;
    for range in ["bytes=5-2", "bytes=0-1,3-4", "items=0-1", "bytes=-", "bytes=a-b", "0-1", "bytes", ""] {
        let reply = get(&client, &[("range", range)]).await.expect_status(200);
        assert_eq!(reply.text(), "0123456789", "{range}");
        assert_eq!(reply.header("content-range"), None);
    }
}

#[tokio::test]
async fn get_object_ranges_outside_the_object() {
    let (_server, client) = digits().await;
    for range in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"] {
        get(&client, &[("range", range)]).await.expect_fields(
            416,
            &[
                ("Code", "InvalidRange"),
                ("Message", "The requested range is not satisfiable"),
                ("RangeRequested", range),
                ("ActualObjectSize", "10"),
            ],
        );
    }
    client.put(K).send().await.expect_status(200);
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
        let reply = get(&client, &[("range", range)]).await.expect_error(416, "InvalidRange");
        assert_eq!(reply.xml_text("ActualObjectSize").as_deref(), Some("0"));
    }
}

#[tokio::test]
async fn get_object_ranges_across_blobs_and_pieces() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let sizes = [16, 8193, 20, 600_000, 3];
    let id = create_upload(&client, K, &[]).await;
    let (mut whole, mut etags) = (Vec::new(), Vec::new());
    for (number, size) in (1_u8..).zip(sizes) {
        let body: Vec<u8> = (0..size).map(|at: usize| u8::try_from(at % 241).unwrap() ^ number).collect();
        let sent = upload_part(&client, K, &id, number.into(), &body).await.expect_status(200);
        etags.push(sent.header("etag").unwrap().to_owned());
        whole.extend(body);
    }
    let list = part_list((1..).zip(etags.iter().map(String::as_str)));
    complete(&client, K, &id, &list).await.expect_status(200);
    for (first, last) in
        [(0, 15), (15, 16), (10, 8300), (16, 8208), (8228, 608_231), (300_000, 600_000), (608_231, 608_231)]
    {
        let reply = get(&client, &[("range", &format!("bytes={first}-{last}"))]).await.expect_status(206);
        assert!(reply.body == whole[first..=last], "{first}-{last}");
    }
    assert!(get(&client, &[]).await.body == whole);
}

#[tokio::test]
async fn get_object_conditions_on_the_etag() {
    let (_server, client) = digits().await;
    let bare = ETAG.trim_matches('"');
    let (weak, list) = (format!("W/{ETAG}"), format!("{OTHER}, {ETAG}"));
    for matching in [ETAG, bare, "*", &weak, &list] {
        get(&client, &[("if-match", matching)]).await.expect_status(200);
        let reply = get(&client, &[("if-none-match", matching)]).await.expect_status(304);
        assert_eq!(reply.body, b"");
        assert_eq!(reply.header("etag"), Some(ETAG));
        assert!(reply.header("last-modified").is_some());
        assert!(reply.header("x-amz-request-id").is_some());
        assert_eq!(reply.header("content-type"), None);
    }
    let failed = |condition| {
        [
            ("Code", "PreconditionFailed"),
            ("Message", "At least one of the pre-conditions you specified did not hold"),
            ("Condition", condition),
        ]
    };
    for other in [OTHER, "", "x"] {
        get(&client, &[("if-match", other)]).await.expect_fields(412, &failed("If-Match"));
        get(&client, &[("if-none-match", other)]).await.expect_status(200);
    }
}

#[tokio::test]
async fn get_object_conditions_in_several_headers_are_a_list() {
    let (_server, client) = digits().await;
    get(&client, &[("if-none-match", OTHER), ("if-none-match", ETAG)]).await.expect_status(304);
    get(&client, &[("if-match", OTHER), ("if-match", ETAG)]).await.expect_status(200);
    get(&client, &[("if-match", OTHER), ("if-match", "\"x\"")]).await.expect_status(412);
}

#[tokio::test]
async fn get_object_conditions_on_the_date() {
    let (_server, client) = digits().await;
    let modified = client.head(K).send().await.header("last-modified").unwrap().to_owned();
    for (date, modified_since, unmodified_since) in
        [(PAST, 200, 412), (modified.as_str(), 304, 200), (FUTURE, 200, 200), ("yesterday", 200, 200)]
    {
        get(&client, &[("if-modified-since", date)]).await.expect_status(modified_since);
        get(&client, &[("if-unmodified-since", date)]).await.expect_status(unmodified_since);
    }
    let reply = get(&client, &[("if-unmodified-since", PAST)]).await;
    assert_eq!(reply.xml_text("Condition").as_deref(), Some("If-Unmodified-Since"));
}

#[tokio::test]
async fn get_object_conditions_together() {
    let (_server, client) = digits().await;
    let modified = client.head(K).send().await.header("last-modified").unwrap().to_owned();
    // An ETag that matches hides the date.
    get(&client, &[("if-match", ETAG), ("if-unmodified-since", PAST)]).await.expect_status(200);
    // So does one that is compared at all.
    get(&client, &[("if-none-match", OTHER), ("if-modified-since", &modified)]).await.expect_status(200);
    get(&client, &[("if-none-match", ETAG), ("if-modified-since", PAST)]).await.expect_status(304);
    get(&client, &[("if-match", OTHER), ("if-none-match", ETAG)]).await.expect_status(412);
    // Conditions come before the range, a missing key before conditions.
    get(&client, &[("if-match", OTHER), ("range", "bytes=99-")]).await.expect_status(412);
    get(&client, &[("if-none-match", ETAG), ("range", "bytes=0-1")]).await.expect_status(304);
    get(&client, &[("if-match", ETAG), ("range", "bytes=0-1")]).await.expect_status(206);
    let fields = [("Code", "NoSuchKey"), ("Message", "The specified key does not exist."), ("Key", "gone")];
    client.get("/bkt/gone").header("if-match", OTHER).send().await.expect_fields(404, &fields);
}

/// An object of two parts, of 16 and 5 bytes, uploaded as numbers 3 and 7.
async fn two_parts(headers: &[(&str, &str)]) -> (TestServer, RawClient) {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, headers).await;
    let large = vec![b'a'; usize::try_from(SMALL_PART).unwrap()];
    let one = upload_part(&client, K, &id, 3, &large).await.expect_status(200);
    let two = upload_part(&client, K, &id, 7, b"short").await.expect_status(200);
    let list = part_list([(3, one.header("etag").unwrap()), (7, two.header("etag").unwrap())]);
    complete(&client, K, &id, &list).await.expect_status(200);
    (server, client)
}

#[tokio::test]
async fn get_object_part_numbers() {
    let (_server, client) = two_parts(&[]).await;
    let etag = client.head(K).send().await.header("etag").unwrap().to_owned();
    // A part's number is its place in the list, not the number it was uploaded under.
    for (number, body, range) in [(1, "aaaaaaaaaaaaaaaa", "bytes 0-15/21"), (2, "short", "bytes 16-20/21")] {
        let reply = client
            .get(&format!("{K}?partNumber={number}"))
            .header("x-amz-checksum-mode", "ENABLED")
            .send()
            .await
            .expect_status(206);
        assert_eq!(reply.text(), body);
        assert_eq!(reply.header("content-range"), Some(range));
        assert_eq!(reply.header("x-amz-mp-parts-count"), Some("2"));
        assert_eq!(reply.header("etag"), Some(etag.as_str()));
        assert_eq!(reply.header("x-amz-checksum-type"), None, "the object's checksum is not this part's");
    }
    client.get(&format!("{K}?partNumber=3")).send().await.expect_fields(
        416,
        &[
            ("Code", "InvalidPartNumber"),
            ("Message", "The requested partnumber is not satisfiable"),
            ("PartNumberRequested", "3"),
            ("ActualPartCount", "2"),
        ],
    );
    for number in ["0", "10001", "-1", "abc", ""] {
        client.get(&format!("{K}?partNumber={number}")).send().await.expect_fields(
            400,
            &[
                ("Code", "InvalidArgument"),
                ("Message", "Part number must be an integer between 1 and 10000, inclusive"),
                ("ArgumentName", "partNumber"),
                ("ArgumentValue", number),
            ],
        );
    }
    let message = "Cannot specify both Range header and partNumber query parameter";
    let both = client.get(&format!("{K}?partNumber=1")).header("range", "bytes=0-1").send().await;
    both.expect_fields(400, &[("Code", "InvalidRequest"), ("Message", message)]);
}

#[tokio::test]
async fn get_object_part_number_of_an_object_in_one_piece() {
    let (_server, client) = digits().await;
    let request = client.get(&format!("{K}?partNumber=1")).header("x-amz-checksum-mode", "ENABLED");
    let reply = request.send().await.expect_status(206);
    assert_eq!(reply.text(), "0123456789");
    assert_eq!(reply.header("content-range"), Some("bytes 0-9/10"));
    assert_eq!(reply.header("x-amz-mp-parts-count"), None);
    assert_eq!(reply.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    client.get(&format!("{K}?partNumber=2")).send().await.expect_fields(
        416,
        &[
            ("Code", "InvalidPartNumber"),
            ("Message", "The requested partnumber is not satisfiable"),
            ("PartNumberRequested", "2"),
            ("ActualPartCount", "1"),
        ],
    );
    client.put(K).send().await.expect_status(200);
    let empty = client.get(&format!("{K}?partNumber=1")).send().await.expect_status(206);
    assert_eq!((empty.header("content-range"), empty.header("content-length")), (None, Some("0")));
}

#[tokio::test]
async fn get_object_part_count_of_one_part() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    let sent = upload_part(&client, K, &id, 1, b"only").await.expect_status(200);
    complete(&client, K, &id, &part_list([(1, sent.header("etag").unwrap())])).await.expect_status(200);
    let request = client.get(&format!("{K}?partNumber=1")).header("x-amz-checksum-mode", "ENABLED");
    let reply = request.send().await.expect_status(206);
    assert_eq!(reply.header("x-amz-mp-parts-count"), Some("1"));
    assert_eq!(reply.header("x-amz-checksum-type"), Some("FULL_OBJECT"), "the part is all of the object");
    assert_eq!(client.get(K).send().await.header("x-amz-mp-parts-count"), None, "only with a part number");
}

/// Makes an object of these parts with a composite CRC32, and returns the answer of its completion.
pub(crate) async fn composite(client: &RawClient, bodies: &[&[u8]]) -> Reply {
    let id = create_upload(client, K, &[("x-amz-checksum-algorithm", "CRC32")]).await;
    let mut parts = Vec::new();
    for (number, body) in (1..).zip(bodies) {
        let crc = crc32(body);
        let request = client.put(&format!("{K}?partNumber={number}&uploadId={id}")).body(body);
        let sent = request.header("x-amz-checksum-crc32", &crc).send().await.expect_status(200);
        let etag = sent.header("etag").unwrap();
        parts.push(format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumCRC32>{crc}</ChecksumCRC32></Part>"
        ));
    }
    let list = format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.concat());
    complete(client, K, &id, &list).await.expect_status(200)
}

pub(crate) fn crc32(body: &[u8]) -> String {
    Hasher::digest(Algorithm::Crc32, body).to_base64()
}

#[tokio::test]
async fn get_object_part_of_a_composite_object_shows_its_own_checksum() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let bodies = [&b"aaaaaaaaaaaaaaaa"[..], b"short"];
    composite(&client, &bodies).await;
    for (number, body) in (1..).zip(bodies) {
        let request = client.get(&format!("{K}?partNumber={number}")).header("x-amz-checksum-mode", "ENABLED");
        let reply = request.send().await.expect_status(206);
        assert_eq!(reply.header("x-amz-checksum-crc32"), Some(crc32(body).as_str()));
        assert_eq!(reply.header("x-amz-checksum-type"), Some("COMPOSITE"));
    }
}

#[tokio::test]
async fn get_object_overridden_headers() {
    let (_server, client) = digits().await;
    let overrides = [
        ("response-content-type", "content-type", "text/x"),
        ("response-content-language", "content-language", "sl"),
        ("response-content-disposition", "content-disposition", "attachment; filename=\"x\""),
        ("response-content-encoding", "content-encoding", "br"),
        ("response-cache-control", "cache-control", "no-store"),
        ("response-expires", "expires", "never"),
    ];
    let pairs: Vec<String> = overrides
        .iter()
        .map(|(parameter, _, value)| format!("{parameter}={}", staves::wire::percent::encode(value.as_bytes())))
        .collect();
    let target = format!("{K}?{}", pairs.join("&"));
    for reply in [
        client.get(&target).send().await.expect_status(200),
        client.head(&target).send().await.expect_status(200),
        client.get(&target).header("range", "bytes=0-1").send().await.expect_status(206),
        client.get(&target).presigned(60).send().await.expect_status(200),
    ] {
        for (_, header, value) in overrides {
            assert_eq!(reply.header(header), Some(value), "{header}");
        }
    }
}

#[tokio::test]
async fn get_object_overridden_headers_in_latin1() {
    let (_server, client) = digits().await;
    let target = format!("{K}?response-content-disposition=%C3%A9");
    let raw = crate::support::exchange(client.addr, &client.get(&target).into_bytes(), "GET").await.expect_status(200);
    assert_eq!(raw.header("content-disposition"), Some("\u{E9}"));
    let both = format!("{K}?response-content-disposition=%C4%8D&response-cache-control=%C4%8D");
    let reply = client.get(&both).send().await.expect_status(400);
    assert_eq!(reply.xml_text("ArgumentName").unwrap(), "response-cache-control");
    for (sent, value) in [("%C4%8D", "č"), ("a%0D%0Ax-injected:%201", "a\r\nx-injected: 1"), ("a%00b", "")] {
        let reply = client.get(&format!("{K}?response-content-type={sent}")).send().await.expect_status(400);
        assert_eq!(reply.header("x-injected"), None);
        assert_eq!(reply.xml_text("Message").unwrap(), "Header value cannot be represented using ISO-8859-1.");
        assert_eq!(reply.xml_text("ArgumentName").unwrap(), "response-content-type");
        if !value.is_empty() {
            assert_eq!(reply.xml_text("ArgumentValue").unwrap().replace("&#13;", "\r"), value);
        }
    }
}

#[tokio::test]
async fn get_object_overridden_headers_are_for_those_who_sign() {
    let (_server, client) = digits().await;
    let message = "Request specific response headers cannot be used for anonymous GET requests.";
    let fields = [("Code", "InvalidRequest"), ("Message", message)];
    let reply = client.get(&format!("{K}?response-content-type=text/html")).anonymous().send().await;
    reply.expect_fields(400, &fields);
    client.head(&format!("{K}?response-expires=x")).anonymous().send().await.expect_status(400);
    client.get(K).anonymous().send().await.expect_error(403, "AccessDenied");
}

#[tokio::test]
async fn get_object_checksum_mode() {
    let (_server, client) = digits().await;
    let enabled = ("x-amz-checksum-mode", "ENABLED");
    for headers in [&[enabled][..], &[enabled, ("range", "bytes=0-9")], &[("x-amz-checksum-mode", "enabled")]] {
        let reply = get(&client, headers).await;
        assert_eq!(reply.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
        assert!(reply.header("x-amz-checksum-crc64nvme").is_some());
    }
    for headers in [&[enabled, ("range", "bytes=0-8")][..], &[("x-amz-checksum-mode", "x")]] {
        assert_eq!(get(&client, headers).await.header("x-amz-checksum-type"), None);
    }
}

#[tokio::test]
async fn get_object_versions() {
    let (_server, client) = digits().await;
    client.get(&format!("{K}?versionId=null")).send().await.expect_status(200);
    let absent = "nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi";
    client.get(&format!("{K}?versionId={absent}")).send().await.expect_fields(
        404,
        &[
            ("Code", "NoSuchVersion"),
            ("Message", "The specified version does not exist."),
            ("Key", "k"),
            ("VersionId", absent),
        ],
    );
    client.get(&format!("{K}?versionId=nonsense")).send().await.expect_fields(
        400,
        &[
            ("Code", "InvalidArgument"),
            ("Message", "Invalid version id specified"),
            ("ArgumentName", "versionId"),
            ("ArgumentValue", "nonsense"),
        ],
    );
}

#[tokio::test]
async fn get_object_archived() {
    let (_server, client) = digits().await;
    for class in ["GLACIER", "DEEP_ARCHIVE"] {
        client.put(K).header("x-amz-storage-class", class).body("0123456789").send().await.expect_status(200);
        get(&client, &[]).await.expect_fields(
            403,
            &[
                ("Code", "InvalidObjectState"),
                ("Message", "The operation is not valid for the object's storage class"),
                ("StorageClass", class),
            ],
        );
        client.head(K).send().await.expect_status(200);
    }
    client.put(K).header("x-amz-storage-class", "GLACIER_IR").body("x").send().await.expect_status(200);
    get(&client, &[]).await.expect_status(200);
}

#[tokio::test]
async fn get_object_another_account() {
    let server = crate::copy_object::two_accounts().await;
    let (owner, stranger) = (server.client(), crate::copy_object::stranger(&server));
    owner.put("/bkt").send().await.expect_status(200);
    owner.put(K).body("x").send().await.expect_status(200);
    let fields = [("Code", "AccessDenied"), ("Message", "Access Denied")];
    stranger.get(K).send().await.expect_fields(403, &fields);
    stranger.get("/bkt/absent").send().await.expect_fields(403, &fields);
}

#[tokio::test]
async fn get_object_is_not_disturbed_by_what_becomes_of_its_key() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = TestServer::on_disk(|builder| builder).await;
    let client = server.bucket().await;
    // More than the buffers between here and there take in.
    let body: Vec<u8> = (0..24_u32 << 20).map(|at| u8::try_from(at % 249).unwrap()).collect();
    client.put(K).body(&body).send().await.expect_status(200);
    let mut reading = tokio::net::TcpStream::connect(client.addr).await.unwrap();
    reading.write_all(&client.get(K).into_bytes()).await.unwrap();
    let mut first = [0; 100];
    reading.read_exact(&mut first).await.unwrap();
    client.put(K).body("over").send().await.expect_status(200);
    client.delete(K).send().await.expect_status(204);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let mut rest = Vec::new();
    reading.read_to_end(&mut rest).await.unwrap();
    assert!(rest.ends_with(&body));
}

#[tokio::test]
async fn get_object_lost_bytes_are_an_error_before_the_status() {
    let server = TestServer::on_disk(|builder| builder).await;
    let client = server.bucket().await;
    client.put(K).body(vec![7; 100_000]).send().await.expect_status(200);
    let blobs = server.data.as_ref().unwrap().path().join("blobs");
    let files: Vec<_> = std::fs::read_dir(blobs)
        .unwrap()
        .flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    let [file] = files.as_slice() else { panic!("one blob: {files:?}") };
    let message = "We encountered an internal error. Please try again.";
    let fields = [("Code", "InternalError"), ("Message", message)];
    std::fs::File::options().write(true).open(file).unwrap().set_len(10).unwrap();
    get(&client, &[]).await.expect_fields(500, &fields);
    std::fs::remove_file(file).unwrap();
    get(&client, &[]).await.expect_fields(500, &fields);
    get(&client, &[("range", "bytes=5-6")]).await.expect_fields(500, &fields);
}
