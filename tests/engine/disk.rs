//! A disk that takes no more: the operation fails, nothing of it stays, and the engine goes on once there is room.
//!
//! Both limits are set by a shell for a child of this test's binary: the size of files (`ulimit -f`), and a file system
//! of its own in a mount namespace of its own, which is gone with the child.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use staves::engine::Durability;
use staves::engine::document::DocumentName;
use staves::engine::error::Error;

use super::support::{
    assert_sound, blob_files, bucket, delete, is_absent, open, part, put, put_if, read, settle, upload,
};

const DIR: &str = "STAVES_TEST_DISK_DIR";
const PATIENCE: Duration = Duration::from_mins(1);
const DOCUMENT: DocumentName = DocumentName { namespace: "tests", name: "large" };

/// Where the child works; `None` in the parent's own run of the child's tests.
fn child_dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

fn run_child(command: &mut Command, test: &str, dir: &Path) {
    let output = command.arg(std::env::current_exe().unwrap()).args(["--exact", test]).env(DIR, dir).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn file_size_limit_fails_the_operation_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    // Ignored signals are inherited: the write answers EFBIG instead of ending the process. 4 MiB in blocks of 512.
    let script = "trap '' XFSZ; ulimit -f 8192; exec \"$@\"";
    run_child(Command::new("sh").args(["-c", script, "sh"]), "engine::disk::file_size_limit_child", dir.path());
}

/// Not a test by itself: what the child runs.
#[tokio::test]
async fn file_size_limit_child() {
    let Some(dir) = child_dir() else { return };
    let engine = open(&dir, Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "k", &[1; 1000]).await;
    let (_, row) = upload(&engine, &bucket, "u").await;
    part(&engine, &bucket, &row, 1, &[1; 1000]).await.unwrap();
    let large = vec![2; 9 << 20];
    for _ in 0..3 {
        assert!(matches!(put_if(&engine, &bucket, "k", &large, None).await, Err(Error::Io(_))));
        assert!(matches!(part(&engine, &bucket, &row, 1, &large).await, Err(Error::Io(_))));
    }
    assert_eq!(blob_files(&dir), 2);
    assert_eq!(read(&engine, &bucket, "k").await, [1; 1000]);
    assert_sound(&engine);

    // Now SQLite's log: whole groups fail, and it goes on when the keeper has emptied the log.
    let mut failed = 0;
    for n in 0..100 {
        match engine.put_document(&bucket, DOCUMENT, vec![n; 300_000]).await {
            Ok(()) => assert_eq!(engine.document(&bucket, DOCUMENT).unwrap(), vec![n; 300_000]),
            Err(Error::CommitFailed { .. } | Error::OutOfSpace | Error::Database(_)) => failed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(failed > 0, "the log never reached the limit");
    let begun = Instant::now();
    while put_if(&engine, &bucket, "after", &[3; 1000], None).await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "the engine does not recover");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(read(&engine, &bucket, "after").await, [3; 1000]);
    settle(&dir).await;
    assert_sound(&engine);
}

#[test]
fn full_disk_fails_the_operation_and_recovers_when_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let script = "mount -t tmpfs -o size=8m tmpfs \"$STAVES_TEST_DISK_DIR\" && exec \"$@\"";
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script, "sh"]).env(DIR, dir.path());
        command
    };
    if !unshare().arg("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this system gives no mount namespace, so there is no small disk to fill");
        return;
    }
    run_child(&mut unshare(), "engine::disk::full_disk_child", dir.path());
}

/// Not a test by itself: what the child runs.
#[tokio::test]
async fn full_disk_child() {
    let Some(dir) = child_dir() else { return };
    for durability in [Durability::Process, Durability::Power] {
        let engine = open(&dir, durability);
        let name = format!("bucket-{durability}");
        let bucket = bucket(&engine, &name).await;
        let mut stored = 0_u8;
        let error = loop {
            match put_if(&engine, &bucket, &format!("k{stored}"), &vec![stored; 700_000], None).await {
                Ok(_) => stored += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::OutOfSpace), "{error}");
        assert!(stored > 3);
        assert!(is_absent(&engine, &bucket, &format!("k{stored}")));
        assert_eq!(blob_files(&dir), usize::from(stored));
        for n in 0..stored {
            assert!(read(&engine, &bucket, &format!("k{n}")).await == vec![n; 700_000]);
        }
        assert_sound(&engine);
        for n in 0..stored {
            delete(&engine, &bucket, &format!("k{n}")).await;
        }
        settle(&dir).await;
        put(&engine, &bucket, "after", &vec![9; 700_000]).await;
        assert_eq!(read(&engine, &bucket, "after").await.len(), 700_000);
        assert_sound(&engine);
        delete(&engine, &bucket, "after").await;
        settle(&dir).await;
        engine.close().await;
    }
}
