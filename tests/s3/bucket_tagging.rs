//! `?tagging` of buckets, and tags in `CreateBucketConfiguration`.

use std::fmt::Write as _;

use crate::answers::{MALFORMED_XML, bad_request, refused};
use crate::documents::put;
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

const TARGET: &str = "/bkt?tagging";

/// A `Tagging` with these tags.
pub(crate) fn tagging(tags: &[(&str, &str)]) -> String {
    format!("<Tagging><TagSet>{}</TagSet></Tagging>", list(tags))
}

fn list(tags: &[(&str, &str)]) -> String {
    tags.iter().fold(String::new(), |mut list, (key, value)| {
        write!(list, "<Tag><Key>{key}</Key><Value>{value}</Value></Tag>").unwrap();
        list
    })
}

fn none(reply: &Reply) {
    refused(reply, 404, "NoSuchTagSet", "The TagSet does not exist", &[("BucketName", "bkt")]);
}

async fn shown(client: &RawClient) -> String {
    let reply = client.get(TARGET).send().await.expect_status(200);
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    reply.text().to_owned()
}

#[tokio::test]
async fn bucket_tagging_round_trip() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    none(&client.get(TARGET).send().await);
    let reply = put(&client, TARGET, &tagging(&[("b", "2"), ("a", ""), ("B", "é")])).await;
    assert!(reply.expect_status(204).body.is_empty());
    let first = shown(&client).await;
    let root = "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    assert!(
        first.starts_with(&format!("{declaration}{root}<TagSet><Tag><Key>b</Key><Value>2</Value></Tag>")),
        "{first}"
    );
    put(&client, TARGET, &first).await.expect_status(204);
    assert_eq!(shown(&client).await, first);
    put(&client, TARGET, &tagging(&[("c", "3")])).await.expect_status(204);
    assert!(!shown(&client).await.contains("<Key>a</Key>"));
    assert!(client.delete(TARGET).send().await.expect_status(204).body.is_empty());
    none(&client.get(TARGET).send().await);
    client.delete(TARGET).send().await.expect_status(204);
    put(&client, TARGET, &tagging(&[("c", "3")])).await.expect_status(204);
    put(&client, TARGET, &tagging(&[])).await.expect_status(204);
    none(&client.get(TARGET).send().await);
}

#[tokio::test]
async fn bucket_tagging_refusals() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let body = tagging(&[("a", "1")]);
    let reply = client.put(TARGET).body(body.as_bytes()).send().await;
    bad_request(&reply, "Missing required header for this request: Content-MD5 OR x-amz-checksum-*");
    for body in
        ["", "no xml", "<Tagging>", "<Other/>", "<Tagging><Other/></Tagging>", "<Tagging><TagSet/><TagSet/></Tagging>"]
    {
        refused(&put(&client, TARGET, body).await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    for tag in ["<Tag/>", "<Tag><Key>a</Key></Tag>", "<Tag><Key>a</Key><Value>b</Value><Value>c</Value></Tag>"] {
        let body = format!("<Tagging><TagSet>{tag}</TagSet></Tagging>");
        refused(&put(&client, TARGET, &body).await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    let invalid = async |tags: &[(&str, &str)], message: &str, fields: &[(&str, &str)]| {
        refused(&put(&client, TARGET, &tagging(tags)).await, 400, "InvalidTag", message, fields);
    };
    let (long_key, long_value) = ("k".repeat(129), "v".repeat(257));
    invalid(&[("a", "1"), ("a", "2")], "Cannot provide multiple Tags with the same key", &[("TagKey", "a")]).await;
    invalid(&[("aws:a", "1")], "System tags cannot be added/updated by requester", &[("TagKey", "aws:a")]).await;
    invalid(&[("", "1")], "The TagKey you have provided is invalid", &[("TagKey", "")]).await;
    invalid(&[(&long_key, "1")], "The TagKey you have provided is invalid", &[("TagKey", &long_key)]).await;
    let fields = [("TagKey", "a"), ("TagValue", long_value.as_str())];
    invalid(&[("a", &long_value)], "The TagValue you have provided is invalid", &fields).await;
    invalid(&[("a", "1?")], "The TagValue you have provided is invalid", &[("TagKey", "a"), ("TagValue", "1?")]).await;
    let names: Vec<String> = (0..51).map(|number| format!("k{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "v")).collect();
    let reply = put(&client, TARGET, &tagging(&many)).await;
    refused(&reply, 400, "BadRequest", "Bucket tag count cannot be greater than 50", &[]);
    none(&client.get(TARGET).send().await);
    put(&client, TARGET, &tagging(&many[..50])).await.expect_status(204);
    assert_eq!(client.get(TARGET).send().await.xml_all("Key").len(), 50);
    client.get("/gone?tagging").send().await.expect_error(404, "NoSuchBucket");
    put(&client, "/gone?tagging", &body).await.expect_error(404, "NoSuchBucket");
    client.delete("/gone?tagging").send().await.expect_error(404, "NoSuchBucket");
}

#[tokio::test]
async fn create_bucket_with_tags() {
    let server = TestServer::start().await;
    let client = server.client();
    let make = async |tags: &[(&str, &str)]| {
        let body = format!("<CreateBucketConfiguration><Tags>{}</Tags></CreateBucketConfiguration>", list(tags));
        client.put("/bkt").body(body).send().await
    };
    let message = "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \
                   \"aws:\" from your tag keys and try again.";
    refused(&make(&[("aws:a", "1")]).await, 400, "InvalidTag", message, &[]);
    client.head("/bkt").send().await.expect_status(404);
    make(&[("a", "1"), ("b", "")]).await.expect_status(200);
    assert_eq!(client.get(TARGET).send().await.xml_all("Key"), ["a", "b"]);
    // Made again it stays as it is, and tags that it would not get make it a conflict.
    client.put("/bkt").send().await.expect_status(200);
    make(&[]).await.expect_status(200);
    make(&[("c", "1")]).await.expect_error(409, "BucketAlreadyOwnedByYou");
    assert_eq!(client.get(TARGET).send().await.xml_all("Key"), ["a", "b"]);
}

#[tokio::test]
async fn bucket_tagging_survives_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let start = async || {
        let builder = staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(data.path());
        builder.start().await.unwrap()
    };
    let running = start().await;
    let client = RawClient::new(running.addr(), "test", "test");
    client.put("/bkt").send().await.expect_status(200);
    put(&client, TARGET, &tagging(&[("a", "1")])).await.expect_status(204);
    running.shutdown().await;
    let running = start().await;
    let client = RawClient::new(running.addr(), "test", "test");
    assert_eq!(client.get(TARGET).send().await.xml_all("Key"), ["a"]);
    running.shutdown().await;
}
