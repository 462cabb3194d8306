//! `?tagging` of objects and their versions, `x-amz-tagging`, and how tags are shown.

use crate::access_support::{BERTA_ACCOUNT, Two, account, statement};
use crate::answers::{MALFORMED_XML, bad_argument, bad_request, refused};
use crate::bucket_tagging::tagging;
use crate::documents::put as put_document;
use crate::support::RawClient;
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};
use crate::versioning::{put, version_of, versioned};

/// Tags that are refused, and how: code, message, fields.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str, &'a [(&'a str, &'a str)]);

const K: &str = "/bkt/k";
const TARGET: &str = "/bkt/k?tagging";
const MALFORMED_HEADER: &str = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters \
                                without tag name duplicates.";
const NOT_ALLOWED: &str = "The specified method is not allowed against this resource.";

/// The tags as `key=value`.
async fn tags(client: &RawClient, target: &str) -> Vec<String> {
    let reply = client.get(target).send().await.expect_status(200);
    reply.xml_all("Key").iter().zip(reply.xml_all("Value")).map(|(key, value)| format!("{key}={value}")).collect()
}

async fn count(client: &RawClient, target: &str) -> Option<String> {
    let got = client.get(target).send().await.expect_status(200);
    let head = client.head(target).send().await.expect_status(200);
    assert_eq!(got.header("x-amz-tagging-count"), head.header("x-amz-tagging-count"));
    got.header("x-amz-tagging-count").map(str::to_owned)
}

#[tokio::test]
async fn object_tagging_round_trip() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("hello").send().await.expect_status(200);
    let empty = client.get(TARGET).send().await.expect_status(200);
    assert_eq!(
        empty.text(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet></TagSet></Tagging>"
    );
    assert_eq!((empty.header("content-type"), empty.header("x-amz-version-id")), (Some("application/xml"), None));
    assert_eq!(count(&client, K).await, None);
    let before = client.head(K).send().await;
    let reply = put_document(&client, TARGET, &tagging(&[("b", "2"), ("a", "")])).await.expect_status(200);
    assert_eq!((reply.body.len(), reply.header("x-amz-version-id")), (0, None));
    assert_eq!(tags(&client, TARGET).await, ["b=2", "a="]);
    assert_eq!(count(&client, K).await.as_deref(), Some("2"));
    let after = client.head(K).send().await;
    assert_eq!(before.header("last-modified"), after.header("last-modified"));
    put_document(&client, TARGET, &tagging(&[("c", "3")])).await.expect_status(200);
    assert_eq!(tags(&client, TARGET).await, ["c=3"]);
    let reply = client.delete(TARGET).send().await.expect_status(204);
    assert!(reply.body.is_empty());
    assert_eq!(tags(&client, TARGET).await, [""; 0]);
    client.delete(TARGET).send().await.expect_status(204);
    put_document(&client, TARGET, &tagging(&[("d", "4")])).await.expect_status(200);
    client.put(K).body("again").send().await.expect_status(200);
    assert_eq!(tags(&client, TARGET).await, [""; 0]);
}

#[tokio::test]
async fn object_tagging_refusals() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).header("x-amz-tagging", "kept=1").body("hello").send().await.expect_status(200);
    let reply = client.put(TARGET).body(tagging(&[("a", "1")])).send().await;
    bad_request(&reply, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    for body in ["", "<Tagging", "<TagSet/>", "<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>"] {
        refused(&put_document(&client, TARGET, body).await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    let key = "k".repeat(129);
    let value = "v".repeat(257);
    let eleven: Vec<String> = (0..11).map(|number| format!("k{number}")).collect();
    let eleven: Vec<(&str, &str)> = eleven.iter().map(|key| (key.as_str(), "")).collect();
    let invalid_key = "The TagKey you have provided is invalid";
    let invalid_value = "The TagValue you have provided is invalid";
    let cases: [Case<'_>; 6] = [
        (&eleven, "BadRequest", "Object tags cannot be greater than 10", &[]),
        (&[("a", "1"), ("a", "1")], "InvalidTag", "Cannot provide multiple Tags with the same key", &[("TagKey", "a")]),
        (&[("aws:a", "1")], "InvalidTag", "Your TagKey cannot be prefixed with aws:", &[("TagKey", "aws:a")]),
        (&[(&key, "1")], "InvalidTag", invalid_key, &[("TagKey", &key)]),
        (&[("a", &value)], "InvalidTag", invalid_value, &[("TagKey", "a"), ("TagValue", &value)]),
        (&[("a%", "1")], "InvalidTag", invalid_key, &[("TagKey", "a%")]),
    ];
    for (tags, code, message, fields) in cases {
        refused(&put_document(&client, TARGET, &tagging(tags)).await, 400, code, message, fields);
    }
    assert_eq!(tags(&client, TARGET).await, ["kept=1"]);
    put_document(&client, TARGET, &tagging(&eleven[..10])).await.expect_status(200);
    assert_eq!(count(&client, K).await.as_deref(), Some("10"));
}

#[tokio::test]
async fn object_tagging_of_what_is_not_there() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let no_key = "The specified key does not exist.";
    // Seen on AWS: this operation shows the bucket with the key.
    refused(&client.get(TARGET).send().await, 404, "NoSuchKey", no_key, &[("Key", "bkt/k")]);
    let reply = put_document(&client, TARGET, &tagging(&[("a", "1")])).await;
    refused(&reply, 404, "NoSuchKey", no_key, &[("Key", "k")]);
    refused(&client.delete(TARGET).send().await, 404, "NoSuchKey", no_key, &[("Key", "k")]);
    client.get("/gone/k?tagging").send().await.expect_error(404, "NoSuchBucket");
    let bad = client.get("/bkt/k?tagging&versionId=nonsense").send().await;
    bad_argument(&bad, "Invalid version id specified", "versionId", "nonsense");
}

#[tokio::test]
async fn object_tagging_of_versions() {
    let (_server, client) = versioned().await;
    let first = put(&client, K, "one").await;
    let second = put(&client, K, "two").await;
    let (old, new) = (format!("{TARGET}&versionId={first}"), format!("{TARGET}&versionId={second}"));
    let reply = put_document(&client, &old, &tagging(&[("v", "1")])).await;
    assert_eq!(version_of(&reply, 200), Some(first.as_str()));
    let reply = put_document(&client, TARGET, &tagging(&[("v", "2"), ("w", "2")])).await;
    assert_eq!(version_of(&reply, 200), Some(second.as_str()));
    assert_eq!(tags(&client, &old).await, ["v=1"]);
    assert_eq!(tags(&client, &new).await, ["v=2", "w=2"]);
    assert_eq!(version_of(&client.get(TARGET).send().await, 200), Some(second.as_str()));
    assert_eq!(count(&client, &format!("{K}?versionId={first}")).await.as_deref(), Some("1"));
    assert_eq!(version_of(&client.delete(&old).send().await, 204), Some(first.as_str()));
    assert_eq!(tags(&client, &old).await, [""; 0]);
    let absent = "nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi";
    let reply = client.get(&format!("{TARGET}&versionId={absent}")).send().await;
    let message = "The specified version does not exist.";
    refused(&reply, 404, "NoSuchVersion", message, &[("Key", "k"), ("VersionId", absent)]);
    let marker = client.delete(K).send().await.expect_status(204);
    let marker = marker.header("x-amz-version-id").unwrap().to_owned();
    for target in [TARGET.to_owned(), format!("{TARGET}&versionId={marker}")] {
        let put = put_document(&client, &target, &tagging(&[])).await;
        let replies =
            [("GET", client.get(&target).send().await), ("PUT", put), ("DELETE", client.delete(&target).send().await)];
        for (method, reply) in replies {
            let fields = [("Method", method), ("ResourceType", "DeleteMarker")];
            refused(&reply, 405, "MethodNotAllowed", NOT_ALLOWED, &fields);
            assert_eq!(reply.header("x-amz-delete-marker"), Some("true"));
            assert_eq!(reply.header("x-amz-version-id"), Some(marker.as_str()));
        }
    }
    assert_eq!(tags(&client, &new).await, ["v=2", "w=2"]);
}

#[tokio::test]
async fn put_object_with_tags() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let put = async |header: &str| client.put(K).header("x-amz-tagging", header).body("hello").send().await;
    put("a=1&b%20c=%C3%A9&d&&e=").await.expect_status(200);
    assert_eq!(tags(&client, TARGET).await, ["a=1", "b c=é", "d=", "e="]);
    assert_eq!(count(&client, K).await.as_deref(), Some("4"));
    for header in ["a=1&a=2", "=1", "a=%ff", "a=1=2"] {
        bad_argument(&put(header).await, MALFORMED_HEADER, "x-amz-tagging", header);
    }
    let reply = put("aws:a=1").await;
    refused(&reply, 400, "InvalidTag", "Your TagKey cannot be prefixed with aws:", &[("TagKey", "aws:a")]);
    let reply = put("a=%3F").await;
    let message = "The TagValue you have provided is invalid";
    refused(&reply, 400, "InvalidTag", message, &[("TagKey", "a"), ("TagValue", "?")]);
    let reply = put("a&b&c&d&e&f&g&h&i&j&k").await;
    refused(&reply, 400, "BadRequest", "Object tags cannot be greater than 10", &[]);
    assert_eq!(tags(&client, TARGET).await.len(), 4);
    put("").await.expect_status(200);
    assert_eq!(count(&client, K).await, None);
}

#[tokio::test]
async fn create_multipart_upload_with_tags() {
    let (_server, client) = versioned().await;
    let refusal = client.post("/bkt/k?uploads").header("x-amz-tagging", "a=1&a=2").send().await;
    bad_argument(&refusal, MALFORMED_HEADER, "x-amz-tagging", "a=1&a=2");
    let id = create_upload(&client, K, &[("x-amz-tagging", "made=whole")]).await;
    let part = upload_part(&client, K, &id, 1, b"hello").await.expect_status(200);
    complete(&client, K, &id, &part_list([(1, part.header("etag").unwrap())])).await.expect_status(200);
    assert_eq!(tags(&client, TARGET).await, ["made=whole"]);
}

#[tokio::test]
async fn copy_object_tags() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).header("x-amz-tagging", "a=1&b=2").body("hello").send().await.expect_status(200);
    let copy = async |headers: &[(&str, &str)]| {
        let request = client.put("/bkt/to").header("x-amz-copy-source", "bkt/k");
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).send().await
    };
    let to = "/bkt/to?tagging";
    copy(&[]).await.expect_status(200);
    assert_eq!(tags(&client, to).await, ["a=1", "b=2"]);
    copy(&[("x-amz-tagging-directive", "REPLACE"), ("x-amz-tagging", "c=3")]).await.expect_status(200);
    assert_eq!(tags(&client, to).await, ["c=3"]);
    copy(&[("x-amz-tagging-directive", "COPY"), ("x-amz-tagging", "d=4")]).await.expect_status(200);
    assert_eq!(tags(&client, to).await, ["a=1", "b=2"]);
    copy(&[("x-amz-metadata-directive", "REPLACE")]).await.expect_status(200);
    assert_eq!(tags(&client, to).await, ["a=1", "b=2"]);
    copy(&[("x-amz-tagging-directive", "REPLACE")]).await.expect_status(200);
    assert_eq!(tags(&client, to).await, [""; 0]);
    let reply = copy(&[("x-amz-tagging-directive", "MERGE")]).await;
    crate::answers::refused_bare(
        &reply,
        400,
        "InvalidArgument",
        "Unknown tagging directive.",
        &[("ArgumentName", "x-amz-tagging-directive"), ("ArgumentValue", "MERGE")],
    );
}

#[tokio::test]
async fn copy_object_of_tags_that_may_not_be_read() {
    let two = Two::start().await;
    let tagged = two.anna.put(K).header("x-amz-tagging", "a=1").body("hello");
    tagged.send().await.expect_status(200);
    two.berta.put("/other").send().await.expect_status(200);
    let copy = |directive: &str| {
        let copy = two.berta.put("/other/to").header("x-amz-copy-source", "bkt/k");
        copy.header("x-amz-tagging-directive", directive).send()
    };
    let allow = |action: &str| statement("Allow", &account(BERTA_ACCOUNT), action, "");
    two.policy(&allow("s3:GetObject")).await;
    copy("COPY").await.expect_error(403, "AccessDenied");
    copy("REPLACE").await.expect_status(200);
    two.policy(&[allow("s3:GetObject"), allow("s3:GetObjectTagging")].join(",")).await;
    copy("COPY").await.expect_status(200);
    assert_eq!(tags(&two.berta, "/other/to?tagging").await, ["a=1"]);
}
