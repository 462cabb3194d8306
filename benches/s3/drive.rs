//! The closed loop: a thread per connection, each sending its next request when the last is answered.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::process::Processes;
use crate::sample::{Meter, Sample};

/// How many at a time, and until when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) concurrency: usize,
    /// No operation begins later; those that have begun are ended and counted.
    pub(crate) time: Duration,
    pub(crate) operations: u64,
}

impl Load {
    /// All of so many operations, however long they take.
    pub(crate) fn all(concurrency: usize, operations: u64) -> Load {
        Load { concurrency, time: Duration::MAX, operations }
    }
}

/// Runs operations on connections of their own, which are open before the clock starts. `connect` makes a thread's worker;
/// it is called with the number of each operation and says how many bytes were moved. The first failure ends the round.
pub(crate) fn drive<W>(
    load: Load,
    processes: Option<Processes>,
    connect: impl Fn() -> Result<W, Failure>,
) -> Result<Sample, Failure>
where
    W: FnMut(u64) -> Result<u64, Failure> + Send,
{
    let workers = (0..load.concurrency).map(|_| connect()).collect::<Result<Vec<W>, Failure>>()?;
    let barrier = Barrier::new(load.concurrency + 1);
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let run = |mut worker: W| {
        let (mut latencies, mut bytes) = (Vec::new(), 0);
        barrier.wait();
        let started = Instant::now();
        while started.elapsed() < load.time && !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= load.operations {
                break;
            }
            let asked = Instant::now();
            bytes += worker(number).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            latencies.push(asked.elapsed());
        }
        Ok::<_, Failure>((latencies, bytes))
    };
    let (mut latencies, mut bytes) = (Vec::new(), 0);
    let meter = std::thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = workers.into_iter().map(|worker| scope.spawn(move || run(worker))).collect();
        let meter = Meter::start(processes);
        barrier.wait();
        for thread in threads {
            let (its_latencies, its_bytes) = thread.join().expect("workers do not panic")?;
            latencies.extend(its_latencies);
            bytes += its_bytes;
        }
        Ok::<_, Failure>(meter)
    })?;
    Ok(meter.stop(latencies, bytes))
}
