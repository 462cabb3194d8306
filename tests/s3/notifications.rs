//! What buckets tell: the events of every operation, whom they concern, the form in which they come, and how they are
//! delivered and read. The document itself is in `documents/notification`.

#[path = "notifications/hook.rs"]
mod hook;
#[path = "notifications/later.rs"]
mod later;

use serde_json::Value;
use staves::engine::clock::Clock;
use staves::s3::Destinations;
use staves::server::ServerBuilder;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use self::hook::Hook;
use crate::documents::putting;
use crate::support::server::{TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:queue";
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:topic";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:fn";
const BUS: &str = "arn:aws:events:us-east-1:000000000000:event-bus/default";
const EVENTS: &str = "/_staves/control/events";

fn queue(events: &[&str], filter: &str) -> String {
    let events = events.iter().map(|event| format!("<Event>{event}</Event>")).collect::<Vec<_>>().concat();
    format!("<QueueConfiguration><Id>q</Id><Queue>{QUEUE}</Queue>{events}{filter}</QueueConfiguration>")
}

async fn configure(client: &RawClient, inner: &str) {
    let document = format!("<NotificationConfiguration>{inner}</NotificationConfiguration>");
    let request = client.put("/bkt?notification").header("x-amz-skip-destination-validation", "true").body(document);
    request.send().await.expect_status(200);
}

/// What `GET /_staves/control/events` answers.
async fn ask(client: &RawClient, query: &str) -> Reply {
    client.get(&format!("{EVENTS}?{query}")).anonymous().header("authorization", "Bearer test").send().await
}

async fn events(client: &RawClient) -> Vec<Value> {
    let reply = ask(client, "limit=1000").await.expect_status(200);
    let answer: Value = serde_json::from_slice(&reply.body).unwrap();
    answer["events"].as_array().unwrap().clone()
}

/// Name and key of every record, in order.
async fn names(client: &RawClient) -> Vec<(String, String)> {
    let record = |event: &Value| {
        let record = &event["message"]["Records"][0];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&record["eventName"]), text(&record["s3"]["object"]["key"]))
    };
    events(client).await.iter().map(record).collect()
}

fn with_hooks(builder: ServerBuilder, hooks: &[(&str, &Hook)]) -> ServerBuilder {
    let pairs: Vec<(&str, String)> = hooks.iter().map(|(arn, hook)| (*arn, hook.url())).collect();
    let pairs = pairs.iter().map(|(arn, url)| (*arn, url.as_str()));
    builder.destinations(Destinations::new(pairs).unwrap())
}

#[tokio::test]
async fn put_object_tells_a_record_as_aws_does() {
    // 2024-05-06T07:08:09.123Z.
    let clock = Clock::Fixed(Arc::new(AtomicI64::new(1_714_979_289_123)));
    let server = TestServer::with(|builder| builder.clock(clock)).await;
    let date = staves::wire::sigv4::AmzDate::from_unix(1_714_979_289);
    let client = server.client();
    client.put("/bkt").date(date).send().await.expect_status(200);
    let document =
        format!("<NotificationConfiguration>{}</NotificationConfiguration>", queue(&["s3:ObjectCreated:*"], ""));
    client
        .put("/bkt?notification")
        .date(date)
        .header("x-amz-skip-destination-validation", "true")
        .body(document)
        .send()
        .await
        .expect_status(200);
    let put = client.put("/bkt/red%20flower/%C4%8D+1.jpg").date(date).body(b"hello").send().await.expect_status(200);

    let reply = ask(&client, "").await.expect_status(200);
    let text = reply.text().to_owned();
    let event: Value = serde_json::from_str(&text).unwrap();
    let event = &event["events"][0];
    assert_eq!((event["sequence"].as_i64(), event["destination"].as_str()), (Some(1), Some(QUEUE)));
    assert_eq!(
        (event["delivery"].as_str(), event["time"].as_str()),
        (Some("nobody"), Some("2024-05-06T07:08:09.123Z"))
    );
    let sequencer = event["message"]["Records"][0]["s3"]["object"]["sequencer"].as_str().unwrap();
    assert!(sequencer.len() == 18 && sequencer.bytes().all(|byte| byte.is_ascii_hexdigit()), "{sequencer}");
    // Every field, in AWS's order.
    let expected = format!(
        concat!(
            r#"{{"Records":[{{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","#,
            r#""eventTime":"2024-05-06T07:08:09.123Z","eventName":"ObjectCreated:Put","#,
            r#""userIdentity":{{"principalId":"AWS:000000000000"}},"requestParameters":{{"sourceIPAddress":"127.0.0.1"}},"#,
            r#""responseElements":{{"x-amz-request-id":"{request}","x-amz-id-2":"{host}"}},"#,
            r#""s3":{{"s3SchemaVersion":"1.0","configurationId":"q","bucket":{{"name":"bkt","#,
            r#""ownerIdentity":{{"principalId":"{owner}"}},"arn":"arn:aws:s3:::bkt"}},"#,
            r#""object":{{"key":"red+flower/%C4%8D%2B1.jpg","size":5,"eTag":"5d41402abc4b2a76b9719d911017c592","#,
            r#""sequencer":"{sequencer}"}}}}}}]}}"#
        ),
        request = put.header("x-amz-request-id").unwrap(),
        host = put.header("x-amz-id-2").unwrap(),
        owner = event["message"]["Records"][0]["s3"]["bucket"]["ownerIdentity"]["principalId"].as_str().unwrap(),
        sequencer = sequencer,
    );
    assert!(text.contains(&expected), "{text}\n{expected}");
}

#[tokio::test]
async fn each_operation_has_its_event() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    configure(&client, &queue(&["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectAcl:Put"], "")).await;
    client.put("/bkt/a").body(b"hello").send().await.expect_status(200);
    client.put("/bkt/b").header("x-amz-copy-source", "/bkt/a").send().await.expect_status(200);
    let id = create_upload(&client, "/bkt/c", &[]).await;
    let part = upload_part(&client, "/bkt/c", &id, 1, b"x").await;
    let list = part_list([(1, part.header("etag").unwrap())]);
    complete(&client, "/bkt/c", &id, &list).await.expect_status(200);
    // Repeated, it makes nothing.
    complete(&client, "/bkt/c", &id, &list).await.expect_status(200);
    client.delete("/bkt/a").send().await.expect_status(204);
    client.delete("/bkt/a").send().await.expect_status(204);
    let entries: String = ["b", "absent", "c"].map(|key| format!("<Object><Key>{key}</Key></Object>")).concat();
    let body = format!("<Delete>{entries}</Delete>");
    let md5 = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        staves::wire::md5::Md5::digest(body.as_bytes()),
    );
    client.post("/bkt?delete").header("content-md5", md5).body(body).send().await.expect_status(200);
    let expected = [
        ("ObjectCreated:Put", "a"),
        ("ObjectCreated:Copy", "b"),
        ("ObjectCreated:CompleteMultipartUpload", "c"),
        ("ObjectRemoved:Delete", "a"),
        ("ObjectRemoved:Delete", "b"),
        ("ObjectRemoved:Delete", "c"),
    ];
    assert_eq!(names(&client).await, expected.map(|(name, key)| (name.to_owned(), key.to_owned())));
    let all = events(&client).await;
    let object = |at: usize| all[at]["message"]["Records"][0]["s3"]["object"].clone();
    assert_eq!((object(2)["size"].as_u64(), object(2)["eTag"].as_str().unwrap().ends_with("-1")), (Some(1), true));
    let deleted = object(3);
    assert!(deleted.get("size").is_none() && deleted.get("eTag").is_none() && deleted.get("versionId").is_none());
    let sequencers: Vec<String> = (0..all.len()).map(|at| object(at)["sequencer"].to_string()).collect();
    assert!(sequencers[0] < sequencers[3] && sequencers[1] < sequencers[4], "{sequencers:?}");
}

#[tokio::test]
async fn versions_and_delete_markers_are_named() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    client.put("/bkt?versioning").body(enabled).send().await.expect_status(200);
    configure(&client, &queue(&["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], "")).await;
    let put = client.put("/bkt/k").body(b"x").send().await;
    let marker = client.delete("/bkt/k").send().await.expect_status(204);
    let id = |reply: &Reply| reply.header("x-amz-version-id").unwrap().to_owned();
    client.delete(&format!("/bkt/k?versionId={}", id(&marker))).send().await.expect_status(204);
    client.delete(&format!("/bkt/k?versionId={}", id(&put))).send().await.expect_status(204);
    let expected = [
        ("ObjectCreated:Put", id(&put)),
        ("ObjectRemoved:DeleteMarkerCreated", id(&marker)),
        ("ObjectRemoved:Delete", id(&marker)),
        ("ObjectRemoved:Delete", id(&put)),
    ];
    let all = events(&client).await;
    let told: Vec<(String, String)> = all
        .iter()
        .map(|event| {
            let record = &event["message"]["Records"][0];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (text(&record["eventName"]), text(&record["s3"]["object"]["versionId"]))
        })
        .collect();
    assert_eq!(told, expected.map(|(name, id)| (name.to_owned(), id)));
    let object = &all[1]["message"]["Records"][0]["s3"]["object"];
    assert_eq!(object["eTag"].as_str(), Some("d41d8cd98f00b204e9800998ecf8427e"));
}

#[tokio::test]
async fn refused_requests_and_other_keys_tell_nothing() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let filter = "<Filter><S3Key><FilterRule><Name>Prefix</Name><Value>in/</Value></FilterRule><FilterRule><Name>Suffix</Name><Value>.jpg</Value></FilterRule></S3Key></Filter>";
    configure(&client, &queue(&["s3:ObjectCreated:Put"], filter)).await;
    for key in ["in/a.png", "out/a.jpg", "in/b.jpg", "xin/c.jpg"] {
        client.put(&format!("/bkt/{key}")).body(b"x").send().await.expect_status(200);
    }
    client.put("/bkt/in/copy.jpg").header("x-amz-copy-source", "/bkt/in/b.jpg").send().await.expect_status(200);
    client
        .put("/bkt/in/bad.jpg")
        .header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")
        .body(b"x")
        .send()
        .await
        .expect_status(400);
    client.put("/bkt/in/b.jpg").header("if-none-match", "*").body(b"x").send().await.expect_status(412);
    client.delete("/bkt/in/b.jpg").send().await.expect_status(204);
    assert_eq!(names(&client).await, [("ObjectCreated:Put".to_owned(), "in/b.jpg".to_owned())]);
    // To stop, an empty configuration is put.
    configure(&client, "").await;
    client.put("/bkt/in/d.jpg").body(b"x").send().await.expect_status(200);
    assert_eq!(events(&client).await.len(), 1);
}

#[tokio::test]
async fn strangers_and_forms_are_named() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    client.delete("/bkt?publicAccessBlock").send().await.expect_status(204);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::bkt/*"}]}"#;
    client.put("/bkt?policy").body(policy).send().await.expect_status(204);
    configure(&client, &queue(&["s3:ObjectCreated:*"], "")).await;
    client.put("/bkt/anonymous").body(b"x").anonymous().send().await.expect_status(200);
    let form = "--b\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\nform\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhello\r\n--b--\r\n";
    let post = client.post("/bkt").header("content-type", "multipart/form-data; boundary=b").body(form);
    post.anonymous().send().await.expect_status(204);
    let told = names(&client).await;
    assert_eq!(told[1], ("ObjectCreated:Post".to_owned(), "form".to_owned()));
    let all = events(&client).await;
    for event in &all {
        assert_eq!(event["message"]["Records"][0]["userIdentity"]["principalId"].as_str(), Some("Anonymous"));
    }
}

#[tokio::test]
async fn acls_that_are_put_are_told() {
    let server = TestServer::with(|builder| builder.acl_defaults(staves::s3::AclDefaults::Legacy)).await;
    let client = server.bucket().await;
    configure(&client, &queue(&["s3:ObjectAcl:Put"], "")).await;
    client.put("/bkt/k").body(b"hello").send().await.expect_status(200);
    client.put("/bkt/k?acl").header("x-amz-acl", "public-read").send().await.expect_status(200);
    client.put("/bkt/absent?acl").header("x-amz-acl", "public-read").send().await.expect_status(404);
    assert_eq!(names(&client).await, [("ObjectAcl:Put".to_owned(), "k".to_owned())]);
    let record = &events(&client).await[0]["message"]["Records"][0];
    assert_eq!(record["eventVersion"].as_str(), Some("2.3"));
    assert_eq!(record["s3"]["object"]["eTag"].as_str(), Some("5d41402abc4b2a76b9719d911017c592"));
    assert!(record["s3"]["object"].get("size").is_none());
}

#[tokio::test]
async fn tags_retention_and_restores_are_told() {
    let server = TestServer::start().await;
    let client = server.client();
    client.put("/bkt").header("x-amz-bucket-object-lock-enabled", "true").send().await.expect_status(200);
    configure(&client, &queue(&["s3:ObjectTagging:*", "s3:ObjectRetention:Put", "s3:ObjectRestore:*"], "")).await;
    let put = client.put("/bkt/k").header("x-amz-storage-class", "GLACIER").body(b"hello").send().await;
    let version = put.expect_status(200).header("x-amz-version-id").unwrap().to_owned();
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>";
    for _ in 0..2 {
        putting(&client, "/bkt/k?tagging", tags).send().await.expect_status(200);
    }
    client.delete("/bkt/k?tagging").send().await.expect_status(204);
    putting(&client, "/bkt/k?tagging", "<X/>").send().await.expect_error(400, "MalformedXML");
    let restore = "<RestoreRequest><Days>1</Days></RestoreRequest>";
    client.post("/bkt/k?restore").body(restore).send().await.expect_status(202);
    client.post("/bkt/k?restore").body(restore).send().await.expect_error(409, "RestoreAlreadyInProgress");
    let retention =
        "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>";
    putting(&client, "/bkt/k?retention", retention).send().await.expect_status(200);
    let told: Vec<String> = names(&client).await.into_iter().map(|(name, _)| name).collect();
    let expected =
        ["ObjectTagging:Put", "ObjectTagging:Put", "ObjectTagging:Delete", "ObjectRestore:Post", "ObjectRetention:Put"];
    assert_eq!(told, expected);
    for event in events(&client).await {
        let object = &event["message"]["Records"][0]["s3"]["object"];
        assert_eq!(object["versionId"].as_str(), Some(version.as_str()));
    }
}

#[tokio::test]
async fn what_lifecycles_do_is_told() {
    let day = std::time::Duration::from_secs(1);
    let server = TestServer::with(|builder| builder.lifecycle_day(day)).await;
    let client = server.bucket().await;
    let asked = ["s3:LifecycleExpiration:*", "s3:LifecycleTransition"];
    configure(&client, &format!("{}<EventBridgeConfiguration/>", queue(&asked, ""))).await;
    client.put("/bkt/gone/k").body(b"hello").send().await.expect_status(200);
    client.put("/bkt/cold/k").body(b"hello").send().await.expect_status(200);
    let rule = |prefix: &str, what: &str| {
        format!(
            "<Rule><ID>{prefix}</ID><Filter><Prefix>{prefix}/</Prefix></Filter><Status>Enabled</Status>{what}</Rule>"
        )
    };
    let rules = [
        rule("gone", "<Expiration><Days>1</Days></Expiration>"),
        rule("cold", "<Transition><Days>0</Days><StorageClass>GLACIER</StorageClass></Transition>"),
    ]
    .concat();
    let document = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    let put = putting(&client, "/bkt?lifecycle", &document);
    let put = put.header("x-amz-transition-default-minimum-object-size", "varies_by_storage_class");
    put.send().await.expect_status(200);
    // Two of them to the queue, and four to EventBridge.
    let mut all = Vec::new();
    for _ in 0..100 {
        all = events(&client).await;
        if all.len() == 6 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let of = |name: &str| {
        let found = all.iter().map(|event| &event["message"]["Records"][0]).find(|record| record["eventName"] == name);
        found.unwrap_or_else(|| panic!("{name} in {all:#?}")).clone()
    };
    let expired = of("LifecycleExpiration:Delete");
    assert_eq!(expired["s3"]["object"]["key"].as_str(), Some("gone/k"));
    assert_eq!(expired["userIdentity"]["principalId"].as_str(), Some("s3.amazonaws.com"));
    assert_eq!(expired["requestParameters"]["sourceIPAddress"].as_str(), Some("s3.amazonaws.com"));
    let moved = of("LifecycleTransition");
    assert_eq!(moved["lifecycleEventData"]["transitionEventData"]["destinationStorageClass"].as_str(), Some("GLACIER"));
    let bridge = all.iter().map(|event| &event["message"]).find(|message| message["detail-type"] == "Object Deleted");
    assert_eq!(bridge.unwrap()["detail"]["reason"].as_str(), Some("Lifecycle Expiration"));
}

#[tokio::test]
async fn event_bridge_is_told_everything_in_its_own_words() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    configure(&client, &format!("{}<EventBridgeConfiguration/>", queue(&["s3:ObjectCreated:Copy"], ""))).await;
    let put = client.put("/bkt/a%20b").body(b"hello").send().await.expect_status(200);
    client.delete("/bkt/a%20b").send().await.expect_status(204);
    let all = events(&client).await;
    assert_eq!(all.len(), 2);
    let message = &all[0]["message"];
    assert_eq!(all[0]["destination"].as_str(), Some(BUS));
    for (name, value) in
        [("version", "0"), ("detail-type", "Object Created"), ("source", "aws.s3"), ("account", "000000000000")]
    {
        assert_eq!(message[name].as_str(), Some(value), "{name}");
    }
    assert_eq!(message["resources"][0].as_str(), Some("arn:aws:s3:::bkt"));
    assert_eq!(message["time"].as_str().map(str::len), Some("2021-11-12T00:00:00Z".len()));
    let detail = &message["detail"];
    assert_eq!((detail["reason"].as_str(), detail["requester"].as_str()), (Some("PutObject"), Some("000000000000")));
    assert_eq!(
        (detail["bucket"]["name"].as_str(), detail["source-ip-address"].as_str()),
        (Some("bkt"), Some("127.0.0.1"))
    );
    assert_eq!(detail["request-id"].as_str(), put.header("x-amz-request-id"));
    assert_eq!((detail["object"]["key"].as_str(), detail["object"]["size"].as_u64()), (Some("a b"), Some(5)));
    assert_eq!(detail["object"]["etag"].as_str(), Some("5d41402abc4b2a76b9719d911017c592"));
    let deleted = &all[1]["message"];
    assert_eq!(deleted["detail-type"].as_str(), Some("Object Deleted"));
    assert_eq!(deleted["detail"]["deletion-type"].as_str(), Some("Permanently Deleted"));
}

#[tokio::test]
async fn a_configuration_is_tested_unless_that_is_skipped() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let created = "<Event>s3:ObjectCreated:Put</Event>";
    let inner = format!(
        "<TopicConfiguration><Topic>{TOPIC}</Topic><Event>s3:ObjectAcl:Put</Event></TopicConfiguration>{}<CloudFunctionConfiguration><CloudFunction>{FUNCTION}</CloudFunction><Event>s3:ObjectCreated:Copy</Event></CloudFunctionConfiguration>",
        format_args!("<QueueConfiguration><Queue>{QUEUE}</Queue>{created}</QueueConfiguration>")
    );
    configure(&client, &inner).await;
    assert!(events(&client).await.is_empty());
    let document = format!("<NotificationConfiguration>{inner}</NotificationConfiguration>");
    let put = client.put("/bkt?notification").body(document).send().await.expect_status(200);
    let all = events(&client).await;
    let destinations: Vec<&str> = all.iter().map(|event| event["destination"].as_str().unwrap()).collect();
    assert_eq!(destinations, [TOPIC, QUEUE]);
    let message = &all[0]["message"];
    for (name, value) in [
        ("Service", "Amazon S3"),
        ("Event", "s3:TestEvent"),
        ("Bucket", "bkt"),
        ("RequestId", put.header("x-amz-request-id").unwrap()),
        ("HostId", put.header("x-amz-id-2").unwrap()),
    ] {
        assert_eq!(message[name].as_str(), Some(value), "{name}");
    }
    assert_eq!(message["Time"].as_str().map(str::len), Some("2014-10-13T15:57:02.089Z".len()));
    // A refused document tests nothing.
    client
        .put("/bkt?notification")
        .body("<NotificationConfiguration><X/></NotificationConfiguration>")
        .send()
        .await
        .expect_status(400);
    assert_eq!(events(&client).await.len(), 2);
}

#[tokio::test]
async fn control_events_are_for_who_has_the_secret_key() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    for authorization in ["Bearer wrong", "Bearer ", "test", "Basic dGVzdDp0ZXN0", ""] {
        let reply = client.get(EVENTS).anonymous().header("authorization", authorization).send().await;
        assert_eq!(reply.expect_status(401).header("www-authenticate"), Some("Bearer"));
    }
    client.get(EVENTS).anonymous().send().await.expect_status(401);
    let lower = client.get(EVENTS).anonymous().header("authorization", "bearer test").send().await.expect_status(200);
    assert_eq!(lower.text(), r#"{"events":[],"next":0}"#);
    assert_eq!(lower.header("content-type"), Some("application/json"));
    let bearer =
        |method: &str, target: &str| client.request(method, target).anonymous().header("authorization", "Bearer test");
    assert_eq!(bearer("POST", EVENTS).send().await.expect_status(405).header("allow"), Some("GET, HEAD"));
    bearer("GET", "/_staves/control/").send().await.expect_status(404);
    bearer("GET", "/_staves/control/other").send().await.expect_status(404);
    for (query, says) in [
        ("after=x", "`after` is a whole number"),
        ("limit=-1", "`limit` is a whole number"),
        ("limit=0", "`limit` is 1 to 1000, not 0"),
        ("limit=1001", "`limit` is 1 to 1000, not 1001"),
        ("wait=soon", "`wait` is a time such as"),
        ("wait=21s", "`wait` is 20s at most"),
        ("wait=20001ms", "`wait` is 20s at most"),
        ("limits=5", "did you mean `limit`?"),
        ("after=0&since=5", "is not known"),
    ] {
        let reply = ask(&client, query).await.expect_status(400);
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        assert!(answer["error"].as_str().unwrap().contains(says), "{query}: {answer}");
    }
    ask(&client, "after=0&limit=1&wait=").await.expect_status(200);
}

#[tokio::test]
async fn control_events_are_paged_and_waited_for() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    configure(&client, &queue(&["s3:ObjectCreated:*"], "")).await;
    for number in 0..3 {
        client.put(&format!("/bkt/{number}")).send().await.expect_status(200);
    }
    let answer = |reply: Reply| -> Value { serde_json::from_slice(&reply.expect_status(200).body).unwrap() };
    let page = answer(ask(&client, "limit=2").await);
    assert_eq!((page["events"].as_array().unwrap().len(), page["next"].as_i64()), (2, Some(2)));
    let rest = answer(ask(&client, "after=2&limit=2").await);
    assert_eq!((rest["events"].as_array().unwrap().len(), rest["next"].as_i64()), (1, Some(3)));
    let started = std::time::Instant::now();
    assert_eq!(answer(ask(&client, "after=3&wait=300ms").await)["next"].as_i64(), Some(3));
    assert!(started.elapsed() >= std::time::Duration::from_millis(300));
    // Whoever waits is told at once.
    let waiting = client.clone();
    let waiting = tokio::spawn(async move { ask(&waiting, "after=3&wait=20s").await });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    client.put("/bkt/late").send().await.expect_status(200);
    let late = answer(waiting.await.unwrap());
    assert_eq!(late["next"].as_i64(), Some(4));
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
}

#[tokio::test]
async fn webhooks_get_the_events_of_their_destination() {
    let (queue_hook, bus_hook) = (Hook::start().await, Hook::start().await);
    let server = TestServer::with(|builder| with_hooks(builder, &[(QUEUE, &queue_hook), (BUS, &bus_hook)])).await;
    let client = server.bucket().await;
    let inner = format!("{}<EventBridgeConfiguration/>", queue(&["s3:ObjectCreated:*"], ""));
    let document = format!("<NotificationConfiguration>{inner}</NotificationConfiguration>");
    client.put("/bkt?notification").body(document).send().await.expect_status(200);
    client.put("/bkt/k").body(b"hello").send().await.expect_status(200);
    client.delete("/bkt/k").send().await.expect_status(204);
    let posts = queue_hook.posts(2).await;
    assert_eq!(posts[0].json()["Event"].as_str(), Some("s3:TestEvent"));
    assert_eq!(posts[1].json()["Records"][0]["eventName"].as_str(), Some("ObjectCreated:Put"));
    assert_eq!(posts[1].header("content-type"), Some("application/json"));
    assert_eq!(posts[1].header("x-staves-destination"), Some(QUEUE));
    assert!(posts[1].head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{}", posts[1].head);
    let bus = bus_hook.posts(2).await;
    assert_eq!(bus[1].json()["detail-type"].as_str(), Some("Object Deleted"));
    // Delivered once, and noted so.
    for _ in 0..50 {
        if events(&client).await.iter().all(|event| event["delivery"] == "done") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let sequences: Vec<String> =
        events(&client).await.iter().map(|event| event["delivery"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sequences, ["done"; 4]);
    assert_eq!((queue_hook.count(), bus_hook.count()), (2, 2));
}

#[tokio::test]
async fn a_refused_event_is_sent_again_and_holds_up_no_other() {
    let hook = Hook::start().await;
    let server = TestServer::with(|builder| with_hooks(builder, &[(QUEUE, &hook)])).await;
    let client = server.bucket().await;
    configure(&client, &queue(&["s3:ObjectCreated:*"], "")).await;
    hook.answer_next(&[500]);
    client.put("/bkt/first").send().await.expect_status(200);
    hook.posts(1).await;
    client.put("/bkt/second").send().await.expect_status(200);
    let posts = hook.posts(3).await;
    let keys: Vec<String> = posts
        .iter()
        .map(|post| post.json()["Records"][0]["s3"]["object"]["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys, ["first", "second", "first"]);
    assert_eq!(posts[0].header("x-staves-sequence"), posts[2].header("x-staves-sequence"));
}

#[tokio::test]
async fn events_survive_a_restart_until_their_webhook_is_there() {
    let data = tempfile::tempdir().unwrap();
    let hook = Hook::start().await;
    let start = |hook_url: String| {
        let destinations = Destinations::new([(QUEUE, hook_url.as_str())]).unwrap();
        staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(data.path()).destinations(destinations).start()
    };
    // A port where nobody listens.
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    let running = start(closed).await.unwrap();
    let client = RawClient::new(running.addr(), "test", "test");
    client.put("/bkt").send().await.expect_status(200);
    configure(&client, &queue(&["s3:ObjectCreated:*"], "")).await;
    client.put("/bkt/k").send().await.expect_status(200);
    assert_eq!(events(&client).await[0]["delivery"].as_str(), Some("waiting"));
    running.shutdown().await;

    let running = start(hook.url()).await.unwrap();
    let posts = hook.posts(1).await;
    assert_eq!(posts[0].json()["Records"][0]["s3"]["object"]["key"].as_str(), Some("k"));
    // The configuration is there still, and counts on.
    let client = RawClient::new(running.addr(), "test", "test");
    client.put("/bkt/l").send().await.expect_status(200);
    assert_eq!(hook.posts(2).await[1].header("x-staves-sequence"), Some("2"));
    running.shutdown().await;
}
