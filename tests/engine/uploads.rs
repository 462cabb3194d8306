//! Multipart uploads: replacing parts, completing, S3's rules of order and of conditions.

use staves::engine::blobs::digests::WantedDigests;
use staves::engine::error::Error;
use staves::engine::ids::UploadId;
use staves::engine::object::PartOfObject;
use staves::engine::open::MultipartOrder;
use staves::engine::upload::{Completion, UploadChecksum};
use staves::engine::{Durability, Engine, Options};
use staves::wire::checksum::{Algorithm, ChecksumKind};
use staves::wire::conditions::{Condition, WriteCondition};
use staves::wire::etag::ETag;

use super::support::{
    assert_sound, blob_files, body, bucket, completion, delete, drain, is_absent, key, listed, md5, new_upload, number,
    open, options, part, put, read, s3_rules, settle, upload,
};

#[tokio::test]
async fn ten_thousand_parts_of_one_byte_complete_and_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    let bytes: Vec<u8> = (0..10_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    for (n, byte) in (1..).zip(&bytes) {
        part(&engine, &bucket, &row, n, &[*byte]).await.unwrap();
    }
    let list = completion((1..).zip(&bytes).map(|(n, byte)| listed(n, &[*byte])).collect());
    let completed = engine.complete_upload(&bucket, &key("k"), &id, list).await.unwrap();
    assert_eq!(completed.etag, ETag::multipart(bytes.iter().map(|byte| md5(&[*byte]))));
    assert!(read(&engine, &bucket, "k").await == bytes);
    let object = engine.object(&bucket, &key("k")).unwrap();
    let PartOfObject::Found(final_part, 10_000) = engine.part_of_object(&object, 10_000).unwrap() else { panic!() };
    assert_eq!((final_part.first_byte, final_part.size_bytes), (9_999, 1));
    assert!(matches!(engine.part_of_object(&object, 10_001).unwrap(), PartOfObject::Beyond(10_000)));
    let ranged = engine.open_object(&bucket, &key("k")).unwrap().read(5_000, 10);
    assert!(drain(ranged).await.unwrap() == bytes[5_000..5_010]);
    assert_sound(&engine);
    delete(&engine, &bucket, "k").await;
    assert_sound(&engine);
    settle(dir.path()).await;
    assert_sound(&engine);
}

#[tokio::test]
async fn failed_replacement_keeps_the_old_part() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    part(&engine, &bucket, &row, 1, &[1; 1000]).await.unwrap();
    // Cut off half-way; sealed but never stored.
    let mut cut = engine.blob_writer(WantedDigests::default());
    cut.write(bytes::Bytes::from(vec![2; 600])).await.unwrap();
    drop(cut);
    drop(body(&engine, &[2; 1000]).await);
    let (parts, _) = engine.list_parts(&row, 0, 10).await.unwrap();
    assert_eq!((parts.len(), parts[0].md5), (1, md5(&[1; 1000])));
    let list = completion(vec![listed(1, &[1; 1000])]);
    engine.complete_upload(&bucket, &key("k"), &id, list).await.unwrap();
    assert_eq!(read(&engine, &bucket, "k").await, [1; 1000]);
    assert_eq!(blob_files(dir.path()), 1);
}

#[tokio::test]
async fn part_without_the_declared_checksum_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let declared = UploadChecksum { algorithm: Algorithm::Sha256, kind: ChecksumKind::Composite };
    let id = engine.create_upload(&bucket, new_upload("k", Some(declared))).await.unwrap();
    let row = engine.upload(&bucket, &key("k"), &id).unwrap();
    // The dialect forgot to ask the writer for it: better now than when the upload is completed.
    let stored = engine.put_part(&bucket, &row, number(1), body(&engine, &[1; 1000]).await).await;
    assert!(matches!(stored, Err(Error::Bug { .. })));
    assert_eq!(blob_files(dir.path()), 0);
}

#[tokio::test]
async fn unlisted_parts_are_released_by_completion() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    for n in 1..=6 {
        part(&engine, &bucket, &row, n, &[n.to_le_bytes()[0]; 1000]).await.unwrap();
    }
    let list = completion(vec![listed(2, &[2; 1000]), listed(5, &[5; 1000])]);
    engine.complete_upload(&bucket, &key("k"), &id, list).await.unwrap();
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 2);
    assert_sound(&engine);
}

#[tokio::test]
async fn upload_of_another_incarnation_of_the_bucket_is_no_such_upload() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let first = bucket(&engine, "bucket").await;
    let (id, row) = upload(&engine, &first, "k").await;
    part(&engine, &first, &row, 1, &[1; 1000]).await.unwrap();
    engine.delete_bucket(&first).await.unwrap();
    let second = bucket(&engine, "bucket").await;
    let list = || completion(vec![listed(1, &[1; 1000])]);
    assert!(matches!(engine.upload(&second, &key("k"), &id), Err(Error::NoSuchUpload)));
    assert!(matches!(part(&engine, &second, &row, 1, b"x").await, Err(Error::NoSuchUpload)));
    let completed = engine.complete_upload(&second, &key("k"), &id, list()).await;
    assert!(matches!(completed, Err(Error::NoSuchUpload)));
    assert!(matches!(engine.abort_upload(&second, &key("k"), &id).await, Err(Error::NoSuchUpload)));
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 0);
    assert_sound(&engine);
}

#[tokio::test]
async fn upload_ids_are_valid_across_restarts_and_for_their_key_only() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let (id, _) = upload(&engine, &bucket, "k").await;
    engine.close().await;
    drop(engine);
    let engine = open(dir.path(), Durability::Process);
    let row = engine.upload(&bucket, &key("k"), &UploadId::from_client(id.as_str())).unwrap();
    assert_eq!(engine.upload_id(&bucket, &row), id);
    assert!(matches!(engine.upload(&bucket, &key("k2"), &id), Err(Error::NoSuchUpload)));
}

/// Two uploads and a put, finished in the other order than they were begun.
async fn finish_in_reverse(order: MultipartOrder) -> (tempfile::TempDir, Engine, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { multipart_order: order, ..options(dir.path(), Durability::Process) };
    let engine = Engine::open(options).unwrap();
    let bucket = bucket(&engine, "bucket").await;
    let (early, row_of_early) = upload(&engine, &bucket, "k").await;
    let (newer, row_of_newer) = upload(&engine, &bucket, "k").await;
    for (row, byte) in [(&row_of_early, 1), (&row_of_newer, 2)] {
        for n in 1..=2 {
            part(&engine, &bucket, row, n, &[byte; 1000]).await.unwrap();
        }
    }
    let list = |byte| completion(vec![listed(1, &[byte; 1000]), listed(2, &[byte; 1000])]);
    engine.complete_upload(&bucket, &key("k"), &newer, list(2)).await.unwrap();
    engine.complete_upload(&bucket, &key("k"), &early, list(1)).await.unwrap();
    let now = read(&engine, &bucket, "k").await;
    settle(dir.path()).await;
    assert_sound(&engine);
    assert_eq!(blob_files(dir.path()), 2);
    // The one that was superseded is gone; the other answers again.
    let (current, gone) = if now[0] == 2 { ((&newer, 2), (&early, 1)) } else { ((&early, 1), (&newer, 2)) };
    assert!(engine.complete_upload(&bucket, &key("k"), current.0, list(current.1)).await.is_ok());
    let repeated = engine.complete_upload(&bucket, &key("k"), gone.0, list(gone.1)).await;
    assert!(matches!(repeated, Err(Error::NoSuchUpload)));
    // A put that comes after both is the newest under either rule.
    put(&engine, &bucket, "k", &[3; 10]).await;
    assert_eq!(read(&engine, &bucket, "k").await, [3; 10]);
    (dir, engine, now)
}

#[tokio::test]
async fn upload_initiated_last_wins_by_default() {
    let (_dir, _engine, now) = finish_in_reverse(MultipartOrder::Initiation).await;
    assert_eq!(now, [2; 2000]);
}

#[tokio::test]
async fn upload_completed_last_wins_by_completion_order() {
    let (_dir, _engine, now) = finish_in_reverse(MultipartOrder::Completion).await;
    assert_eq!(now, [1; 2000]);
}

#[tokio::test]
async fn put_after_initiation_stays_current() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    for n in 1..=100 {
        part(&engine, &bucket, &row, n, &[1; 100]).await.unwrap();
    }
    put(&engine, &bucket, "k", &[2; 1000]).await;
    // More parts than are released at once: the keeper takes them up.
    let list = completion((1..=100).map(|n| listed(n, &[1; 100])).collect());
    let completed = engine.complete_upload(&bucket, &key("k"), &id, list).await.unwrap();
    assert_eq!(completed.etag.part_count(), Some(100));
    assert_eq!(read(&engine, &bucket, "k").await, [2; 1000]);
    assert_sound(&engine);
    settle(dir.path()).await;
    assert_eq!(blob_files(dir.path()), 1);
    let parts: i64 =
        super::support::database(dir.path()).query_row("SELECT count(*) FROM parts", [], |row| row.get(0)).unwrap();
    assert_eq!(parts, 0);
}

/// Completes an upload to `k` under a condition, after `between` has happened to it.
async fn complete_if(condition: WriteCondition, existing: &[u8], between: &[Option<&[u8]>]) -> Result<(), Error> {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    if !existing.is_empty() {
        put(&engine, &bucket, "k", existing).await;
    }
    let (id, row) = upload(&engine, &bucket, "k").await;
    part(&engine, &bucket, &row, 1, &[1; 1000]).await.unwrap();
    for step in between {
        match step {
            Some(bytes) => {
                put(&engine, &bucket, "k", bytes).await;
            }
            None => delete(&engine, &bucket, "k").await,
        }
    }
    let asked = Completion { condition: Some(condition), ..completion(vec![listed(1, &[1; 1000])]) };
    let completed = engine.complete_upload(&bucket, &key("k"), &id, asked).await;
    if completed.is_err() {
        // Whatever was refused, the upload and its part are as they were.
        let (parts, _) = engine.list_parts(&engine.upload(&bucket, &key("k"), &id).unwrap(), 0, 10).await.unwrap();
        assert_eq!(parts.len(), 1);
    }
    assert_sound(&engine);
    completed.map(drop)
}

fn if_match(bytes: &[u8]) -> WriteCondition {
    WriteCondition::IfMatch(ETag::plain(md5(bytes)).to_hex())
}

#[tokio::test]
async fn conditional_completion_succeeds_where_nothing_changed() {
    complete_if(WriteCondition::IfNoneMatchAny, b"", &[]).await.unwrap();
    complete_if(if_match(b"old"), b"old", &[]).await.unwrap();
}

#[tokio::test]
async fn conditional_completion_that_does_not_hold_is_refused() {
    let refused = complete_if(WriteCondition::IfNoneMatchAny, b"old", &[]).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed { condition: Condition::IfNoneMatch })), "{refused:?}");
    let refused = complete_if(if_match(b"other"), b"old", &[]).await;
    assert!(matches!(refused, Err(Error::PreconditionFailed { condition: Condition::IfMatch })), "{refused:?}");
    assert!(matches!(complete_if(if_match(b"old"), b"old", &[None]).await, Err(Error::NoSuchKey)));
}

#[tokio::test]
async fn conditional_completion_after_a_change_is_a_conflict() {
    // The same bytes again: the tag matches, yet it is another object.
    let conflict = complete_if(if_match(b"old"), b"old", &[Some(b"old")]).await;
    assert!(matches!(conflict, Err(Error::ConditionalConflict { condition: Condition::IfMatch })), "{conflict:?}");
    let conflict = complete_if(WriteCondition::IfNoneMatchAny, b"old", &[None]).await;
    assert!(matches!(conflict, Err(Error::ConditionalConflict { condition: Condition::IfNoneMatch })), "{conflict:?}");
}

#[tokio::test]
async fn sizes_are_checked_at_completion() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path(), Durability::Process);
    (options.limits.min_part_size_bytes, options.limits.max_object_size_bytes) = (5, 20);
    let engine = Engine::open(options).unwrap();
    let bucket = bucket(&engine, "bucket").await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    for (n, bytes) in [(1, &[1; 5][..]), (2, &[2; 4]), (3, &[3; 12]), (4, &[4; 0])] {
        part(&engine, &bucket, &row, n, bytes).await.unwrap();
    }
    let complete = |parts: Vec<_>, size_bytes| {
        let asked = Completion { size_bytes, rules: s3_rules(5), ..completion(parts) };
        let (engine, bucket, id) = (&engine, &bucket, &id);
        async move { engine.complete_upload(bucket, &key("k"), id, asked).await.map(drop) }
    };
    let (one, two, three, four) = (listed(1, &[1; 5]), listed(2, &[2; 4]), listed(3, &[3; 12]), listed(4, b""));
    let small = complete(vec![one.clone(), two.clone(), three.clone()], None).await;
    assert!(matches!(small, Err(Error::PartTooSmall { size_bytes: 4, min_size_bytes: 5, .. })), "{small:?}");
    let other = complete(vec![one.clone(), two.clone()], Some(10)).await;
    assert!(matches!(other, Err(Error::ObjectSizeMismatch { given_bytes: 10, computed_bytes: 9 })), "{other:?}");
    assert!(is_absent(&engine, &bucket, "k"));
    complete(vec![one, three, four], Some(17)).await.unwrap();
    assert_eq!(read(&engine, &bucket, "k").await.len(), 17);
    assert_sound(&engine);
}
