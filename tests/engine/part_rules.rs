//! Completions by the rules of dialects other than S3.

use staves::engine::Durability;
use staves::engine::error::Error;
use staves::engine::object::PartOfObject;
use staves::engine::upload::{Completion, PartNumbers, PartOrder, PartRules};

use super::support::{assert_sound, bucket, completion, key, listed, number, open, part, read, settle, upload};

const ANY: PartRules =
    PartRules { order: PartOrder::AsListed, numbers: PartNumbers::Any, min_size_bytes: 0, multiple_of_bytes: 1 };

#[tokio::test]
async fn parts_as_listed_make_the_object_and_its_part_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    let bytes = |n: u16| vec![n.to_be_bytes()[1]; 5000 + usize::from(n)];
    for n in [1, 3, 5, 7] {
        part(&engine, &bucket, &row, n, &bytes(n)).await.unwrap();
    }
    let list: Vec<_> = [5, 1, 7].map(|n| listed(n, &bytes(n))).into();
    let asked = Completion { rules: ANY, ..completion(list.clone()) };
    engine.complete_upload(&bucket, &key("k"), &id, asked.clone()).await.unwrap();
    assert_eq!(read(&engine, &bucket, "k").await, [bytes(5), bytes(1), bytes(7)].concat());
    let object = engine.object(&bucket, &key("k")).unwrap();
    match engine.part_of_object(&object, 2).unwrap() {
        PartOfObject::Found(part, 3) => assert_eq!((part.first_byte, part.size_bytes), (5005, 5001)),
        other => panic!("{other:?}"),
    }
    // Repeated, it is the same answer; in another order it is another object.
    engine.complete_upload(&bucket, &key("k"), &id, asked).await.unwrap();
    let mut other = list;
    other.swap(0, 1);
    let other = engine.complete_upload(&bucket, &key("k"), &id, Completion { rules: ANY, ..completion(other) }).await;
    assert!(matches!(other, Err(Error::NoSuchUpload)), "{other:?}");
    settle(dir.path()).await;
    assert_sound(&engine);
}

#[tokio::test]
async fn rules_that_are_broken_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    let (id, row) = upload(&engine, &bucket, "k").await;
    for (n, size) in [(1, 4096), (2, 4097), (3, 8192), (5, 1)] {
        part(&engine, &bucket, &row, n, &vec![7; size]).await.unwrap();
    }
    let complete = |numbers: &[u16], rules| {
        let size = |n| [0, 4096, 4097, 8192, 0, 1][usize::from(n)];
        let list = numbers.iter().map(|n| listed(*n, &vec![7; size(*n)])).collect();
        let (engine, bucket, id) = (&engine, &bucket, &id);
        let asked = Completion { rules, ..completion(list) };
        async move { engine.complete_upload(bucket, &key("k"), id, asked).await.map(drop) }
    };
    let twice = complete(&[1, 3, 1], ANY).await;
    assert!(matches!(twice, Err(Error::PartListedTwice { number: n }) if n == number(1)), "{twice:?}");
    let gap = complete(&[1, 3], PartRules { numbers: PartNumbers::Consecutive, ..ANY }).await;
    assert!(matches!(gap, Err(Error::PartsNotConsecutive)), "{gap:?}");
    let odd = complete(&[1, 2, 3], PartRules { multiple_of_bytes: 4096, ..ANY }).await;
    let expected = Error::PartNotMultiple { number: number(2), size_bytes: 4097, multiple_of_bytes: 4096 };
    assert_eq!(format!("{odd:?}"), format!("{:?}", Err::<(), _>(expected)));
    let small = complete(&[5, 1], PartRules { min_size_bytes: 2, ..ANY }).await;
    assert!(matches!(small, Err(Error::PartTooSmall { size_bytes: 1, .. })), "{small:?}");
    // The last may be of any size, and the upload is as it was.
    complete(&[1, 3, 2], PartRules { multiple_of_bytes: 4096, min_size_bytes: 4097 - 1, ..ANY }).await.unwrap();
    assert_eq!(read(&engine, &bucket, "k").await.len(), 4096 + 8192 + 4097);
}
