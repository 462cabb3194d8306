//! `DeleteObjects`: an outcome for every key, and documents that fail whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::wire::checksum::{Algorithm, Hasher};

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const ETAG: &str = "5d41402abc4b2a76b9719d911017c592";

/// A server with objects `a`, `b` and `c`.
async fn objects() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for key in ["a", "b", "c"] {
        client.put(&format!("/bkt/{key}")).body("hello").send().await.expect_status(200);
    }
    (server, client)
}

async fn delete(client: &RawClient, document: &str) -> Reply {
    let md5 = STANDARD.encode(Hasher::digest(Algorithm::Md5, document.as_bytes()).as_bytes());
    client.post("/bkt?delete").header("content-md5", md5).body(document).send().await
}

async fn keys(client: &RawClient) -> Vec<String> {
    client.get("/bkt").send().await.expect_status(200).xml_all("Key")
}

fn object(key: &str) -> String {
    format!("<Object><Key>{key}</Key></Object>")
}

/// The whole document is refused, without a declaration, and nothing is deleted.
async fn refused(document: &str, fields: &[(&str, &str)]) {
    let (_server, client) = objects().await;
    let reply = delete(&client, document).await.expect_fields(400, fields);
    assert!(reply.text().starts_with("<Error>"), "{}", reply.text());
    assert_eq!(keys(&client).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn delete_objects_answer() {
    let (_server, client) = objects().await;
    let document = format!("<Delete>{}{}{}</Delete>", object("a"), object("absent"), object("c"));
    let reply = delete(&client, &document).await.expect_status(200);
    assert_eq!(
        reply.text(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Deleted><Key>a</Key></Deleted><Deleted><Key>absent</Key></Deleted><Deleted><Key>c</Key></Deleted></DeleteResult>"
    );
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    assert_eq!(keys(&client).await, ["b"]);
}

#[tokio::test]
async fn delete_objects_quiet() {
    let (_server, client) = objects().await;
    let document = format!(
        "<?xml version=\"1.0\"?><!-- all --><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n  <Quiet>true</Quiet>\n  {}{}</Delete>",
        object("a"),
        "<Object><Key>b</Key><VersionId>nonsense</VersionId></Object>"
    );
    let reply = delete(&client, &document).await.expect_status(200);
    assert_eq!(reply.xml_all("Deleted").len(), 0);
    assert_eq!(reply.xml_all("Error").len(), 1, "errors are never left out");
    assert_eq!(keys(&client).await, ["b", "c"]);
    let loud = format!("<Delete><Quiet>false</Quiet>{}</Delete>", object("b"));
    assert_eq!(delete(&client, &loud).await.xml_all("Deleted").len(), 1);
}

#[tokio::test]
async fn delete_objects_versions() {
    let (_server, client) = objects().await;
    let document = "<Delete><Object><Key>a</Key><VersionId>null</VersionId></Object><Object><Key>b</Key><VersionId>nonsense</VersionId></Object></Delete>";
    let reply = delete(&client, document).await.expect_status(200);
    let inner = reply.text().split_once("2006-03-01/\">").unwrap().1;
    assert_eq!(
        inner,
        "<Deleted><Key>a</Key><VersionId>null</VersionId></Deleted><Error><Key>b</Key><VersionId>nonsense</VersionId><Code>NoSuchVersion</Code><Message>The specified version does not exist.</Message></Error></DeleteResult>"
    );
    assert_eq!(keys(&client).await, ["b", "c"]);
}

#[tokio::test]
async fn delete_objects_conditions() {
    let (_server, client) = objects().await;
    let with = |key: &str, etag: &str| format!("<Object><Key>{key}</Key><ETag>{etag}</ETag></Object>");
    let entries = [
        with("a", "&quot;x&quot;"),
        with("b", &format!("&quot;{ETAG}&quot;")),
        with("c", ETAG),
        with("absent", "*"),
        "<Object><Key>a</Key><Size>5</Size></Object>".to_owned(),
    ];
    let reply = delete(&client, &format!("<Delete>{}</Delete>", entries.concat())).await.expect_status(200);
    assert_eq!(reply.xml_all("Code"), ["PreconditionFailed", "NoSuchKey", "NotImplemented"]);
    assert_eq!(reply.xml_all("Key"), ["a", "b", "c", "absent", "a"]);
    assert_eq!(keys(&client).await, ["a"]);
    delete(&client, &format!("<Delete>{}</Delete>", with("a", "*"))).await.expect_status(200);
    assert_eq!(keys(&client).await, Vec::<String>::new());
}

#[tokio::test]
async fn delete_objects_keys_that_need_escapes() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for raw in ["a%26b%3C%3E%22", "%C3%A4%0A", "..", "//"] {
        client.put(&format!("/bkt/{raw}")).body("x").send().await.expect_status(200);
    }
    let written = ["a&amp;b&lt;&gt;&quot;", "ä&#10;", "..", "//"].map(object).concat();
    let reply = delete(&client, &format!("<Delete>{written}</Delete>")).await.expect_status(200);
    assert_eq!(reply.xml_all("Key"), ["a&b<>\"", "ä\n", "..", "//"]);
    assert_eq!(keys(&client).await, Vec::<String>::new());
}

#[tokio::test]
async fn delete_objects_malformed() {
    let fields = [
        ("Code", "MalformedXML"),
        ("Message", "The XML you provided was not well-formed or did not validate against our published schema"),
    ];
    for document in [
        String::new(),
        "<Delete></Delete>".to_owned(),
        "<Delete><Quiet>true</Quiet></Delete>".to_owned(),
        "<Delete><Object></Object></Delete>".to_owned(),
        "<Delete><Object><Key></Key></Object></Delete>".to_owned(),
        format!("<Delete>{}", object("a")),
        format!("<Other>{}</Other>", object("a")),
        format!("<Delete>{}<Quiet>maybe</Quiet></Delete>", object("a")),
        format!("<Delete>{}</Delete>", object("a").repeat(1001)),
        "not xml".to_owned(),
    ] {
        refused(&document, &fields).await;
    }
}

#[tokio::test]
async fn delete_objects_key_too_long() {
    let document = format!("<Delete>{}{}</Delete>", object("a"), object(&"k".repeat(1025)));
    refused(
        &document,
        &[
            ("Code", "KeyTooLongError"),
            ("Message", "Your key is too long"),
            ("Size", "1025"),
            ("MaxSizeAllowed", "1024"),
        ],
    )
    .await;
}

#[tokio::test]
async fn delete_objects_a_thousand() {
    let (_server, client) = objects().await;
    let many: String = (0..1000).map(|number| object(&format!("k{number}"))).collect();
    let reply = delete(&client, &format!("<Delete>{many}</Delete>")).await.expect_status(200);
    assert_eq!(reply.xml_all("Key").len(), 1000);
    // The same key twice is deleted twice, which is no error.
    let reply = delete(&client, &format!("<Delete>{}</Delete>", object("a").repeat(2))).await.expect_status(200);
    assert_eq!(reply.xml_all("Key"), ["a", "a"]);
}

#[tokio::test]
async fn delete_objects_wants_a_digest() {
    let (_server, client) = objects().await;
    let document = format!("<Delete>{}</Delete>", object("a"));
    let missing = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*";
    let fields = [("Code", "InvalidRequest"), ("Message", missing)];
    client.post("/bkt?delete").body(&document).send().await.expect_fields(400, &fields);
    // To name an algorithm is not to give a digest.
    let named = client.post("/bkt?delete").header("x-amz-checksum-algorithm", "CRC32").body(&document);
    named.send().await.expect_fields(400, &fields);
    let wrong = client.post("/bkt?delete").header("x-amz-checksum-crc32", "AAAAAA==").body(&document);
    let message = "The CRC32 you specified did not match the calculated checksum.";
    wrong.send().await.expect_fields(400, &[("Code", "BadDigest"), ("Message", message)]);
    let wrong = client.post("/bkt?delete").header("content-md5", STANDARD.encode([0; 16])).body(&document);
    wrong.send().await.expect_error(400, "BadDigest");
    assert_eq!(keys(&client).await, ["a", "b", "c"]);
    let crc = Hasher::digest(Algorithm::Crc32, document.as_bytes()).to_base64();
    let right = client.post("/bkt?delete").header("x-amz-checksum-crc32", crc).body(&document);
    right.send().await.expect_status(200);
}

#[tokio::test]
async fn delete_objects_too_big() {
    let (_server, client) = objects().await;
    let document = format!("<Delete>{}<!--{}--></Delete>", object("a"), "x".repeat(2_048_000));
    delete(&client, &document).await.expect_fields(
        400,
        &[
            ("Code", "MaxMessageLengthExceeded"),
            ("Message", "Your request was too big."),
            ("MaxMessageLengthBytes", "2048000"),
        ],
    );
    assert_eq!(keys(&client).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn delete_objects_in_frames() {
    let (_server, client) = objects().await;
    let request = client.post("/bkt?delete").body(format!("<Delete>{}</Delete>", object("a")));
    let fields = [("Code", "InvalidRequest"), ("Message", "The value of x-amz-content-sha256 header is invalid.")];
    request.streaming(crate::support::Streaming::Signed).send().await.expect_fields(400, &fields);
}
