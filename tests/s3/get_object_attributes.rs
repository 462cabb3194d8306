//! `GetObjectAttributes`: what is shown of plain objects and of those made of parts, and how it is asked for.

use crate::get_object::{composite, crc32};
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";
const ALL: &str = "ETag,Checksum,ObjectParts,StorageClass,ObjectSize";

async fn attributes(client: &RawClient, asked: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = client.get(&format!("{K}?attributes")).header("x-amz-object-attributes", asked);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

/// The answer without its root element.
fn inner(reply: &Reply) -> &str {
    let text = reply.text();
    let start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<GetObjectAttributesResponse xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    let inner = text.strip_prefix(start).and_then(|rest| rest.strip_suffix("</GetObjectAttributesResponse>"));
    inner.unwrap_or_else(|| panic!("{text}"))
}

#[tokio::test]
async fn get_object_attributes_of_a_plain_object() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).header("x-amz-checksum-crc32", crc32(b"hello")).body("hello").send().await.expect_status(200);
    let reply = attributes(&client, ALL, &[]).await.expect_status(200);
    let expected = format!(
        "<ETag>5d41402abc4b2a76b9719d911017c592</ETag><Checksum><ChecksumCRC32>{}</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType></Checksum><StorageClass>STANDARD</StorageClass><ObjectSize>5</ObjectSize>",
        crc32(b"hello")
    );
    assert_eq!(inner(&reply), expected);
    assert!(reply.header("last-modified").is_some());
    let some = attributes(&client, " ObjectSize , ETag ", &[]).await.expect_status(200);
    assert_eq!(inner(&some), "<ETag>5d41402abc4b2a76b9719d911017c592</ETag><ObjectSize>5</ObjectSize>");
    // The Go SDK sends a line for each.
    let lines = attributes(&client, "ObjectSize", &[("x-amz-object-attributes", "StorageClass")]).await;
    assert_eq!(inner(&lines), "<StorageClass>STANDARD</StorageClass><ObjectSize>5</ObjectSize>");
}

#[tokio::test]
async fn get_object_attributes_badly_asked() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put(K).body("hello").send().await.expect_status(200);
    let message =
        "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty";
    let fields = [("Code", "InvalidRequest"), ("Message", message)];
    client.get(&format!("{K}?attributes")).send().await.expect_fields(400, &fields);
    attributes(&client, "", &[]).await.expect_fields(400, &fields);
    for unknown in ["Owner", "etag"] {
        attributes(&client, &format!("ETag,{unknown}"), &[]).await.expect_fields(
            400,
            &[
                ("Code", "InvalidArgument"),
                ("Message", "Invalid attribute name specified."),
                ("ArgumentName", "x-amz-object-attributes"),
                ("ArgumentValue", unknown),
            ],
        );
    }
    for name in ["x-amz-max-parts", "x-amz-part-number-marker"] {
        let reply = attributes(&client, "ObjectParts", &[(name, "x")]).await.expect_error(400, "InvalidArgument");
        assert_eq!(reply.xml_text("ArgumentName").as_deref(), Some(name));
        attributes(&client, "ObjectParts", &[(name, "-1")]).await.expect_error(400, "InvalidArgument");
    }
}

#[tokio::test]
async fn get_object_attributes_missing() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let fields = [("Code", "NoSuchKey"), ("Message", "The specified key does not exist."), ("Key", "k")];
    attributes(&client, "ETag", &[]).await.expect_fields(404, &fields);
    client.put(K).body("hello").send().await.expect_status(200);
    let version =
        |id: &str| client.get(&format!("{K}?attributes&versionId={id}")).header("x-amz-object-attributes", "ETag");
    version("null").send().await.expect_status(200);
    version("nonsense").send().await.expect_error(400, "InvalidArgument");
    version("nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi").send().await.expect_error(404, "NoSuchVersion");
}

#[tokio::test]
async fn get_object_attributes_full_object_checksum_shows_only_the_count() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let id = create_upload(&client, K, &[]).await;
    let one = upload_part(&client, K, &id, 1, b"0123456789abcdef").await.expect_status(200);
    let two = upload_part(&client, K, &id, 5, b"end").await.expect_status(200);
    let list = part_list([(1, one.header("etag").unwrap()), (5, two.header("etag").unwrap())]);
    complete(&client, K, &id, &list).await.expect_status(200);
    let reply = attributes(&client, "ETag,ObjectParts,Checksum", &[]).await.expect_status(200);
    assert!(reply.xml_text("ETag").unwrap().ends_with("-2"));
    assert!(inner(&reply).ends_with("<ObjectParts><PartsCount>2</PartsCount></ObjectParts>"), "{}", reply.text());
    assert_eq!(reply.xml_text("ChecksumType").as_deref(), Some("FULL_OBJECT"));
}

#[tokio::test]
async fn get_object_attributes_composite_checksum_shows_parts() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    let bodies = [&b"0123456789abcdef"[..], b"0123456789abcdefg", b"end"];
    let done = composite(&client, &bodies).await;
    let part = |number: usize| {
        let body = bodies[number - 1];
        let (size, crc) = (body.len(), crc32(body));
        format!("<Part><PartNumber>{number}</PartNumber><Size>{size}</Size><ChecksumCRC32>{crc}</ChecksumCRC32></Part>")
    };
    let parts = |marker: &str, next: &str, max: &str, truncated: &str, shown: &[usize]| {
        let shown: String = shown.iter().map(|number| part(*number)).collect();
        format!(
            "<ObjectParts><PartsCount>3</PartsCount><PartNumberMarker>{marker}</PartNumberMarker><NextPartNumberMarker>{next}</NextPartNumberMarker><MaxParts>{max}</MaxParts><IsTruncated>{truncated}</IsTruncated>{shown}</ObjectParts>"
        )
    };
    let pages: [(&[(&str, &str)], String); 5] = [
        (&[], parts("0", "3", "1000", "false", &[1, 2, 3])),
        (&[("x-amz-max-parts", "2")], parts("0", "2", "2", "true", &[1, 2])),
        (&[("x-amz-max-parts", "2"), ("x-amz-part-number-marker", "2")], parts("2", "3", "2", "false", &[3])),
        (&[("x-amz-part-number-marker", "3")], parts("3", "0", "1000", "false", &[])),
        (&[("x-amz-max-parts", "5000")], parts("0", "3", "1000", "false", &[1, 2, 3])),
    ];
    for (headers, expected) in pages {
        assert_eq!(inner(&attributes(&client, "ObjectParts", headers).await.expect_status(200)), expected);
    }
    let reply = attributes(&client, "Checksum", &[]).await;
    let bare = done.xml_text("ChecksumCRC32").unwrap().strip_suffix("-3").unwrap().to_owned();
    assert_eq!(reply.xml_text("ChecksumCRC32"), Some(bare), "without the count");
    assert_eq!(reply.xml_text("ChecksumType").as_deref(), Some("COMPOSITE"));
}
