//! What a power loss does to files that were acknowledged but not synced: found at start, reported, never served.

use std::fs;
use std::path::PathBuf;

use rusqlite::params;
use staves::engine::Durability;

use super::support::{assert_sound, blob_files, bucket, database, delete, drain, key, open, put, read, settle};

fn pretend_that_the_machine_was_restarted(dir: &std::path::Path) {
    let changed = database(dir)
        .execute("UPDATE settings SET value = ?1 WHERE name = 'boot-id'", params![&b"another-boot"[..]])
        .unwrap();
    assert_eq!(changed, 1);
}

/// The file of the only blob with that size.
fn file_of(dir: &std::path::Path, size_bytes: i64) -> PathBuf {
    let name: Vec<u8> = database(dir)
        .query_row("SELECT name FROM blobs WHERE size_bytes = ?1", [size_bytes], |row| row.get(0))
        .unwrap();
    let hex = hex::encode(name);
    dir.join("data/blobs").join(&hex[..2]).join(hex)
}

#[tokio::test]
async fn torn_blobs_are_reported_and_never_served() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    for size in [1000, 2000, 3000, 4000, 10] {
        put(&engine, &bucket, &format!("k{size}"), &vec![7; size]).await;
    }
    engine.close().await;
    drop(engine);
    fs::File::options().write(true).open(file_of(dir.path(), 1000)).unwrap().set_len(400).unwrap();
    fs::write(file_of(dir.path(), 2000), vec![0; 2000]).unwrap();
    fs::remove_file(file_of(dir.path(), 3000)).unwrap();

    // The same run of the machine: files are trusted, and a lost one is an error when it is read.
    let engine = open(dir.path(), Durability::Process);
    assert_eq!(engine.recovery().torn_blobs, 0);
    engine.close().await;
    drop(engine);

    pretend_that_the_machine_was_restarted(dir.path());
    let engine = open(dir.path(), Durability::Process);
    assert_eq!(engine.recovery().torn_blobs, 3);
    for size in [1000, 2000, 3000] {
        let opened = engine.open_object(&bucket, &key(&format!("k{size}"))).unwrap();
        assert!(drain(opened.read(0, size)).await.is_err(), "{size} was served");
        let copied = engine.open_object(&bucket, &key(&format!("k{size}"))).unwrap().into_copy_range(1, 5);
        let copied = engine.copy_object(&bucket, copied, super::support::copy_to("copy")).await;
        assert!(copied.is_err(), "{size} was copied");
        // Even where no byte has to be read for it.
        let whole = engine.open_object(&bucket, &key(&format!("k{size}"))).unwrap().into_copy_source();
        let copied = engine.copy_object(&bucket, whole, super::support::copy_to("copy")).await;
        assert!(copied.is_err(), "{size} was copied whole");
    }
    assert_eq!(read(&engine, &bucket, "k4000").await, [7; 4000]);
    assert_eq!(read(&engine, &bucket, "k10").await, [7; 10]);
    let report = engine.check(|_| ()).unwrap();
    let torn = report.differences.iter().filter(|line| line.contains("torn by a power loss")).count();
    assert_eq!(torn, 3, "{report:?}");
    // Putting them anew puts all right.
    for size in [1000, 2000, 3000] {
        put(&engine, &bucket, &format!("k{size}"), &vec![8; size]).await;
        assert_eq!(read(&engine, &bucket, &format!("k{size}")).await, vec![8; size]);
    }
    settle(dir.path()).await;
    assert_sound(&engine);
}

#[tokio::test]
async fn released_blob_whose_file_is_gone_already_is_not_torn() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "k", &[1; 1000]).await;
    let _held = engine.open_object(&bucket, &key("k")).unwrap();
    delete(&engine, &bucket, "k").await;
    engine.close().await;
    drop(engine);
    // As a crash between unlinking the file and forgetting its row leaves it.
    fs::remove_file(file_of(dir.path(), 1000)).unwrap();
    pretend_that_the_machine_was_restarted(dir.path());
    let engine = open(dir.path(), Durability::Process);
    assert_eq!(engine.recovery().torn_blobs, 0);
    assert_sound(&engine);
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 0);
}

#[tokio::test]
async fn unfinished_files_of_a_crash_are_removed_at_start() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), Durability::Process));
    fs::write(dir.path().join("data/tmp/half"), b"half a body").unwrap();
    let engine = open(dir.path(), Durability::Process);
    assert_eq!(engine.recovery().unfinished_files, 1);
    assert_eq!(blob_files(dir.path()), 0);
}
