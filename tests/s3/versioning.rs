//! `?versioning`, and what it does to every operation on objects.

use crate::answers::{MALFORMED_XML, bad_argument, bad_request, refused};
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};

const K: &str = "/bkt/k";
const ABSENT: &str = "nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi";

pub(crate) async fn set_versioning(client: &RawClient, bucket: &str, status: &str) -> Reply {
    let body = format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>");
    client.put(&format!("/{bucket}?versioning")).body(body).send().await
}

/// Enables versioning.
pub(crate) async fn keep_versions(client: &RawClient, bucket: &str) {
    set_versioning(client, bucket, "Enabled").await.expect_status(200);
}

pub(crate) async fn versioned() -> (TestServer, RawClient) {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    keep_versions(&client, "bkt").await;
    (server, client)
}

/// Puts and returns the id of the version.
pub(crate) async fn put(client: &RawClient, target: &str, body: &str) -> String {
    let reply = client.put(target).body(body).send().await.expect_status(200);
    reply.header("x-amz-version-id").expect("a version id").to_owned()
}

/// The header's value, if the reply has this status.
#[track_caller]
pub(crate) fn version_of(reply: &Reply, status: u16) -> Option<&str> {
    assert_eq!(reply.status, status, "{:?} {}", reply.headers, String::from_utf8_lossy(&reply.body));
    reply.header("x-amz-version-id")
}

fn at(target: &str, version: &str) -> String {
    format!("{target}?versionId={version}")
}

#[tokio::test]
async fn put_bucket_versioning_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let never = client.get("/bkt?versioning").send().await.expect_status(200);
    let root = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
    let document =
        |inner: &str| format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root}{inner}</VersioningConfiguration>");
    assert_eq!(never.text(), document(""));
    assert_eq!(never.header("content-type"), None);
    for status in ["Enabled", "Suspended", "Enabled"] {
        let reply = set_versioning(&client, "bkt", status).await.expect_status(200);
        assert_eq!(reply.body, b"");
        let shown = client.get("/bkt?versioning").send().await.expect_status(200);
        assert_eq!(shown.text(), document(&format!("<Status>{status}</Status>")));
    }
}

#[tokio::test]
async fn get_bucket_versioning_shows_mfa_delete_once_it_was_given() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let put = async |inner: &str| {
        let body = format!("<VersioningConfiguration>{inner}</VersioningConfiguration>");
        client.put("/bkt?versioning").body(body).send().await
    };
    let shown = async || {
        let reply = client.get("/bkt?versioning").send().await.expect_status(200);
        (reply.xml_text("Status"), reply.xml_text("MfaDelete"))
    };
    let text = |text: &str| Some(text.to_owned());
    put("<Status>Enabled</Status>").await.expect_status(200);
    assert_eq!(shown().await, (text("Enabled"), None));
    put("<MfaDelete>Disabled</MfaDelete>").await.expect_status(400);
    put("<MfaDelete>Enabled</MfaDelete><Status>Suspended</Status>").await.expect_status(501);
    assert_eq!(shown().await, (text("Enabled"), None));
    put("<Status>Enabled</Status><MfaDelete>Disabled</MfaDelete>").await.expect_status(200);
    assert_eq!(shown().await, (text("Enabled"), text("Disabled")));
    put("<Status>Suspended</Status>").await.expect_status(200);
    assert_eq!(shown().await, (text("Suspended"), text("Disabled")));
    // It goes with the bucket.
    client.delete("/bkt").send().await.expect_status(204);
    client.put("/bkt").send().await.expect_status(200);
    assert_eq!(shown().await, (None, None));
}

#[tokio::test]
async fn put_bucket_versioning_mfa_delete_of_what_is_refused_leaves_no_trace() {
    let server = TestServer::start().await;
    let client = server.client();
    client.put("/bkt").header("x-amz-bucket-object-lock-enabled", "true").send().await.expect_status(200);
    let body =
        "<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Disabled</MfaDelete></VersioningConfiguration>";
    client.put("/bkt?versioning").body(body).send().await.expect_error(409, "InvalidBucketState");
    let shown = client.get("/bkt?versioning").send().await.expect_status(200);
    assert_eq!((shown.xml_text("Status").as_deref(), shown.xml_text("MfaDelete")), (Some("Enabled"), None));
}

#[tokio::test]
async fn put_bucket_versioning_bad_documents() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let put = async |inner: &str| {
        let body = format!("<VersioningConfiguration>{inner}</VersioningConfiguration>");
        client.put("/bkt?versioning").body(body).send().await
    };
    let message = "The Versioning element must be specified";
    refused(&put("").await, 400, "IllegalVersioningConfigurationException", message, &[]);
    for inner in ["<Status>enabled</Status>", "<Status/>", "<Other/>", "<Status>Never</Status>"] {
        refused(&put(inner).await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    let message = "The element MfaDelete implies functionality that is not implemented";
    let mfa = put("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>").await;
    refused(&mfa, 501, "NotImplemented", message, &[("Element", "MfaDelete")]);
    let long = put(&format!("<Status>Enabled</Status>{}", " ".repeat(1024))).await;
    let message = "Your request was too big.";
    refused(&long, 400, "MaxMessageLengthExceeded", message, &[("MaxMessageLengthBytes", "1024")]);
    let status = client.get("/bkt?versioning").send().await.xml_text("Status");
    assert_eq!(status, None);
    put("<MfaDelete>Disabled</MfaDelete><Status>Enabled</Status>").await.expect_status(200);
}

#[tokio::test]
async fn put_bucket_versioning_replicated() {
    let (_server, client) = versioned().await;
    client.put("/dest").send().await.expect_status(200);
    keep_versions(&client, "dest").await;
    let body = "<ReplicationConfiguration><Role>arn:aws:iam::000000000000:role/r</Role><Rule><Prefix/><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dest</Bucket></Destination></Rule></ReplicationConfiguration>";
    crate::documents::put(&client, "/bkt?replication", body).await.expect_status(200);
    let message = "A replication configuration is present on this bucket, so the versioning state cannot be changed.";
    refused(&set_versioning(&client, "bkt", "Suspended").await, 409, "InvalidBucketState", message, &[]);
}

#[tokio::test]
async fn get_object_versions() {
    let (_server, client) = versioned().await;
    let first = put(&client, K, "first").await;
    let second = put(&client, K, "second!").await;
    assert_eq!(first.len(), 32);
    assert_ne!(first, second);
    for (target, version, body) in
        [(K.to_owned(), &second, "second!"), (at(K, &first), &first, "first"), (at(K, &second), &second, "second!")]
    {
        let got = client.get(&target).send().await;
        assert_eq!((version_of(&got, 200), got.text()), (Some(version.as_str()), body));
        let head = client.head(&target).send().await;
        assert_eq!(version_of(&head, 200), Some(version.as_str()));
        assert_eq!(head.header("content-length"), Some(body.len().to_string().as_str()));
        assert_eq!(head.header("x-amz-delete-marker"), None);
        let attributes = client.get(&format!("{target}{}attributes", if target == K { "?" } else { "&" }));
        let attributes = attributes.header("x-amz-object-attributes", "ObjectSize").send().await;
        assert_eq!(version_of(&attributes, 200), Some(version.as_str()));
        assert_eq!(attributes.xml_text("ObjectSize"), Some(body.len().to_string()));
    }
    let range = client.get(&at(K, &first)).header("range", "bytes=1-2").send().await;
    assert_eq!((version_of(&range, 206), range.text()), (Some(first.as_str()), "ir"));
}

#[tokio::test]
async fn get_object_of_no_version() {
    let (_server, client) = versioned().await;
    let first = put(&client, K, "first").await;
    let message = "The specified version does not exist.";
    for id in [ABSENT, "null"] {
        let reply = client.get(&at(K, id)).send().await;
        refused(&reply, 404, "NoSuchVersion", message, &[("Key", "k"), ("VersionId", id)]);
    }
    let other = client.get(&at("/bkt/other", &first)).send().await;
    refused(&other, 404, "NoSuchVersion", message, &[("Key", "other"), ("VersionId", &first)]);
    client.head(&at(K, ABSENT)).send().await.expect_status(404);
    bad_argument(&client.get(&at(K, "x")).send().await, "Invalid version id specified", "versionId", "x");
    let reply = client.put(&at(K, &first)).body("x").send().await;
    bad_argument(&reply, "This operation does not accept a version-id.", "versionId", &first);
}

#[tokio::test]
async fn delete_object_makes_a_marker() {
    let (_server, client) = versioned().await;
    let first = put(&client, K, "first").await;
    let deleted = client.delete(K).send().await;
    let marker = version_of(&deleted, 204).unwrap().to_owned();
    assert_eq!(deleted.header("x-amz-delete-marker"), Some("true"));

    let gone = client.get(K).send().await;
    refused(&gone, 404, "NoSuchKey", "The specified key does not exist.", &[("Key", "k")]);
    let fields = [("Method", "GET"), ("ResourceType", "DeleteMarker")];
    let refusal = client.get(&at(K, &marker)).send().await;
    let message = "The specified method is not allowed against this resource.";
    refused(&refusal, 405, "MethodNotAllowed", message, &fields);
    for (reply, status) in [
        (gone, 404),
        (refusal, 405),
        (client.head(K).send().await, 404),
        (client.head(&at(K, &marker)).send().await, 405),
    ] {
        assert_eq!(version_of(&reply, status), Some(marker.as_str()));
        assert_eq!(reply.header("x-amz-delete-marker"), Some("true"));
        assert_eq!(reply.header("allow"), (status == 405).then_some("DELETE"));
        assert_eq!(reply.header("last-modified").is_some(), status == 405);
    }
    assert_eq!(client.get("/bkt").send().await.xml_all("Key"), Vec::<String>::new());
    assert_eq!(client.get(&at(K, &first)).send().await.text(), "first");

    // A marker on a marker, and on nothing.
    let again = client.delete(K).send().await;
    assert_ne!(version_of(&again, 204), Some(marker.as_str()));
    assert_eq!(client.delete("/bkt/never").send().await.header("x-amz-delete-marker"), Some("true"));
    // Gone for good.
    for id in [version_of(&again, 204).unwrap(), &marker] {
        let unmarked = client.delete(&at(K, id)).send().await;
        assert_eq!(version_of(&unmarked, 204), Some(id));
        assert_eq!(unmarked.header("x-amz-delete-marker"), Some("true"));
    }
    assert_eq!(client.get(K).send().await.text(), "first");
    for _ in 0..2 {
        let deleted = client.delete(&at(K, &first)).send().await;
        assert_eq!(version_of(&deleted, 204), Some(first.as_str()));
        assert_eq!(deleted.header("x-amz-delete-marker"), None);
    }
    let gone = client.get(K).send().await.expect_error(404, "NoSuchKey");
    assert_eq!(gone.header("x-amz-delete-marker"), None);
}

#[tokio::test]
async fn delete_objects_versions_and_markers() {
    let (_server, client) = versioned().await;
    let first = put(&client, K, "first").await;
    let delete = async |objects: &str| {
        let body = format!("<Delete>{objects}</Delete>");
        let reply = crate::documents::posting(&client, "/bkt?delete", &body).send().await.expect_status(200);
        reply.text().split_once("2006-03-01/\">").unwrap().1.trim_end_matches("</DeleteResult>").to_owned()
    };
    let answer = delete("<Object><Key>k</Key></Object>").await;
    let marker = client.head(K).send().await.header("x-amz-version-id").unwrap().to_owned();
    let of_marker = format!("<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>{marker}</DeleteMarkerVersionId>");
    assert_eq!(answer, format!("<Deleted><Key>k</Key>{of_marker}</Deleted>"));
    let both =
        [&marker, &first, ABSENT, "x"].map(|id| format!("<Object><Key>k</Key><VersionId>{id}</VersionId></Object>"));
    assert_eq!(
        delete(&both.concat()).await,
        format!(
            "<Deleted><Key>k</Key><VersionId>{marker}</VersionId>{of_marker}</Deleted>\
             <Deleted><Key>k</Key><VersionId>{first}</VersionId></Deleted>\
             <Deleted><Key>k</Key><VersionId>{ABSENT}</VersionId></Deleted>\
             <Error><Key>k</Key><VersionId>x</VersionId><Code>NoSuchVersion</Code><Message>The specified version does not exist.</Message></Error>"
        )
    );
    assert_eq!(client.get("/bkt?versions").send().await.xml_all("VersionId"), Vec::<String>::new());
}

#[tokio::test]
async fn suspended_versions_are_null() {
    let (_server, client) = versioned().await;
    let first = put(&client, K, "first").await;
    set_versioning(&client, "bkt", "Suspended").await.expect_status(200);
    let written = client.put(K).body("null!").send().await;
    assert_eq!(version_of(&written, 200), None);
    for target in [K, "/bkt/k?versionId=null"] {
        let got = client.get(target).send().await;
        assert_eq!((version_of(&got, 200), got.text()), (Some("null"), "null!"));
    }
    let copied = client.put("/bkt/copy").header("x-amz-copy-source", "/bkt/k").send().await;
    assert_eq!(version_of(&copied, 200), Some("null"));
    assert_eq!(copied.header("x-amz-copy-source-version-id"), None);
    let copied = client.put("/bkt/copy").header("x-amz-copy-source", "/bkt/k?versionId=null").send().await;
    assert_eq!(copied.header("x-amz-copy-source-version-id"), Some("null"));

    let deleted = client.delete(K).send().await;
    assert_eq!(version_of(&deleted, 204), Some("null"));
    assert_eq!(deleted.header("x-amz-delete-marker"), Some("true"));
    client.get("/bkt/k?versionId=null").send().await.expect_error(405, "MethodNotAllowed");
    assert_eq!(client.get(&at(K, &first)).send().await.text(), "first");
    let unmarked = client.delete("/bkt/k?versionId=null").send().await;
    assert_eq!(unmarked.header("x-amz-delete-marker"), Some("true"));
    assert_eq!(client.get(K).send().await.text(), "first");
}

#[tokio::test]
async fn a_bucket_without_versioning_shows_no_version() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    client.put(K).body("x").send().await.expect_status(200);
    for target in [K, "/bkt/k?versionId=null"] {
        assert_eq!(version_of(&client.get(target).send().await, 200), None);
    }
    let message = "The specified version does not exist.";
    let absent = client.get(&at(K, ABSENT)).send().await;
    refused(&absent, 404, "NoSuchVersion", message, &[("Key", "k"), ("VersionId", ABSENT)]);
}

#[tokio::test]
async fn copy_object_of_versions() {
    let (_server, client) = versioned().await;
    let first = put(&client, K, "first").await;
    let second = put(&client, K, "second!").await;
    let copy = async |to: &str, source: &str| client.put(to).header("x-amz-copy-source", source).send().await;
    let copied = copy("/bkt/copy", "/bkt/k").await;
    assert_eq!(copied.header("x-amz-copy-source-version-id"), Some(second.as_str()));
    assert_eq!(version_of(&copied, 200).unwrap().len(), 32);
    assert_eq!(client.get("/bkt/copy").send().await.text(), "second!");
    // An old version onto itself is what brings it back.
    let restored = copy(K, &format!("/bkt/k?versionId={first}")).await;
    assert_eq!(restored.header("x-amz-copy-source-version-id"), Some(first.as_str()));
    assert_ne!(version_of(&restored, 200), Some(first.as_str()));
    assert_eq!(client.get(K).send().await.text(), "first");

    let absent = copy("/bkt/copy", &format!("/bkt/k?versionId={ABSENT}")).await.expect_error(404, "NoSuchVersion");
    assert_eq!(absent.xml_text("VersionId").as_deref(), Some(ABSENT));
    let deleted = client.delete(K).send().await;
    let marker = version_of(&deleted, 204).unwrap();
    copy("/bkt/copy", "/bkt/k").await.expect_error(404, "NoSuchKey");
    let message = "The source of a copy request may not specifically refer to a delete marker by version id.";
    let reply = copy("/bkt/copy", &format!("/bkt/k?versionId={marker}")).await;
    crate::answers::refused_bare(&reply, 400, "InvalidRequest", message, &[]);
}

#[tokio::test]
async fn multipart_uploads_make_versions() {
    let (_server, client) = versioned().await;
    let source = put(&client, "/bkt/source", "0123456789abcdef").await;
    put(&client, "/bkt/source", "other").await;
    let id = create_upload(&client, K, &[]).await;
    let part = upload_part(&client, K, &id, 1, b"0123456789abcdef").await.expect_status(200);
    assert_eq!(part.header("x-amz-version-id"), None);
    let copy = client.put(&format!("{K}?partNumber=2&uploadId={id}"));
    let copy = copy.header("x-amz-copy-source", format!("/bkt/source?versionId={source}")).send().await;
    assert_eq!(copy.header("x-amz-copy-source-version-id"), Some(source.as_str()));
    let etag = part.header("etag").unwrap();
    let list = part_list([(1, etag), (2, etag)]);
    let completed = complete(&client, K, &id, &list).await;
    let version = version_of(&completed, 200).unwrap();
    let head = client.head(K).send().await;
    assert_eq!(version_of(&head, 200), Some(version));
    put(&client, K, "later").await;
    // Still there, and still the answer to the same completion.
    let again = complete(&client, K, &id, &list).await;
    assert_eq!(version_of(&again, 200), Some(version));
    let read = client.get(&format!("{K}?versionId={version}&partNumber=2")).send().await;
    assert_eq!((version_of(&read, 206), read.text()), (Some(version), "0123456789abcdef"));
    client.delete(&at(K, version)).send().await.expect_status(204);
    complete(&client, K, &id, &list).await.expect_error(404, "NoSuchUpload");
}

#[tokio::test]
async fn a_completion_later_than_a_put_is_not_current() {
    let (_server, client) = versioned().await;
    let id = create_upload(&client, K, &[]).await;
    let part = upload_part(&client, K, &id, 1, b"part").await.expect_status(200);
    let put = put(&client, K, "put").await;
    let list = part_list([(1, part.header("etag").unwrap())]);
    let completed = complete(&client, K, &id, &list).await;
    let version = version_of(&completed, 200).unwrap();
    let current = client.get(K).send().await;
    assert_eq!((version_of(&current, 200), current.text()), (Some(put.as_str()), "put"));
    let versions = client.get("/bkt?versions").send().await;
    assert_eq!(versions.xml_all("VersionId"), [put.as_str(), version]);
    assert_eq!(versions.xml_all("IsLatest"), ["true", "false"]);
}

#[tokio::test]
async fn conditional_completion_with_a_marker() {
    let (_server, client) = versioned().await;
    put(&client, K, "put").await;
    let id = create_upload(&client, K, &[]).await;
    let part = upload_part(&client, K, &id, 1, b"part").await.expect_status(200);
    let list = part_list([(1, part.header("etag").unwrap())]);
    let complete = async || {
        let request = client.post(&format!("{K}?uploadId={id}")).header("if-none-match", "*");
        request.body(list.as_bytes()).send().await
    };
    complete().await.expect_error(412, "PreconditionFailed");
    let deleted = client.delete(K).send().await;
    complete().await.expect_error(409, "ConditionalRequestConflict");
    client.delete(&at(K, version_of(&deleted, 204).unwrap())).send().await.expect_status(204);
    complete().await.expect_error(412, "PreconditionFailed");
}

#[tokio::test]
async fn put_object_conditions_take_a_marker_for_nothing() {
    let (_server, client) = versioned().await;
    put(&client, K, "put").await;
    let only_new = async || client.put(K).header("if-none-match", "*").body("x").send().await;
    only_new().await.expect_error(412, "PreconditionFailed");
    client.delete(K).send().await.expect_status(204);
    let matching = client.put(K).header("if-match", "\"d41d8cd98f00b204e9800998ecf8427e\"").body("x").send().await;
    matching.expect_error(404, "NoSuchKey");
    only_new().await.expect_status(200);
}

#[tokio::test]
async fn delete_bucket_with_versions() {
    let (_server, client) = versioned().await;
    let deleted = client.delete(K).send().await;
    let marker = version_of(&deleted, 204).unwrap();
    let message = "The bucket you tried to delete is not empty. You must delete all versions in the bucket.";
    refused(&client.delete("/bkt").send().await, 409, "BucketNotEmpty", message, &[("BucketName", "bkt")]);
    client.delete(&at(K, marker)).send().await.expect_status(204);
    client.delete("/bkt").send().await.expect_status(204);
    // The next of that name has no versioning.
    client.put("/bkt").send().await.expect_status(200);
    assert_eq!(client.get("/bkt?versioning").send().await.xml_text("Status"), None);
    bad_request(
        &client.get("/bkt/k?versions").send().await,
        "There is no such thing as the ?versions sub-resource for a key",
    );
}
