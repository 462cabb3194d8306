//! What answers say of a lifecycle, and that it is carried out. The documents are in `documents/lifecycle`, the passes over a
//! bucket in `tests/engine/lifecycle.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use staves::engine::clock::Clock;
use staves::engine::limits::Limits;
use staves::wire::time::Timestamp;

use crate::documents::put as put_document;
use crate::support::server::{SMALL_PART, TestServer, complete, create_upload, part_list, upload_part};
use crate::support::{RawClient, Reply};
use crate::versioning::keep_versions;

const K: &str = "/bkt/k";
const DAY_MS: i64 = 86_400_000;

async fn put_rules(client: &RawClient, rules: &str) {
    let body = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    put_document(client, "/bkt?lifecycle", &body).await.expect_status(200);
}

fn rule(id: &str, filter: &str, actions: &str) -> String {
    format!("<Rule><ID>{id}</ID><Filter>{filter}</Filter><Status>Enabled</Status>{actions}</Rule>")
}

fn expire_after(days: u32) -> String {
    format!("<Expiration><Days>{days}</Days></Expiration>")
}

/// Midnight after so many whole days from the moment that this header names.
fn midnight(reply: &Reply, days: i64) -> String {
    let modified = Timestamp::parse_http_date(reply.header("last-modified").unwrap()).unwrap();
    let day = modified.millis().div_euclid(DAY_MS) + days + 1;
    Timestamp::from_millis(day * DAY_MS).http_date()
}

fn expiration(reply: &Reply) -> Option<&str> {
    reply.header("x-amz-expiration")
}

#[tokio::test]
async fn expiration_of_objects() {
    let server = TestServer::with_small_parts().await;
    let client = server.bucket().await;
    assert_eq!(expiration(&client.put(K).body("hello").send().await.expect_status(200)), None);
    let rules = [
        rule("tagged", "<Tag><Key>t</Key><Value>1</Value></Tag>", &expire_after(1)),
        rule("a b/é", "<Prefix>k</Prefix>", &expire_after(3)),
        rule("later", "", &expire_after(9)),
    ];
    put_rules(&client, &rules.concat()).await;
    let head = client.head(K).send().await.expect_status(200);
    let expected = format!("expiry-date=\"{}\", rule-id=\"a%20b%2F%C3%A9\"", midnight(&head, 3));
    assert_eq!(expiration(&head), Some(expected.as_str()));
    assert_eq!(expiration(&client.get(K).send().await), Some(expected.as_str()));
    let range = client.get(K).header("range", "bytes=0-0").send().await.expect_status(206);
    assert_eq!(expiration(&range), Some(expected.as_str()));
    // Every way to make an object says it, too.
    let put = client.put(K).body("hello").send().await.expect_status(200);
    assert!(expiration(&put).is_some_and(|value| value.contains("rule-id=\"a%20b")), "{:?}", put.headers);
    let copy = client.put("/bkt/other").header("x-amz-copy-source", "bkt/k").send().await.expect_status(200);
    assert!(expiration(&copy).is_some_and(|value| value.ends_with("rule-id=\"later\"")), "{:?}", copy.headers);
    let id = create_upload(&client, K, &[("x-amz-tagging", "t=1")]).await;
    let part = upload_part(&client, K, &id, 1, b"hello").await;
    let completed = complete(&client, K, &id, &part_list([(1, part.header("etag").unwrap())])).await;
    assert!(expiration(&completed.expect_status(200)).is_some_and(|value| value.ends_with("rule-id=\"tagged\"")));
    let head = client.head(K).send().await.expect_status(200);
    assert_eq!(expiration(&head), Some(format!("expiry-date=\"{}\", rule-id=\"tagged\"", midnight(&head, 1)).as_str()));
    // It goes with the rules.
    let date = "<Expiration><Date>2100-01-01T00:00:00Z</Date></Expiration>";
    put_rules(&client, &rule("dated", "", date)).await;
    let dated = "expiry-date=\"Fri, 01 Jan 2100 00:00:00 GMT\", rule-id=\"dated\"";
    assert_eq!(expiration(&client.head(K).send().await), Some(dated));
    put_rules(&client, &rule("dated", "", date).replace("Enabled", "Disabled")).await;
    assert_eq!(expiration(&client.head(K).send().await), None);
    client.delete("/bkt?lifecycle").send().await.expect_status(204);
    assert_eq!(expiration(&client.head(K).send().await), None);
}

#[tokio::test]
async fn abort_date_of_uploads() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    let abort =
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    put_rules(&client, &rule("clean", "<Prefix>k</Prefix>", abort)).await;
    let created = client.post("/bkt/k?uploads").send().await.expect_status(200);
    let id = created.xml_text("UploadId").unwrap();
    let date = created.header("x-amz-abort-date").unwrap();
    let moment = Timestamp::parse_http_date(date).unwrap();
    assert_eq!(moment.secs() % 86_400, 0);
    let in_seconds =
        moment.secs() - i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    assert!((2 * 86_400 - 60..=3 * 86_400).contains(&in_seconds), "{date}");
    assert_eq!(created.header("x-amz-abort-rule-id"), Some("clean"));
    let listed = client.get(&format!("/bkt/k?uploadId={id}")).send().await.expect_status(200);
    assert_eq!(listed.header("x-amz-abort-date"), Some(date));
    assert_eq!(listed.header("x-amz-abort-rule-id"), Some("clean"));
    let other = client.post("/bkt/other?uploads").send().await.expect_status(200);
    assert_eq!((other.header("x-amz-abort-date"), other.header("x-amz-abort-rule-id")), (None, None));
}

/// Asks until it is so, for some seconds.
async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what} did not come");
}

#[tokio::test]
async fn lifecycles_are_carried_out() {
    let now = i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let millis = Arc::new(AtomicI64::new(now));
    let clock = Clock::Fixed(Arc::clone(&millis));
    let limits = Limits { min_part_size_bytes: SMALL_PART, ..Limits::default() };
    // Looked at ten times in a day, by the machine's own time; the days themselves pass when the test says so.
    let day = Duration::from_secs(1);
    let server = TestServer::with(|builder| builder.clock(clock).limits(limits).lifecycle_day(day)).await;
    let client = server.bucket().await;
    keep_versions(&client, "bkt").await;
    for body in ["one", "two"] {
        client.put(K).body(body).send().await.expect_status(200);
    }
    client.put("/bkt/kept").body("kept").send().await.expect_status(200);
    let id = create_upload(&client, "/bkt/upload", &[]).await;
    let rules = [
        rule("expire", "<Tag><Key>t</Key><Value>1</Value></Tag>", &expire_after(1)),
        rule(
            "noncurrent",
            "",
            "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>",
        ),
        rule(
            "abort",
            "",
            "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
        ),
    ];
    put_rules(&client, &rules.concat()).await;
    let tagging = "<Tagging><TagSet><Tag><Key>t</Key><Value>1</Value></Tag></TagSet></Tagging>";
    put_document(&client, "/bkt/k?tagging", tagging).await.expect_status(200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.get(K).send().await.expect_status(200);
    millis.fetch_add(2000, Ordering::SeqCst);
    eventually("the expiration", async || client.get(K).send().await.status == 404).await;
    eventually("the abort", async || client.get(&format!("/bkt/upload?uploadId={id}")).send().await.status == 404)
        .await;
    let versions = client.get("/bkt?versions").send().await.expect_status(200);
    assert_eq!(
        (versions.xml_all("DeleteMarker").len(), versions.xml_all("Key")),
        (1, vec!["k".into(), "k".into(), "kept".into()])
    );
    assert_eq!(client.get("/bkt/kept").send().await.expect_status(200).body, b"kept");
    // A day later what the marker hides goes too; rules that come in the middle of a day need not wait for the next.
    millis.fetch_add(2000, Ordering::SeqCst);
    eventually("the deletion", async || client.get("/bkt?versions").send().await.xml_all("Version").len() == 1).await;
    let lone = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    put_rules(&client, &rule("marker", "", lone)).await;
    eventually("the end", async || client.get("/bkt?versions").send().await.xml_all("DeleteMarker").is_empty()).await;
}
