//! `ListObjects`, version 1: its document, markers, and what both versions have in common.

use crate::answers::{bad_argument, children, in_whole_seconds, masked, refused};
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

/// Puts empty objects.
pub(crate) async fn put_keys(client: &RawClient, keys: &[&str]) {
    for key in keys {
        client.put(&format!("/bkt/{key}")).send().await.expect_status(200);
    }
}

/// Keys, then common prefixes in brackets.
pub(crate) fn lines(reply: &Reply) -> Vec<String> {
    let mut lines = reply.xml_all("Key");
    let prefixes = reply.text().split("<CommonPrefixes><Prefix>").skip(1);
    lines.extend(prefixes.map(|rest| format!("[{}]", rest.split('<').next().unwrap_or_default())));
    lines
}

async fn list(client: &RawClient, query: &str) -> Reply {
    client.get(&format!("/bkt?{query}")).send().await
}

#[tokio::test]
async fn list_objects_document() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/a%22%26").body("hello").send().await.expect_status(200);
    let class = client
        .put("/bkt/b/c")
        .header("x-amz-storage-class", "GLACIER_IR")
        .header("x-amz-checksum-sha1", "2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    class.send().await.expect_status(200);
    client.put("/bkt/c").send().await.expect_status(200);
    let reply = list(&client, "delimiter=/&max-keys=2&encoding-type=url").await.expect_status(200);
    assert_eq!(
        masked(reply.text(), &["ID", "LastModified"]),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bkt</Name><Prefix></Prefix><Marker></Marker><Delimiter>/</Delimiter><EncodingType>url</EncodingType><MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated><NextMarker>b/</NextMarker><Contents><Key>a%22%26</Key><LastModified>*</LastModified><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>5</Size><Owner><ID>*</ID></Owner><StorageClass>STANDARD</StorageClass></Contents><CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes></ListBucketResult>"
    );
    in_whole_seconds(&reply, "LastModified");
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    assert_eq!(reply.header("x-amz-bucket-region"), Some("us-east-1"));
    let plain = list(&client, "").await;
    assert_eq!(children(plain.text())[..5], ["Name", "Prefix", "Marker", "MaxKeys", "IsTruncated"]);
    assert!(plain.text().contains("<Key>a&quot;&amp;</Key>"));
    assert_eq!(plain.xml_all("StorageClass"), ["STANDARD", "GLACIER_IR", "STANDARD"]);
    assert_eq!(plain.xml_all("ChecksumAlgorithm"), ["CRC64NVME", "SHA1", "CRC64NVME"]);
    assert_eq!(plain.text().matches("<DisplayName>").count(), 0);
}

#[tokio::test]
async fn list_objects_limits() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a", "b"]).await;
    for (sent, shown) in [
        ("0", "0"),
        ("1", "1"),
        ("%2B1", "1"),
        ("1000", "1000"),
        ("1001", "1000"),
        ("2147483647", "1000"),
        ("", "1000"),
    ] {
        for version in ["", "&list-type=2", "&list-type=1"] {
            let reply = list(&client, &format!("max-keys={sent}{version}")).await.expect_status(200);
            assert_eq!(reply.xml_text("MaxKeys").as_deref(), Some(shown), "{sent}");
            let truncated = if shown == "1" { "true" } else { "false" };
            assert_eq!(reply.xml_text("IsTruncated").as_deref(), Some(truncated), "{sent}");
        }
    }
    assert_eq!(lines(&list(&client, "max-keys=0").await), [""; 0]);
    for version in ["", "&list-type=2"] {
        for bad in ["x", "2147483648", "-2147483649", "1.0", "99999999999999999999"] {
            let reply = list(&client, &format!("max-keys={bad}{version}")).await;
            let message = "Provided max-keys not an integer or within integer range";
            bad_argument(&reply, message, "max-keys", bad);
        }
        let reply = list(&client, &format!("max-keys=-1{version}")).await;
        bad_argument(&reply, "Argument max-keys must be an integer between 0 and 2147483647", "max-keys", "-1");
        for bad in ["x", "", "URL"] {
            let reply = list(&client, &format!("encoding-type={bad}{version}")).await;
            bad_argument(&reply, "Invalid Encoding Method specified in Request", "encoding-type", bad);
        }
    }
    assert_eq!(lines(&list(&client, "max-keys=1&max-keys=x").await), ["a"], "of duplicates the first counts");
}

#[tokio::test]
async fn list_objects_next_marker_only_with_delimiter() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a", "b/1", "b/2", "c"]).await;
    let reply = list(&client, "max-keys=1").await;
    assert_eq!(reply.xml_text("IsTruncated").as_deref(), Some("true"));
    assert_eq!(reply.xml_text("NextMarker"), None);
    let reply = list(&client, "max-keys=1&delimiter=/").await;
    assert_eq!(reply.xml_text("NextMarker").as_deref(), Some("a"));
    let reply = list(&client, "max-keys=2&delimiter=/").await;
    assert_eq!(reply.xml_text("NextMarker").as_deref(), Some("b/"));
    let reply = list(&client, "max-keys=3&delimiter=/").await;
    assert_eq!((reply.xml_text("NextMarker"), lines(&reply).len()), (None, 3));
}

#[tokio::test]
async fn list_objects_markers() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a", "dir/1", "dir/2", "dir0", "z"]).await;
    assert_eq!(lines(&list(&client, "marker=a").await), ["dir/1", "dir/2", "dir0", "z"]);
    assert_eq!(lines(&list(&client, "marker=dir/1").await), ["dir/2", "dir0", "z"]);
    // Equal to a rolled-up prefix, or inside it: all of it is skipped.
    for marker in ["dir/", "dir/1", "dir/zzz"] {
        let reply = list(&client, &format!("delimiter=/&marker={marker}")).await;
        assert_eq!(lines(&reply), ["dir0", "z"], "{marker}");
        assert_eq!(reply.xml_text("Marker").as_deref(), Some(marker));
    }
    assert_eq!(lines(&list(&client, "delimiter=/&marker=dir").await), ["dir0", "z", "[dir/]"]);
    assert_eq!(lines(&list(&client, "marker=zz").await), [""; 0]);
    assert_eq!(lines(&list(&client, "prefix=dir/&marker=a").await), ["dir/1", "dir/2"]);
    assert_eq!(lines(&list(&client, "prefix=dir/&marker=z").await), [""; 0]);
}

#[tokio::test]
async fn list_objects_prefix_and_delimiter() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a", "b//c", "b/d", "foo-bar-1", "foo-bar-2", "foo.x", "100%25", "%25"]).await;
    assert_eq!(lines(&list(&client, "prefix=b/&delimiter=/").await), ["b/d", "[b//]"]);
    assert_eq!(lines(&list(&client, "delimiter=-bar-").await).last().unwrap(), "[foo-bar-]");
    assert_eq!(lines(&list(&client, "delimiter=oo").await).last().unwrap(), "[foo]");
    assert_eq!(lines(&list(&client, "prefix=foo-bar-1&delimiter=-bar-1").await), ["foo-bar-1"]);
    // These are wildcards elsewhere.
    assert_eq!(lines(&list(&client, "prefix=%25").await), ["%"]);
    assert_eq!(lines(&list(&client, "prefix=foo_").await), [""; 0]);
    assert_eq!(lines(&list(&client, "prefix=B").await), [""; 0]);
    let reply = list(&client, "delimiter=&prefix=").await;
    assert_eq!((reply.xml_text("Delimiter"), lines(&reply).len()), (None, 8));
}

#[tokio::test]
async fn list_objects_order_is_that_of_bytes() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["%F0%90%80%80", "%EF%BD%A1", "z", "Z", "%C3%A4", "_", "~", "%01", "a%20"]).await;
    let sorted = ["\u{1}", "Z", "_", "a ", "z", "~", "ä", "\u{FF61}", "\u{10000}"];
    assert_eq!(lines(&list(&client, "").await), sorted);
    assert_eq!(lines(&list(&client, "list-type=2").await), sorted);
    let mut seen = vec![];
    let mut query = String::new();
    loop {
        let reply = list(&client, &format!("max-keys=1&encoding-type=url{query}")).await;
        let key = reply.xml_text("Key").unwrap();
        query = format!("&marker={key}");
        seen.push(key);
        if reply.xml_text("IsTruncated").unwrap() == "false" {
            break;
        }
    }
    assert_eq!(seen, ["%01", "Z", "_", "a+", "z", "~", "%C3%A4", "%EF%BD%A1", "%F0%90%80%80"]);
}

#[tokio::test]
async fn list_objects_control_characters() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a%01b", "c%0Ad%0De", "f%09g", "h%EF%BF%BEi"]).await;
    let reply = list(&client, "").await.expect_status(200);
    for key in ["a&#x1;b", "d&#xD;e", "f", "h"] {
        assert!(reply.text().contains(key), "{}", reply.text());
    }
    assert_eq!(reply.xml_all("Key"), ["a\u{1}b", "c\nd\re", "f\tg", "h\u{FFFE}i"]);
    let reply = list(&client, "encoding-type=url&prefix=a%01&delimiter=b").await;
    assert_eq!(reply.xml_all("Prefix"), ["a%01", "a%01b"]);
}

#[tokio::test]
async fn list_objects_of_no_bucket() {
    let server = TestServer::start().await;
    let client = server.client();
    let message = "The specified bucket does not exist";
    for query in ["", "max-keys=x", "list-type=2"] {
        refused(&list(&client, query).await, 404, "NoSuchBucket", message, &[("BucketName", "bkt")]);
    }
}

#[tokio::test]
async fn list_objects_for_a_session_is_a_listing() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a"]).await;
    // Only directory buckets have sessions: seen on AWS.
    assert_eq!(lines(&list(&client, "session").await), ["a"]);
}

#[tokio::test]
async fn list_objects_many_keys_in_prefixes() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let keys: Vec<String> = (0..120).map(|number| format!("dir{}/{number:03}", number / 40)).collect();
    put_keys(&client, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(lines(&list(&client, "delimiter=/").await), ["[dir0/]", "[dir1/]", "[dir2/]"]);
    let (mut marker, mut seen) = (String::new(), vec![]);
    loop {
        let reply = list(&client, &format!("delimiter=/&max-keys=1&marker={marker}")).await;
        seen.extend(lines(&reply));
        let Some(next) = reply.xml_text("NextMarker") else { break };
        marker = next;
    }
    assert_eq!(seen, ["[dir0/]", "[dir1/]", "[dir2/]"]);
    assert_eq!(lines(&list(&client, "").await), keys);
}
