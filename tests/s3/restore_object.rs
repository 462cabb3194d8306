//! `?restore`, and what archived objects answer before, meanwhile and afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use staves::engine::clock::Clock;
use staves::engine::limits::Limits;
use staves::wire::sigv4::AmzDate;
use staves::wire::time::Timestamp;

use crate::answers::{MALFORMED_XML, bad_argument, refused, refused_bare};
use crate::support::server::{SMALL_PART, TestServer};
use crate::support::{RawClient, Reply, RequestBuilder};

const K: &str = "/bkt/k";
const TARGET: &str = "/bkt/k?restore";
const DAY_MS: i64 = 86_400_000;
const ARCHIVED: &str = "The operation is not valid for the object's storage class";
const NOT_ARCHIVED: &str = "Restore is not allowed for the object's current storage class";

/// A server and what time it is there: the first second of a day, so that no test runs over midnight.
struct World {
    _server: TestServer,
    client: RawClient,
    millis: Arc<AtomicI64>,
}

impl World {
    async fn new(day: Duration) -> World {
        let now = i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
        let millis = Arc::new(AtomicI64::new(now / DAY_MS * DAY_MS + 1000));
        let clock = Clock::Fixed(Arc::clone(&millis));
        let limits = Limits { min_part_size_bytes: SMALL_PART, ..Limits::default() };
        let server = TestServer::with(|builder| builder.clock(clock).limits(limits).lifecycle_day(day)).await;
        let client = server.client();
        let world = World { _server: server, client, millis };
        world.send(world.client.put("/bkt")).await.expect_status(200);
        world
    }

    async fn with_days() -> World {
        World::new(Duration::from_hours(24)).await
    }

    fn now(&self) -> i64 {
        self.millis.load(Ordering::SeqCst)
    }

    fn pass_ms(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// Signed at the moment that it is there.
    async fn send(&self, request: RequestBuilder) -> Reply {
        request.date(AmzDate::from_unix(self.now() / 1000)).send().await
    }

    async fn put(&self, target: &str, class: &str) -> Reply {
        let put = self.client.put(target).header("x-amz-storage-class", class).body("hello");
        self.send(put).await.expect_status(200)
    }

    async fn get(&self, target: &str) -> Reply {
        self.send(self.client.get(target)).await
    }

    async fn restore(&self, inner: &str) -> Reply {
        self.restore_at(TARGET, inner).await
    }

    async fn restore_at(&self, target: &str, inner: &str) -> Reply {
        let body = format!("<RestoreRequest>{inner}</RestoreRequest>");
        self.send(self.client.post(target).body(body)).await
    }

    /// `x-amz-restore`, which GET says too where it answers.
    async fn shown(&self) -> Option<String> {
        let head = self.send(self.client.head(K)).await.expect_status(200);
        head.header("x-amz-restore").map(str::to_owned)
    }

    /// The value for a copy that expires so many days after today's end.
    fn restored(&self, days: i64) -> String {
        let expires = Timestamp::from_millis((self.now() / DAY_MS + days + 1) * DAY_MS);
        format!("ongoing-request=\"false\", expiry-date=\"{}\"", expires.http_date())
    }
}

fn days(days: u32) -> String {
    format!("<Days>{days}</Days>")
}

fn with_tier(days: u32, tier: &str) -> String {
    format!("<Days>{days}</Days><GlacierJobParameters><Tier>{tier}</Tier></GlacierJobParameters>")
}

fn archived(reply: &Reply, class: &str) {
    refused(reply, 403, "InvalidObjectState", ARCHIVED, &[("StorageClass", class)]);
}

#[tokio::test]
async fn restore_object_from_archive_to_archive() {
    let world = World::with_days().await;
    world.put(K, "GLACIER").await;
    archived(&world.get(K).await, "GLACIER");
    assert_eq!(world.shown().await, None);
    let accepted = world.restore(&days(2)).await.expect_status(202);
    assert!(accepted.body.is_empty());
    assert_eq!(world.shown().await.as_deref(), Some("ongoing-request=\"true\""));
    archived(&world.get(K).await, "GLACIER");
    refused(
        &world.restore(&days(2)).await,
        409,
        "RestoreAlreadyInProgress",
        "Object restore is already in progress",
        &[],
    );
    // An hour of AWS's five takes a second.
    world.pass_ms(4_999);
    archived(&world.get(K).await, "GLACIER");
    world.pass_ms(1);
    let got = world.get(K).await.expect_status(200);
    assert_eq!((got.body.as_slice(), got.header("x-amz-storage-class")), (b"hello".as_slice(), Some("GLACIER")));
    assert_eq!(got.header("x-amz-restore"), Some(world.restored(2).as_str()));
    assert_eq!(world.shown().await, Some(world.restored(2)));
    // Restored again it is kept from now on.
    world.pass_ms(DAY_MS);
    world.restore(&days(3)).await.expect_status(200);
    assert_eq!(world.shown().await, Some(world.restored(3)));
    world.pass_ms(4 * DAY_MS - 10_000);
    world.get(K).await.expect_status(200);
    world.pass_ms(10_000);
    archived(&world.get(K).await, "GLACIER");
    assert_eq!(world.shown().await, None);
    world.restore(&days(1)).await.expect_status(202);
}

#[tokio::test]
async fn restore_object_by_tiers() {
    let world = World::with_days().await;
    for (class, tier, seconds_ms) in [
        ("GLACIER", "Standard", 5_000),
        ("GLACIER", "Bulk", 12_000),
        ("DEEP_ARCHIVE", "Standard", 12_000),
        ("DEEP_ARCHIVE", "Bulk", 48_000),
        ("GLACIER", "Expedited", 83),
    ] {
        world.put(K, class).await;
        world.restore(&with_tier(1, tier)).await.expect_status(202);
        world.pass_ms(seconds_ms - 1);
        assert_eq!(world.shown().await.as_deref(), Some("ongoing-request=\"true\""), "{class} {tier}");
        world.pass_ms(1);
        assert_eq!(world.shown().await, Some(world.restored(1)), "{class} {tier}");
    }
    world.put(K, "DEEP_ARCHIVE").await;
    let reply = world.restore(&with_tier(1, "Expedited")).await;
    bad_argument(&reply, "Retrieval option is not supported by this storage class", "Tier", "Expedited");
    assert_eq!(world.shown().await, None);
    // One that is in progress can be made faster, and nothing else.
    world.restore(&with_tier(1, "Bulk")).await.expect_status(202);
    world.restore(&with_tier(1, "Bulk")).await.expect_error(409, "RestoreAlreadyInProgress");
    world.restore(&with_tier(2, "Standard")).await.expect_error(409, "RestoreAlreadyInProgress");
    world.restore(&with_tier(1, "Standard")).await.expect_status(202);
    world.pass_ms(12_000);
    world.get(K).await.expect_status(200);
}

#[tokio::test]
async fn restore_object_on_short_days() {
    let world = World::new(Duration::from_millis(2_400)).await;
    world.put(K, "GLACIER").await;
    world.restore(&days(1)).await.expect_status(202);
    world.pass_ms(500);
    world.get(K).await.expect_status(200);
    world.pass_ms(2 * 2_400);
    archived(&world.get(K).await, "GLACIER");
}

#[tokio::test]
async fn restore_object_refusals() {
    let world = World::with_days().await;
    for class in ["STANDARD", "STANDARD_IA", "GLACIER_IR"] {
        world.put(K, class).await;
        refused(&world.restore(&days(1)).await, 403, "InvalidObjectState", NOT_ARCHIVED, &[("StorageClass", class)]);
    }
    world.put(K, "INTELLIGENT_TIERING").await;
    let message = "This action is not allowed against this storage tier.";
    refused(&world.restore("").await, 403, "ObjectAlreadyInActiveTierError", message, &[]);
    world.put(K, "GLACIER").await;
    for inner in ["", "<Days>0</Days>", "<Days>x</Days>", "<Days>1</Days><Other/>", "<Days>1</Days><Tier>Fast</Tier>"] {
        refused(&world.restore(inner).await, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    for body in ["", "no xml", "<Restore/>"] {
        let reply = world.send(world.client.post(TARGET).body(body)).await;
        refused(&reply, 400, "MalformedXML", MALFORMED_XML, &[]);
    }
    for (inner, element) in [
        ("<Type>SELECT</Type><Days>1</Days>", "Type"),
        ("<SelectParameters><Expression>x</Expression></SelectParameters>", "SelectParameters"),
        ("<Days>1</Days><OutputLocation/>", "OutputLocation"),
    ] {
        let message = format!("The element {element} implies functionality that is not implemented");
        refused(&world.restore(inner).await, 501, "NotImplemented", &message, &[("Element", element)]);
    }
    let reply = world.restore_at("/bkt/none?restore", &days(1)).await;
    refused(&reply, 404, "NoSuchKey", "The specified key does not exist.", &[("Key", "none")]);
    assert_eq!(world.shown().await, None);
}

#[tokio::test]
async fn restore_object_of_a_version() {
    let world = World::with_days().await;
    let enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    world.send(world.client.put("/bkt?versioning").body(enabled)).await.expect_status(200);
    let old = world.put(K, "GLACIER").await.header("x-amz-version-id").unwrap().to_owned();
    world.put(K, "GLACIER").await;
    world.restore_at(&format!("{TARGET}&versionId={old}"), &days(1)).await.expect_status(202);
    world.pass_ms(5_000);
    world.get(&format!("{K}?versionId={old}")).await.expect_status(200);
    archived(&world.get(K).await, "GLACIER");
    let marker = world.send(world.client.delete(K)).await.expect_status(204);
    let fields = [("Method", "POST"), ("ResourceType", "DeleteMarker")];
    let message = "The specified method is not allowed against this resource.";
    let marker = marker.header("x-amz-version-id").unwrap();
    for target in [TARGET.to_owned(), format!("{TARGET}&versionId={marker}")] {
        refused(&world.restore_at(&target, &days(1)).await, 405, "MethodNotAllowed", message, &fields);
    }
}

#[tokio::test]
async fn copies_of_archived_objects() {
    let world = World::with_days().await;
    world.put(K, "GLACIER").await;
    let id = {
        let reply = world.send(world.client.post("/bkt/upload?uploads")).await.expect_status(200);
        reply.xml_text("UploadId").unwrap()
    };
    let part = format!("/bkt/upload?partNumber=1&uploadId={id}");
    let copy = async |target: &str| world.send(world.client.put(target).header("x-amz-copy-source", "bkt/k")).await;
    refused_bare(&copy("/bkt/to").await, 403, "InvalidObjectState", ARCHIVED, &[("StorageClass", "GLACIER")]);
    copy(&part).await.expect_error(403, "InvalidObjectState");
    world.restore(&with_tier(1, "Expedited")).await.expect_status(202);
    world.pass_ms(100);
    copy("/bkt/to").await.expect_status(200);
    copy(&part).await.expect_status(200);
    // A copy is no archive, and has no restore.
    let got = world.get("/bkt/to").await.expect_status(200);
    assert_eq!((got.header("x-amz-storage-class"), got.header("x-amz-restore")), (None, None));
}

#[tokio::test]
async fn listings_show_restores_if_asked() {
    let world = World::with_days().await;
    for (target, class) in [("/bkt/a", "GLACIER"), ("/bkt/b", "GLACIER"), ("/bkt/c", "GLACIER"), ("/bkt/d", "STANDARD")]
    {
        world.put(target, class).await;
    }
    world.restore_at("/bkt/a?restore", &with_tier(1, "Expedited")).await.expect_status(202);
    world.pass_ms(100);
    world.restore_at("/bkt/b?restore", &days(1)).await.expect_status(202);
    let expires = Timestamp::from_millis((world.now() / DAY_MS + 2) * DAY_MS).iso8601_millis();
    let restored = format!(
        "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress><RestoreExpiryDate>{expires}</RestoreExpiryDate></RestoreStatus>"
    );
    let ongoing = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
    for target in ["/bkt", "/bkt?list-type=2", "/bkt?versions"] {
        let ask = |value: &str| world.client.get(target).header("x-amz-optional-object-attributes", value);
        let reply = world.send(ask("RestoreStatus")).await.expect_status(200);
        let after_class = |status: &str| format!("<StorageClass>GLACIER</StorageClass>{status}");
        for status in [restored.as_str(), ongoing] {
            assert_eq!(reply.text().matches(&after_class(status)).count(), 1, "{}", reply.text());
        }
        assert_eq!(reply.text().matches("<RestoreStatus>").count(), 2);
        assert!(!world.get(target).await.text().contains("RestoreStatus"));
        let reply = world.send(ask("Colour")).await;
        let name = "x-amz-optional-object-attributes";
        bad_argument(&reply, "Invalid attribute name specified.", name, "Colour");
    }
}
