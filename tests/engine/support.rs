//! What the engine's tests share: opening, short forms of puts and reads, and counting what is on the disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rusqlite::{Connection, OpenFlags};
use staves::engine::blobs::digests::WantedDigests;
use staves::engine::blobs::reader::ObjectBody;
use staves::engine::blobs::writer::Sealed;
use staves::engine::bucket::Bucket;
use staves::engine::clock::Clock;
use staves::engine::error::{Error, Result};
use staves::engine::ids::UploadId;
use staves::engine::limits::Limits;
use staves::engine::object::{CopyObject, Deletion, PutObject, Written};
use staves::engine::upload::{Completion, NewUpload, Part, PartRules, UploadChecksum, UploadRow};
use staves::engine::{Durability, Engine, Options};
use staves::wire::bucket_name::BucketName;
use staves::wire::checksum::Algorithm;
use staves::wire::conditions::WriteCondition;
use staves::wire::etag::ETag;
use staves::wire::metadata::ObjectHeaders;
use staves::wire::object_attributes::ObjectAttributes;
use staves::wire::object_key::ObjectKey;
use staves::wire::part::{ListedPart, PartList, PartNumber};

/// Bodies above this are files; small, so that tests meet both kinds.
pub(crate) const INLINE_BYTES: usize = 64;
/// Nothing that is waited for takes as long, on however slow a machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Pseudo-random numbers from a seed (SplitMix64): the same on every machine and in every version of every crate.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % (end as u64)).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        (!of.is_empty()).then(|| &of[self.below(of.len())])
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(length + 8);
        while out.len() < length {
            out.extend_from_slice(&self.roll().to_le_bytes());
        }
        out.truncate(length);
        out
    }
}

/// Options for tests: small limits, so that small bodies are enough.
pub(crate) fn options(dir: &Path, durability: Durability) -> Options {
    let limits = Limits { min_part_size_bytes: 1, inline_body_bytes: INLINE_BYTES, ..Limits::default() };
    Options { durability, limits, ..Options::new(dir.join("data")) }
}

pub(crate) fn open(dir: &Path, durability: Durability) -> Engine {
    Engine::open(options(dir, durability)).unwrap()
}

/// As [`open`], with a clock that stands still at one second after the epoch.
pub(crate) fn open_at_fixed_time(dir: &Path) -> Engine {
    let clock = Arc::new(AtomicI64::new(0));
    clock.store(1000, Ordering::SeqCst);
    Engine::open(Options { clock: Clock::Fixed(clock), ..options(dir, Durability::Process) }).unwrap()
}

pub(crate) async fn bucket(engine: &Engine, name: &str) -> Bucket {
    engine.create_bucket(&BucketName::parse(name).unwrap(), "000000000000", "us-east-1").await.unwrap()
}

pub(crate) fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text.to_owned()).unwrap()
}

pub(crate) fn number(n: u16) -> PartNumber {
    PartNumber::new(n).unwrap()
}

pub(crate) fn md5(bytes: &[u8]) -> [u8; 16] {
    use md5::Digest as _;
    md5::Md5::digest(bytes).into()
}

/// A body that has arrived.
pub(crate) async fn body(engine: &Engine, bytes: &[u8]) -> Sealed {
    body_with(engine, bytes, None).await
}

pub(crate) async fn body_with(engine: &Engine, bytes: &[u8], checksum: Option<Algorithm>) -> Sealed {
    try_body(engine, bytes, checksum).await.unwrap()
}

pub(crate) async fn try_body(engine: &Engine, bytes: &[u8], checksum: Option<Algorithm>) -> Result<Sealed> {
    let mut writer = engine.blob_writer(WantedDigests { checksum, ..WantedDigests::default() });
    for piece in bytes.chunks(100_000) {
        writer.write(Bytes::copy_from_slice(piece)).await?;
    }
    writer.seal().await
}

pub(crate) fn put_of(to: &str, condition: Option<WriteCondition>) -> PutObject {
    let (headers, attributes) = (ObjectHeaders::default(), ObjectAttributes::default());
    PutObject { key: key(to), headers, attributes, checksum: Algorithm::Crc64Nvme, condition }
}

pub(crate) async fn put_if(
    engine: &Engine,
    bucket: &Bucket,
    to: &str,
    bytes: &[u8],
    condition: Option<WriteCondition>,
) -> Result<Written> {
    let sealed = try_body(engine, bytes, None).await?;
    engine.put_object(bucket, put_of(to, condition), sealed).await
}

pub(crate) async fn put(engine: &Engine, bucket: &Bucket, to: &str, bytes: &[u8]) -> Written {
    put_if(engine, bucket, to, bytes, None).await.unwrap()
}

pub(crate) fn copy_to(to: &str) -> CopyObject {
    let (headers, attributes) = (ObjectHeaders::default(), ObjectAttributes::default());
    CopyObject { key: key(to), headers, attributes, checksum: Algorithm::Crc64Nvme, condition: None }
}

pub(crate) async fn copy(engine: &Engine, bucket: &Bucket, from: &str, to: &str) -> Written {
    let source = engine.open_object(bucket, &key(from)).unwrap().into_copy_source();
    engine.copy_object(bucket, source, copy_to(to)).await.unwrap()
}

pub(crate) async fn delete(engine: &Engine, bucket: &Bucket, what: &str) {
    engine.delete_object(bucket, Deletion::of(key(what))).await.unwrap();
}

pub(crate) async fn drain(mut body: ObjectBody) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    while let Some(piece) = body.next().await {
        out.extend_from_slice(&piece?);
    }
    Ok(out)
}

pub(crate) async fn read(engine: &Engine, bucket: &Bucket, from: &str) -> Vec<u8> {
    let opened = engine.open_object(bucket, &key(from)).unwrap();
    let size_bytes = opened.object.size_bytes;
    drain(opened.read(0, size_bytes)).await.unwrap()
}

pub(crate) fn is_absent(engine: &Engine, bucket: &Bucket, what: &str) -> bool {
    matches!(engine.object(bucket, &key(what)), Err(Error::NoSuchKey))
}

pub(crate) fn new_upload(to: &str, checksum: Option<UploadChecksum>) -> NewUpload {
    let (headers, attributes) = (ObjectHeaders::default(), ObjectAttributes::default());
    NewUpload { key: key(to), headers, attributes, checksum, initiator: "tests".to_owned() }
}

pub(crate) async fn upload(engine: &Engine, bucket: &Bucket, to: &str) -> (UploadId, UploadRow) {
    let id = engine.create_upload(bucket, new_upload(to, None)).await.unwrap();
    let row = engine.upload(bucket, &key(to), &id).unwrap();
    (id, row)
}

pub(crate) async fn part(engine: &Engine, bucket: &Bucket, upload: &UploadRow, n: u16, bytes: &[u8]) -> Result<Part> {
    let sealed = try_body(engine, bytes, None).await?;
    engine.put_part(bucket, upload, number(n), sealed).await
}

pub(crate) fn listed(n: u16, bytes: &[u8]) -> ListedPart {
    ListedPart { number: number(n), etag: ETag::plain(md5(bytes)).to_hex(), checksums: Vec::new() }
}

/// S3's rules with another least size.
pub(crate) fn s3_rules(min_part_size_bytes: u64) -> PartRules {
    PartRules::s3(&Limits { min_part_size_bytes, ..Limits::default() })
}

pub(crate) fn completion(parts: Vec<ListedPart>) -> Completion {
    Completion {
        parts: PartList::new(parts).unwrap(),
        checksum: None,
        checksum_kind: None,
        size_bytes: None,
        condition: None,
        rules: s3_rules(1),
    }
}

/// Files under the data directory's `tmp` and `blobs`.
pub(crate) fn blob_files(dir: &Path) -> usize {
    count_files(&dir.join("data/tmp")) + count_files(&dir.join("data/blobs"))
}

fn count_files(dir: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { count_files(&path) } else { 1 }
        })
        .sum()
}

/// A connection of the test's own to the engine's database.
pub(crate) fn database(dir: &Path) -> Connection {
    let conn = Connection::open_with_flags(dir.join("data/staves.db"), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    conn.busy_timeout(PATIENCE).unwrap();
    conn
}

fn count(conn: &Connection, query: &str) -> usize {
    usize::try_from(conn.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap()).unwrap()
}

/// Waits until the keeper has removed what nothing points at; then there are as many files as rows that name one.
pub(crate) async fn settle(dir: &Path) {
    let conn = database(dir);
    let begun = Instant::now();
    loop {
        let released =
            count(&conn, "SELECT count(*) FROM releases") + count(&conn, "SELECT count(*) FROM blobs WHERE refs = 0");
        let (named, files) = (count(&conn, "SELECT count(*) FROM blobs WHERE name IS NOT NULL"), blob_files(dir));
        if released == 0 && named == files {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "{released} released rows stay; {named} rows name files, {files} are there"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits for a number of files.
pub(crate) async fn await_files(dir: &Path, expected: usize) {
    let begun = Instant::now();
    while blob_files(dir) != expected {
        assert!(begun.elapsed() < PATIENCE, "{} files are there, expected {expected}", blob_files(dir));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) fn assert_sound(engine: &Engine) {
    let report = engine.check(|_| ()).unwrap();
    assert_eq!(report.differences, Vec::<String>::new());
}
