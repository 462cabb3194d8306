//! Versions of a key: how they stack up, step down and come back, and how they are listed.

use staves::engine::bucket::Bucket;
use staves::engine::error::Error;
use staves::engine::list::{ListEntry, ListQuery};
use staves::engine::object::{Deleted, Deletion, Latest, ListedVersion, VersionQuery};
use staves::engine::open::MultipartOrder;
use staves::engine::version_id::VersionId;
use staves::engine::{Durability, Engine, Options};
use staves::wire::conditions::WriteCondition;
use staves::wire::object_lock::{
    Bypass, DefaultRetention, LegalHold, ObjectLockConfiguration, Period, Protection, Retention, RetentionMode,
};
use staves::wire::tagging::TagSet;
use staves::wire::time::Timestamp;
use staves::wire::versioning::Versioning;

use super::support::{
    assert_sound, blob_files, bucket, completion, copy, drain, key, listed, open, open_at_fixed_time, options, part,
    put, put_if, read, settle, upload,
};

async fn versioned(engine: &Engine, versioning: Versioning) -> Bucket {
    let made = bucket(engine, "bucket").await;
    engine.put_versioning(&made, versioning).await.unwrap();
    engine.bucket(&made.name).unwrap()
}

async fn remove(engine: &Engine, bucket: &Bucket, what: &str, version: Option<VersionId>) -> Deleted {
    engine.delete_object(bucket, Deletion { version, ..Deletion::of(key(what)) }).await.unwrap()
}

async fn read_version(engine: &Engine, bucket: &Bucket, from: &str, version: VersionId) -> Vec<u8> {
    let opened = engine.open_version(bucket, &key(from), Some(version)).unwrap();
    assert_eq!(opened.object.version, version);
    let size_bytes = opened.object.size_bytes;
    drain(opened.read(0, size_bytes)).await.unwrap()
}

/// A page as lines: `key size` or `key -` of a marker, with `*` if it is the latest, and `null` if that is its id.
async fn lines(engine: &Engine, bucket: &Bucket, query: VersionQuery) -> Vec<String> {
    let page = engine.list_versions(bucket, query).await.unwrap();
    let line = |key: &str, what: String, version: VersionId, latest: Latest| {
        let latest = if latest == Latest::Yes { "*" } else { "" };
        let null = if version == VersionId::Null { " null" } else { "" };
        format!("{key} {what}{latest}{null}")
    };
    let lines = page.entries.into_iter().map(|entry| match entry {
        ListEntry::CommonPrefix(prefix) => format!("[{prefix}]"),
        ListEntry::Item(ListedVersion::Object { object, version, latest }) => {
            line(object.key.as_str(), object.size_bytes.to_string(), version, latest)
        }
        ListEntry::Item(ListedVersion::Marker(marker)) => {
            line(marker.key.as_str(), "-".to_owned(), marker.version, marker.latest)
        }
    });
    lines.collect()
}

fn all() -> VersionQuery {
    VersionQuery { keys: ListQuery { limit: 1000, ..ListQuery::default() }, ..VersionQuery::default() }
}

fn query(after: &str, after_version: Option<VersionId>) -> VersionQuery {
    VersionQuery {
        keys: ListQuery { after: Some(after.to_owned()), ..all().keys },
        after_version,
        ..VersionQuery::default()
    }
}

#[tokio::test]
async fn versions_stack_up_and_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = versioned(&engine, Versioning::Enabled).await;
    let first = put(&engine, &bucket, "k", &[1; 100]).await.version;
    let second = put(&engine, &bucket, "k", &[2; 200]).await.version;
    assert_ne!(first, second);
    let Deleted::Marked(marker) = remove(&engine, &bucket, "k", None).await else { panic!("a marker is made") };

    assert_eq!(lines(&engine, &bucket, all()).await, ["k -*", "k 200", "k 100"]);
    assert!(matches!(engine.object(&bucket, &key("k")), Err(Error::NoSuchKey)));
    let current = engine.object_version(&bucket, &key("k"), None);
    assert!(matches!(current, Err(Error::CurrentIsDeleteMarker { version, .. }) if version == marker));
    let named = engine.object_version(&bucket, &key("k"), Some(marker));
    assert!(matches!(named, Err(Error::IsDeleteMarker { version, .. }) if version == marker));
    assert!(engine.list_objects(&bucket, all().keys).await.unwrap().entries.is_empty());
    assert!(read_version(&engine, &bucket, "k", first).await == [1; 100]);
    assert!(matches!(engine.object_version(&bucket, &key("other"), Some(first)), Err(Error::NoSuchVersion)));
    assert!(matches!(engine.delete_bucket(&bucket).await, Err(Error::BucketNotEmpty { .. })));

    assert_eq!(remove(&engine, &bucket, "k", Some(marker)).await, Deleted::Unmarked);
    assert!(read(&engine, &bucket, "k").await == [2; 200]);
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 200*", "k 100"]);
    assert_eq!(remove(&engine, &bucket, "k", Some(second)).await, Deleted::Gone);
    assert_eq!(remove(&engine, &bucket, "k", Some(second)).await, Deleted::Gone);
    assert!(read(&engine, &bucket, "k").await == [1; 100]);
    assert_eq!(engine.object(&bucket, &key("k")).unwrap().version, first);
    assert_sound(&engine);
    remove(&engine, &bucket, "k", Some(first)).await;
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 0);
    engine.delete_bucket(&bucket).await.unwrap();
}

#[tokio::test]
async fn a_key_has_one_null_version() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let made = bucket(&engine, "bucket").await;
    assert_eq!(put(&engine, &made, "k", &[1; 10]).await.version, VersionId::Null);
    engine.put_versioning(&made, Versioning::Enabled).await.unwrap();
    let bucket = engine.bucket(&made.name).unwrap();
    put(&engine, &bucket, "k", &[2; 20]).await;
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 20*", "k 10 null"]);

    // The handle of before is as good: what counts is the state in the transaction.
    engine.put_versioning(&made, Versioning::Suspended).await.unwrap();
    assert_eq!(put(&engine, &bucket, "k", &[3; 30]).await.version, VersionId::Null);
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 30* null", "k 20"]);
    put(&engine, &bucket, "k", &[4; 40]).await;
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 40* null", "k 20"]);
    assert_eq!(remove(&engine, &bucket, "k", None).await, Deleted::Marked(VersionId::Null));
    assert_eq!(lines(&engine, &bucket, all()).await, ["k -* null", "k 20"]);
    assert_eq!(remove(&engine, &bucket, "k", None).await, Deleted::Marked(VersionId::Null));
    assert_eq!(lines(&engine, &bucket, all()).await, ["k -* null", "k 20"]);
    put(&engine, &bucket, "k", &[5; 50]).await;
    engine.put_versioning(&made, Versioning::Enabled).await.unwrap();
    put(&engine, &bucket, "k", &[6; 60]).await;
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 60*", "k 50 null", "k 20"]);
    assert!(read_version(&engine, &bucket, "k", VersionId::Null).await == [5; 50]);
    assert_eq!(remove(&engine, &bucket, "k", Some(VersionId::Null)).await, Deleted::Gone);
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 60*", "k 20"]);
    assert_sound(&engine);
}

#[tokio::test]
async fn an_upload_that_began_before_is_not_current() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = versioned(&engine, Versioning::Enabled).await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    part(&engine, &bucket, &row, 1, &[1; 10]).await.unwrap();
    put(&engine, &bucket, "k", &[2; 20]).await;
    let list = || completion(vec![listed(1, &[1; 10])]);
    let completed = engine.complete_upload(&bucket, &key("k"), &id, list()).await.unwrap();
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 20*", "k 10"]);
    let again = engine.complete_upload(&bucket, &key("k"), &id, list()).await.unwrap();
    assert_eq!((again.version, again.etag), (completed.version, completed.etag));
    remove(&engine, &bucket, "k", Some(completed.version)).await;
    let gone = engine.complete_upload(&bucket, &key("k"), &id, list()).await;
    assert!(matches!(gone, Err(Error::NoSuchUpload)));

    // One that began before the deletion stays below the marker.
    let (id, row) = upload(&engine, &bucket, "k").await;
    part(&engine, &bucket, &row, 1, &[1; 10]).await.unwrap();
    remove(&engine, &bucket, "k", None).await;
    engine.complete_upload(&bucket, &key("k"), &id, list()).await.unwrap();
    assert_eq!(lines(&engine, &bucket, all()).await, ["k -*", "k 10", "k 20"]);
    assert_sound(&engine);
}

#[tokio::test]
async fn with_the_order_of_completion_the_last_to_complete_is_current() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { multipart_order: MultipartOrder::Completion, ..options(dir.path(), Durability::Process) };
    let engine = Engine::open(options).unwrap();
    let bucket = versioned(&engine, Versioning::Enabled).await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    part(&engine, &bucket, &row, 1, &[1; 10]).await.unwrap();
    put(&engine, &bucket, "k", &[2; 20]).await;
    engine.complete_upload(&bucket, &key("k"), &id, completion(vec![listed(1, &[1; 10])])).await.unwrap();
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 10*", "k 20"]);
}

#[tokio::test]
async fn a_suspended_bucket_keeps_the_later_null_version() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = versioned(&engine, Versioning::Suspended).await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    part(&engine, &bucket, &row, 1, &[1; 100]).await.unwrap();
    put(&engine, &bucket, "k", &[2; 200]).await;
    engine.complete_upload(&bucket, &key("k"), &id, completion(vec![listed(1, &[1; 100])])).await.unwrap();
    assert_eq!(lines(&engine, &bucket, all()).await, ["k 200* null"]);
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 1);
    assert_sound(&engine);
}

#[tokio::test]
async fn conditions_take_a_marker_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = versioned(&engine, Versioning::Enabled).await;
    let absent = Some(WriteCondition::IfNoneMatchAny);
    let first = put(&engine, &bucket, "k", b"a").await;
    let refused = put_if(&engine, &bucket, "k", b"b", absent.clone()).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed { .. })));
    remove(&engine, &bucket, "k", None).await;
    let matching = Some(WriteCondition::IfMatch(first.etag.to_hex()));
    assert!(matches!(put_if(&engine, &bucket, "k", b"b", matching.clone()).await, Err(Error::NoSuchKey)));
    let deletion = Deletion { condition: matching.clone(), ..Deletion::of(key("k")) };
    assert!(matches!(engine.delete_object(&bucket, deletion.clone()).await, Err(Error::NoSuchKey)));
    put_if(&engine, &bucket, "k", b"b", absent).await.unwrap();
    // Of a version that is named, the condition is on that one.
    assert!(matches!(engine.delete_object(&bucket, deletion.clone()).await, Err(Error::PreconditionFailed { .. })));
    let named = Deletion { version: Some(first.version), ..deletion };
    assert_eq!(engine.delete_object(&bucket, named).await.unwrap(), Deleted::Gone);
}

#[tokio::test]
async fn listing_goes_on_within_a_key() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = versioned(&engine, Versioning::Enabled).await;
    let mut ids = Vec::new();
    for size in 1..=3 {
        ids.push(put(&engine, &bucket, "k", &vec![0; size]).await.version);
    }
    put(&engine, &bucket, "j", b"").await;
    put(&engine, &bucket, "l", b"").await;
    remove(&engine, &bucket, "l", None).await;
    assert_eq!(lines(&engine, &bucket, query("j", None)).await, ["k 3*", "k 2", "k 1", "l -*", "l 0"]);
    assert_eq!(lines(&engine, &bucket, query("k", Some(ids[2]))).await, ["k 2", "k 1", "l -*", "l 0"]);
    assert_eq!(lines(&engine, &bucket, query("k", Some(ids[0]))).await, ["l -*", "l 0"]);
    assert_eq!(lines(&engine, &bucket, query("k", Some(VersionId::Null))).await, ["l -*", "l 0"]);
    // A marker that is gone meanwhile still has its place.
    remove(&engine, &bucket, "k", Some(ids[2])).await;
    assert_eq!(lines(&engine, &bucket, query("k", Some(ids[2]))).await, ["k 2*", "k 1", "l -*", "l 0"]);
}

#[tokio::test]
async fn listing_rolls_up_versions_and_markers() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = versioned(&engine, Versioning::Enabled).await;
    for n in 0..80 {
        put(&engine, &bucket, &format!("dir/{n:02}"), b"").await;
        remove(&engine, &bucket, &format!("dir/{n:02}"), None).await;
    }
    for name in ["a", "dir", "dir0", "z/1"] {
        put(&engine, &bucket, name, b"").await;
    }
    let rolled =
        VersionQuery { keys: ListQuery { delimiter: "/".to_owned(), ..all().keys }, ..VersionQuery::default() };
    assert_eq!(lines(&engine, &bucket, rolled.clone()).await, ["a 0*", "dir 0*", "[dir/]", "dir0 0*", "[z/]"]);
    let after = ListQuery { after: Some("dir/40".to_owned()), ..rolled.keys.clone() };
    let after = VersionQuery { keys: after, after_version: Some(VersionId::Null), ..VersionQuery::default() };
    assert_eq!(lines(&engine, &bucket, after).await, ["dir0 0*", "[z/]"]);
}

#[tokio::test]
async fn attributes_change_without_a_new_version() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = versioned(&engine, Versioning::Enabled).await;
    let first = put(&engine, &bucket, "k", b"a").await.version;
    put(&engine, &bucket, "k", b"b").await;
    let tags = TagSet::parse_header("a=1").unwrap();
    let (set, at) = (tags.clone(), key("k"));
    let changed = engine.change_attributes(&bucket, &at, Some(first), move |attributes, _| {
        attributes.tags = set;
        Ok(())
    });
    assert_eq!(changed.await.unwrap(), (first, ()));
    let refused = engine.change_attributes(&bucket, &at, Some(first), |attributes, _| {
        attributes.tags = TagSet::default();
        Err::<(), _>(Error::Locked(Protection::LegalHold))
    });
    assert!(matches!(refused.await, Err(Error::Locked(_))));
    let found = |version| engine.object_version(&bucket, &key("k"), version).unwrap().attributes.tags;
    assert_eq!((found(Some(first)), found(None)), (tags, TagSet::default()));
    remove(&engine, &bucket, "k", None).await;
    let current = engine.change_attributes(&bucket, &key("k"), None, |_, _| Ok(())).await;
    assert!(matches!(current, Err(Error::CurrentIsDeleteMarker { .. })));
    let other = engine.change_attributes(&bucket, &key("x"), None, |_, _| Ok(())).await;
    assert!(matches!(other, Err(Error::NoSuchKey)));
}

#[tokio::test]
async fn a_lock_keeps_versions_and_versioning() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open_at_fixed_time(dir.path());
    let made = bucket(&engine, "bucket").await;
    let lock = |retention| ObjectLockConfiguration { default_retention: retention };
    assert!(matches!(engine.put_object_lock(&made, lock(None)).await, Err(Error::LockNeedsVersioning)));
    engine.put_versioning(&made, Versioning::Enabled).await.unwrap();
    let default = DefaultRetention { mode: RetentionMode::Governance, period: Period::Days(1) };
    engine.put_object_lock(&made, lock(Some(default))).await.unwrap();
    let suspended = engine.put_versioning(&made, Versioning::Suspended).await;
    assert!(matches!(suspended, Err(Error::LockKeepsVersioning)));
    let bucket = engine.bucket(&made.name).unwrap();
    assert_eq!(bucket.state.object_lock, Some(lock(Some(default))));

    let retention = Retention { mode: RetentionMode::Governance, until: Timestamp::from_millis(86_401_000) };
    let put = put(&engine, &bucket, "k", b"a").await.version;
    let copied = copy(&engine, &bucket, "k", "copy").await.version;
    let (id, row) = upload(&engine, &bucket, "upload").await;
    part(&engine, &bucket, &row, 1, b"a").await.unwrap();
    let asked = completion(vec![listed(1, b"a")]);
    let completed = engine.complete_upload(&bucket, &key("upload"), &id, asked).await.unwrap().version;
    for (name, version) in [("k", put), ("copy", copied), ("upload", completed)] {
        let found = engine.object(&bucket, &key(name)).unwrap();
        assert_eq!(found.attributes.lock.retention, Some(retention), "{name}");
        let deletion = Deletion { version: Some(version), ..Deletion::of(key(name)) };
        assert!(matches!(engine.delete_object(&bucket, deletion).await, Err(Error::Locked(_))), "{name}");
    }
    // A marker hides what cannot be deleted, and is not locked itself.
    let Deleted::Marked(marker) = remove(&engine, &bucket, "k", None).await else { panic!("a marker is made") };
    assert_eq!(remove(&engine, &bucket, "k", Some(marker)).await, Deleted::Unmarked);
    let at = key("copy");
    let hold = engine.change_attributes(&bucket, &at, None, |attributes, _| {
        attributes.lock.legal_hold = Some(LegalHold::On);
        Ok(())
    });
    hold.await.unwrap();
    let bypassing =
        |name: &str, version| Deletion { version: Some(version), bypass: Bypass::Granted, ..Deletion::of(key(name)) };
    let outcomes = engine.delete_objects(&bucket, vec![bypassing("k", put), bypassing("copy", copied)]).await.unwrap();
    assert!(matches!(outcomes[..], [Ok(Deleted::Gone), Err(Error::Locked(_))]));
    assert_sound(&engine);
}
