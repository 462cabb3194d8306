//! `ListParts`: its document, its pages, and the order of its checks.

use crate::answers::{bad_argument, in_whole_seconds, masked, no_upload};
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};

const K: &str = "/bkt/k";

fn without_ids(xml: &str) -> String {
    masked(xml, &["ID", "UploadId", "LastModified"])
}

#[tokio::test]
async fn list_parts_document() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, "/bkt/a%20%3Cb%3E", &[]).await;
    upload_part(&client, "/bkt/a%20%3Cb%3E", &id, 7, b"hello").await.expect_status(200);
    let reply = client.get(&format!("/bkt/a%20%3Cb%3E?uploadId={id}")).send().await.expect_status(200);
    assert_eq!(
        without_ids(reply.text()),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListPartsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>bkt</Bucket><Key>a &lt;b&gt;</Key><UploadId>*</UploadId><Initiator><ID>*</ID><DisplayName>000000000000</DisplayName></Initiator><Owner><ID>*</ID></Owner><StorageClass>STANDARD</StorageClass><PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>7</NextPartNumberMarker><MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated><Part><PartNumber>7</PartNumber><LastModified>*</LastModified><ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><Size>5</Size></Part></ListPartsResult>"
    );
    assert_eq!(reply.xml_text("UploadId"), Some(id));
    assert!(reply.xml_all("ID").iter().all(|id| id.len() == 64));
    in_whole_seconds(&reply, "LastModified");
}

#[tokio::test]
async fn list_parts_of_nothing_and_of_zero() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    for query in ["", "&max-parts=0"] {
        let reply = client.get(&format!("{K}?uploadId={id}{query}")).send().await.expect_status(200);
        assert_eq!(reply.xml_text("NextPartNumberMarker").as_deref(), Some("0"));
        assert_eq!(reply.xml_text("IsTruncated").as_deref(), Some("false"));
        assert_eq!(reply.xml_all("Part"), [""; 0]);
    }
    upload_part(&client, K, &id, 1, b"x").await.expect_status(200);
    let reply = client.get(&format!("{K}?uploadId={id}&max-parts=0")).send().await.expect_status(200);
    let text = |name| reply.xml_text(name);
    assert_eq!(text("MaxParts").as_deref(), Some("0"));
    assert_eq!(text("NextPartNumberMarker").as_deref(), Some("0"));
    assert_eq!(text("IsTruncated").as_deref(), Some("false"));
    assert_eq!(reply.xml_all("Part"), [""; 0]);
}

#[tokio::test]
async fn list_parts_pages() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    for number in [10_000, 2, 5, 1, 9] {
        upload_part(&client, K, &id, number, b"x").await.expect_status(200);
    }
    let all = client.get(&format!("{K}?uploadId={id}")).send().await.xml_all("PartNumber");
    assert_eq!(all, ["1", "2", "5", "9", "10000"]);
    let (mut marker, mut seen) = ("0".to_owned(), vec![]);
    loop {
        let reply = client.get(&format!("{K}?uploadId={id}&max-parts=%2B2&part-number-marker={marker}")).send().await;
        assert_eq!(reply.xml_text("PartNumberMarker"), Some(marker));
        assert_eq!(reply.xml_text("MaxParts").as_deref(), Some("2"));
        seen.extend(reply.xml_all("PartNumber"));
        marker = reply.xml_text("NextPartNumberMarker").unwrap();
        assert_eq!(seen.last(), Some(&marker));
        if reply.xml_text("IsTruncated").unwrap() == "false" {
            break;
        }
    }
    assert_eq!(seen, all);
    let clamped = client.get(&format!("{K}?uploadId={id}&max-parts=2147483647")).send().await;
    assert_eq!(clamped.xml_text("MaxParts").as_deref(), Some("1000"));
    let beyond = client.get(&format!("{K}?uploadId={id}&part-number-marker=2147483647")).send().await;
    assert_eq!(beyond.xml_all("Part"), [""; 0]);
    assert_eq!(beyond.xml_text("NextPartNumberMarker").as_deref(), Some("0"));
    let empty = client.get(&format!("{K}?uploadId={id}&max-parts=&part-number-marker=")).send().await;
    assert_eq!(empty.xml_all("PartNumber"), all, "empty numbers count as not sent");
}

#[tokio::test]
async fn list_parts_checks_in_order() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let range = |name: &str| format!("Provided {name} not an integer or within integer range");
    let negative = |name: &str| format!("Argument {name} must be an integer between 0 and 2147483647");
    // Before the upload is looked up, max-parts first.
    for (query, message, name, value) in [
        ("max-parts=x&part-number-marker=y", range("max-parts"), "max-parts", "x"),
        ("max-parts=2147483648", range("max-parts"), "max-parts", "2147483648"),
        ("part-number-marker=-1&max-parts=-2", negative("max-parts"), "max-parts", "-2"),
        ("part-number-marker=y", range("part-number-marker"), "part-number-marker", "y"),
        ("part-number-marker=-1", negative("part-number-marker"), "part-number-marker", "-1"),
    ] {
        bad_argument(&client.get(&format!("{K}?uploadId=nope&{query}")).send().await, &message, name, value);
    }
    no_upload(&client.get(&format!("{K}?uploadId=nope")).send().await, "nope");
}

#[tokio::test]
async fn list_parts_shows_the_declared_checksum() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let headers = [
        ("x-amz-checksum-algorithm", "crc32c"),
        ("x-amz-checksum-type", "full_object"),
        ("x-amz-storage-class", "GLACIER"),
    ];
    let id = create_upload(&client, K, &headers).await;
    upload_part(&client, K, &id, 1, b"hello").await.expect_status(200);
    let reply = client.get(&format!("{K}?uploadId={id}")).send().await.expect_status(200);
    assert_eq!(reply.xml_text("ChecksumAlgorithm").as_deref(), Some("CRC32C"));
    assert_eq!(reply.xml_text("ChecksumType").as_deref(), Some("FULL_OBJECT"));
    assert_eq!(reply.xml_text("ChecksumCRC32C").as_deref(), Some("mnG7TA=="));
    assert_eq!(reply.xml_text("StorageClass").as_deref(), Some("GLACIER"));
}

#[tokio::test]
async fn list_parts_of_a_completed_upload() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    let part = upload_part(&client, K, &id, 1, b"x").await.expect_status(200);
    complete(&client, K, &id, &part_list([(1, part.header("etag").unwrap())])).await.expect_status(200);
    no_upload(&client.get(&format!("{K}?uploadId={id}")).send().await, &id);
}
