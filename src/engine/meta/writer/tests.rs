//! Tests of the writer: groups, failures, and who is told of them.

use super::*;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn writer() -> Arc<Writer> {
    let conn = crate::engine::meta::open::memory().unwrap();
    let buckets = Arc::default();
    Arc::new(Writer::new(conn, Clock::Fixed(Arc::default()), Durability::Memory, buckets, || ()).unwrap())
}

fn put(name: &'static str) -> impl FnOnce(&Tx<'_>, &()) -> Result<()> {
    move |tx, ()| settings::put(tx.conn, name, b"x")
}

fn stored(writer: &Arc<Writer>, name: &str) -> bool {
    writer.read(|conn| settings::bytes(conn, name)).unwrap().is_some()
}

/// Queues three operations while the connection is taken, so that they are committed as one group.
async fn as_group<T: Send + 'static>(
    writer: &Arc<Writer>,
    second: impl FnOnce(&Tx<'_>, &()) -> Result<T> + Send + 'static,
) -> (Result<()>, Result<T>, Result<()>) {
    let state = writer.state.lock().unwrap();
    let (first, second, third, ()) = tokio::join!(
        writer.transact((), put("first")),
        writer.transact((), second),
        writer.transact((), put("third")),
        async move {
            drop(state);
            writer.drive_here();
        }
    );
    (first, second, third)
}

#[tokio::test]
async fn failed_operation_leaves_nothing_and_spares_its_group() {
    let writer = writer();
    let (first, second, third) = as_group(&writer, |tx, ()| {
        settings::put(tx.conn, "second", b"x")?;
        Err::<(), _>(Error::NoSuchKey)
    })
    .await;
    assert!(first.is_ok() && third.is_ok());
    assert!(matches!(second, Err(Error::NoSuchKey)));
    assert!(stored(&writer, "first") && stored(&writer, "third") && !stored(&writer, "second"));
}

#[tokio::test]
async fn panicking_operation_leaves_nothing_and_spares_its_group() {
    let writer = writer();
    let (first, second, third) = as_group::<()>(&writer, |tx, ()| {
        settings::put(tx.conn, "second", b"x")?;
        panic!("on purpose")
    })
    .await;
    assert!(first.is_ok() && third.is_ok());
    assert!(matches!(second, Err(Error::Bug { .. })));
    assert!(stored(&writer, "first") && stored(&writer, "third") && !stored(&writer, "second"));
    assert!(writer.transact((), put("later")).await.is_ok());
}

#[tokio::test]
async fn refusal_without_savepoint_spares_its_group_and_a_failure_after_writing_does_not() {
    let writer = writer();
    let others = |second: &'static str| {
        let (writer, queue) = (Arc::clone(&writer), second);
        async move {
            let state = writer.state.lock().unwrap();
            let (first, second, ()) = tokio::join!(
                writer.transact_checked_first((), put("first")),
                writer.transact_checked_first((), move |tx, ()| {
                    if queue == "writes" {
                        settings::put(tx.conn, "second", b"x")?;
                    }
                    Err::<(), _>(Error::NoSuchKey)
                }),
                async {
                    drop(state);
                    writer.drive_here();
                }
            );
            (first, second)
        }
    };
    let (first, second) = others("writes").await;
    assert!(first.is_err() && second.is_err());
    assert!(!stored(&writer, "first") && !stored(&writer, "second"));
    let (first, second) = others("refuses").await;
    assert!(first.is_ok() && matches!(second, Err(Error::NoSuchKey)));
    assert!(stored(&writer, "first"));
}

#[tokio::test]
async fn rolled_back_transaction_fails_the_whole_group() {
    let writer = writer();
    let (first, second, third) = as_group(&writer, |tx, ()| {
        // As SQLite does by itself when the disk is full.
        execute(tx.conn, "ROLLBACK")?;
        Err::<(), _>(Error::OutOfSpace)
    })
    .await;
    assert!(matches!(first, Err(Error::OutOfSpace)), "{first:?}");
    assert!(matches!(second, Err(Error::OutOfSpace)), "{second:?}");
    assert!(matches!(third, Err(Error::OutOfSpace)), "{third:?}");
    assert!(!stored(&writer, "first") && !stored(&writer, "third"));
    assert!(writer.transact((), put("later")).await.is_ok());
}

#[tokio::test]
async fn sequence_of_a_failed_operation_is_reserved_again() {
    let writer = writer();
    let failed = writer.transact((), |tx, ()| {
        tx.next_sequence()?;
        Err::<(), _>(Error::NoSuchKey)
    });
    assert!(failed.await.is_err());
    let Sequence(next) = writer.transact((), |tx, ()| tx.next_sequence()).await.unwrap();
    let reserved = writer.read(|conn| settings::integer(conn, settings::SEQUENCE_RESERVED)).unwrap();
    assert!(reserved.is_some_and(|reserved| reserved >= next), "{reserved:?} covers {next}");
}

#[tokio::test]
async fn operation_queued_during_a_read_is_committed_after_it() {
    let writer = writer();
    let mut operation = pin!(writer.transact((), put("queued")));
    let cx = &mut Context::from_waker(Waker::noop());
    writer
        .read(|_| {
            assert!(operation.as_mut().poll(cx).is_pending());
            Ok(())
        })
        .unwrap();
    assert!(matches!(operation.as_mut().poll(cx), Poll::Ready(Ok(()))));
}

#[tokio::test]
async fn operation_queued_during_a_blocking_one_is_committed_after_it() {
    let writer = writer();
    let (entered, entering) = std::sync::mpsc::channel();
    let (leave, leaving) = std::sync::mpsc::channel::<()>();
    let blocked = Arc::clone(&writer);
    let thread = std::thread::spawn(move || {
        blocked.transact_blocking(move |_| {
            entered.send(()).unwrap();
            leaving.recv().unwrap();
            Ok(())
        })
    });
    entering.recv().unwrap();
    let mut operation = pin!(writer.transact((), put("queued")));
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(operation.as_mut().poll(cx).is_pending());
    leave.send(()).unwrap();
    thread.join().unwrap().unwrap();
    assert!(matches!(operation.as_mut().poll(cx), Poll::Ready(Ok(()))));
}

#[tokio::test]
async fn guard_is_told_of_commits_only_and_dropped_before_the_answer() {
    struct Guard(Arc<AtomicUsize>, Arc<AtomicUsize>);
    impl OnCommit for Guard {
        fn committed(self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    impl Drop for Guard {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }
    let (committed, dropped) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let guard = || Guard(Arc::clone(&committed), Arc::clone(&dropped));
    let writer = writer();
    writer.transact(guard(), |_, _| Ok(())).await.unwrap();
    assert_eq!((committed.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst)), (1, 1));
    writer.transact(guard(), |_, _| Err::<(), _>(Error::NoSuchKey)).await.unwrap_err();
    assert_eq!((committed.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst)), (1, 2));
    writer.close();
    assert!(matches!(writer.transact(guard(), |_, _| Ok(())).await, Err(Error::Closed)));
    assert_eq!((committed.load(Ordering::SeqCst), dropped.load(Ordering::SeqCst)), (1, 3));
}
