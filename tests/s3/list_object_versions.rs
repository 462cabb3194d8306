//! `ListObjectVersions`: the whole document, pages within a key, prefixes, encodings, refusals.

use crate::answers::{bad_argument, children};
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};
use crate::versioning::{put, versioned};

async fn list(client: &RawClient, query: &str) -> Reply {
    client.get(&format!("/bkt?versions{query}")).send().await.expect_status(200)
}

#[tokio::test]
async fn list_object_versions_document() {
    let (_server, client) = versioned().await;
    let empty = list(&client, "").await;
    let head = ["Name", "Prefix", "KeyMarker", "VersionIdMarker", "MaxKeys", "IsTruncated"];
    assert_eq!(children(empty.text()), head);
    assert_eq!(empty.header("content-type"), Some("application/xml"));
    assert!(empty.text().starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>bkt</Name><Prefix></Prefix><KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker><MaxKeys>1000</MaxKeys>\
         <IsTruncated>false</IsTruncated>"
    ));
    let first = put(&client, "/bkt/k", "first").await;
    let second = put(&client, "/bkt/k", "second!").await;
    client.delete("/bkt/k").send().await.expect_status(204);
    put(&client, "/bkt/a", "").await;
    let all = list(&client, "").await;
    assert_eq!(children(all.text())[6..], ["Version", "DeleteMarker", "Version", "Version"]);
    assert_eq!(all.xml_all("Key"), ["a", "k", "k", "k"]);
    assert_eq!(all.xml_all("IsLatest"), ["true", "true", "false", "false"]);
    assert_eq!(all.xml_all("VersionId")[2..], [second, first]);
    let version = all.text().split("<Version>").nth(1).unwrap();
    let version = format!("<Version>{}", version.split("</Version>").next().unwrap());
    let names = ["Key", "VersionId", "IsLatest", "LastModified", "ETag", "ChecksumAlgorithm", "ChecksumType", "Size"];
    assert_eq!(children(&version), [&names[..], &["Owner", "StorageClass"]].concat());
    let marker = all.text().split("<DeleteMarker>").nth(1).unwrap();
    let marker = format!("<DeleteMarker>{}", marker.split("</DeleteMarker>").next().unwrap());
    assert_eq!(children(&marker), ["Key", "VersionId", "IsLatest", "LastModified", "Owner"]);
}

#[tokio::test]
async fn list_object_versions_without_versioning() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body("x").send().await.expect_status(200);
    let all = list(&client, "").await;
    assert_eq!((all.xml_all("VersionId"), all.xml_all("IsLatest")), (vec!["null".to_owned()], vec!["true".to_owned()]));
}

#[tokio::test]
async fn list_object_versions_pages() {
    let (_server, client) = versioned().await;
    for _ in 0..3 {
        put(&client, "/bkt/a%20b", "x").await;
        client.delete("/bkt/b").send().await.expect_status(204);
    }
    let whole = list(&client, "").await.xml_all("VersionId");
    assert_eq!(whole.len(), 6);
    for limit in 1..=6 {
        let (mut seen, mut query) = (Vec::new(), String::new());
        loop {
            let page = list(&client, &format!("&encoding-type=url&max-keys={limit}{query}")).await;
            seen.extend(page.xml_all("VersionId"));
            let names = children(page.text());
            if page.xml_text("IsTruncated").as_deref() == Some("false") {
                assert!(!names.contains(&"NextKeyMarker".to_owned()));
                break;
            }
            assert_eq!(names[4..6], ["NextKeyMarker", "NextVersionIdMarker"]);
            let (key, version) =
                (page.xml_text("NextKeyMarker").unwrap(), page.xml_text("NextVersionIdMarker").unwrap());
            assert!(key == "a+b" || key == "b");
            query = format!("&key-marker={key}&version-id-marker={version}");
        }
        assert_eq!(seen, whole, "{limit}");
    }
    // Without a version the whole key is past.
    let after = list(&client, "&key-marker=a+b").await;
    assert_eq!(after.xml_all("VersionId"), whole[3..]);
    assert_eq!(after.xml_text("KeyMarker").as_deref(), Some("a b"));
    let none = list(&client, "&max-keys=0").await;
    assert_eq!((none.xml_text("IsTruncated").as_deref(), none.xml_all("Key").len()), (Some("false"), 0));
}

#[tokio::test]
async fn list_object_versions_prefixes() {
    let (_server, client) = versioned().await;
    for key in ["a/1", "a/2", "b", "c/1"] {
        put(&client, &format!("/bkt/{key}"), "x").await;
        client.delete(&format!("/bkt/{key}")).send().await.expect_status(204);
    }
    let rolled = list(&client, "&delimiter=/").await;
    assert_eq!(rolled.xml_all("Key"), ["b", "b"]);
    assert_eq!(rolled.xml_all("Prefix"), ["", "a/", "c/"]);
    assert_eq!(rolled.xml_text("Delimiter").as_deref(), Some("/"));
    let first = list(&client, "&delimiter=/&max-keys=1").await;
    assert_eq!(first.xml_text("NextKeyMarker").as_deref(), Some("a/"));
    assert_eq!(first.xml_text("NextVersionIdMarker"), None);
    let second = list(&client, "&delimiter=/&max-keys=1&key-marker=a/").await;
    assert_eq!(second.xml_all("Key"), ["b"]);
    assert_eq!(list(&client, "&prefix=a/").await.xml_all("Key"), ["a/1", "a/1", "a/2", "a/2"]);
}

#[tokio::test]
async fn list_object_versions_bad_markers() {
    let (_server, client) = versioned().await;
    let refused = async |query: &str| client.get(&format!("/bkt?versions{query}")).send().await;
    let message = "A version-id marker cannot be specified without a key marker.";
    bad_argument(&refused("&version-id-marker=null").await, message, "version-id-marker", "null");
    let message = "Invalid version id specified";
    bad_argument(&refused("&key-marker=k&version-id-marker=x").await, message, "version-id-marker", "x");
    let message = "Argument max-keys must be an integer between 0 and 2147483647";
    bad_argument(&refused("&max-keys=-1").await, message, "max-keys", "-1");
    let message = "Invalid Encoding Method specified in Request";
    bad_argument(&refused("&encoding-type=x").await, message, "encoding-type", "x");
    client.get("/gone?versions").send().await.expect_error(404, "NoSuchBucket");
}
