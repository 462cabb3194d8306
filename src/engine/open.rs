//! Opening a data directory: the lock, the database, recovery after a crash or power loss.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::blobs::lease::Leases;
use super::blobs::store::BlobStore;
use super::bucket_cache::BucketCache;
use super::clock::Clock;
use super::durability::Durability;
use super::error::Error;
use super::event::Signal;
use super::ids::UploadIdSecret;
use super::keeper::Keeper;
use super::limits::Limits;
use super::meta::open::{self as database, SchemaError};
use super::meta::readers::Readers;
use super::meta::settings;
use super::meta::writer::Writer;
use super::{Core, Engine, Inner, recover};
use crate::wire::lifecycle::Calendar;

const DATABASE: &str = "staves.db";
const LOCK: &str = "staves.lock";

/// How to open an engine.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept. Made if it is missing; neither read nor written with `memory` durability.
    pub data_dir: PathBuf,
    /// What a success means.
    pub durability: Durability,
    /// Sizes and counts.
    pub limits: Limits,
    /// Which of two objects of a key is the newer.
    pub multipart_order: MultipartOrder,
    /// How long the days of lifecycles and restores are.
    pub calendar: Calendar,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Options {
    /// The defaults, for a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Options {
        Options {
            data_dir: data_dir.into(),
            durability: Durability::default(),
            limits: Limits::default(),
            multipart_order: MultipartOrder::default(),
            calendar: Calendar::default(),
            clock: Clock::default(),
        }
    }
}

/// When an object made by multipart upload counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MultipartOrder {
    /// At its initiation, as AWS documents it: of two uploads the one that was initiated last wins, and a PUT made after
    /// the initiation stays.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#distributedmpupload>
    #[default]
    Initiation,
    /// At its completion: the last to complete wins.
    Completion,
}

/// What opening had to put right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Files that an earlier process was still writing, removed.
    pub unfinished_files: usize,
    /// Blobs that a power loss tore. They are reported, and never served.
    pub torn_blobs: usize,
}

/// Why a data directory could not be opened. The text says what to do.
#[derive(Debug)]
pub enum OpenError {
    /// The directory cannot be made or written.
    NotWritable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another Staves has it open.
    InUse {
        /// Which.
        path: PathBuf,
        /// Its process id, if it could be read.
        by: String,
    },
    /// It was written by a newer Staves.
    Newer {
        /// Which.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest this program knows.
        known: usize,
    },
    /// Its database is not Staves's, or is damaged.
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// SQLite's words.
        reason: String,
    },
    /// Recovery failed.
    Recovery(Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::NotWritable { path, source } => write!(
                f,
                "cannot write to the data directory {}: {source}. Make it writable for this user, or name another with --data",
                path.display()
            ),
            OpenError::InUse { path, by } => write!(
                f,
                "the data directory {} is in use by another Staves{by}. Stop that one, or name another directory with --data",
                path.display()
            ),
            OpenError::Newer { path, found, known } => write!(
                f,
                "the data directory {} was written by a newer Staves (schema {found}; this one knows up to {known}). Upgrade Staves, or name another directory with --data",
                path.display()
            ),
            OpenError::Unreadable { path, reason } => write!(
                f,
                "{} cannot be read: {reason}. If this is a Staves data directory, restore it from a copy; otherwise name another directory with --data",
                path.display()
            ),
            OpenError::Recovery(source) => write!(f, "recovering the data directory failed: {source}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Error> for OpenError {
    fn from(source: Error) -> OpenError {
        OpenError::Recovery(source)
    }
}

impl Engine {
    /// Opens a data directory, making it if need be, and recovers it from whatever ended its last use.
    pub fn open(options: Options) -> Result<Engine, OpenError> {
        // The keeper begins with what the last use left released.
        let dirty = Arc::new(AtomicBool::new(true));
        let opened = match options.durability {
            Durability::Memory => Opened::in_memory()?,
            Durability::Process | Durability::Power => Opened::on_disk(&options.data_dir, options.durability)?,
        };
        let secret = upload_id_secret(&opened.conn)?;
        let recovery = recover::run(&opened.conn, &opened.store, options.durability)?;
        let (mark, events) = (Arc::clone(&dirty), Arc::new(Signal::default()));
        let signal = Arc::clone(&events);
        let buckets = Arc::new(BucketCache::default());
        let writer =
            Writer::new(opened.conn, options.clock.clone(), options.durability, Arc::clone(&buckets), move || {
                mark.store(true, Ordering::Release);
                signal.committed();
            })?;
        let core = Arc::new(Core {
            store: Arc::new(opened.store),
            writer: Arc::new(writer),
            readers: opened.database.clone().map_or(Readers::Shared, Readers::pool),
            buckets,
            leases: Arc::new(Leases::default()),
            events,
        });
        let keeper = Keeper::start(Arc::clone(&core), dirty, opened.database, options.durability)
            .map_err(|source| OpenError::Recovery(Error::Io(source)))?;
        Ok(Engine(Arc::new(Inner {
            core,
            keeper,
            secret,
            limits: options.limits,
            clock: options.clock,
            multipart_order: options.multipart_order,
            calendar: options.calendar,
            recovery,
            lock: Mutex::new(opened.lock),
        })))
    }
}

struct Opened {
    conn: Connection,
    store: BlobStore,
    /// The database's file, if it has one.
    database: Option<PathBuf>,
    lock: Option<File>,
}

impl Opened {
    fn in_memory() -> Result<Opened, OpenError> {
        let conn = database::memory().map_err(|error| schema_error(error, Path::new(":memory:")))?;
        Ok(Opened { conn, store: BlobStore::in_memory(), database: None, lock: None })
    }

    fn on_disk(data_dir: &Path, durability: Durability) -> Result<Opened, OpenError> {
        let not_writable = |source| OpenError::NotWritable { path: data_dir.to_owned(), source };
        fs::create_dir_all(data_dir).map_err(not_writable)?;
        let lock = lock(data_dir)?;
        let path = data_dir.join(DATABASE);
        // Asked before SQLite is: its own words for a read-only directory help nobody.
        drop(File::options().append(true).create(true).open(&path).map_err(not_writable)?);
        let conn = database::writer(&path, durability).map_err(|error| schema_error(error, &path))?;
        let store = BlobStore::on_disk(data_dir, durability).map_err(not_writable)?;
        Ok(Opened { conn, store, database: Some(path), lock: Some(lock) })
    }
}

fn lock(data_dir: &Path) -> Result<File, OpenError> {
    let not_writable = |source| OpenError::NotWritable { path: data_dir.to_owned(), source };
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(data_dir.join(LOCK))
        .map_err(not_writable)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).map_err(not_writable)?;
            file.rewind().map_err(not_writable)?;
            writeln!(file, "{}", std::process::id()).map_err(not_writable)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            // Best effort: the number only makes the message more helpful.
            let by = match file.read_to_string(&mut owner) {
                Ok(_) if !owner.trim().is_empty() => format!(" (process {})", owner.trim()),
                _ => String::new(),
            };
            Err(OpenError::InUse { path: data_dir.to_owned(), by })
        }
        Err(TryLockError::Error(source)) => Err(not_writable(source)),
    }
}

fn schema_error(error: SchemaError, path: &Path) -> OpenError {
    let in_directory = path.parent().unwrap_or(path).to_owned();
    let path = path.to_owned();
    match error {
        SchemaError::Newer { found, known } => OpenError::Newer { path: in_directory, found, known },
        SchemaError::Foreign => {
            OpenError::Unreadable { path, reason: "it is a database of another program".to_owned() }
        }
        // The file can be written, but not the log beside it.
        SchemaError::Sqlite(source) if source.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly) => {
            OpenError::NotWritable { path: in_directory, source: io::Error::other(source) }
        }
        SchemaError::Sqlite(source) => OpenError::Unreadable { path, reason: source.to_string() },
    }
}

fn upload_id_secret(conn: &Connection) -> Result<UploadIdSecret, Error> {
    let stored = settings::bytes(conn, settings::UPLOAD_ID_SECRET)?;
    if let Some(secret) = stored.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
        return Ok(UploadIdSecret::new(secret));
    }
    let secret: [u8; 32] = rand::random();
    settings::put(conn, settings::UPLOAD_ID_SECRET, &secret)?;
    Ok(UploadIdSecret::new(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opener_is_told_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = Engine::open(Options::new(dir.path())).unwrap();
        let error = Engine::open(Options::new(dir.path())).err().unwrap();
        let text = error.to_string();
        assert!(text.contains("in use by another Staves"), "{text}");
        assert!(text.contains(&std::process::id().to_string()), "{text}");
        drop(first);
        Engine::open(Options::new(dir.path())).unwrap();
    }

    #[test]
    fn a_damaged_database_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(DATABASE), vec![0x5a; 8192]).unwrap();
        let error = Engine::open(Options::new(dir.path())).err().unwrap();
        assert!(matches!(error, OpenError::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains("staves.db"), "{error}");
    }

    #[test]
    fn memory_touches_no_directory() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("never");
        let options = Options { durability: Durability::Memory, ..Options::new(&data) };
        drop(Engine::open(options).unwrap());
        assert!(!data.exists());
    }
}
