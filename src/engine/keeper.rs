//! The keeper: one background thread that works off releases, unlinks released blobs, runs checkpoints of SQLite's log
//! and keeps the watermark of what has reached the disk. Nothing a request waits for.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Core;
use super::durability::Durability;
use super::error::Result;
use super::meta::blobs::{self, Released};
use super::meta::{open, releases, settings};

/// How often the keeper looks whether there is anything to do.
const ROUND: Duration = Duration::from_millis(500);
/// How often all blobs are made to reach the disk, so that little is hashed after a power loss. With `power` durability
/// they are there already; the watermark has to follow all the same.
const SYNC_EVERY: Duration = Duration::from_secs(30);
/// Released blobs removed in one go.
const UNLINK_BATCH: usize = 1000;

/// The handle of the thread.
pub(crate) struct Keeper {
    stop: Arc<(Mutex<Stop>, Condvar)>,
    thread: Mutex<Vec<JoinHandle<()>>>,
    core: Arc<Core>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    NotYet,
    Asked,
}

impl Keeper {
    /// Starts the thread. `dirty` is set by every commit; `database` is the file, if there is one.
    pub(crate) fn start(
        core: Arc<Core>,
        dirty: Arc<AtomicBool>,
        database: Option<PathBuf>,
        durability: Durability,
    ) -> io::Result<Keeper> {
        let stop = Arc::new((Mutex::new(Stop::NotYet), Condvar::new()));
        let mut rounds = Rounds {
            core: Arc::clone(&core),
            database,
            durability,
            checkpoints: None,
            waiting: None,
            synced_at: Instant::now(),
            synced_blob: None,
            unsynced: false,
            stop: Arc::clone(&stop),
        };
        let signal = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("staves-keeper".to_owned()).spawn(move || {
            loop {
                let asked = {
                    let guard = signal.0.lock().unwrap_or_else(PoisonError::into_inner);
                    let (guard, _) = signal
                        .1
                        .wait_timeout_while(guard, ROUND, |stop| *stop == Stop::NotYet)
                        .unwrap_or_else(PoisonError::into_inner);
                    *guard
                };
                if asked == Stop::Asked {
                    return;
                }
                let written = dirty.swap(false, Ordering::AcqRel);
                rounds.unsynced |= written;
                if (written || rounds.waiting.is_some() || rounds.sync_is_due())
                    && let Err(error) = rounds.run()
                {
                    tracing::warn!(%error, "background upkeep failed; it is tried again");
                    dirty.store(true, Ordering::Release);
                }
            }
        })?;
        Ok(Keeper { stop, thread: Mutex::new(vec![thread]), core })
    }

    /// Removes, on a thread of its own, files that no row points at: what a crash left.
    pub(crate) fn sweep_orphans(&self) -> io::Result<()> {
        let (core, stop) = (Arc::clone(&self.core), Arc::clone(&self.stop));
        let thread =
            std::thread::Builder::new().name("staves-sweep".to_owned()).spawn(move || {
                match sweep_orphans(&core, &stop.0) {
                    Ok(0) => {}
                    Ok(count) => tracing::info!(count, "removed files that a crash had left"),
                    Err(error) => {
                        tracing::warn!(%error, "the sweep of orphaned files stopped; the next start tries again");
                    }
                }
            })?;
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Asks the threads to end and waits for them.
    pub(crate) fn stop(&self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = Stop::Asked;
        self.stop.1.notify_all();
        let threads = std::mem::take(&mut *self.thread.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a background thread panicked");
            }
        }
    }
}

struct Rounds {
    core: Arc<Core>,
    database: Option<PathBuf>,
    durability: Durability,
    checkpoints: Option<Connection>,
    waiting: Option<Batch>,
    synced_at: Instant,
    /// The watermark as this process wrote it last.
    synced_blob: Option<i64>,
    /// Whether anything was committed since the watermark was looked at.
    unsynced: bool,
    stop: Arc<(Mutex<Stop>, Condvar)>,
}

/// Released blobs that wait for readers.
struct Batch {
    released: Vec<Released>,
    /// Leases from here or before may still be using them.
    moment: u64,
    /// [`super::blobs::lease::Leases::revivals`] from before they were read.
    revivals: u64,
}

impl Rounds {
    fn run(&mut self) -> Result<()> {
        // Asked first: a write transaction, even one that changes nothing, would call for another round.
        while !self.is_stopping() && self.core.read(releases::any)? {
            self.core.writer.transact_blocking(|tx| releases::release_slice(tx.conn))?;
        }
        while !self.is_stopping() && self.unlink_released()? {}
        if let Some(path) = self.database.clone() {
            self.checkpoint(&path)?;
            if self.sync_is_due() {
                self.sync_blobs(&path)?;
            }
        }
        Ok(())
    }

    fn is_stopping(&self) -> bool {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) == Stop::Asked
    }

    fn sync_is_due(&self) -> bool {
        self.database.is_some() && self.unsynced && self.synced_at.elapsed() >= SYNC_EVERY
    }

    /// Unlinks a batch of released blobs; `false` when there is none, or readers still hold it.
    fn unlink_released(&mut self) -> Result<bool> {
        let batch = match self.waiting.take() {
            Some(batch) => batch,
            None => self.next_batch()?,
        };
        if batch.released.is_empty() {
            return Ok(false);
        }
        if self.core.leases.held_since(batch.moment) {
            self.waiting = Some(batch);
            return Ok(false);
        }
        // A copy that held a lease took up a released blob again, and others may be reading it since: begin anew.
        // From here on nobody can: who holds a lease now took it when the batch was released already.
        if self.core.leases.revivals() != batch.revivals {
            return Ok(true);
        }
        let names: Vec<_> = batch.released.iter().filter_map(|blob| blob.name).collect();
        // Were a file gone before its release is on the disk, a power loss would bring back a row without bytes.
        if !names.is_empty()
            && self.durability == Durability::Process
            && let Some(path) = &self.database
        {
            sync_wal(path)?;
        }
        for name in names {
            self.core.store.unlink(name)?;
        }
        let ids: Vec<i64> = batch.released.iter().map(|blob| blob.id).collect();
        self.core.writer.transact_blocking(move |tx| blobs::delete(tx.conn, &ids))?;
        Ok(true)
    }

    /// The order counts: revivals, then what is released, then the end of the moment.
    fn next_batch(&self) -> Result<Batch> {
        let revivals = self.core.leases.revivals();
        let released = self.core.read(|conn| blobs::released(conn, UNLINK_BATCH))?;
        Ok(Batch { released, moment: self.core.leases.advance(), revivals })
    }

    fn checkpoint(&mut self, path: &Path) -> Result<()> {
        let conn = match &self.checkpoints {
            Some(conn) => conn,
            None => self.checkpoints.insert(open::checkpointer(path)?),
        };
        Ok(open::checkpoint(conn)?)
    }

    fn sync_blobs(&mut self, path: &Path) -> Result<()> {
        let newest = self.core.read(blobs::max_id)?;
        if self.synced_blob != Some(newest) {
            sync_file_system(path)?;
            self.core
                .writer
                .transact_blocking(move |tx| settings::put_integer(tx.conn, settings::SYNCED_BLOB, newest))?;
            self.synced_blob = Some(newest);
        }
        self.synced_at = Instant::now();
        self.unsynced = false;
        Ok(())
    }
}

fn sync_wal(database: &Path) -> io::Result<()> {
    let mut wal = database.as_os_str().to_owned();
    wal.push("-wal");
    match File::open(wal) {
        Ok(file) => file.sync_data(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
fn sync_file_system(database: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(database)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_: &Path) -> io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

fn sweep_orphans(core: &Core, stop: &Mutex<Stop>) -> Result<usize> {
    let mut count = 0;
    core.store.for_each_file(|name| {
        let stopping = *stop.lock().unwrap_or_else(PoisonError::into_inner) == Stop::Asked;
        if !stopping && !core.store.is_in_flight(name) && !core.read(|conn| blobs::name_exists(conn, name))? {
            core.store.unlink(name)?;
            count += 1;
        }
        Ok::<_, super::error::Error>(())
    })?;
    Ok(count)
}
