//! Random operations against the engine and a model of it. The seed of a failing run is printed; put it into `SEEDS`.

use std::collections::BTreeMap;

use staves::engine::error::{Error, Result};
use staves::engine::list::{ListEntry, ListQuery, More};
use staves::engine::object::PartOfObject;
use staves::engine::upload::{Completion, UploadChecksum, UploadQuery};
use staves::engine::{Durability, Engine, Options};
use staves::wire::bucket_name::BucketName;
use staves::wire::checksum::{Algorithm, ChecksumKind, Hasher};
use staves::wire::conditions::WriteCondition;
use staves::wire::etag::ETag;

use super::model_state::{Claim, House, MIN_PART_BYTES, Model, Stage, Upload, page};
use super::support::{
    Dice, assert_sound, body, body_with, bucket, completion, copy_to, drain, key, listed, md5, new_upload, number,
    options, put_if, s3_rules, settle,
};

const SEEDS: [u64; 6] = [1, 2, 3, 0xbeef, 77_777, 1 << 40];
const BUCKETS: [&str; 3] = ["first", "second", "third"];
const KEYS: [&str; 12] = ["a", "a/", "a/b", "a/c/d", "a/c/e", "a//", "b", "ab", "é/x", "é/y", "z/1", "\u{10ffff}"];
const PREFIXES: [&str; 7] = ["", "", "a", "a/", "a/c", "é", "nothing"];
const DELIMITERS: [&str; 5] = ["", "/", "/", "c/", "b"];

/// Says, when a test fails, which seed and step it was.
struct Place {
    seed: u64,
    durability: Durability,
    step: usize,
    what: &'static str,
}

impl Drop for Place {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with seed {} ({}) at step {}: {}", self.seed, self.durability, self.step, self.what);
        }
    }
}

pub(super) struct Run {
    dir: tempfile::TempDir,
    pub(super) engine: Engine,
    pub(super) model: Model,
    pub(super) dice: Dice,
    place: Place,
}

#[tokio::test]
async fn model_agrees_with_process_durability() {
    for seed in SEEDS.into_iter().chain([rand::random()]) {
        Run::new(seed, Durability::Process).go(400).await;
    }
}

#[tokio::test]
async fn model_agrees_with_memory_durability() {
    for seed in SEEDS.into_iter().chain([rand::random()]) {
        Run::new(seed, Durability::Memory).go(400).await;
    }
}

#[tokio::test]
async fn model_agrees_with_power_durability() {
    for seed in [4, rand::random()] {
        Run::new(seed, Durability::Power).go(120).await;
    }
}

fn name_of(error: &Error) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

pub(super) fn outcome<T, U>(result: Result<T>, of: impl FnOnce(T) -> U) -> std::result::Result<U, String> {
    result.map(of).map_err(|error| name_of(&error))
}

impl Run {
    fn new(seed: u64, durability: Durability) -> Run {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(Run::options(&dir, durability)).unwrap();
        let place = Place { seed, durability, step: 0, what: "opening" };
        Run { dir, engine, model: Model::default(), dice: Dice::new(seed), place }
    }

    fn options(dir: &tempfile::TempDir, durability: Durability) -> Options {
        let mut options = options(dir.path(), durability);
        options.limits.min_part_size_bytes = MIN_PART_BYTES as u64;
        options
    }

    async fn go(mut self, steps: usize) {
        for step in 0..steps {
            self.place.step = step;
            self.step().await;
            if step % 50 == 49 {
                self.compare_all().await;
            }
        }
        self.place.what = "the end";
        self.compare_all().await;
        assert_sound(&self.engine);
        if self.place.durability != Durability::Memory {
            settle(self.dir.path()).await;
            self.reopen().await;
            self.compare_all().await;
            assert_sound(&self.engine);
            assert_eq!(self.engine.check(|_| ()).unwrap().orphaned_files, 0);
        }
        self.engine.close().await;
    }

    async fn step(&mut self) {
        let roll = self.dice.below(100);
        self.place.what = match roll {
            0..3 => "create bucket",
            3 => "set versioning",
            4 => "delete bucket",
            5..20 => "put",
            20..28 => "copy",
            28..34 => "delete",
            34..36 => "delete many",
            36..40 => "list",
            40..44 => "list versions",
            44..52 => "create upload",
            52..68 => "put part",
            68..73 => "copy part",
            73..85 => "complete",
            85..88 => "replay",
            88..90 => "abort",
            90..92 => "list parts",
            92..95 => "list uploads",
            95..99 => "read a range",
            _ => "reopen",
        };
        match roll {
            0..3 => self.create_bucket().await,
            3 => self.set_versioning().await,
            4 => self.delete_bucket().await,
            5..20 => self.put().await,
            20..28 => self.copy().await,
            28..36 => self.delete().await,
            36..40 => self.list().await,
            40..44 => self.list_versions().await,
            44..52 => self.create_upload().await,
            52..68 => self.put_part().await,
            68..73 => self.copy_part().await,
            73..85 => self.complete().await,
            85..88 => self.replay().await,
            88..90 => self.abort().await,
            90..92 => self.list_parts().await,
            92..95 => self.list_uploads().await,
            95..99 => self.read_range().await,
            _ => self.reopen().await,
        }
    }

    pub(super) fn some_bucket(&mut self) -> Option<String> {
        let names: Vec<String> = self.model.buckets.keys().cloned().collect();
        self.dice.pick(&names).cloned()
    }

    pub(super) fn some_key(&mut self) -> String {
        KEYS[self.dice.below(KEYS.len())].to_owned()
    }

    fn some_object(&mut self) -> Option<(String, String)> {
        let places = self.model.places();
        self.dice.pick(&places).cloned()
    }

    fn some_open_upload(&mut self) -> Option<usize> {
        let open = self.model.open_uploads();
        self.dice.pick(&open).copied()
    }

    fn some_bytes(&mut self) -> Vec<u8> {
        let length = match self.dice.below(10) {
            0 => 0,
            1..4 => self.dice.below(10),
            4..8 => self.dice.below(200),
            _ => self.dice.below(700_000),
        };
        self.dice.bytes(length)
    }

    pub(super) fn some_condition(&mut self, bucket: &str, to: &str) -> Option<WriteCondition> {
        match self.dice.below(10) {
            0 | 1 => Some(WriteCondition::IfNoneMatchAny),
            2 => Some(WriteCondition::IfMatch("0123456789abcdef0123456789abcdef".to_owned())),
            3 => self.model.object(bucket, to).map(|object| WriteCondition::IfMatch(object.etag.to_hex())),
            _ => None,
        }
    }

    async fn create_bucket(&mut self) {
        let name = BUCKETS[self.dice.below(BUCKETS.len())];
        if self.model.buckets.contains_key(name) {
            let again = self.engine.create_bucket(&BucketName::parse(name).unwrap(), "x", "y").await;
            assert_eq!(outcome(again, drop), Err("BucketExists".to_owned()));
        } else {
            let handle = bucket(&self.engine, name).await;
            self.model.buckets.insert(name.to_owned(), House::new(handle));
        }
    }

    async fn delete_bucket(&mut self) {
        let Some(name) = self.some_bucket() else { return };
        let house = &self.model.buckets[&name];
        let expected = if house.lines.is_empty() { Ok(()) } else { Err("BucketNotEmpty".to_owned()) };
        assert_eq!(outcome(self.engine.delete_bucket(&house.handle).await, drop), expected);
        if expected.is_ok() {
            self.model.delete_bucket(&name);
        }
    }

    async fn put(&mut self) {
        let Some(name) = self.some_bucket() else { return };
        let (to, bytes) = (self.some_key(), self.some_bytes());
        let condition = self.some_condition(&name, &to);
        let expected = match self.model.refusal(&name, &to, condition.as_ref()) {
            Some(refusal) => Err(refusal.to_owned()),
            None => Ok(self.model.put(&name, &to, bytes.clone())),
        };
        let handle = &self.model.buckets[&name].handle;
        let written = put_if(&self.engine, handle, &to, &bytes, condition).await;
        if let Ok(written) = &written {
            self.learn(&name, &to, self.model.last_order(), written.version);
        }
        assert_eq!(outcome(written, |written| written.etag), expected);
    }

    async fn copy(&mut self) {
        let (Some((from_bucket, from)), Some(name)) = (self.some_object(), self.some_bucket()) else { return };
        let to = self.some_key();
        let source = &self.model.buckets[&from_bucket];
        let bytes = source.objects[&from].bytes.clone();
        let opened = self.engine.open_object(&source.handle, &key(&from)).unwrap();
        let copied = self
            .engine
            .copy_object(&self.model.buckets[&name].handle, opened.into_copy_source(), copy_to(&to))
            .await
            .unwrap();
        assert_eq!(copied.etag, self.model.put(&name, &to, bytes));
        self.learn(&name, &to, self.model.last_order(), copied.version);
    }

    pub(super) fn some_query(&mut self) -> ListQuery {
        ListQuery {
            prefix: PREFIXES[self.dice.below(PREFIXES.len())].to_owned(),
            delimiter: DELIMITERS[self.dice.below(DELIMITERS.len())].to_owned(),
            after: None,
            limit: 1 + self.dice.below(5),
        }
    }

    async fn list(&mut self) {
        let Some(name) = self.some_bucket() else { return };
        let mut query = self.some_query();
        if self.dice.below(3) == 0 {
            query.after = Some(self.some_key());
        }
        let house = &self.model.buckets[&name];
        let lines: Vec<(String, (String, ETag, u64))> = house
            .objects
            .iter()
            .map(|(key, object)| (key.clone(), (key.clone(), object.etag, object.bytes.len() as u64)))
            .collect();
        loop {
            let found = self.engine.list_objects(&house.handle, query.clone()).await.unwrap();
            let entries: Vec<_> = found
                .entries
                .into_iter()
                .map(|entry| match entry {
                    ListEntry::Item(object) => {
                        ListEntry::Item((object.key.as_str().to_owned(), object.etag, object.size_bytes))
                    }
                    ListEntry::CommonPrefix(prefix) => ListEntry::CommonPrefix(prefix),
                })
                .collect();
            let after = query.after.clone();
            let expected = page(&lines, &query, |key, _| after.as_deref().is_none_or(|after| key > after));
            assert_eq!((&entries, found.more), (&expected.0, expected.1), "{query:?}");
            let Some(last) = entries.last().filter(|_| found.more == More::Follows) else { return };
            query.after = Some(match last {
                ListEntry::Item((key, ..)) => key.clone(),
                ListEntry::CommonPrefix(prefix) => prefix.clone(),
            });
        }
    }

    async fn create_upload(&mut self) {
        let Some(name) = self.some_bucket() else { return };
        let to = self.some_key();
        let checksum = [
            None,
            None,
            Some((Algorithm::Crc32, ChecksumKind::FullObject)),
            Some((Algorithm::Sha256, ChecksumKind::Composite)),
            Some((Algorithm::Crc64Nvme, ChecksumKind::FullObject)),
        ][self.dice.below(5)]
        .map(|(algorithm, kind)| UploadChecksum { algorithm, kind });
        let handle = &self.model.buckets[&name].handle;
        let id = self.engine.create_upload(handle, new_upload(&to, checksum)).await.unwrap();
        let base = self.model.top(&name, &to);
        let order = self.model.next_order();
        self.model.uploads.push(Upload {
            bucket: name,
            key: to,
            id,
            order,
            base,
            checksum,
            parts: BTreeMap::default(),
            stage: Stage::Open,
        });
    }

    fn some_number(&mut self) -> u16 {
        u16::try_from(1 + self.dice.below(5)).unwrap()
    }

    async fn put_part(&mut self) {
        let Some(at) = self.some_open_upload() else { return };
        let (n, bytes) = (self.some_number(), self.some_bytes());
        let upload = &mut self.model.uploads[at];
        let handle = &self.model.buckets[&upload.bucket].handle;
        let row = self.engine.upload(handle, &key(&upload.key), &upload.id).unwrap();
        let sealed = body_with(&self.engine, &bytes, upload.checksum.map(|checksum| checksum.algorithm)).await;
        let part = self.engine.put_part(handle, &row, number(n), sealed).await.unwrap();
        assert_eq!(part.md5, md5(&bytes));
        assert_eq!(part.crc64, Hasher::digest(Algorithm::Crc64Nvme, &bytes));
        upload.parts.insert(n, bytes);
    }

    async fn copy_part(&mut self) {
        let (Some(at), Some((from_bucket, from))) = (self.some_open_upload(), self.some_object()) else { return };
        let n = self.some_number();
        let source = &self.model.buckets[&from_bucket];
        let bytes = &source.objects[&from].bytes;
        let opened = self.engine.open_object(&source.handle, &key(&from)).unwrap();
        let (source, bytes) = if bytes.is_empty() || self.dice.below(3) == 0 {
            (opened.into_copy_source(), bytes.clone())
        } else {
            let first = self.dice.below(bytes.len());
            let length = 1 + self.dice.below(bytes.len() - first);
            (opened.into_copy_range(first as u64, length as u64), bytes[first..first + length].to_vec())
        };
        let upload = &mut self.model.uploads[at];
        let handle = &self.model.buckets[&upload.bucket].handle;
        let row = self.engine.upload(handle, &key(&upload.key), &upload.id).unwrap();
        let part = self.engine.copy_part(handle, &row, number(n), source).await.unwrap();
        assert_eq!(part.md5, md5(&bytes));
        upload.parts.insert(n, bytes);
    }

    /// A list for an upload: all parts, some, or one that is wrong in some way.
    fn some_claim(&mut self, at: usize) -> Claim {
        let parts: Claim = self.model.uploads[at].parts.iter().map(|(n, bytes)| (*n, bytes.clone())).collect();
        let mut claim = match self.dice.below(10) {
            0..6 => parts,
            6 => parts.into_iter().filter(|(n, _)| n % 2 == 1).collect(),
            7 => parts.into_iter().rev().collect(),
            8 => parts.into_iter().chain([(9, b"missing".to_vec())]).collect(),
            _ => parts
                .into_iter()
                .map(|(n, mut bytes)| {
                    (n, {
                        bytes.push(0);
                        bytes
                    })
                })
                .collect(),
        };
        if claim.is_empty() {
            claim.push((3, b"never uploaded".to_vec()));
        }
        claim
    }

    fn request(&self, at: usize, claim: &Claim, condition: Option<WriteCondition>) -> Completion {
        let declared = self.model.uploads[at].checksum;
        let parts = claim
            .iter()
            .map(|(n, bytes)| {
                let mut part = listed(*n, bytes);
                if let Some(declared) = declared {
                    let digest = Hasher::digest(declared.algorithm, bytes);
                    part.checksums.push((declared.algorithm, digest.to_base64()));
                }
                part
            })
            .collect();
        Completion { condition, rules: s3_rules(MIN_PART_BYTES as u64), ..completion(parts) }
    }

    async fn complete(&mut self) {
        let Some(at) = self.some_open_upload() else { return };
        let claim = self.some_claim(at);
        let Upload { bucket: name, key: to, id, .. } = self.model.uploads[at].clone();
        let condition = self.some_condition(&name, &to);
        let request = self.request(at, &claim, condition.clone());
        let expected = self.model.complete(at, &claim, condition.as_ref()).map_err(str::to_owned);
        let handle = &self.model.buckets[&name].handle;
        let completed = self.engine.complete_upload(handle, &key(&to), &id, request).await;
        if let Ok(completed) = &completed {
            self.learn(&name, &to, self.model.uploads[at].order, completed.version);
        }
        assert_eq!(outcome(completed, |completed| completed.etag), expected);
    }

    async fn replay(&mut self) {
        let ended: Vec<usize> =
            (0..self.model.uploads.len()).filter(|&at| self.model.uploads[at].stage != Stage::Open).collect();
        let Some(&at) = self.dice.pick(&ended) else { return };
        let Upload { bucket: name, key: to, id, stage, .. } = self.model.uploads[at].clone();
        let mut claim = if let Stage::Completed(claim, _) = stage { claim } else { vec![(1, Vec::new())] };
        if self.dice.below(4) == 0 {
            claim[0].1.push(1);
        }
        let Some(house) = self.model.buckets.get(&name) else { return };
        let request = self.request(at, &claim, Some(WriteCondition::IfNoneMatchAny));
        let replayed = self.engine.complete_upload(&house.handle, &key(&to), &id, request).await;
        let expected = self.model.replay(at, &claim).map_err(str::to_owned);
        assert_eq!(outcome(replayed, |replayed| replayed.etag), expected);
    }

    async fn abort(&mut self) {
        let Some(at) = self.some_open_upload() else { return };
        let upload = &mut self.model.uploads[at];
        let handle = &self.model.buckets[&upload.bucket].handle;
        for _ in 0..2 {
            self.engine.abort_upload(handle, &key(&upload.key), &upload.id).await.unwrap();
        }
        assert_eq!(
            outcome(self.engine.upload(handle, &key(&upload.key), &upload.id), drop),
            Err("NoSuchUpload".to_owned())
        );
        upload.stage = Stage::Gone;
    }

    async fn list_parts(&mut self) {
        let Some(at) = self.some_open_upload() else { return };
        let limit = 1 + self.dice.below(3);
        self.compare_parts(at, limit).await;
    }

    async fn compare_parts(&self, at: usize, limit: usize) {
        let upload = &self.model.uploads[at];
        let handle = &self.model.buckets[&upload.bucket].handle;
        let row = self.engine.upload(handle, &key(&upload.key), &upload.id).unwrap();
        let mut seen = Vec::new();
        loop {
            let after = seen.last().map_or(0, |(n, _)| *n);
            let (parts, more) = self.engine.list_parts(&row, after, limit).await.unwrap();
            assert!(parts.len() <= limit);
            seen.extend(parts.into_iter().map(|part| (part.number.get(), part.md5)));
            if more == More::Ended {
                break;
            }
        }
        assert_eq!(seen, upload.parts.iter().map(|(n, bytes)| (*n, md5(bytes))).collect::<Vec<_>>());
    }

    async fn list_uploads(&mut self) {
        let Some(name) = self.some_bucket() else { return };
        let mut query = UploadQuery { keys: self.some_query(), after_upload: None };
        let handle = self.model.buckets[&name].handle.clone();
        let mut lines: Vec<(String, u64)> = (self.model.uploads.iter())
            .filter(|upload| upload.stage == Stage::Open && upload.bucket == name)
            .map(|upload| (upload.key.clone(), upload.order))
            .collect();
        lines.sort();
        let order_of = |id: &str| self.model.uploads.iter().find(|it| it.id.as_str() == id).unwrap().order;
        loop {
            let found = self.engine.list_uploads(&handle, query.clone()).await.unwrap();
            let mut last = None;
            let entries: Vec<ListEntry<u64>> = found
                .entries
                .into_iter()
                .map(|entry| match entry {
                    ListEntry::Item(row) => {
                        let id = self.engine.upload_id(&handle, &row);
                        let order = order_of(id.as_str());
                        last = Some((row.key.as_str().to_owned(), Some(id)));
                        ListEntry::Item(order)
                    }
                    ListEntry::CommonPrefix(prefix) => {
                        last = Some((prefix.clone(), None));
                        ListEntry::CommonPrefix(prefix)
                    }
                })
                .collect();
            let after = query.keys.after.clone().unwrap_or_default();
            let after_order = query.after_upload.as_ref().map(|id| order_of(id.as_str()));
            let expected = page(&lines, &query.keys, |key, order| {
                key > after.as_str() || (key == after && after_order.is_some_and(|after| *order > after))
            });
            assert_eq!((&entries, found.more), (&expected.0, expected.1), "{query:?}");
            let Some((after, id)) = last.filter(|_| found.more == More::Follows) else { return };
            query.keys.after = Some(after);
            query.after_upload = id;
        }
    }

    async fn read_range(&mut self) {
        let Some((name, from)) = self.some_object() else { return };
        let house = &self.model.buckets[&name];
        let bytes = &house.objects[&from].bytes;
        let opened = self.engine.open_object(&house.handle, &key(&from)).unwrap();
        let first = self.dice.below(bytes.len() + 1);
        let length = self.dice.below(bytes.len() - first + 1);
        let body = opened.read(first as u64, length as u64);
        assert_eq!(body.left_bytes(), length as u64);
        assert_eq!(drain(body).await.unwrap(), &bytes[first..first + length]);
    }

    async fn reopen(&mut self) {
        if self.place.durability == Durability::Memory {
            return;
        }
        self.engine.close().await;
        let options = Run::options(&self.dir, self.place.durability);
        // A handle that is gone lets go of the directory.
        let unopened = Engine::open(Options { durability: Durability::Memory, ..options.clone() }).unwrap();
        drop(std::mem::replace(&mut self.engine, unopened));
        self.engine = Engine::open(options).unwrap();
        assert_eq!((self.engine.recovery().unfinished_files, self.engine.recovery().torn_blobs), (0, 0));
    }

    async fn compare_all(&mut self) {
        for house in self.model.buckets.values() {
            let found = self.engine.bucket(&house.handle.name).unwrap();
            assert_eq!(found.created, house.handle.created);
            for (from, object) in &house.objects {
                let opened = self.engine.open_object(&house.handle, &key(from)).unwrap();
                let found = opened.object.clone();
                assert_eq!((found.etag, found.size_bytes), (object.etag, object.bytes.len() as u64));
                if found.checksum.kind == ChecksumKind::FullObject {
                    assert_eq!(found.checksum.digest, Hasher::digest(found.checksum.algorithm, &object.bytes));
                }
                let read = drain(opened.read(0, found.size_bytes)).await.unwrap();
                assert!(read == object.bytes, "{from} has other bytes");
                let sizes = self.engine.parts_of_object(&found, 10_000).unwrap();
                let sizes: Vec<usize> = sizes.iter().map(|part| part.size_bytes.try_into().unwrap()).collect();
                let expected = object.made_by.as_ref().map_or(Vec::new(), |(_, sizes)| sizes.clone());
                assert_eq!(sizes, expected);
                match self.engine.part_of_object(&found, 2).unwrap() {
                    PartOfObject::NotMultipart => assert!(object.made_by.is_none()),
                    PartOfObject::Beyond(count) => assert_eq!((usize::from(count), expected.len()), (1, 1)),
                    PartOfObject::Found(part, _) => assert_eq!(part.first_byte, expected[0] as u64),
                }
            }
            for (from, line) in house.lines.iter().flat_map(|(key, lines)| lines.iter().map(move |line| (key, line))) {
                let found = self.engine.open_version(&house.handle, &key(from), line.id);
                let Some(object) = &line.object else {
                    assert_eq!(outcome(found, drop), Err("IsDeleteMarker".to_owned()));
                    continue;
                };
                let size_bytes = object.bytes.len() as u64;
                let read = drain(found.unwrap().read(0, size_bytes)).await.unwrap();
                assert!(read == object.bytes, "a version of {from} has other bytes");
            }
            for missing in KEYS.iter().filter(|it| !house.objects.contains_key(**it)) {
                assert_eq!(outcome(self.engine.object(&house.handle, &key(missing)), drop), Err("NoSuchKey".into()));
            }
        }
        for at in self.model.open_uploads() {
            self.compare_parts(at, 2).await;
        }
        // A body that nobody uses leaves nothing, whatever else goes on.
        drop(body(&self.engine, &[7; 1000]).await);
    }
}
