//! Buckets, objects, versions, uploads and parts: metadata in SQLite, bytes in blobs. No HTTP and no XML in here.
//!
//! An [`Engine`] is a value: a process may hold several. What a success means is set by its [`Durability`].

pub mod blobs;
pub mod bucket;
mod bucket_cache;
pub mod check;
pub mod clock;
pub mod document;
pub mod durability;
pub mod error;
pub mod event;
mod extent;
pub mod ids;
mod keeper;
pub mod lifecycle;
pub mod limits;
pub mod list;
mod meta;
pub mod object;
pub mod open;
mod recover;
pub mod upload;
pub mod version_id;

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use self::blobs::digests::WantedDigests;
use self::blobs::lease::Leases;
use self::blobs::store::BlobStore;
use self::blobs::writer::BlobWriter;
use self::bucket::BucketState;
use self::bucket_cache::BucketCache;
use self::clock::Clock;
use self::error::{Error, Result};
use self::event::Signal;
use self::ids::UploadIdSecret;
use self::keeper::Keeper;
use self::limits::Limits;
use self::meta::readers::Readers;
use self::meta::writer::{OnCommit, Tx, Writer};
use self::open::{MultipartOrder, Recovery};
use crate::wire::encryption::CustomerKey;
use crate::wire::lifecycle::Calendar;

pub use self::durability::Durability;
pub use self::open::{OpenError, Options};

/// An open data directory (or, with `memory` durability, one that never was). Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    keeper: Keeper,
    secret: UploadIdSecret,
    limits: Limits,
    clock: Clock,
    multipart_order: MultipartOrder,
    calendar: Calendar,
    recovery: Recovery,
    /// Held as long as the engine is open: one Staves per data directory.
    lock: Mutex<Option<std::fs::File>>,
}

/// What the engine's own threads and readers share.
pub(crate) struct Core {
    pub(crate) store: Arc<BlobStore>,
    writer: Arc<Writer>,
    readers: Readers,
    buckets: Arc<BucketCache>,
    leases: Arc<Leases>,
    events: Arc<Signal>,
}

impl Core {
    /// Reads committed metadata.
    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.readers.read(&self.writer, query)
    }
}

impl Engine {
    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The engine's clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What opening the data directory had to put right.
    pub fn recovery(&self) -> &Recovery {
        &self.0.recovery
    }

    /// Starts a blob. Nothing exists until it is sealed and given to an operation.
    pub fn blob_writer(&self, wanted: WantedDigests) -> BlobWriter {
        BlobWriter::new(Arc::clone(&self.0.core.store), self.0.limits.inline_body_bytes, wanted)
    }

    /// As [`Self::blob_writer`]; with a key, all that is stored is encrypted with it.
    pub fn blob_writer_for(&self, wanted: WantedDigests, key: Option<&CustomerKey>) -> Result<BlobWriter> {
        let writer = self.blob_writer(wanted);
        match key {
            Some(key) => writer.encrypted_with(key),
            None => Ok(writer),
        }
    }

    /// Starts removing, in the background, files that a crash left. Nothing has to wait for it.
    pub fn sweep_in_background(&self) -> Result<()> {
        Ok(self.0.keeper.sweep_orphans()?)
    }

    /// Commits what is queued, waits for the keeper, and closes the database. Later operations answer
    /// [`Error::Closed`].
    pub async fn close(&self) {
        let inner = Arc::clone(&self.0);
        if tokio::task::spawn_blocking(move || inner.shut_down()).await.is_err() {
            tracing::error!("closing the engine panicked; the next start recovers the data directory");
        }
    }

    /// A point read, on this thread.
    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.0.core.read(query)
    }

    /// A longer read, on a blocking thread.
    async fn read_pages<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let core = Arc::clone(&self.0.core);
        blobs::writer::blocking(move || core.read(query)).await
    }

    async fn transact<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.core.writer.transact((), move |tx, ()| operation(tx)).await
    }

    /// As [`Self::transact_with`], for an operation that writes nothing before everything that can refuse it is checked.
    async fn transact_checked_first<T: Send + 'static, G: OnCommit>(
        &self,
        guard: G,
        operation: impl FnOnce(&Tx<'_>, &G) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.core.writer.transact_checked_first(guard, operation).await
    }

    /// As [`Self::transact`], with something that must outlive a committed operation and no other.
    async fn transact_with<T: Send + 'static, G: OnCommit>(
        &self,
        guard: G,
        operation: impl FnOnce(&Tx<'_>, &G) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.0.core.writer.transact(guard, operation).await
    }
}

impl Inner {
    fn shut_down(&self) {
        self.keeper.stop();
        self.core.readers.close();
        self.core.writer.close();
        // Whoever still has the engine can do nothing with it: another may open the directory.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// The caller's bucket was there when the request began; within the transaction it has to be there still. What it does
/// with versions is as of now.
fn require_bucket(conn: &Connection, bucket: i64) -> Result<BucketState> {
    meta::buckets::state(conn, bucket)?.ok_or(Error::NoSuchBucket)
}
