//! The MD5 of all bodies that arrive, on one thread: batches of different bodies share the processor's vectors, a lane
//! each, which is many times faster than one after the other. Other digests cost little, and are computed where bytes are
//! written.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::engine::error::{Error, Result};
use crate::wire::md5::{BLOCK_BYTES, Lanes, Md5, State, compress_lanes};

/// How much of each batch is hashed before others may join: some 20 µs of work.
const STEP_BYTES: usize = 256 * BLOCK_BYTES;
/// How long those who are there wait for as many as there were last time. Bodies arrive at some hundred MB/s each, so that
/// their next batches follow within a millisecond or two.
const GATHER: Duration = Duration::from_millis(2);

/// Hashes batches of bodies. The thread starts with the first batch and ends with this value.
#[derive(Default)]
pub(crate) struct Hashing {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    has_ended: bool,
}

/// A batch, and the MD5 of what was before it.
struct Job {
    md5: Md5,
    pieces: VecDeque<Bytes>,
    /// Whole blocks of the first piece that are still to be compressed.
    blocks: Bytes,
    done: SyncSender<Md5>,
}

/// A batch that is being hashed.
pub(crate) struct Pending(Receiver<Md5>);

impl Hashing {
    /// Starts hashing a batch.
    pub(crate) fn start(&self, md5: Md5, batch: Vec<Bytes>) -> Pending {
        let (done, pending) = sync_channel(1);
        let mut job = Job { md5, pieces: batch.into(), blocks: Bytes::new(), done };
        job.advance();
        if let Some(mut alone) = self.queue(job) {
            while !alone.blocks.is_empty() {
                let blocks = std::mem::take(&mut alone.blocks);
                compress_lanes(Lanes::best(), &mut [(alone.md5.state(), &blocks)]);
                alone.advance();
            }
            alone.finish();
        }
        Pending(pending)
    }

    /// Gives a job to the thread. `Some`: there is none.
    fn queue(&self, job: Job) -> Option<Job> {
        if !self.is_running() {
            return Some(job);
        }
        let mut queue = self.shared.lock();
        if queue.has_ended {
            return Some(job);
        }
        queue.jobs.push_back(job);
        self.shared.changed.notify_one();
        None
    }

    /// Starts the thread unless it runs.
    fn is_running(&self) -> bool {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let started = std::thread::Builder::new().name("staves-md5".to_owned()).spawn(move || shared.run());
            match started {
                Ok(started) => *thread = Some(started),
                Err(error) => tracing::warn!(%error, "no thread for MD5: each body is hashed alone"),
            }
        }
        thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_all();
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of its own was told to those who waited.
            let _ended = thread.join();
        }
    }
}

impl Pending {
    /// Waits for the MD5. Not on a reactor thread.
    pub(crate) fn wait(self) -> Result<Md5> {
        self.0.recv().map_err(|_| Error::Bug { what: "the MD5 of a batch is computed to its end".to_owned() })
    }
}

impl Shared {
    /// Nothing that holds it can panic half way.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let _at_the_end = Ending(self);
        let lanes = Lanes::best();
        let mut active: Vec<Job> = Vec::new();
        let mut together = 1;
        loop {
            if active.is_empty() {
                let Some(gathered) = self.gather(together) else { return };
                active = gathered;
                together = active.len().min(lanes.max_streams());
            }
            active.extend(self.lock().jobs.drain(..));
            let (going_on, done): (Vec<Job>, Vec<Job>) = active.into_iter().partition(|job| !job.blocks.is_empty());
            done.into_iter().for_each(Job::finish);
            active = going_on;
            // Those that came first; the others wait for a lane.
            let first = active.len().min(lanes.max_streams());
            step(lanes, &mut active[..first]);
        }
    }

    /// Waits for jobs: for the first however long, then a moment for as many as `together`. `None`: it is over.
    fn gather(&self, together: usize) -> Option<Vec<Job>> {
        let mut queue = self.lock();
        while queue.jobs.is_empty() {
            if queue.has_ended {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + GATHER;
        while queue.jobs.len() < together && !queue.has_ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(queue.jobs.drain(..).collect())
    }
}

/// However the thread ends: nobody waits for it any more.
struct Ending<'s>(&'s Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.has_ended = true;
        queue.jobs.clear();
    }
}

/// Compresses as many blocks of each job as all of them have, up to a limit. Each has some.
fn step(lanes: Lanes, jobs: &mut [Job]) {
    let shortest = jobs.iter().map(|job| job.blocks.len()).min().unwrap_or(0);
    let length = shortest.min(STEP_BYTES);
    let now: Vec<Bytes> = jobs.iter_mut().map(|job| job.blocks.split_to(length)).collect();
    let mut streams: Vec<(&mut State, &[u8])> =
        jobs.iter_mut().zip(&now).map(|(job, blocks)| (job.md5.state(), blocks.as_ref())).collect();
    compress_lanes(lanes, &mut streams);
    jobs.iter_mut().for_each(Job::advance);
}

impl Job {
    /// Goes on to the next piece that has whole blocks; without one, `blocks` stays empty.
    fn advance(&mut self) {
        while self.blocks.is_empty() {
            let Some(piece) = self.pieces.pop_front() else { return };
            let blocks = self.md5.split(&piece).blocks;
            self.blocks = piece.slice_ref(blocks);
        }
    }

    fn finish(self) {
        // Whoever waited may have gone.
        let _gone = self.done.send(self.md5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_of_many_bodies_at_once_come_to_their_own_digests() {
        let hashing = Hashing::default();
        std::thread::scope(|scope| {
            for body in 0..40_usize {
                let hashing = &hashing;
                scope.spawn(move || {
                    let bytes: Vec<u8> = (0..body * 5_003).map(|n| (n * (body + 1)).to_le_bytes()[0]).collect();
                    let mut md5 = Md5::new();
                    // Batches of several pieces of odd lengths, empty ones among them.
                    for batch in bytes.chunks(20_011) {
                        let pieces = batch.chunks(body * 37 + 1).map(Bytes::copy_from_slice).chain([Bytes::new()]);
                        md5 = hashing.start(md5, pieces.collect()).wait().unwrap();
                    }
                    assert_eq!(md5.finish(), Md5::digest(&bytes), "body {body}");
                });
            }
        });
        drop(hashing.start(Md5::new(), vec![Bytes::from_static(&[7; 1000])]));
    }
}
