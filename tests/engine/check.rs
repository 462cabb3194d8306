//! `staves check` on what is kept in SQLite itself: texts of annotations that are not those that were put. Files are in
//! `torn`.

use bytes::Bytes;
use staves::engine::Durability;
use staves::engine::object::annotations::{Annotated, NewAnnotation};
use staves::wire::checksum::{Algorithm, Digest};
use staves::wire::md5::Md5;

use super::support::{assert_sound, bucket, database, key, open, put};

#[tokio::test]
async fn annotations_that_were_changed_at_rest_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), Durability::Process);
    let bucket = bucket(&engine, "bucket").await;
    put(&engine, &bucket, "k", &[7; 10]).await;
    // More than a page of them.
    for number in 0..40 {
        let body = Bytes::from(format!("text {number}"));
        let md5 = Md5::digest(&body);
        let (name, checksum) = (format!("note{number}"), Digest::from_slice(&md5).unwrap());
        let new = NewAnnotation { name, body, md5, algorithm: Algorithm::Md5, checksum };
        let of = Annotated { key: key("k"), version: None, etag: None };
        engine.put_annotation(&bucket, of, new).await.unwrap();
    }
    assert_sound(&engine);
    let report = engine.check(|_| ()).unwrap();
    assert_eq!((report.annotations_hashed, report.bytes_hashed), (40, 10 + 10 * 6 + 30 * 7));
    engine.close().await;
    drop(engine);
    let conn = database(dir.path());
    let changed = conn.execute("UPDATE annotations SET body = x'746578742039' WHERE name = 'note3'", []).unwrap();
    assert_eq!(changed, 1);
    conn.execute("UPDATE annotations SET body = x'74', size_bytes = 1 WHERE name = 'note30'", []).unwrap();
    drop(conn);
    let engine = open(dir.path(), Durability::Process);
    let report = engine.check(|_| ()).unwrap();
    let expected = ["note3", "note30"]
        .map(|name| format!("annotation \"{name}\" of s3://bucket/k: its bytes are not those that were stored"));
    assert_eq!(report.differences, expected);
}
