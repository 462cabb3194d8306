//! Passes of a lifecycle over a bucket, by a clock that the tests step: days of a thousand milliseconds.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use staves::engine::bucket::Bucket;
use staves::engine::clock::Clock;
use staves::engine::lifecycle::LifecycleCounts;
use staves::engine::list::{ListEntry, ListQuery};
use staves::engine::object::{ListedVersion, Owners, VersionQuery};
use staves::engine::version_id::VersionId;
use staves::engine::{Durability, Engine, Options};
use staves::wire::lifecycle::{Calendar, LifecycleConfiguration, SHAPE};
use staves::wire::object_lock::{LegalHold, ObjectLockConfiguration};
use staves::wire::storage_class::StorageClass;
use staves::wire::tagging::TagSet;
use staves::wire::versioning::Versioning;
use staves::wire::xml::Element;

use super::support::{assert_sound, bucket, is_absent, key, options, part, put, put_of, try_body, upload};

const DAY_MS: i64 = 1000;

struct World {
    engine: Engine,
    bucket: Bucket,
    clock: Arc<AtomicI64>,
}

impl World {
    /// On day 0, half past.
    async fn new(dir: &Path, versioning: Option<Versioning>) -> World {
        let clock = Arc::new(AtomicI64::new(DAY_MS / 2));
        let calendar = Calendar::with_day(Duration::from_millis(DAY_MS.unsigned_abs()));
        let fixed = Clock::Fixed(Arc::clone(&clock));
        let engine = Engine::open(Options { clock: fixed, calendar, ..options(dir, Durability::Process) }).unwrap();
        let mut bucket = bucket(&engine, "bucket").await;
        if let Some(versioning) = versioning {
            engine.put_versioning(&bucket, versioning).await.unwrap();
            bucket = engine.bucket(&bucket.name).unwrap();
        }
        World { engine, bucket, clock }
    }

    /// The beginning of a day.
    fn at_day(&self, day: i64) {
        self.clock.store(day * DAY_MS, Ordering::SeqCst);
    }

    /// The last millisecond before it.
    fn before_day(&self, day: i64) {
        self.clock.store(day * DAY_MS - 1, Ordering::SeqCst);
    }

    async fn put(&self, to: &str, bytes: &[u8]) -> VersionId {
        put(&self.engine, &self.bucket, to, bytes).await.version
    }

    async fn put_tagged(&self, to: &str, bytes: &[u8], tags: &str) {
        let mut put = put_of(to, None);
        put.attributes.tags = TagSet::parse_header(tags).unwrap();
        let sealed = try_body(&self.engine, bytes, None).await.unwrap();
        self.engine.put_object(&self.bucket, put, sealed).await.unwrap();
    }

    async fn pass(&self, rules: &str) -> Vec<LifecycleCounts> {
        let rules = Arc::new(configuration(rules));
        let counts = self.engine.carry_out_lifecycle(&self.bucket, &rules, |_| ()).await.unwrap();
        assert_sound(&self.engine);
        counts
    }

    /// All lines, the newest of a key first: a key and its size, or `-` for a delete marker.
    async fn lines(&self) -> Vec<String> {
        let keys = ListQuery { limit: 10_000, ..ListQuery::default() };
        let query = VersionQuery { keys, after_version: None, owners: Owners::Left };
        let page = self.engine.list_versions(&self.bucket, query).await.unwrap();
        let line = |entry| match entry {
            ListEntry::Item(ListedVersion::Object { object, .. }) => format!("{} {}", object.key, object.size_bytes),
            ListEntry::Item(ListedVersion::Marker(marker)) => format!("{} -", marker.key),
            ListEntry::CommonPrefix(prefix) => prefix,
        };
        page.entries.into_iter().map(line).collect()
    }

    fn class(&self, of: &str) -> StorageClass {
        self.engine.object(&self.bucket, &key(of)).unwrap().headers.storage_class
    }
}

fn configuration(rules: &str) -> LifecycleConfiguration {
    let document = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    let read = SHAPE.read(&Element::parse(document.as_bytes()).unwrap()).unwrap();
    LifecycleConfiguration::parse(&read).unwrap()
}

fn rule(filter: &str, actions: &str) -> String {
    format!("<Rule><ID>{}</ID><Filter>{filter}</Filter><Status>Enabled</Status>{actions}</Rule>", actions.len())
}

fn expire_after(days: u32) -> String {
    format!("<Expiration><Days>{days}</Days></Expiration>")
}

const NONE: LifecycleCounts =
    LifecycleCounts { expired: 0, deleted: 0, lone_markers: 0, moved: 0, aborted: 0, locked: 0 };

#[tokio::test]
async fn objects_expire_at_the_end_of_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), None).await;
    world.put("a/old", b"1").await;
    world.put("b/old", b"1").await;
    world.at_day(1);
    world.put("a/new", b"1").await;
    let rules = rule("<Prefix>a/</Prefix>", &expire_after(2));
    world.before_day(3);
    assert_eq!(world.pass(&rules).await, [NONE]);
    world.at_day(3);
    assert_eq!(world.pass(&rules.replace("Enabled", "Disabled")).await, [NONE]);
    assert_eq!(world.pass(&rules).await, [LifecycleCounts { expired: 1, ..NONE }]);
    assert_eq!(world.lines().await, ["a/new 1", "b/old 1"]);
    assert_eq!(world.pass(&rules).await, [NONE]);
    world.at_day(4);
    assert_eq!(world.pass(&rules).await, [LifecycleCounts { expired: 1, ..NONE }]);
    assert_eq!(world.lines().await, ["b/old 1"]);
}

#[tokio::test]
async fn filters_by_tags_and_size() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), None).await;
    world.put_tagged("both", b"12345", "a=1&b=2").await;
    world.put_tagged("one", b"12345", "a=1").await;
    world.put_tagged("small", b"1", "a=1&b=2").await;
    world.put("none", b"12345").await;
    let filter = "<And><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2</Value></Tag>\
                  <ObjectSizeGreaterThan>1</ObjectSizeGreaterThan></And>";
    world.at_day(2);
    assert_eq!(world.pass(&rule(filter, &expire_after(1))).await, [LifecycleCounts { expired: 1, ..NONE }]);
    assert_eq!(world.lines().await, ["none 5", "one 5", "small 1"]);
    let date = "<Expiration><Date>1970-01-02T00:00:00Z</Date></Expiration>";
    let tagged = rule("<Tag><Key>a</Key><Value>1</Value></Tag>", date);
    assert_eq!(world.pass(&tagged).await, [NONE]);
    world.at_day(86_400);
    assert_eq!(world.pass(&tagged).await, [LifecycleCounts { expired: 2, ..NONE }]);
    assert_eq!(world.lines().await, ["none 5"]);
}

#[tokio::test]
async fn versions_are_hidden_then_deleted_then_their_marker_goes() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), Some(Versioning::Enabled)).await;
    world.put("k", b"1").await;
    world.put("k", b"22").await;
    let noncurrent = "<NoncurrentVersionExpiration><NoncurrentDays>2</NoncurrentDays></NoncurrentVersionExpiration>";
    let rules = [
        rule("", &expire_after(1)),
        rule("", noncurrent),
        rule("", "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"),
    ]
    .concat();
    world.at_day(2);
    let expired = [LifecycleCounts { expired: 1, ..NONE }, NONE, NONE];
    assert_eq!(world.pass(&rules).await, expired);
    assert_eq!(world.lines().await, ["k -", "k 2", "k 1"]);
    assert!(matches!(world.engine.object(&world.bucket, &key("k")), Err(staves::engine::error::Error::NoSuchKey)));
    world.at_day(3);
    assert_eq!(world.pass(&rules).await, [NONE, LifecycleCounts { deleted: 1, ..NONE }, NONE]);
    assert_eq!(world.lines().await, ["k -", "k 2"]);
    // The second became noncurrent when the marker was made, at the beginning of day 2.
    world.at_day(5);
    assert_eq!(world.pass(&rules).await, [NONE, LifecycleCounts { deleted: 1, ..NONE }, NONE]);
    assert_eq!(world.lines().await, ["k -"]);
    let lone: u64 = world.pass(&rules).await.iter().map(|counts| counts.lone_markers).sum();
    assert_eq!((lone, world.lines().await.len()), (1, 0));
}

#[tokio::test]
async fn a_suspended_bucket_loses_what_is_null() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), Some(Versioning::Suspended)).await;
    world.put("k", b"1").await;
    world.at_day(2);
    assert_eq!(world.pass(&rule("", &expire_after(1))).await, [LifecycleCounts { expired: 1, ..NONE }]);
    assert_eq!(world.lines().await, ["k -"]);
    // By days the marker goes too, as old as it is.
    world.at_day(3);
    assert_eq!(world.pass(&rule("", &expire_after(1))).await, [NONE]);
    world.at_day(4);
    assert_eq!(world.pass(&rule("", &expire_after(1))).await, [LifecycleCounts { lone_markers: 1, ..NONE }]);
    assert_eq!(world.lines().await, [""; 0]);
}

#[tokio::test]
async fn newer_noncurrent_versions_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), Some(Versioning::Enabled)).await;
    for size in 1..=6 {
        world.put("k", &vec![0; size]).await;
    }
    world.put("other", b"1").await;
    let keep = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays>\
                <NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionExpiration>";
    world.before_day(2);
    assert_eq!(world.pass(&rule("", keep)).await, [NONE]);
    world.at_day(2);
    assert_eq!(world.pass(&rule("", keep)).await, [LifecycleCounts { deleted: 3, ..NONE }]);
    assert_eq!(world.lines().await, ["k 6", "k 5", "k 4", "other 1"]);
}

#[tokio::test]
async fn locks_are_honoured() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(dir.path(), Some(Versioning::Enabled)).await;
    world.engine.put_object_lock(&world.bucket, ObjectLockConfiguration::default()).await.unwrap();
    world.bucket = world.engine.bucket(&world.bucket.name).unwrap();
    let held = world.put("k", b"1").await;
    world.put("k", b"22").await;
    world.put("k", b"333").await;
    let at = key("k");
    let set = async |hold| {
        let changed = world.engine.change_attributes(&world.bucket, &at, Some(held), move |attributes, _| {
            attributes.lock.legal_hold = Some(hold);
            Ok(())
        });
        changed.await.unwrap();
    };
    set(LegalHold::On).await;
    let noncurrent = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
    world.at_day(2);
    assert_eq!(world.pass(&rule("", noncurrent)).await, [LifecycleCounts { deleted: 1, locked: 1, ..NONE }]);
    assert_eq!(world.lines().await, ["k 3", "k 1"]);
    set(LegalHold::Off).await;
    assert_eq!(world.pass(&rule("", noncurrent)).await, [LifecycleCounts { deleted: 1, ..NONE }]);
    assert_eq!(world.lines().await, ["k 3"]);
}

#[tokio::test]
async fn versions_move_to_other_classes() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), Some(Versioning::Enabled)).await;
    let first = world.put("k", &vec![0; 200_000]).await;
    world.put("k", &vec![0; 200_001]).await;
    world.put("small", b"1").await;
    let to = "<Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition>\
              <NoncurrentVersionTransition><NoncurrentDays>2</NoncurrentDays><StorageClass>DEEP_ARCHIVE</StorageClass>\
              </NoncurrentVersionTransition>";
    let before = world.engine.object(&world.bucket, &key("k")).unwrap();
    world.at_day(2);
    assert_eq!(world.pass(&rule("", to)).await, [LifecycleCounts { moved: 1, ..NONE }]);
    assert_eq!((world.class("k"), world.class("small")), (StorageClass::Glacier, StorageClass::Standard));
    let after = world.engine.object(&world.bucket, &key("k")).unwrap();
    assert_eq!((before.modified, before.etag, before.version), (after.modified, after.etag, after.version));
    let listed =
        world.engine.list_objects(&world.bucket, ListQuery { limit: 9, ..ListQuery::default() }).await.unwrap();
    let classes = listed.entries.into_iter().filter_map(|entry| match entry {
        ListEntry::Item(object) => Some(object.storage_class),
        ListEntry::CommonPrefix(_) => None,
    });
    assert_eq!(classes.collect::<Vec<_>>(), [StorageClass::Glacier, StorageClass::Standard]);
    world.at_day(3);
    assert_eq!(world.pass(&rule("", to)).await, [LifecycleCounts { moved: 1, ..NONE }]);
    let old = world.engine.object_version(&world.bucket, &key("k"), Some(first)).unwrap();
    assert_eq!(old.headers.storage_class, StorageClass::DeepArchive);
    assert_eq!(world.pass(&rule("", to)).await, [NONE]);
}

#[tokio::test]
async fn what_is_deleted_for_good_does_not_move_before() {
    let dir = tempfile::tempdir().unwrap();
    let to = "<Transition><Days>1</Days><StorageClass>GLACIER_IR</StorageClass></Transition>";
    let rules = format!("{}{}", rule("", to), rule("", &expire_after(1)));
    let moved = LifecycleCounts { moved: 1, ..NONE };
    let expired = LifecycleCounts { expired: 1, ..NONE };
    for (name, versioning, counts) in [("a", None, [NONE, expired]), ("b", Some(Versioning::Enabled), [moved, expired])]
    {
        let world = World::new(&dir.path().join(name), versioning).await;
        let version = world.put("k", &vec![0; 200_000]).await;
        world.at_day(2);
        assert_eq!(world.pass(&rules).await, counts);
        assert!(is_absent(&world.engine, &world.bucket, "k"));
        if versioning.is_some() {
            let hidden = world.engine.object_version(&world.bucket, &key("k"), Some(version)).unwrap();
            assert_eq!(hidden.headers.storage_class, StorageClass::GlacierIr);
        }
    }
}

#[tokio::test]
async fn uploads_are_aborted() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), None).await;
    let (old, row) = upload(&world.engine, &world.bucket, "a/k").await;
    part(&world.engine, &world.bucket, &row, 1, b"part").await.unwrap();
    let (other, _) = upload(&world.engine, &world.bucket, "b/k").await;
    world.at_day(1);
    let (new, _) = upload(&world.engine, &world.bucket, "a/k").await;
    let rules = rule(
        "<Prefix>a/</Prefix>",
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
    );
    world.before_day(2);
    assert_eq!(world.pass(&rules).await, [NONE]);
    world.at_day(2);
    assert_eq!(world.pass(&rules).await, [LifecycleCounts { aborted: 1, ..NONE }]);
    assert!(world.engine.upload(&world.bucket, &key("a/k"), &old).is_err());
    for (to, id) in [("a/k", &new), ("b/k", &other)] {
        world.engine.upload(&world.bucket, &key(to), id).unwrap();
    }
}

#[tokio::test]
async fn passes_go_over_many_pages() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), Some(Versioning::Suspended)).await;
    // More than a page under one key, in which a version `null` comes and goes, and more than a page of keys.
    world.put("a", b"null").await;
    world.engine.put_versioning(&world.bucket, Versioning::Enabled).await.unwrap();
    let bucket = world.engine.bucket(&world.bucket.name).unwrap();
    let world = World { bucket, ..world };
    for _ in 0..1200 {
        world.put("a", b"1").await;
    }
    for number in 0..1100 {
        world.put(&format!("k{number:04}"), b"1").await;
    }
    let noncurrent = "<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>";
    world.at_day(2);
    assert_eq!(world.pass(&rule("", noncurrent)).await, [LifecycleCounts { deleted: 1200, ..NONE }]);
    assert_eq!(world.lines().await.len(), 1101);
    assert_eq!(
        world.pass(&rule("<Prefix>k</Prefix>", &expire_after(1))).await,
        [LifecycleCounts { expired: 1100, ..NONE }]
    );
    assert!(is_absent(&world.engine, &world.bucket, "k0000"));
    assert!(!is_absent(&world.engine, &world.bucket, "a"));
}

#[tokio::test]
async fn what_changes_during_a_pass_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(dir.path(), Some(Versioning::Enabled)).await;
    for number in 0..300 {
        world.put(&format!("k{number:03}"), b"1").await;
    }
    world.at_day(2);
    let rules = Arc::new(configuration(&rule("", &expire_after(1))));
    let (engine, bucket) = (world.engine.clone(), world.bucket.clone());
    let pass = tokio::spawn(async move { engine.carry_out_lifecycle(&bucket, &rules, |_| ()).await.unwrap() });
    let mut written = 0;
    for number in (0..300).rev() {
        // What is put now is new, and stays, unless it was put before the pass read the old one.
        world.put(&format!("k{number:03}"), b"22").await;
        written += 1;
    }
    pass.await.unwrap();
    assert_sound(&world.engine);
    for number in 0..written {
        let object = world.engine.object(&world.bucket, &key(&format!("k{number:03}")));
        assert_eq!(object.unwrap().size_bytes, 2, "{number}");
    }
}
