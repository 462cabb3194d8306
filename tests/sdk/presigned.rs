//! Presigned URLs: signed by the SDK, used by a plain HTTP client that knows nothing of S3.

use std::time::Duration;

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::client::bucket;
use crate::support::Reply;
use crate::support::server::TestServer;

fn for_a_minute() -> PresigningConfig {
    PresigningConfig::expires_in(Duration::from_mins(1)).unwrap()
}

async fn send(server: &TestServer, presigned: &PresignedRequest, body: &[u8]) -> Reply {
    let uri: http::Uri = presigned.uri().parse().unwrap();
    let target = uri.path_and_query().unwrap().as_str();
    let mut request = server.client().request(presigned.method(), target).anonymous().body(body);
    for (name, value) in presigned.headers() {
        request = request.unsigned_header(name, value);
    }
    request.send().await
}

#[tokio::test]
async fn put_then_get() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    let put = client.put_object().bucket("bkt").key("a b").presigned(for_a_minute()).await.unwrap();
    send(&server, &put, b"by URL").await.expect_status(200);
    let get = client.get_object().bucket("bkt").key("a b").response_content_type("text/x-test");
    let get = get.presigned(for_a_minute()).await.unwrap();
    let got = send(&server, &get, b"").await.expect_status(200);
    assert_eq!((got.text(), got.header("content-type")), ("by URL", Some("text/x-test")));
}

#[tokio::test]
async fn each_part() {
    let server = TestServer::with_small_parts().await;
    let client = bucket(&server).await;
    let created = client.create_multipart_upload().bucket("bkt").key("k").send().await.unwrap();
    let id = created.upload_id().unwrap();
    let mut list = CompletedMultipartUpload::builder();
    for number in 1..=3 {
        let part = client.upload_part().bucket("bkt").key("k").upload_id(id).part_number(number);
        let presigned = part.presigned(for_a_minute()).await.unwrap();
        let reply = send(&server, &presigned, &[b'a'; 20]).await.expect_status(200);
        let etag = reply.header("etag").unwrap();
        list = list.parts(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let complete = client.complete_multipart_upload().bucket("bkt").key("k").upload_id(id);
    complete.multipart_upload(list.build()).send().await.unwrap();
    let got = client.get_object().bucket("bkt").key("k").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), vec![b'a'; 60]);
}

#[tokio::test]
async fn a_tampered_url_is_refused() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    client.put_object().bucket("bkt").key("mine").send().await.unwrap();
    let get = client.get_object().bucket("bkt").key("other").presigned(for_a_minute()).await.unwrap();
    let target = get.uri().replace("/other", "/mine");
    let target = target.split_once(&server.addr().to_string()).unwrap().1;
    let reply = server.client().get(target).anonymous().send().await;
    reply.expect_error(403, "SignatureDoesNotMatch");
}
