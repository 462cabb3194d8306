//! Events: what happens in buckets that are watched, written down in the very transaction in which it happens, so that an
//! event is there if and only if its change is. Not whom it concerns, and not how they are told: a witness says the former,
//! and the server does the latter.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::Engine;
use super::bucket::Bucket;
use super::document::DocumentName;
use super::error::Result;
use super::ids::Sequence;
use super::meta::writer::Tx;
use super::meta::{documents, events};
use super::require_bucket;
use super::version_id::VersionId;
use crate::wire::etag::ETag;
use crate::wire::object_key::ObjectKey;
use crate::wire::storage_class::StorageClass;
use crate::wire::time::Timestamp;

/// So many events are kept, the newest; what is older is forgotten, delivered or not.
pub const MAX_EVENTS: i64 = 10_000;

/// Says what of a change is to be written down. Asked on the writer's thread: it should be short.
pub trait Witness: Send + Sync {
    /// The events of a change: none, if it concerns nobody.
    fn tell(&self, change: &Change<'_>) -> Vec<NewEvent>;
}

/// Has what is done with a bucket told to whom the bucket tells it: for dialects that know nothing of that.
pub trait Watcher: Send + Sync {
    /// The bucket as an operation shall use it that does the same as this one of S3, for this account.
    fn watch(&self, bucket: Bucket, operation: &'static str, account: &str) -> Result<Bucket>;
}

/// What has happened to a key.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// What.
    pub kind: ChangeKind,
    /// To which key.
    pub key: &'a ObjectKey,
    /// The version that was made, changed or deleted; none where the bucket has no versions.
    pub version: Option<VersionId>,
    /// The object's ETag, where there is an object.
    pub etag: Option<ETag>,
    /// The object's size, where one was made.
    pub size_bytes: Option<u64>,
    /// What more there is to tell.
    pub detail: Detail<'a>,
    /// The place of the change in the order of everything that happens to keys.
    pub order: i64,
    /// When.
    pub time: Timestamp,
}

/// What there is to tell of some kinds of changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Detail<'a> {
    /// Nothing.
    #[default]
    None,
    /// Of an object that is made: how many annotations it has.
    New {
        /// So many.
        annotations: u16,
    },
    /// The storage class that the object was moved to.
    MovedTo(StorageClass),
    /// A restore.
    Restore {
        /// The object's storage class.
        class: StorageClass,
        /// When its copy goes, once there is one that does.
        expires: Option<Timestamp>,
    },
    /// An annotation.
    Annotation {
        /// Its name.
        name: &'a str,
        /// Size and ETag of its text, unless it is gone.
        text: Option<(u64, ETag)>,
    },
}

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// An object is there.
    Created,
    /// An object, a version or a delete marker is gone.
    Deleted,
    /// A delete marker is on top.
    Marked,
    /// Something that is set on a version was changed.
    Set,
    /// It was set to what it was.
    SetAgain,
    /// The copy of an archived object is there, or the object itself is back.
    Restored,
    /// That copy is gone.
    RestoreExpired,
}

/// An event to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Whom it is for.
    pub destination: String,
    /// What they are told.
    pub body: Vec<u8>,
    /// Whether somebody is to be told.
    pub delivery: Delivery,
}

/// An event that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its place among events: from 1, without gaps.
    pub sequence: i64,
    /// When it was written down.
    pub created: Timestamp,
    /// Whom it is for.
    pub destination: String,
    /// What they are told.
    pub body: Vec<u8>,
    /// What has become of telling them.
    pub delivery: Delivery,
}

/// What has become of an event's delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It is still to be delivered.
    Waiting,
    /// It was delivered.
    Done,
    /// It could not be.
    GivenUp,
    /// Nobody is to be told.
    Nobody,
}

/// A witness on its way into transactions.
#[derive(Clone)]
pub(crate) struct Watch {
    witness: Arc<dyn Witness>,
    signal: Arc<Signal>,
}

/// Wakes those who wait for events, once these are committed.
pub(crate) struct Signal {
    /// Events were written since the last commit.
    written: AtomicBool,
    commits: watch::Sender<u64>,
}

impl Default for Signal {
    fn default() -> Signal {
        Signal { written: AtomicBool::new(false), commits: watch::Sender::new(0) }
    }
}

impl Signal {
    /// After every commit.
    pub(crate) fn committed(&self) {
        if self.written.load(Ordering::Relaxed) && self.written.swap(false, Ordering::AcqRel) {
            self.commits.send_modify(|commits| *commits = commits.wrapping_add(1));
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl Watch {
    fn write_down(&self, tx: &Tx<'_>, told: &[NewEvent]) -> Result<()> {
        for event in told {
            let forgotten = events::insert(tx.conn, tx.now(), event)?;
            if forgotten > 0 {
                tracing::warn!(forgotten, "events were never delivered: more than {MAX_EVENTS} came after them");
            }
        }
        self.signal.written.store(true, Ordering::Release);
        Ok(())
    }
}

/// Writes down what a change is to those who watch its bucket.
pub(crate) fn announce(tx: &Tx<'_>, watch: Option<&Watch>, change: &Change<'_>) -> Result<()> {
    let Some(watch) = watch else { return Ok(()) };
    let told = watch.witness.tell(change);
    if told.is_empty() { Ok(()) } else { watch.write_down(tx, &told) }
}

/// The version of a change as it is told: buckets without versions have none.
pub(crate) fn told_version(version: VersionId) -> Option<VersionId> {
    match version {
        VersionId::Null => None,
        VersionId::Numbered(_) => Some(version),
    }
}

impl<'a> Change<'a> {
    /// Something that is gone.
    pub(crate) fn gone(key: &'a ObjectKey, version: Option<VersionId>, order: Sequence, time: Timestamp) -> Change<'a> {
        Change::set(ChangeKind::Deleted, key, version, order, time)
    }

    /// Something that happened to a version that is there.
    pub(crate) fn set(
        kind: ChangeKind,
        key: &'a ObjectKey,
        version: Option<VersionId>,
        order: Sequence,
        time: Timestamp,
    ) -> Change<'a> {
        Change { kind, key, version, etag: None, size_bytes: None, detail: Detail::None, order: order.0, time }
    }
}

/// Tells that something is gone.
pub(crate) fn announce_gone(
    tx: &Tx<'_>,
    watch: Option<&Watch>,
    key: &ObjectKey,
    version: Option<VersionId>,
) -> Result<()> {
    match watch {
        // A place in the order costs a statement now and then.
        Some(_) => {
            announce(tx, watch, &Change::gone(key, version.and_then(told_version), tx.next_sequence()?, tx.now()))
        }
        None => Ok(()),
    }
}

impl Engine {
    /// The bucket, watched: what is done with this handle of it is told to the witness.
    pub fn watched(&self, bucket: &Bucket, witness: Arc<dyn Witness>) -> Bucket {
        bucket.with_watch(Watch { witness, signal: Arc::clone(&self.0.core.events) })
    }

    /// Stores or replaces a document of a bucket, and writes events down with it.
    pub async fn put_document_and_events(
        &self,
        bucket: &Bucket,
        name: DocumentName<'_>,
        body: Vec<u8>,
        told: Vec<NewEvent>,
    ) -> Result<()> {
        let (id, namespace, name) = (bucket.id, name.namespace, name.name.to_owned());
        let signal = Arc::clone(&self.0.core.events);
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            tx.buckets_change();
            documents::upsert(tx.conn, id, namespace, &name, &body)?;
            for event in &told {
                events::insert(tx.conn, tx.now(), event)?;
            }
            signal.written.store(true, Ordering::Release);
            Ok(())
        })
        .await
    }

    /// Changes whenever there are new events.
    pub fn events_come(&self) -> watch::Receiver<u64> {
        self.0.core.events.commits.subscribe()
    }

    /// The events after a sequence, in order, at most `limit`.
    pub async fn events_after(&self, sequence: i64, limit: usize) -> Result<Vec<Event>> {
        self.read_pages(move |conn| events::after(conn, sequence, limit)).await
    }

    /// As [`Self::events_after`], of those that are still to be delivered to a destination.
    pub async fn events_waiting(&self, destination: &str, sequence: i64, limit: usize) -> Result<Vec<Event>> {
        let destination = destination.to_owned();
        self.read_pages(move |conn| events::waiting(conn, &destination, sequence, limit)).await
    }

    /// Notes what has become of an event's delivery.
    pub async fn settle_event(&self, sequence: i64, delivery: Delivery) -> Result<()> {
        self.transact(move |tx| events::set_state(tx.conn, sequence, delivery)).await
    }
}
