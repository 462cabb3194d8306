//! Operations that meet: who wins, what the others are told, and that all is sound afterwards.

use staves::engine::error::Error;
use staves::engine::{Durability, Engine};
use staves::wire::conditions::WriteCondition;
use tokio::task::JoinSet;

use super::support::{
    Dice, assert_sound, bucket, completion, copy_to, drain, key, listed, open, part, put, put_if, read, settle, upload,
};

const DURABILITIES: [Durability; 3] = [Durability::Memory, Durability::Process, Durability::Power];

async fn sound_and_settled(dir: &tempfile::TempDir, engine: &Engine, durability: Durability) {
    if durability != Durability::Memory {
        settle(dir.path()).await;
    }
    assert_sound(engine);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn identical_completions_at_once_all_succeed() {
    for durability in DURABILITIES {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        let (id, row) = upload(&engine, &bucket, "k").await;
        part(&engine, &bucket, &row, 1, &[1; 100]).await.unwrap();
        part(&engine, &bucket, &row, 2, &[2; 100]).await.unwrap();
        let mut tasks = JoinSet::new();
        for _ in 0..32 {
            let (engine, bucket, id) = (engine.clone(), bucket.clone(), id.clone());
            tasks.spawn(async move {
                let list = completion(vec![listed(1, &[1; 100]), listed(2, &[2; 100])]);
                engine.complete_upload(&bucket, &key("k"), &id, list).await.unwrap().etag
            });
        }
        let tags = tasks.join_all().await;
        assert!(tags.iter().all(|tag| *tag == tags[0]));
        sound_and_settled(&dir, &engine, durability).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn different_completions_at_once_one_wins() {
    for durability in DURABILITIES {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        for round in 0..10 {
            let name = format!("k{round}");
            let (id, row) = upload(&engine, &bucket, &name).await;
            for n in 1..=8 {
                part(&engine, &bucket, &row, n, &[1; 100]).await.unwrap();
            }
            let mut tasks = JoinSet::new();
            for n in 1..=8 {
                let (engine, bucket, id, name) = (engine.clone(), bucket.clone(), id.clone(), name.clone());
                tasks.spawn(async move {
                    let list = completion(vec![listed(n, &[1; 100])]);
                    engine.complete_upload(&bucket, &key(&name), &id, list).await
                });
            }
            let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
            assert_eq!(won.len(), 1);
            assert!(lost.iter().all(|result| matches!(result, Err(Error::NoSuchUpload))), "{lost:?}");
            assert_eq!(read(&engine, &bucket, &name).await, [1; 100]);
        }
        sound_and_settled(&dir, &engine, durability).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn abort_during_parts_leaves_nothing() {
    for durability in DURABILITIES {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        for _ in 0..5 {
            let (id, row) = upload(&engine, &bucket, "k").await;
            let mut tasks = JoinSet::new();
            for n in 1..=20 {
                let (engine, bucket, row) = (engine.clone(), bucket.clone(), row.clone());
                tasks.spawn(async move { part(&engine, &bucket, &row, n, &[1; 1000]).await.map(drop) });
            }
            engine.abort_upload(&bucket, &key("k"), &id).await.unwrap();
            for result in tasks.join_all().await {
                assert!(matches!(result, Ok(()) | Err(Error::NoSuchUpload)), "{result:?}");
            }
            assert!(matches!(part(&engine, &bucket, &row, 1, b"late").await, Err(Error::NoSuchUpload)));
        }
        sound_and_settled(&dir, &engine, durability).await;
        if durability != Durability::Memory {
            assert_eq!(super::support::blob_files(dir.path()), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn conditional_puts_at_once_exactly_one_wins() {
    for durability in DURABILITIES {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        for round in 0..10 {
            let mut tasks = JoinSet::new();
            for n in 0..16_u8 {
                let (engine, bucket) = (engine.clone(), bucket.clone());
                tasks.spawn(async move {
                    let condition = Some(WriteCondition::IfNoneMatchAny);
                    let put = put_if(&engine, &bucket, &format!("k{round}"), &[n; 200], condition).await;
                    put.map(|_| n)
                });
            }
            let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
            assert_eq!(won.len(), 1);
            assert!(lost.iter().all(|result| matches!(result, Err(Error::PreconditionFailed { .. }))), "{lost:?}");
            let winner = *won[0].as_ref().unwrap();
            assert_eq!(read(&engine, &bucket, &format!("k{round}")).await, [winner; 200]);
        }
        sound_and_settled(&dir, &engine, durability).await;
    }
}

/// Writers, copiers, deleters and readers on a few keys. Every object is one byte value throughout: a reader that sees
/// two has been disturbed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_among_writers_and_copies_see_whole_objects() {
    const SIZE: usize = 300_000;
    for durability in DURABILITIES {
        let dir = tempfile::tempdir().unwrap();
        let engine = open(dir.path(), durability);
        let bucket = bucket(&engine, "bucket").await;
        for n in 0..4 {
            put(&engine, &bucket, &format!("k{n}"), &vec![n; SIZE]).await;
        }
        let mut tasks = JoinSet::new();
        for seed in 0..8 {
            let (engine, bucket) = (engine.clone(), bucket.clone());
            tasks.spawn(async move {
                let mut dice = Dice::new(seed);
                for _ in 0..60 {
                    let (from, to) = (format!("k{}", dice.below(4)), format!("k{}", dice.below(4)));
                    match dice.below(4) {
                        0 => {
                            let byte = dice.roll().to_le_bytes()[0];
                            put(&engine, &bucket, &to, &vec![byte; SIZE]).await;
                        }
                        1 => super::support::delete(&engine, &bucket, &to).await,
                        2 => {
                            let Ok(opened) = engine.open_object(&bucket, &key(&from)) else { continue };
                            tokio::task::yield_now().await;
                            engine.copy_object(&bucket, opened.into_copy_source(), copy_to(&to)).await.unwrap();
                        }
                        _ => {
                            let Ok(opened) = engine.open_object(&bucket, &key(&from)) else { continue };
                            tokio::task::yield_now().await;
                            let seen = drain(opened.read(0, SIZE as u64)).await.unwrap();
                            assert_eq!(seen.len(), SIZE);
                            assert!(seen.iter().all(|byte| *byte == seen[0]), "a torn read");
                        }
                    }
                }
            });
        }
        tasks.join_all().await;
        sound_and_settled(&dir, &engine, durability).await;
    }
}

/// With memory durability reads take the writer's connection: whoever queues meanwhile must not be forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_among_reads_in_memory_are_all_answered() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Memory);
    let bucket = bucket(&engine, "bucket").await;
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (engine, bucket) = (engine.clone(), bucket.clone());
        tasks.spawn(async move {
            for at in 0..300 {
                let name = format!("{n}/{at}");
                put(&engine, &bucket, &name, b"x").await;
                assert!(engine.object(&bucket, &key(&name)).is_ok());
            }
        });
    }
    tokio::time::timeout(std::time::Duration::from_mins(2), tasks.join_all()).await.expect("all are answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn check_beside_the_keeper_reports_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    for round in 0..5 {
        let (id, row) = upload(&engine, &bucket, "k").await;
        for n in 1..=100 {
            part(&engine, &bucket, &row, n, &[round; 100]).await.unwrap();
        }
        let list = completion((1..=100).map(|n| listed(n, &[round; 100])).collect());
        engine.complete_upload(&bucket, &key("k"), &id, list).await.unwrap();
        for _ in 0..20 {
            assert_sound(&engine);
        }
    }
}
