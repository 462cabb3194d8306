//! Documents on buckets: a file for each, and in here what they share. Every document is put, shown, put as it was shown,
//! and shown again without a difference: what a plan of Terraform's or CDK's compares.

mod configurations;
mod encryption;
mod lifecycle;
mod logging;
mod metadata;
mod notification;
mod replication;
mod settings;
mod terraform;
mod website;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;

use crate::answers::{MALFORMED_XML, refused};
use crate::support::{RawClient, Reply, RequestBuilder};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// PUT of a document, with its MD5: some of them need one.
pub(crate) fn putting(client: &RawClient, target: &str, body: &str) -> RequestBuilder {
    client.put(target).header("content-md5", STANDARD.encode(md5::Md5::digest(body))).body(body)
}

pub(crate) async fn put(client: &RawClient, target: &str, body: &str) -> Reply {
    putting(client, target, body).send().await
}

/// POST of a document, with its MD5.
pub(crate) fn posting(client: &RawClient, target: &str, body: &str) -> RequestBuilder {
    client.post(target).header("content-md5", STANDARD.encode(md5::Md5::digest(body))).body(body)
}

/// The document that GET shows.
async fn shown(client: &RawClient, target: &str) -> String {
    let reply = client.get(target).send().await.expect_status(200);
    assert_eq!(reply.header("content-type"), Some("application/xml"));
    reply.text().to_owned()
}

/// A whole document, as S3 sends it.
fn document(root: &str, inner: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{NAMESPACE}\">{inner}</{root}>")
}

/// Puts a document that is shown as `expected`, and puts that again.
async fn round_trip(client: &RawClient, target: &str, status: u16, (root, given, expected): (&str, &str, &str)) {
    let given = format!("<{root}>{given}</{root}>");
    let reply = put(client, target, &given).await.expect_status(status);
    assert!(reply.body.is_empty(), "{}", reply.text());
    let first = shown(client, target).await;
    assert_eq!(first, document(root, expected));
    put(client, target, &first).await.expect_status(status);
    assert_eq!(shown(client, target).await, first);
}

/// The document is `MalformedXML`.
async fn malformed(client: &RawClient, target: &str, body: &str) {
    let reply = put(client, target, body).await;
    assert_eq!(reply.status, 400, "{body}");
    refused(&reply, 400, "MalformedXML", MALFORMED_XML, &[]);
}

/// What is no document of this root: no XML, another root, an element that nobody knows, text where none belongs.
async fn not_documents(client: &RawClient, target: &str, root: &str) {
    let wrong = [
        String::new(),
        "no xml".to_owned(),
        format!("<{root}>"),
        "<Other/>".to_owned(),
        format!("<{root}><Other/></{root}>"),
        format!("<{root}>text</{root}>"),
    ];
    for body in wrong {
        malformed(client, target, &body).await;
    }
}

/// Its absence is this error.
async fn absent(client: &RawClient, target: &str, code: &str, message: &str) {
    let reply = client.get(target).send().await;
    refused(&reply, 404, code, message, &[("BucketName", "bkt")]);
}
