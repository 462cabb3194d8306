//! `ListObjectsV2`: its document, tokens, `start-after`, `fetch-owner`.

use crate::answers::{children, masked, refused};
use crate::list_objects::{lines, put_keys};
use crate::support::server::TestServer;
use crate::support::{RawClient, Reply};

async fn list(client: &RawClient, query: &str) -> Reply {
    client.get(&format!("/bkt?list-type=2&{query}")).send().await
}

#[tokio::test]
async fn list_objects_v2_document() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a", "b/1", "c", "d"]).await;
    let reply = list(&client, "delimiter=/&encoding-type=url&max-keys=2&start-after=A").await.expect_status(200);
    let text = masked(reply.text(), &["LastModified", "NextContinuationToken"]);
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>bkt</Name><Prefix></Prefix><Delimiter>/</Delimiter><EncodingType>url</EncodingType><StartAfter>A</StartAfter><NextContinuationToken>*</NextContinuationToken><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated><Contents><Key>a</Key><LastModified>*</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>0</Size><StorageClass>STANDARD</StorageClass></Contents><CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes></ListBucketResult>"
    );
    let token = reply.xml_text("NextContinuationToken").unwrap();
    // Once there is a token, start-after does not count and is not echoed.
    let query = format!("delimiter=/&continuation-token={token}&start-after=z");
    let reply = list(&client, &query).await.expect_status(200);
    assert_eq!(lines(&reply), ["c", "d"]);
    assert_eq!(reply.xml_text("StartAfter"), None);
    assert_eq!(reply.xml_text("ContinuationToken"), Some(token));
    assert_eq!(
        children(reply.text())[..7],
        ["Name", "Prefix", "Delimiter", "ContinuationToken", "KeyCount", "MaxKeys", "IsTruncated"]
    );
    assert_eq!(reply.xml_text("KeyCount").as_deref(), Some("2"));
}

#[tokio::test]
async fn list_objects_v2_owner_on_request() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a"]).await;
    for (query, owners) in [("", 0), ("fetch-owner=false", 0), ("fetch-owner=true", 1)] {
        let reply = list(&client, query).await.expect_status(200);
        assert_eq!(reply.text().matches("<Owner><ID>").count(), owners, "{query}");
        assert_eq!(reply.text().matches("<DisplayName>").count(), 0);
    }
}

#[tokio::test]
async fn list_objects_v2_paging_by_one_equals_one_page() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let keys =
        ["%01", "a", "a/", "a//", "a/b", "a/c/d", "b", "b%2B/x", "b%20/x", "%C3%A4/1", "%C3%A4/2", "%F0%90%80%80"];
    put_keys(&client, &keys).await;
    for selection in ["", "delimiter=/", "prefix=a/&delimiter=/", "delimiter=%C3%A4", "prefix=b"] {
        let whole = list(&client, selection).await.expect_status(200);
        let (mut page, mut contents, mut prefixes) = (String::new(), vec![], vec![]);
        loop {
            let reply = list(&client, &format!("{selection}&max-keys=1{page}")).await.expect_status(200);
            assert_eq!(reply.xml_text("KeyCount").as_deref(), Some("1"), "{selection}");
            for line in lines(&reply) {
                if line.starts_with('[') { prefixes.push(line) } else { contents.push(line) }
            }
            let Some(token) = reply.xml_text("NextContinuationToken") else { break };
            assert_eq!(reply.xml_text("IsTruncated").as_deref(), Some("true"));
            page = format!("&continuation-token={token}");
        }
        contents.extend(prefixes);
        assert_eq!(contents, lines(&whole), "{selection}");
        assert_eq!(whole.xml_text("KeyCount").unwrap(), contents.len().to_string());
    }
}

#[tokio::test]
async fn list_objects_v2_start_after() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a", "dir/1", "dir/2", "e"]).await;
    assert_eq!(lines(&list(&client, "start-after=a").await), ["dir/1", "dir/2", "e"]);
    assert_eq!(lines(&list(&client, "start-after=dir/1&delimiter=/").await), ["e"]);
    assert_eq!(lines(&list(&client, "start-after=dir/&delimiter=/").await), ["e"]);
    assert_eq!(lines(&list(&client, "start-after=zzz").await), [""; 0]);
    let reply = list(&client, "start-after=").await;
    assert_eq!((lines(&reply).len(), reply.xml_text("StartAfter")), (4, None));
    let reply = list(&client, "start-after=a%20%2B&encoding-type=url").await;
    assert_eq!(reply.xml_text("StartAfter").as_deref(), Some("a+%2B"));
}

#[tokio::test]
async fn list_objects_v2_bad_tokens() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put_keys(&client, &["a", "b"]).await;
    let good = list(&client, "max-keys=1").await.xml_text("NextContinuationToken").unwrap();
    let cut = &good[..good.len() - 1];
    for bad in ["", "a", "garbage", "%01", cut, &"A".repeat(1000)] {
        let reply = list(&client, &format!("continuation-token={bad}")).await;
        let message = "The continuation token provided is incorrect";
        refused(&reply, 400, "InvalidArgument", message, &[("ArgumentName", "continuation-token")]);
    }
    // A token outlives the key that it was made of.
    client.delete("/bkt/a").send().await.expect_status(204);
    assert_eq!(lines(&list(&client, &format!("continuation-token={good}")).await), ["b"]);
}
