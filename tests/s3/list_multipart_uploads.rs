//! `ListMultipartUploads`: its document, its order, its markers.

use crate::answers::{bad_argument, bad_request, children, in_whole_seconds, masked};
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};

const INVALID_MARKER: &str = "Invalid uploadId marker";

async fn list(client: &RawClient, query: &str) -> Reply {
    client.get(&format!("/bkt?uploads&{query}")).send().await
}

/// Keys of the uploads, then common prefixes in brackets.
fn lines(reply: &Reply) -> Vec<String> {
    let mut lines = reply.xml_all("Key");
    let prefixes = reply.text().split("<CommonPrefixes><Prefix>").skip(1);
    lines.extend(prefixes.map(|rest| format!("[{}]", rest.split('<').next().unwrap_or_default())));
    lines
}

#[tokio::test]
async fn list_multipart_uploads_document() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let empty = list(&client, "").await.expect_status(200);
    assert_eq!(
        empty.text(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>bkt</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker><NextKeyMarker></NextKeyMarker><NextUploadIdMarker></NextUploadIdMarker><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
    );
    let id = create_upload(&client, "/bkt/a%20b", &[("x-amz-checksum-algorithm", "SHA1")]).await;
    let reply = list(&client, "").await.expect_status(200);
    let upload = masked(reply.text(), &["ID", "Initiated"]);
    let start = upload.find("<Upload>").unwrap();
    assert_eq!(
        &upload[start..],
        format!(
            "<Upload><Key>a b</Key><UploadId>{id}</UploadId><Initiator><ID>*</ID><DisplayName>000000000000</DisplayName></Initiator><Owner><ID>*</ID></Owner><StorageClass>STANDARD</StorageClass><Initiated>*</Initiated><ChecksumAlgorithm>SHA1</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType></Upload></ListMultipartUploadsResult>"
        )
    );
    in_whole_seconds(&reply, "Initiated");
    // The last upload's, although nothing follows.
    assert_eq!(reply.xml_text("NextKeyMarker").as_deref(), Some("a b"));
    assert_eq!(reply.xml_text("NextUploadIdMarker"), Some(id));
}

#[tokio::test]
async fn list_multipart_uploads_order() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let mut of_k = vec![];
    for key in ["k", "%F0%90%80%80", "%EF%BD%A1", "k", "a", "k", "%C3%A4"] {
        let id = create_upload(&client, &format!("/bkt/{key}"), &[]).await;
        if key == "k" {
            of_k.push(id);
        }
    }
    let reply = list(&client, "").await;
    // By bytes of UTF-8; those of one key by initiation.
    assert_eq!(reply.xml_all("Key"), ["a", "k", "k", "k", "ä", "\u{FF61}", "\u{10000}"]);
    assert_eq!(reply.xml_all("UploadId")[1..4], of_k);
    let (mut query, mut seen) = (String::new(), vec![]);
    loop {
        let page = list(&client, &format!("encoding-type=url&max-uploads=1{query}")).await.expect_status(200);
        seen.extend(page.xml_all("UploadId"));
        query = format!(
            "&key-marker={}&upload-id-marker={}",
            page.xml_text("NextKeyMarker").unwrap(),
            page.xml_text("NextUploadIdMarker").unwrap()
        );
        if page.xml_text("IsTruncated").unwrap() == "false" {
            break;
        }
    }
    assert_eq!(seen, reply.xml_all("UploadId"));
}

#[tokio::test]
async fn list_multipart_uploads_markers() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let a = create_upload(&client, "/bkt/a", &[]).await;
    let b1 = create_upload(&client, "/bkt/b", &[]).await;
    let b2 = create_upload(&client, "/bkt/b", &[]).await;
    let c = create_upload(&client, "/bkt/c", &[]).await;
    let ids = |reply: &Reply| reply.xml_all("UploadId");
    // A key alone: strictly after it.
    assert_eq!(ids(&list(&client, "key-marker=b").await), [c.as_str()]);
    assert_eq!(ids(&list(&client, "key-marker=aa").await), [b1.as_str(), &b2, &c]);
    // With an upload of it: those after that.
    let reply = list(&client, &format!("key-marker=b&upload-id-marker={b1}")).await;
    assert_eq!(ids(&reply), [b2.as_str(), &c]);
    assert_eq!(reply.xml_text("KeyMarker").as_deref(), Some("b"));
    assert_eq!(reply.xml_text("UploadIdMarker"), Some(b1.clone()));
    // An upload alone is ignored, and echoed as empty.
    let reply = list(&client, "upload-id-marker=garbage").await.expect_status(200);
    assert_eq!(ids(&reply).len(), 4);
    assert_eq!(reply.xml_text("UploadIdMarker").as_deref(), Some(""));
    // Of another key, or garbage.
    for bad in [a.as_str(), "garbage"] {
        let reply = list(&client, &format!("key-marker=b&upload-id-marker={bad}")).await;
        bad_argument(&reply, INVALID_MARKER, "upload-id-marker", bad);
    }
    // One that has ended still tells where to go on.
    client.delete(&format!("/bkt/b?uploadId={b1}")).send().await.expect_status(204);
    assert_eq!(ids(&list(&client, &format!("key-marker=b&upload-id-marker={b1}")).await), [b2.as_str(), &c]);
    // Nothing after the last: no next markers either.
    let reply = list(&client, "key-marker=z").await;
    assert_eq!(reply.xml_text("NextKeyMarker").as_deref(), Some(""));
    assert_eq!(reply.xml_text("NextUploadIdMarker").as_deref(), Some(""));
}

#[tokio::test]
async fn list_multipart_uploads_prefix_and_delimiter() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for key in ["a", "dir/1", "dir/2", "dir0", "z/1"] {
        create_upload(&client, &format!("/bkt/{key}"), &[]).await;
    }
    let reply = list(&client, "delimiter=/").await;
    assert_eq!(lines(&reply), ["a", "dir0", "[dir/]", "[z/]"]);
    assert_eq!(reply.xml_text("Delimiter").as_deref(), Some("/"));
    // Ends in a common prefix: AWS's pages cannot go on from there.
    assert_eq!(reply.xml_text("NextKeyMarker").as_deref(), Some(""));
    assert_eq!(reply.xml_text("NextUploadIdMarker").as_deref(), Some(""));
    let reply = list(&client, "delimiter=/&max-uploads=2").await;
    assert_eq!(lines(&reply), ["a", "[dir/]"], "a common prefix counts");
    assert_eq!(reply.xml_text("IsTruncated").as_deref(), Some("true"));
    assert_eq!(reply.xml_text("MaxUploads").as_deref(), Some("2"));
    assert_eq!(lines(&list(&client, "prefix=dir/").await), ["dir/1", "dir/2"]);
    assert_eq!(lines(&list(&client, "prefix=dir&delimiter=/").await), ["dir0", "[dir/]"]);
    assert_eq!(lines(&list(&client, "delimiter=/&key-marker=dir/1").await), ["dir0", "[z/]"]);
    let names = children(reply.text());
    let prefixes = names.iter().position(|name| name == "CommonPrefixes").unwrap();
    assert!(names.iter().position(|name| name == "Upload").unwrap() < prefixes);
}

#[tokio::test]
async fn list_multipart_uploads_encoding() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    create_upload(&client, "/bkt/a%20b%2B%01/c", &[]).await;
    let reply = list(&client, "encoding-type=url&prefix=a%20&delimiter=/&key-marker=a%20").await;
    assert_eq!(reply.xml_text("EncodingType").as_deref(), Some("url"));
    assert_eq!(reply.xml_all("Prefix"), ["a+", "a+b%2B%01/"]);
    assert_eq!(reply.xml_text("KeyMarker").as_deref(), Some("a+"));
    let reply = list(&client, "encoding-type=url").await;
    assert_eq!(reply.xml_all("Key"), ["a+b%2B%01/c"]);
    assert_eq!(reply.xml_text("NextKeyMarker").as_deref(), Some("a+b%2B%01/c"));
    assert!(list(&client, "").await.text().contains("<Key>a b+&#x1;/c</Key>"));
}

#[tokio::test]
async fn list_multipart_uploads_checks_in_order() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let all = "&encoding-type=x&key-marker=k&upload-id-marker=bad";
    let message = "Provided max-uploads not an integer or within integer range";
    bad_argument(&list(&client, &format!("max-uploads=x{all}")).await, message, "max-uploads", "x");
    let message = "Argument max-uploads must be an integer between 0 and 2147483647";
    bad_argument(&list(&client, &format!("max-uploads=-1{all}")).await, message, "max-uploads", "-1");
    let message = "Invalid Encoding Method specified in Request";
    bad_argument(&list(&client, all).await, message, "encoding-type", "x");
    bad_argument(&list(&client, "encoding-type=").await, message, "encoding-type", "");
    let reply = list(&client, "key-marker=k&upload-id-marker=bad").await;
    bad_argument(&reply, INVALID_MARKER, "upload-id-marker", "bad");
    let reply = list(&client, "max-uploads=5000").await;
    assert_eq!(reply.xml_text("MaxUploads").as_deref(), Some("1000"));
}

#[tokio::test]
async fn list_multipart_uploads_of_a_key() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let reply = client.get("/bkt/k?uploads").send().await;
    bad_request(&reply, "Key is not expected for the GET method ?uploads subresource");
}

#[tokio::test]
async fn list_multipart_uploads_forgets_what_has_ended() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let id = create_upload(&client, "/bkt/k", &[]).await;
    let part = upload_part(&client, "/bkt/k", &id, 1, b"x").await.expect_status(200);
    complete(&client, "/bkt/k", &id, &part_list([(1, part.header("etag").unwrap())])).await.expect_status(200);
    assert_eq!(lines(&list(&client, "").await), [""; 0]);
    let zero = list(&client, "max-uploads=0").await.expect_status(200);
    assert_eq!(zero.xml_text("IsTruncated").as_deref(), Some("false"));
}
