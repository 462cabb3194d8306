//! Conditional reads and writes.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;

use crate::client::bucket;
use crate::support::server::TestServer;

#[tokio::test]
async fn a_key_is_created_once() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    let put = |text: &'static str| {
        let body = ByteStream::from_static(text.as_bytes());
        client.put_object().bucket("bkt").key("once").if_none_match("*").body(body).send()
    };
    put("first").await.unwrap();
    let again = put("second").await.unwrap_err();
    assert_eq!(again.code(), Some("PreconditionFailed"));
    let got = client.get_object().bucket("bkt").key("once").send().await.unwrap();
    assert_eq!(&got.body.collect().await.unwrap().into_bytes()[..], b"first");
}

#[tokio::test]
async fn a_key_is_replaced_only_as_it_was_read() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    let first = client.put_object().bucket("bkt").key("k").send().await.unwrap();
    let etag = first.e_tag().unwrap();
    let put = |body: &'static [u8]| {
        client.put_object().bucket("bkt").key("k").if_match(etag).body(ByteStream::from_static(body)).send()
    };
    put(b"new").await.unwrap();
    let stale = put(b"stale").await.unwrap_err();
    assert_eq!(stale.code(), Some("PreconditionFailed"));
    let missing = client.put_object().bucket("bkt").key("missing").if_match(etag).send().await.unwrap_err();
    assert_eq!(missing.code(), Some("NoSuchKey"));
}

#[tokio::test]
async fn an_unchanged_object_is_not_sent_again() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    let put = client.put_object().bucket("bkt").key("k").send().await.unwrap();
    let etag = put.e_tag().unwrap();
    let unchanged = client.get_object().bucket("bkt").key("k").if_none_match(etag).send().await.unwrap_err();
    assert_eq!(unchanged.raw_response().unwrap().status().as_u16(), 304);
    let changed = client.get_object().bucket("bkt").key("k").if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(changed.raw_response().unwrap().status().as_u16(), 412);
}
