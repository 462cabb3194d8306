//! `?annotation`: named texts on objects and versions, their lists, and what becomes of them with their object.

use crate::access_support::{BERTA_ACCOUNT, Two, account, statement};
use crate::answers::refused;
use crate::support::server::TestServer;
use crate::support::{RawClient, RequestBuilder};
use crate::versioning::{put, versioned};

const K: &str = "/bkt/k";

fn named(name: &str) -> String {
    format!("{K}?annotation&annotationName={name}")
}

async fn annotate(client: &RawClient, name: &str, text: &str) {
    client.put(&named(name)).body(text.as_bytes()).send().await.expect_status(200);
}

async fn names(client: &RawClient, target: &str) -> Vec<String> {
    client.get(target).send().await.expect_status(200).xml_all("AnnotationName")
}

async fn with_object() -> (TestServer, RawClient) {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("hello").send().await.expect_status(200);
    (server, client)
}

#[tokio::test]
async fn object_annotations_round_trip() {
    let (_server, client) = with_object().await;
    let before = client.head(K).send().await;
    let put = client.put(&named("note")).body("first").send().await.expect_status(200);
    assert_eq!(put.header("etag"), Some("\"8b04d5e3775d298e78455efc5ca404d5\""));
    assert_eq!(put.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    assert_eq!(put.header("x-amz-server-side-encryption"), Some("AES256"));
    assert_eq!((put.xml_text("Key").as_deref(), put.xml_text("AnnotationName").as_deref()), (Some("k"), Some("note")));
    assert_eq!(put.header("x-amz-object-version-id"), None);
    annotate(&client, "note", "second").await;
    let got = client.get(&named("note")).header("x-amz-checksum-mode", "ENABLED").send().await.expect_status(200);
    assert_eq!((got.text(), got.header("content-length")), ("second", Some("6")));
    assert!(got.header("x-amz-checksum-crc64nvme").is_some() && got.header("last-modified").is_some());
    let list = client.get("/bkt/k?annotation").send().await.expect_status(200);
    assert_eq!(list.xml_all("AnnotationName"), ["note"]);
    assert_eq!((list.xml_text("Size").as_deref(), list.xml_text("AnnotationCount").as_deref()), (Some("6"), Some("1")));
    assert_eq!(list.xml_text("ChecksumAlgorithm").as_deref(), Some("CRC64NVME"));
    let after = client.head(K).send().await;
    assert_eq!(before.header("last-modified"), after.header("last-modified"));
    client.delete(&named("note")).send().await.expect_status(204);
    client.delete(&named("note")).send().await.expect_status(204);
    client.get(&named("note")).send().await.expect_error(404, "NoSuchAnnotation");
    assert_eq!(names(&client, "/bkt/k?annotation").await, [""; 0]);
}

#[tokio::test]
async fn object_annotations_are_listed_by_prefix_and_page() {
    let (_server, client) = with_object().await;
    for name in ["b.2", "a", "b.1", "b.3", "c"] {
        annotate(&client, name, name).await;
    }
    assert_eq!(names(&client, "/bkt/k?annotation").await, ["a", "b.1", "b.2", "b.3", "c"]);
    let first = client.get("/bkt/k?annotation&annotation-prefix=b.&max-annotation-results=2").send().await;
    assert_eq!(first.xml_all("AnnotationName"), ["b.1", "b.2"]);
    let token = first.xml_text("NextContinuationToken").unwrap();
    let target = format!("/bkt/k?annotation&annotation-prefix=b.&max-annotation-results=2&continuation-token={token}");
    let second = client.get(&target).send().await.expect_status(200);
    assert_eq!(second.xml_all("AnnotationName"), ["b.3"]);
    assert_eq!(second.xml_text("NextContinuationToken"), None);
    for limit in ["0", "1001", "x"] {
        let target = format!("/bkt/k?annotation&max-annotation-results={limit}");
        client.get(&target).send().await.expect_error(400, "InvalidArgument");
    }
    client.get("/bkt/k?annotation&continuation-token=x").send().await.expect_error(400, "InvalidArgument");
    let long = "p".repeat(513);
    let reply = client.get(&format!("/bkt/k?annotation&annotation-prefix={long}")).send().await;
    refused(&reply, 400, "InvalidPrefix", "The annotation prefix you provided is invalid.", &[]);
}

#[tokio::test]
async fn object_annotations_refusals() {
    let (_server, client) = with_object().await;
    let invalid = "The annotation name you provided is invalid.";
    for name in ["", "aws-x", "AWS", "s3x", "S3.a", "a%2Fb", "a%20b", "%20", "a:b", "%C2%B2"] {
        refused(&client.put(&named(name)).body("x").send().await, 400, "InvalidAnnotationName", invalid, &[]);
    }
    refused(&client.put("/bkt/k?annotation").body("x").send().await, 400, "InvalidAnnotationName", invalid, &[]);
    let too_long = "The annotation name exceeds 512 bytes.";
    let long = "n".repeat(513);
    refused(&client.put(&named(&long)).body("x").send().await, 400, "AnnotationNameTooLong", too_long, &[]);
    let not_text = "The annotation payload is not valid UTF-8 encoded text.";
    refused(&client.put(&named("n")).body([0xff, 0xfe]).send().await, 415, "UnsupportedMediaType", not_text, &[]);
    client.put(&named("n")).send().await.expect_error(400, "InvalidRequest");
    let large = vec![b'x'; (1 << 20) + 1];
    client.put(&named("n")).body(large).send().await.expect_error(400, "EntityTooLarge");
    let digest = client.put(&named("n")).header("x-amz-checksum-crc32", "AAAAAA==").body("x").send().await;
    digest.expect_error(400, "BadDigest");
    let condition = client.put(&named("n")).header("x-amz-object-if-match", "\"0\"").body("x").send().await;
    condition.expect_error(412, "PreconditionFailed");
    client.put("/bkt/gone?annotation&annotationName=n").body("x").send().await.expect_error(404, "NoSuchKey");
    client.get("/bkt/gone?annotation").send().await.expect_error(404, "NoSuchKey");
    client.delete("/bkt/gone?annotation&annotationName=n").send().await.expect_error(404, "NoSuchKey");
    assert_eq!(names(&client, "/bkt/k?annotation").await, [""; 0]);
    client.put(&named("n")).body(vec![b'x'; 1 << 20]).send().await.expect_status(200);
}

#[tokio::test]
async fn object_annotations_are_at_most_a_thousand() {
    let (_server, client) = with_object().await;
    for number in 0..1000 {
        annotate(&client, &format!("n{number}"), "x").await;
    }
    let message = "The request would exceed the maximum number of annotations allowed per object.";
    refused(&client.put(&named("more")).body("x").send().await, 400, "AnnotationLimitExceeded", message, &[]);
    annotate(&client, "n7", "in its place").await;
    client.delete(&named("n8")).send().await.expect_status(204);
    annotate(&client, "more", "x").await;
}

#[tokio::test]
async fn object_annotations_belong_to_a_version_and_go_with_it() {
    let (_server, client) = versioned().await;
    let first = put(&client, K, "1").await;
    annotate(&client, "note", "of the first").await;
    put(&client, K, "2").await;
    assert_eq!(names(&client, "/bkt/k?annotation").await, [""; 0], "a new version has none");
    let of_first = format!("{}&versionId={first}", named("note"));
    let got = client.get(&of_first).send().await.expect_status(200);
    assert_eq!((got.text(), got.header("x-amz-object-version-id")), ("of the first", Some(first.as_str())));
    client.delete(K).send().await.expect_status(204);
    client.get(&named("note")).send().await.expect_error(405, "MethodNotAllowed");
    client.delete(&format!("{K}?versionId={first}")).send().await.expect_status(204);
    client.get(&of_first).send().await.expect_error(404, "NoSuchVersion");
}

#[tokio::test]
async fn object_annotations_are_copied_unless_excluded() {
    let (_server, client) = with_object().await;
    annotate(&client, "note", "copied").await;
    let copy = |to: &str| client.put(to).header("x-amz-copy-source", "bkt/k");
    copy("/bkt/with").send().await.expect_status(200);
    assert_eq!(names(&client, "/bkt/with?annotation").await, ["note"]);
    let without = copy("/bkt/without").header("x-amz-object-annotation-directive", "EXCLUDE");
    without.send().await.expect_status(200);
    assert_eq!(names(&client, "/bkt/without?annotation").await, [""; 0]);
    // Onto itself: the source is gone once its copy is there.
    copy(K).header("x-amz-metadata-directive", "REPLACE").send().await.expect_status(200);
    let got = client.get(&named("note")).send().await.expect_status(200);
    assert_eq!(got.text(), "copied");
    copy("/bkt/x").header("x-amz-object-annotation-directive", "x").send().await.expect_error(400, "InvalidArgument");
}

#[tokio::test]
async fn object_annotations_have_names_in_any_language() {
    let (_server, client) = with_object().await;
    for name in ["ml.sentiment_v2-final", "%C4%8Cebela", "%E6%B3%A8%E9%87%8A"] {
        annotate(&client, name, "x").await;
    }
    assert_eq!(names(&client, "/bkt/k?annotation").await, ["ml.sentiment_v2-final", "Čebela", "注释"]);
}

#[tokio::test]
async fn object_annotations_are_copied_by_who_may_read_and_write_them() {
    let two = Two::start().await;
    two.anna.put(K).body("hello").send().await.expect_status(200);
    annotate(&two.anna, "note", "copied").await;
    two.anna.put("/bkt/plain").body("hello").send().await.expect_status(200);
    two.berta.put("/other").send().await.expect_status(200);
    let copy = |from: &str, directive: &str| {
        let copy = two.berta.put("/other/to").header("x-amz-copy-source", from);
        copy.header("x-amz-object-annotation-directive", directive).send()
    };
    let allow = |action: &str| statement("Allow", &account(BERTA_ACCOUNT), action, "");
    two.policy(&allow("s3:GetObject")).await;
    let denied = copy("bkt/k", "COPY").await.expect_error(403, "AccessDenied");
    assert!(!denied.text().contains("ETag"));
    two.berta.head("/other/to").send().await.expect_status(404);
    copy("bkt/k", "EXCLUDE").await.expect_status(200);
    // Where there are none, nobody has to be allowed to read them.
    copy("bkt/plain", "COPY").await.expect_status(200);
    two.policy(&[allow("s3:GetObject"), allow("s3:GetObjectAnnotation")].join(",")).await;
    copy("bkt/k", "COPY").await.expect_status(200);
    assert_eq!(names(&two.berta, "/other/to?annotation").await, ["note"]);
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObjectAnnotation","Resource":"arn:aws:s3:::other/*"}]}"#;
    two.berta.put("/other?policy").body(deny).send().await.expect_status(204);
    copy("bkt/k", "COPY").await.expect_error(403, "AccessDenied");
    copy("bkt/k", "EXCLUDE").await.expect_status(200);
}

#[tokio::test]
async fn object_annotations_of_objects_with_sse_c() {
    let (_server, client) = with_object().await;
    annotate(&client, "note", "copied").await;
    let key = [7; 32];
    let with_key = |request: RequestBuilder| crate::sse_c::with_key(request, &key);
    with_key(client.put("/bkt/secret").body("hello")).send().await.expect_status(200);
    let put = |request: RequestBuilder| request.body("x").send();
    let target = "/bkt/secret?annotation&annotationName=note";
    let message = "Objects that are encrypted with SSE-C cannot have annotations.";
    refused(&put(client.put(target)).await, 400, "InvalidRequest", message, &[]);
    // Nor with the key, which is not for this operation.
    put(with_key(client.put(target))).await.expect_error(400, "InvalidRequest");
    assert_eq!(names(&client, "/bkt/secret?annotation").await, [""; 0]);
    client.get(target).send().await.expect_error(404, "NoSuchAnnotation");
    client.delete(target).send().await.expect_status(204);
    // A copy that is encrypted so has none.
    with_key(client.put("/bkt/copy").header("x-amz-copy-source", "bkt/k")).send().await.expect_status(200);
    assert_eq!(names(&client, "/bkt/copy?annotation").await, [""; 0]);
}
