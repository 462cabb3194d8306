//! What is told of annotations, of what time makes of restores, and of what is there from the start.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use staves::engine::clock::Clock;
use staves::server::{RunningServer, ServerBuilder};
use staves::wire::sigv4::AmzDate;

use super::{ask, configure, events, names, queue};
use crate::support::RawClient;
use crate::support::server::TestServer;

/// Waits for so many events, and returns them all.
async fn wait_for(client: &RawClient, count: usize) -> Vec<Value> {
    for _ in 0..100 {
        if events(client).await.len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let all = events(client).await;
    assert_eq!(all.len(), count, "{all:#?}");
    all
}

fn of_queue(events: &[Value], name: &str) -> Value {
    let records = events.iter().map(|event| &event["message"]["Records"][0]);
    let mut found = records.filter(|record| record["eventName"] == name);
    found.next().unwrap_or_else(|| panic!("{name} in {events:#?}")).clone()
}

fn of_bridge(events: &[Value], detail_type: &str) -> Value {
    let found = events.iter().map(|event| &event["message"]).find(|message| message["detail-type"] == detail_type);
    found.unwrap_or_else(|| panic!("{detail_type} in {events:#?}"))["detail"].clone()
}

#[tokio::test]
async fn annotations_are_told() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    client.put("/bkt?versioning").body(enabled).send().await.expect_status(200);
    let put = client.put("/bkt/k").body(b"hello").send().await.expect_status(200);
    let version = put.header("x-amz-version-id").unwrap().to_owned();
    configure(&client, &format!("{}<EventBridgeConfiguration/>", queue(&["s3:ObjectAnnotation:*"], ""))).await;
    let note = "/bkt/k?annotation&annotationName=note";
    client.put(note).body("first").send().await.expect_status(200);
    client.put(note).send().await.expect_error(400, "InvalidRequest");
    client.delete(note).send().await.expect_status(204);
    // What was not there has not gone.
    client.delete(note).send().await.expect_status(204);
    let all = wait_for(&client, 4).await;
    let put = of_queue(&all, "ObjectAnnotation:Put");
    let etag = "8b04d5e3775d298e78455efc5ca404d5";
    assert_eq!(put["objectAnnotation"], json!([{ "name": "note", "size": 5, "eTag": etag }]));
    assert_eq!(put["eventVersion"].as_str(), Some("2.5"));
    let object = &put["s3"]["object"];
    assert_eq!((object["versionId"].as_str(), object.get("size")), (Some(version.as_str()), None));
    assert_eq!(object["eTag"].as_str(), Some("5d41402abc4b2a76b9719d911017c592"));
    assert_eq!(of_queue(&all, "ObjectAnnotation:Delete")["objectAnnotation"], json!([{ "name": "note" }]));
    let created = of_bridge(&all, "Object Annotation Created");
    assert_eq!(created["object-annotation"], json!({ "name": "note", "size": 5, "etag": etag }));
    assert_eq!(
        (created["reason"].as_str(), created["event-version"].as_str()),
        (Some("PutObjectAnnotation"), Some("1.1"))
    );
    let removed = of_bridge(&all, "Object Annotation Removed");
    assert_eq!(removed["object-annotation"], json!({ "name": "note" }));
    assert_eq!(removed["reason"].as_str(), Some("DeleteObjectAnnotation"));
}

#[tokio::test]
async fn a_copy_says_whether_it_has_annotations() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body(b"hello").send().await.expect_status(200);
    client.put("/bkt/k?annotation&annotationName=note").body("first").send().await.expect_status(200);
    configure(&client, "<EventBridgeConfiguration/>").await;
    let copy = |key: &str| client.put(key).header("x-amz-copy-source", "/bkt/k");
    copy("/bkt/with").send().await.expect_status(200);
    copy("/bkt/without").header("x-amz-object-annotation-directive", "EXCLUDE").send().await.expect_status(200);
    client.put("/bkt/new").send().await.expect_status(200);
    let all = events(&client).await;
    let told: Vec<Option<bool>> =
        all.iter().map(|event| event["message"]["detail"]["object"]["has-object-annotation"].as_bool()).collect();
    assert_eq!(told, [Some(true), Some(false), None]);
}

#[tokio::test]
async fn update_object_encryption_tells_nothing() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.put("/bkt/k").body(b"hello").send().await.expect_status(200);
    configure(&client, "<EventBridgeConfiguration/>").await;
    let key = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555";
    let document = format!("<ObjectEncryption><SSE-KMS><KMSKeyArn>{key}</KMSKeyArn></SSE-KMS></ObjectEncryption>");
    client.put("/bkt/k?encryption").body(document).send().await.expect_status(200);
    assert_eq!(events(&client).await, [Value::Null; 0]);
}

/// Days of 1.2 s, hours of 50 ms.
fn short_days(builder: ServerBuilder) -> ServerBuilder {
    builder.lifecycle_day(Duration::from_millis(1200))
}

#[tokio::test]
async fn what_becomes_of_restores_is_told() {
    let server = TestServer::with(short_days).await;
    let client = server.bucket().await;
    configure(&client, &format!("{}<EventBridgeConfiguration/>", queue(&["s3:ObjectRestore:*"], ""))).await;
    client.put("/bkt/k").header("x-amz-storage-class", "GLACIER").body(b"hello").send().await.expect_status(200);
    client
        .post("/bkt/k?restore")
        .body("<RestoreRequest><Days>1</Days></RestoreRequest>")
        .send()
        .await
        .expect_status(202);
    // Three to each, and what EventBridge is told of the PUT.
    let all = wait_for(&client, 7).await;
    let restores = names(&client).await.into_iter().map(|(name, _)| name).filter(|name| !name.is_empty());
    let expected = ["ObjectRestore:Post", "ObjectRestore:Completed", "ObjectRestore:Delete"];
    assert_eq!(restores.collect::<Vec<_>>(), expected);
    let completed = of_queue(&all, "ObjectRestore:Completed");
    let data = &completed["glacierEventData"]["restoreEventData"];
    assert_eq!(data["lifecycleRestoreStorageClass"].as_str(), Some("GLACIER"));
    let expires = data["lifecycleRestorationExpiryTime"].as_str().unwrap();
    assert_eq!(expires.len(), "1970-01-01T00:00:00.000Z".len());
    assert_eq!(completed["userIdentity"]["principalId"].as_str(), Some("s3.amazonaws.com"));
    assert_eq!(completed["s3"]["object"]["size"].as_u64(), Some(5));
    let gone = of_queue(&all, "ObjectRestore:Delete");
    assert!(gone.get("glacierEventData").is_none() && gone["eventTime"].as_str().unwrap() >= expires, "{gone:#?}");
    assert_eq!(gone["eventVersion"].as_str(), Some("2.3"));
    let bridge = of_bridge(&all, "Object Restore Completed");
    assert_eq!(bridge["source-storage-class"].as_str(), Some("GLACIER"));
    assert_eq!(bridge["restore-expiry-time"].as_str().map(str::len), Some("2021-11-13T00:00:00Z".len()));
    assert_eq!(of_bridge(&all, "Object Restore Initiated")["source-storage-class"].as_str(), Some("GLACIER"));
    let over = of_bridge(&all, "Object Restore Expired");
    assert!(over.get("restore-expiry-time").is_none() && over["object"].get("sequencer").is_none());
}

#[tokio::test]
async fn restores_of_what_is_gone_are_not_told() {
    let server = TestServer::with(short_days).await;
    let client = server.bucket().await;
    for key in ["gone", "stays"] {
        let put = client.put(&format!("/bkt/{key}")).header("x-amz-storage-class", "GLACIER").body(b"hello");
        put.send().await.expect_status(200);
        let restore = client.post(&format!("/bkt/{key}?restore"));
        restore.body("<RestoreRequest><Days>1</Days></RestoreRequest>").send().await.expect_status(202);
    }
    client.delete("/bkt/gone").send().await.expect_status(204);
    configure(&client, &queue(&["s3:ObjectRestore:*"], "")).await;
    wait_for(&client, 2).await;
    let expected =
        ["ObjectRestore:Completed", "ObjectRestore:Delete"].map(|name| (name.to_owned(), "stays".to_owned()));
    assert_eq!(names(&client).await, expected);
}

/// 2024-05-06T07:08:09Z.
const MOMENT_MS: i64 = 1_714_979_289_000;

async fn start_again(
    data: &tempfile::TempDir,
    set_up: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> (RunningServer, RawClient) {
    let builder = staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(data.path());
    let running = set_up(builder).start().await.unwrap();
    let client = RawClient::new(running.addr(), "test", "test");
    (running, client)
}

#[tokio::test]
async fn restores_are_told_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let millis = Arc::new(AtomicI64::new(MOMENT_MS));
    let clock = || Clock::Fixed(Arc::clone(&millis));
    let date = AmzDate::from_unix(MOMENT_MS / 1000);
    let (running, client) = start_again(&directory, |builder| builder.clock(clock())).await;
    client.put("/bkt").date(date).send().await.expect_status(200);
    let document = format!(
        "<NotificationConfiguration>{}</NotificationConfiguration>",
        queue(&["s3:ObjectRestore:Completed"], "")
    );
    let put = client.put("/bkt?notification").date(date).header("x-amz-skip-destination-validation", "true");
    put.body(document).send().await.expect_status(200);
    let put = client.put("/bkt/k").date(date).header("x-amz-storage-class", "DEEP_ARCHIVE");
    put.body(b"hello").send().await.expect_status(200);
    let restore = client.post("/bkt/k?restore").date(date);
    restore.body("<RestoreRequest><Days>1</Days></RestoreRequest>").send().await.expect_status(202);
    running.shutdown().await;

    let (running, client) = start_again(&directory, |builder| builder.clock(clock())).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(events(&client).await, [Value::Null; 0]);
    millis.fetch_add(12_000, Ordering::SeqCst);
    let all = wait_for(&client, 1).await;
    assert_eq!(of_queue(&all, "ObjectRestore:Completed")["eventTime"].as_str(), Some("2024-05-06T07:08:21.000Z"));
    running.shutdown().await;
}

#[tokio::test]
async fn the_seed_is_told() {
    let (data, seed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::create_dir(seed.path().join("bkt")).unwrap();
    std::fs::write(seed.path().join("bkt/k.txt"), b"hello").unwrap();
    let (running, client) = start_again(&data, |builder| builder.buckets(["bkt"])).await;
    configure(&client, &queue(&["s3:ObjectCreated:*"], "")).await;
    running.shutdown().await;
    let (running, client) = start_again(&data, |builder| builder.seed(seed.path())).await;
    assert_eq!(names(&client).await, [("ObjectCreated:Put".to_owned(), "k.txt".to_owned())]);
    ask(&client, "").await.expect_status(200);
    running.shutdown().await;
}
