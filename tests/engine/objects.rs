//! Objects: nothing is left of what failed, nothing disturbs a reader, copies share bytes.

use std::future::Future;
use std::task::{Context, Waker};

use bytes::Bytes;
use staves::engine::blobs::digests::WantedDigests;
use staves::engine::error::Error;
use staves::engine::list::ListQuery;
use staves::engine::{Durability, Engine, OpenError, Options};
use staves::wire::conditions::WriteCondition;

use super::support::{
    assert_sound, await_files, blob_files, body, bucket, copy, copy_to, database, delete, drain, is_absent, key, open,
    open_at_fixed_time, options, put, put_if, put_of, read, settle,
};

#[tokio::test]
async fn blob_writer_dropped_half_way_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let mut writer = engine.blob_writer(WantedDigests::default());
    for _ in 0..4 {
        writer.write(Bytes::from(vec![1; 600_000])).await.unwrap();
    }
    assert_eq!(blob_files(dir.path()), 1);
    drop(writer);
    // A batch may be at work still: the file goes when it ends.
    await_files(dir.path(), 0).await;
}

#[tokio::test]
async fn sealed_body_dropped_leaves_no_file() {
    for durability in [Durability::Process, Durability::Power] {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let sealed = body(&engine, &[1; 1000]).await;
        assert_eq!(blob_files(dir.path()), 1);
        drop(sealed);
        assert_eq!(blob_files(dir.path()), 0);
    }
}

#[tokio::test]
async fn put_refused_by_its_condition_leaves_no_file_and_the_object() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "k", &[1; 1000]).await;
    let refused = put_if(&engine, &bucket, "k", &[2; 1000], Some(WriteCondition::IfNoneMatchAny)).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed { .. })));
    let refused = put_if(&engine, &bucket, "other", &[2; 1000], Some(WriteCondition::IfMatch("*".into()))).await;
    assert!(matches!(refused, Err(Error::NoSuchKey)));
    assert_eq!(blob_files(dir.path()), 1);
    assert_eq!(read(&engine, &bucket, "k").await, [1; 1000]);
    assert_sound(&engine);
}

#[tokio::test]
async fn put_into_a_deleted_bucket_leaves_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let gone = bucket(&engine, "bucket").await;
    engine.delete_bucket(&gone).await.unwrap();
    let again = bucket(&engine, "bucket").await;
    assert!(matches!(put_if(&engine, &gone, "k", &[1; 1000], None).await, Err(Error::NoSuchBucket)));
    assert_eq!(blob_files(dir.path()), 0);
    assert!(is_absent(&engine, &again, "k"));
}

#[tokio::test]
async fn put_cancelled_before_or_after_its_first_poll_is_all_or_nothing() {
    for durability in [Durability::Process, Durability::Power] {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        for n in 0..20 {
            let name = format!("k{n}");
            let sealed = body(&engine, &[1; 1000]).await;
            let mut putting = Box::pin(engine.put_object(&bucket, put_of(&name, None), sealed));
            if n % 3 > 0 {
                let _ = putting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            drop(putting);
        }
        // What was queued is committed; what was never polled is gone.
        put(&engine, &bucket, "last", &[2; 1000]).await;
        settle(dir.path()).await;
        let page = engine.list_objects(&bucket, ListQuery { limit: 100, ..ListQuery::default() }).await.unwrap();
        assert_eq!(page.entries.len(), 14);
        assert_eq!(blob_files(dir.path()), 14);
        assert_sound(&engine);
    }
}

#[tokio::test]
async fn reader_is_not_disturbed_by_overwrite_and_delete() {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    for durability in [Durability::Memory, Durability::Process, Durability::Power] {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        put(&engine, &bucket, "k", &bytes).await;
        let overwritten = engine.open_object(&bucket, &key("k")).unwrap();
        let mut overwritten = overwritten.read(0, bytes.len() as u64);
        let mut seen = overwritten.next().await.unwrap().unwrap().to_vec();
        put(&engine, &bucket, "k", b"other").await;
        delete(&engine, &bucket, "k").await;
        // Two rounds of the keeper and more.
        tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
        seen.extend(drain(overwritten).await.unwrap());
        assert!(seen == bytes, "a reader saw other bytes ({durability})");
        if durability != Durability::Memory {
            settle(dir.path()).await;
            assert_eq!(blob_files(dir.path()), 0);
        }
    }
}

#[tokio::test]
async fn copy_of_a_deleted_source_is_not_lost_under_its_readers() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let bytes = vec![9; 500_000];
    put(&engine, &bucket, "source", &bytes).await;
    let source = engine.open_object(&bucket, &key("source")).unwrap().into_copy_source();
    // Holds up the keeper, so that it has the released blob on its list.
    let older = engine.open_object(&bucket, &key("source")).unwrap();
    delete(&engine, &bucket, "source").await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    // The copy takes it up again, another reader begins, and the copy goes too.
    engine.copy_object(&bucket, source, copy_to("copy")).await.unwrap();
    let reader = engine.open_object(&bucket, &key("copy")).unwrap();
    delete(&engine, &bucket, "copy").await;
    drop(older);
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert!(drain(reader.read(0, 500_000)).await.unwrap() == bytes);
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 0);
}

#[tokio::test]
async fn copy_shares_its_blob_and_outlives_the_source() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "source", &[3; 1000]).await;
    copy(&engine, &bucket, "source", "copy").await;
    copy(&engine, &bucket, "copy", "copy").await;
    assert_eq!(blob_files(dir.path()), 1);
    delete(&engine, &bucket, "source").await;
    settle(dir.path()).await;
    assert_eq!(read(&engine, &bucket, "copy").await, [3; 1000]);
    assert_sound(&engine);
    delete(&engine, &bucket, "copy").await;
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 0);
}

#[tokio::test]
async fn sequences_grow_across_restarts_though_the_clock_stands_still() {
    let dir = tempfile::tempdir().unwrap();
    let mut last = 0;
    for round in 0..4 {
        let engine = open_at_fixed_time(dir.path());
        let bucket = match round {
            0 => bucket(&engine, "bucket").await,
            _ => engine.bucket(&staves::wire::bucket_name::BucketName::parse("bucket").unwrap()).unwrap(),
        };
        // A refused operation reserves nothing that the next one may rest on.
        let _ = put_if(&engine, &bucket, "k", b"x", Some(WriteCondition::IfMatch("no".into()))).await;
        put(&engine, &bucket, &format!("k{round}"), b"x").await;
        engine.close().await;
        drop(engine);
        let newest: i64 = database(dir.path()).query_row("SELECT max(id) FROM versions", [], |row| row.get(0)).unwrap();
        assert!(newest > last, "{newest} after {last}");
        last = newest;
    }
}

#[tokio::test]
async fn closed_engine_refuses_every_operation() {
    for durability in [Durability::Memory, Durability::Process, Durability::Power] {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        engine.close().await;
        engine.close().await;
        assert!(matches!(put_if(&engine, &bucket, "k", b"x", None).await, Err(Error::Closed)));
        assert!(matches!(engine.object(&bucket, &key("k")), Err(Error::Closed)));
        assert!(matches!(engine.list_objects(&bucket, ListQuery::default()).await, Err(Error::Closed)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn closing_under_load_answers_everyone() {
    for durability in [Durability::Memory, Durability::Process, Durability::Power] {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..8 {
            let (engine, bucket) = (engine.clone(), bucket.clone());
            tasks.spawn(async move {
                let mut done = 0;
                loop {
                    match put_if(&engine, &bucket, &format!("{n}/{done}"), &[1; 100], None).await {
                        Ok(_) => done += 1,
                        Err(Error::Closed) => return (n, done),
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        engine.close().await;
        let done = tasks.join_all().await;
        drop(engine);
        if durability == Durability::Memory {
            continue;
        }
        let engine = open(dir.path(), durability);
        for (n, count) in done {
            for at in 0..count {
                assert!(engine.object(&bucket, &key(&format!("{n}/{at}"))).is_ok(), "{n}/{at} was acknowledged");
            }
        }
        assert_sound(&engine);
    }
}

#[tokio::test]
async fn memory_durability_never_touches_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Memory);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "large", &vec![1; 2_000_000]).await;
    put(&engine, &bucket, "small", b"x").await;
    copy(&engine, &bucket, "large", "copy").await;
    delete(&engine, &bucket, "large").await;
    engine.sweep_in_background().unwrap();
    assert_eq!(read(&engine, &bucket, "copy").await, vec![1; 2_000_000]);
    assert_sound(&engine);
    engine.close().await;
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn orphans_are_swept_and_bodies_in_flight_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "kept", &[1; 1000]).await;
    let orphan = dir.path().join("data/blobs/00").join("00".repeat(16));
    std::fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    std::fs::write(&orphan, b"left by a crash").unwrap();
    let foreign = dir.path().join("data/blobs/00/notes.txt");
    std::fs::write(&foreign, b"not ours").unwrap();
    let in_flight = body(&engine, &[2; 1000]).await;
    assert_eq!(engine.check(|_| ()).unwrap().orphaned_files, 1);
    engine.sweep_in_background().unwrap();
    await_files(dir.path(), 3).await;
    engine.close().await;
    assert!(foreign.exists() && !orphan.exists());
    drop(in_flight);
    assert_eq!(blob_files(dir.path()), 2);
}

#[tokio::test]
async fn leftovers_of_an_earlier_use_are_released_without_a_write() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "k", &[1; 1000]).await;
    let _held = engine.open_object(&bucket, &key("k")).unwrap();
    delete(&engine, &bucket, "k").await;
    engine.close().await;
    drop(engine);
    assert_eq!(blob_files(dir.path()), 1);
    // The handle that is still held belongs to an engine that is closed: it holds up nothing here.
    let _engine = open(dir.path(), Durability::Process);
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 0);
}

#[tokio::test]
async fn data_directory_that_cannot_be_made_is_named_with_advice() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), b"").unwrap();
    // Under a file nobody can make a directory, not even root.
    let error = Engine::open(Options::new(dir.path().join("file/data"))).err().unwrap();
    assert!(matches!(error, OpenError::NotWritable { .. }));
    let text = error.to_string();
    assert!(text.contains("file/data") && text.contains("--data"), "{text}");
    let error = Engine::open(Options { data_dir: dir.path().join("file"), ..options(dir.path(), Durability::Power) });
    assert!(matches!(error.err().unwrap(), OpenError::NotWritable { .. }));
}

#[tokio::test]
async fn stream_over_a_lost_file_ends_with_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "k", &[1; 1000]).await;
    for folder in std::fs::read_dir(dir.path().join("data/blobs")).unwrap() {
        std::fs::remove_dir_all(folder.unwrap().path()).unwrap();
    }
    let mut reading = engine.open_object(&bucket, &key("k")).unwrap().read(0, 1000);
    assert!(reading.next().await.unwrap().is_err());
    assert!(reading.next().await.is_none());
    let report = engine.check(|_| ()).unwrap();
    assert_eq!(report.differences.len(), 1, "{report:?}");
}
