//! SIGKILL under load: a child writes and says what was acknowledged; whatever it said has to be there afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use staves::engine::bucket::Bucket;
use staves::engine::error::Error;
use staves::engine::ids::UploadId;
use staves::engine::object::Deletion;
use staves::engine::version_id::VersionId;
use staves::engine::{Durability, Engine};
use staves::wire::bucket_name::BucketName;
use staves::wire::versioning::Versioning;

use super::support::{
    Dice, assert_sound, bucket, completion, copy, delete, drain, key, listed, md5, open, part, put, read, settle,
    upload,
};

const DIR: &str = "STAVES_TEST_KILL_DIR";
const DURABILITY: &str = "STAVES_TEST_KILL_DURABILITY";
const ROUND: &str = "STAVES_TEST_KILL_ROUND";
/// Content numbers per round: later rounds have higher ones.
const PER_ROUND: u64 = 1_000_000;

/// Bytes that tell by themselves which number they were made from.
fn content(number: u64) -> Vec<u8> {
    let mut dice = Dice::new(number);
    let length = if dice.below(3) == 0 { dice.below(40) } else { dice.below(30_000) };
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.extend(dice.bytes(length));
    bytes
}

/// What the child said. A line that begins with `begin` comes before the operation, the others after its success.
#[derive(Default)]
struct Said {
    /// Objects by key, with the number of the content acknowledged last.
    objects: BTreeMap<String, u64>,
    /// Keys whose deletion was begun.
    deleting: BTreeSet<String>,
    deleted: BTreeSet<String>,
    /// Parts by upload (key, id) and number.
    parts: BTreeMap<(String, String), BTreeMap<u16, u64>>,
    completing: BTreeSet<String>,
    completed: BTreeSet<String>,
    /// Versions by key and id, with the number of their content.
    versions: BTreeMap<(String, String), u64>,
    /// Versions whose deletion was begun.
    unversioning: BTreeSet<(String, String)>,
}

impl Said {
    fn line(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |text: &str| text.parse::<u64>().unwrap();
        match words[..] {
            ["put", key, content] => drop(self.objects.insert(key.to_owned(), number(content))),
            ["begin-delete", key] => drop(self.deleting.insert(key.to_owned())),
            ["deleted", key] => drop(self.deleted.insert(key.to_owned())),
            ["part", key, id, n, content] => {
                let parts = self.parts.entry((key.to_owned(), id.to_owned())).or_default();
                parts.insert(n.parse().unwrap(), number(content));
            }
            ["version", key, id, content] => {
                self.versions.insert((key.to_owned(), id.to_owned()), number(content));
            }
            ["begin-unversion", key, id] => drop(self.unversioning.insert((key.to_owned(), id.to_owned()))),
            ["begin-complete", key] => drop(self.completing.insert(key.to_owned())),
            ["completed", key] => drop(self.completed.insert(key.to_owned())),
            _ => {} // The test harness's own lines, or one that was cut off.
        }
    }
}

/// Not a test by itself: what the child runs.
#[test]
fn killed_worker() {
    let (Ok(dir), Ok(durability), Ok(round)) = (std::env::var(DIR), std::env::var(DURABILITY), std::env::var(ROUND))
    else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let round: u64 = round.parse().unwrap();
    runtime.block_on(async {
        let engine = open(Path::new(&dir), durability.parse().unwrap());
        engine.sweep_in_background().unwrap();
        let numbers = Arc::new(AtomicU64::new(round * PER_ROUND));
        let bucket = engine.bucket(&BucketName::parse("bucket").unwrap()).unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..4 {
            tasks.spawn(work(engine.clone(), bucket.clone(), Arc::clone(&numbers), task));
        }
        let versioned = engine.bucket(&BucketName::parse("versioned").unwrap()).unwrap();
        for task in 0..2 {
            tasks.spawn(work_on_versions(engine.clone(), versioned.clone(), Arc::clone(&numbers), task));
        }
        tasks.join_all().await;
    });
}

async fn work(engine: Engine, bucket: Bucket, numbers: Arc<AtomicU64>, task: u64) {
    let next = || numbers.fetch_add(1, Ordering::SeqCst);
    loop {
        let number = next();
        let name = format!("o{number}");
        put(&engine, &bucket, &name, &content(number)).await;
        println!("\nput {name} {number}");
        copy(&engine, &bucket, &name, &format!("copy{number}")).await;
        println!("\nput copy{number} {number}");
        if number.is_multiple_of(2) {
            println!("\nbegin-delete {name}");
            delete(&engine, &bucket, &name).await;
            println!("\ndeleted {name}");
        }
        let number = next();
        put(&engine, &bucket, &format!("same{task}"), &content(number)).await;
        println!("\nput same{task} {number}");

        let to = format!("u{}", next());
        let (id, row) = upload(&engine, &bucket, &to).await;
        let mut list = Vec::new();
        for n in 1..=6 {
            // Parts 5 and 6 replace 1 and 2.
            let (n, number) = ((n - 1) % 4 + 1, next());
            let bytes = content(number);
            part(&engine, &bucket, &row, n, &bytes).await.unwrap();
            println!("\npart {to} {} {n} {number}", id.as_str());
            list.retain(|(listed, _)| *listed != n);
            list.push((n, bytes));
        }
        list.sort();
        println!("\nbegin-complete {to}");
        let asked = completion(list.iter().map(|(n, bytes)| listed(*n, bytes)).collect());
        engine.complete_upload(&bucket, &key(&to), &id, asked).await.unwrap();
        println!("\ncompleted {to}");
    }
}

/// Puts version on version on one key, deletes every third by its id, and now and then the key.
async fn work_on_versions(engine: Engine, bucket: Bucket, numbers: Arc<AtomicU64>, task: u64) {
    let name = format!("v{task}");
    loop {
        let number = numbers.fetch_add(1, Ordering::SeqCst);
        let id = put(&engine, &bucket, &name, &content(number)).await.version;
        println!("\nversion {name} {id} {number}");
        if number.is_multiple_of(3) {
            println!("\nbegin-unversion {name} {id}");
            let deletion = Deletion { version: Some(id), ..Deletion::of(key(&name)) };
            engine.delete_object(&bucket, deletion).await.unwrap();
        }
        if number.is_multiple_of(5) {
            delete(&engine, &bucket, &name).await;
        }
    }
}

fn spawn(dir: &Path, durability: Durability, round: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "engine::kill::killed_worker", "--nocapture"])
        .env(DIR, dir)
        .env(DURABILITY, durability.name())
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

async fn verify(engine: &Engine, bucket: &Bucket, said: &Said) {
    for (name, number) in &said.objects {
        if said.deleted.contains(name) {
            assert!(matches!(engine.object(bucket, &key(name)), Err(Error::NoSuchKey)), "{name} came back");
            continue;
        }
        if said.deleting.contains(name) && engine.object(bucket, &key(name)).is_err() {
            continue;
        }
        let bytes = read(engine, bucket, name).await;
        // A put that was not acknowledged may have come after the one that was.
        let found = u64::from_le_bytes(bytes[..8].try_into().unwrap());
        assert!(found == *number || (name.starts_with("same") && found > *number), "{name}: {found}, not {number}");
        assert!(bytes == content(found), "{name} has other bytes");
    }
    for ((name, id), parts) in &said.parts {
        let open = engine.upload(bucket, &key(name), &UploadId::from_client(id));
        if said.completed.contains(name) || (said.completing.contains(name) && open.is_err()) {
            let whole: Vec<u8> = parts.values().flat_map(|number| content(*number)).collect();
            assert!(read(engine, bucket, name).await == whole, "{name} has other bytes");
            continue;
        }
        let (stored, _) = engine.list_parts(&open.unwrap(), 0, 10).await.unwrap();
        for (n, number) in parts {
            let part = stored.iter().find(|part| part.number.get() == *n);
            let part = part.unwrap_or_else(|| panic!("part {n} of {name} is lost"));
            // As above: a replacement may have been committed without being acknowledged.
            let newest = parts.values().max().unwrap();
            let is_acknowledged = part.md5 == md5(&content(*number));
            let is_newer = (*newest..newest + 100).any(|number| part.md5 == md5(&content(number)));
            assert!(is_acknowledged || is_newer, "part {n} of {name} has other bytes");
        }
    }
}

async fn verify_versions(engine: &Engine, bucket: &Bucket, said: &Said) {
    for (named @ (name, id), number) in &said.versions {
        let found = engine.open_version(bucket, &key(name), VersionId::parse(id));
        if said.unversioning.contains(named) && found.is_err() {
            continue;
        }
        let opened = found.unwrap();
        let size_bytes = opened.object.size_bytes;
        let bytes = drain(opened.read(0, size_bytes)).await.unwrap();
        assert!(bytes == content(*number), "version {id} of {name} has other bytes");
    }
}

async fn kill_and_verify(durability: Durability, rounds: u64) {
    let seed = rand::random();
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let dir = tempfile::tempdir().unwrap();
    let engine = open(dir.path(), durability);
    let versioned = bucket(&engine, "versioned").await;
    engine.put_versioning(&versioned, Versioning::Enabled).await.unwrap();
    let versioned = engine.bucket(&versioned.name).unwrap();
    let bucket = bucket(&engine, "bucket").await;
    engine.close().await;
    drop(engine);
    let mut said = Said::default();
    for round in 0..rounds {
        let mut child = spawn(dir.path(), durability, round);
        let lines_before_the_end = 10 + dice.below(400);
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let mut heard = 0;
        while lines.read_line(&mut line).unwrap() > 0 {
            // Only a line that came whole was said.
            if let Some(whole) = line.strip_suffix('\n') {
                said.line(whole);
            }
            line.clear();
            heard += 1;
            if heard == lines_before_the_end {
                // SIGKILL. What it had said before is still read to the end.
                child.kill().unwrap();
            }
        }
        assert!(!child.wait().unwrap().success(), "the child ended by itself");
        assert!(heard >= lines_before_the_end, "the child said only {heard} lines");

        let engine = open(dir.path(), durability);
        assert_eq!(engine.recovery().torn_blobs, 0);
        assert_sound(&engine);
        verify(&engine, &bucket, &said).await;
        verify_versions(&engine, &versioned, &said).await;
        engine.sweep_in_background().unwrap();
        settle(dir.path()).await;
        assert_sound(&engine);
        verify(&engine, &bucket, &said).await;
        engine.close().await;
    }
    assert!(!said.objects.is_empty() && !said.parts.is_empty() && !said.versions.is_empty());
}

#[tokio::test]
async fn sigkill_under_load_loses_nothing_acknowledged() {
    kill_and_verify(Durability::Process, 5).await;
}

#[tokio::test]
async fn sigkill_under_load_loses_nothing_acknowledged_with_power_durability() {
    kill_and_verify(Durability::Power, 3).await;
}
