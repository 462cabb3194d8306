//! Events: there if and only if their changes are, in their order, bounded, and after a restart.

use std::sync::{Arc, Mutex};

use staves::engine::bucket::Bucket;
use staves::engine::error::Error;
use staves::engine::event::{Change, ChangeKind, Delivery, NewEvent, Witness};
use staves::engine::{Durability, Engine};
use staves::wire::conditions::WriteCondition;

use super::support::{bucket, copy, delete, open, put, put_if};

/// Writes down everything, for one destination.
#[derive(Default)]
struct All {
    /// How often it was asked, whatever came of the change.
    asked: Mutex<usize>,
}

impl Witness for All {
    fn tell(&self, change: &Change<'_>) -> Vec<NewEvent> {
        *self.asked.lock().unwrap() += 1;
        let body = format!("{:?} {}", change.kind, change.key.as_str()).into_bytes();
        vec![NewEvent { destination: "d".to_owned(), body, delivery: Delivery::Waiting }]
    }
}

async fn watched(engine: &Engine) -> (Bucket, Bucket, Arc<All>) {
    let plain = bucket(engine, "bkt").await;
    let witness = Arc::new(All::default());
    let watched = engine.watched(&plain, Arc::clone(&witness) as Arc<dyn Witness>);
    (plain, watched, witness)
}

async fn told(engine: &Engine) -> Vec<String> {
    let events = engine.events_after(0, 100_000).await.unwrap();
    events.into_iter().map(|event| String::from_utf8(event.body).unwrap()).collect()
}

#[tokio::test]
async fn what_is_done_with_a_watched_bucket_is_told_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let (plain, watched, _) = watched(&engine).await;
    put(&engine, &plain, "quiet", b"x").await;
    put(&engine, &watched, "a", b"x").await;
    copy(&engine, &watched, "a", "b").await;
    delete(&engine, &watched, "a").await;
    delete(&engine, &watched, "absent").await;
    let expected = [(ChangeKind::Created, "a"), (ChangeKind::Created, "b"), (ChangeKind::Deleted, "a")];
    assert_eq!(told(&engine).await, expected.map(|(kind, key)| format!("{kind:?} {key}")));
    // The bucket as others find it is not watched.
    put(&engine, &bucket_again(&engine), "quiet", b"y").await;
    assert_eq!(told(&engine).await.len(), 3);
}

fn bucket_again(engine: &Engine) -> Bucket {
    engine.bucket(&staves::wire::bucket_name::BucketName::parse("bkt").unwrap()).unwrap()
}

#[tokio::test]
async fn what_fails_is_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let (_, watched, witness) = watched(&engine).await;
    put(&engine, &watched, "a", b"x").await;
    let refused = put_if(&engine, &watched, "a", b"y", Some(WriteCondition::IfNoneMatchAny)).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed { .. })));
    assert_eq!((told(&engine).await.len(), *witness.asked.lock().unwrap()), (1, 1));
}

#[tokio::test]
async fn those_who_wait_are_woken_and_what_is_settled_waits_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let (plain, watched, _) = watched(&engine).await;
    let mut come = engine.events_come();
    put(&engine, &plain, "quiet", b"x").await;
    assert!(!come.has_changed().unwrap());
    put(&engine, &watched, "a", b"x").await;
    put(&engine, &watched, "b", b"x").await;
    come.changed().await.unwrap();
    let waiting = engine.events_waiting("d", 0, 10).await.unwrap();
    assert_eq!(waiting.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2]);
    engine.settle_event(1, Delivery::Done).await.unwrap();
    engine.close().await;
    drop((plain, watched, engine));

    let engine = open(dir.path(), Durability::Process);
    let waiting = engine.events_waiting("d", 0, 10).await.unwrap();
    assert_eq!(waiting.iter().map(|event| event.sequence).collect::<Vec<_>>(), [2]);
    assert_eq!(told(&engine).await.len(), 2);
}
