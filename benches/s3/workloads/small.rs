//! PUT and GET of objects of up to 64 KiB: what a request costs, whatever it carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::goal::{Figure, Goal};
use crate::payload::{Body, Mode, scatter};
use crate::sample::Sample;
use crate::target::Target;
use crate::units::{KIB, size};
use crate::workload::{Scale, Workload};

const BUCKET: &str = "staves-bench-small";
const SIZES: [u64; 3] = [KIB, 4 * KIB, 64 * KIB];
const CONCURRENCIES: [usize; 3] = [1, 16, 64];
/// Bounds what a round of PUTs leaves on disk.
const MAX_PUT_BYTES: u64 = 256 << 20;

struct Put {
    scale: Scale,
    concurrency: usize,
    body: Arc<Body>,
    mode: Mode,
}

struct Get {
    scale: Scale,
    concurrency: usize,
    body: Arc<Body>,
}

pub(crate) fn workloads(scale: Scale) -> Vec<Box<dyn Workload>> {
    let mut all: Vec<Box<dyn Workload>> = Vec::new();
    for bytes in SIZES {
        let body = Body::random(bytes);
        for concurrency in CONCURRENCIES {
            let every_mode = bytes == 4 * KIB && concurrency == 16;
            for mode in Mode::ALL.into_iter().take(if every_mode { Mode::ALL.len() } else { 1 }) {
                all.push(Box::new(Put { scale, concurrency, body: body.clone(), mode }));
            }
        }
        for concurrency in CONCURRENCIES {
            all.push(Box::new(Get { scale, concurrency, body: body.clone() }));
        }
    }
    all
}

impl Workload for Put {
    fn name(&self) -> String {
        format!("PUT {} c={}", size(self.body.length()), self.concurrency)
    }

    fn payload(&self) -> &'static str {
        self.mode.name()
    }

    fn goals(&self) -> Vec<Goal> {
        let has_goal = self.body.length() == 4 * KIB && self.concurrency == 16 && self.mode == Mode::UnsignedCrc32;
        has_goal.then(|| Goal::at_most(Figure::CpuUsPerOperation, 55.0)).into_iter().collect()
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        self.body.prepare(self.mode);
        target.bucket(BUCKET)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        // No key twice, in any round of any workload: to write over an object is another load.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let operations = MAX_PUT_BYTES / self.body.length();
        let load = Load { concurrency: self.concurrency, time: self.scale.round_time, operations };
        drive(load, target.processes, || {
            let mut client = target.client()?;
            Ok(move |_| {
                let key = NEXT.fetch_add(1, Ordering::Relaxed);
                client.put(&format!("/{BUCKET}/put/{key:08}"), &self.body, self.mode)?;
                Ok(self.body.length())
            })
        })
    }
}

impl Workload for Get {
    fn name(&self) -> String {
        format!("GET {} c={}", size(self.body.length()), self.concurrency)
    }

    fn goals(&self) -> Vec<Goal> {
        let has_goal = self.body.length() == 4 * KIB && self.concurrency == 16;
        has_goal.then(|| Goal::at_most(Figure::CpuUsPerOperation, 32.0)).into_iter().collect()
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        preload(target, BUCKET, self.scale.objects, &self.body)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let length = self.body.length();
        let load = Load { concurrency: self.concurrency, time: self.scale.round_time, operations: u64::MAX };
        drive(load, target.processes, || {
            let mut client = target.client()?;
            Ok(move |number| {
                client.read(&preloaded(BUCKET, length, scatter(number) % self.scale.objects), length)?;
                Ok(length)
            })
        })
    }
}

/// Puts a set of objects of one size, once.
pub(crate) fn preload(target: &Target, bucket: &str, objects: u64, body: &Body) -> Result<(), Failure> {
    target.bucket(bucket)?;
    target.once(&format!("objects of {}", body.length()), || {
        drive(Load::all(16, objects), None, || {
            let mut client = target.client()?;
            Ok(move |number| {
                client.put(&preloaded(bucket, body.length(), number), body, Mode::UnsignedCrc32)?;
                Ok(body.length())
            })
        })
        .map(drop)
    })
}

/// The path of one of them.
pub(crate) fn preloaded(bucket: &str, length: u64, number: u64) -> String {
    format!("/{bucket}/get/{length}/{number:06}")
}
