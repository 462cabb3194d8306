//! Documents: changed with nobody between, kept across restarts, and gone with their bucket.

use std::sync::Arc;

use staves::engine::Durability;
use staves::engine::document::{Change, DocumentName, DocumentQuery, Owner};
use staves::engine::error::Error;

use super::support::{bucket, open};

fn named(name: &str) -> DocumentName<'_> {
    DocumentName { namespace: "tests", name }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_at_once_see_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let engine = engine.clone();
        tasks.spawn(async move {
            let count = |before: Option<&[u8]>, _| {
                let next = before.map_or(1, |bytes| bytes[0] + 1);
                (Change::Put(vec![next]), next)
            };
            engine.change_document(Owner::Dialect, named("count"), count).await.unwrap()
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers, (1..=50).collect::<Vec<u8>>());
    engine.close().await;
    drop(engine);
    let engine = open(dir.path(), Durability::Process);
    assert_eq!(engine.document(Owner::Dialect, named("count")).unwrap(), [50]);
}

#[tokio::test]
async fn documents_of_a_bucket_go_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(open(dir.path(), Durability::Memory));
    let bucket = bucket(&engine, "bucket").await;
    engine.put_document(&bucket, named("a"), vec![1]).await.unwrap();
    engine.put_document(Owner::Dialect, named("a"), vec![2]).await.unwrap();
    let page = |limit| {
        let engine = Arc::clone(&engine);
        let bucket = bucket.clone();
        async move { engine.list_documents(&bucket, "tests", DocumentQuery { limit, ..Default::default() }).await }
    };
    assert_eq!(page(9).await.unwrap(), [("a".to_owned(), vec![1])]);
    assert_eq!(page(0).await.unwrap(), []);
    engine.delete_bucket(&bucket).await.unwrap();
    assert!(matches!(engine.document(&bucket, named("a")), Err(Error::NoSuchDocument)));
    let late = engine.put_document(&bucket, named("a"), vec![3]).await;
    assert!(matches!(late, Err(Error::NoSuchBucket)), "{late:?}");
    assert_eq!(engine.document(Owner::Dialect, named("a")).unwrap(), [2]);
    engine.delete_document(Owner::Dialect, named("a")).await.unwrap();
    assert!(matches!(engine.document(Owner::Dialect, named("a")), Err(Error::NoSuchDocument)));
}
