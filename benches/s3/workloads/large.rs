//! GET and PUT of objects of 64 MiB, and ranges of one: what a byte costs.

use std::path::Path;
use std::sync::Arc;

use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::goal::{Bound, Figure, Goal};
use crate::nginx;
use crate::payload::{Body, Mode, scatter};
use crate::sample::{Rate, Sample};
use crate::sink::Sink;
use crate::target::Target;
use crate::units::{KIB, MIB, size};
use crate::workload::{Reference, Scale, Workload};

const BUCKET: &str = "staves-bench-large";
const OBJECT_BYTES: u64 = 64 * MIB;
const RANGE_BYTES: u64 = 64 * KIB;
/// Reading is some ten times faster than writing.
const READS_PER_WRITE: u64 = 4;

struct Get {
    scale: Scale,
    concurrency: usize,
    body: Arc<Body>,
}

struct GetRanges {
    scale: Scale,
    body: Arc<Body>,
}

struct Put {
    scale: Scale,
    body: Arc<Body>,
    mode: Mode,
}

pub(crate) fn workloads(scale: Scale) -> Vec<Box<dyn Workload>> {
    let body = Body::random(OBJECT_BYTES);
    let mut all: Vec<Box<dyn Workload>> = Vec::new();
    for concurrency in [1, 4] {
        all.push(Box::new(Get { scale, concurrency, body: body.clone() }));
    }
    all.push(Box::new(GetRanges { scale, body: body.clone() }));
    for mode in Mode::ALL {
        all.push(Box::new(Put { scale, body: body.clone(), mode }));
    }
    all
}

fn put_source(target: &Target, body: &Body) -> Result<(), Failure> {
    target.bucket(BUCKET)?;
    target.once("source of reads", || target.client()?.put(&source(), body, Mode::UnsignedCrc32))
}

fn source() -> String {
    format!("/{BUCKET}/source")
}

impl Get {
    fn load(&self) -> Load {
        Load::all(self.concurrency, READS_PER_WRITE * self.scale.large_bytes / OBJECT_BYTES)
    }
}

impl Workload for Get {
    fn name(&self) -> String {
        format!("GET {} c={}", size(OBJECT_BYTES), self.concurrency)
    }

    fn goals(&self) -> Vec<Goal> {
        let faster = Goal { figure: Figure::Speed, bound: Bound::LeastTimesReference(1.15) };
        vec![Goal::at_most(Figure::CpuSecondsPerGigabyte, 0.25), faster]
    }

    fn reference(&self, scratch: &Path) -> Option<Result<Box<dyn Reference>, Failure>> {
        Some(nginx::reference(scratch, &self.body, self.load()))
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        put_source(target, &self.body)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let sample = drive(self.load(), target.processes, || {
            let mut client = target.client()?;
            Ok(move |_| client.read(&source(), OBJECT_BYTES).map(|()| OBJECT_BYTES))
        })?;
        Ok(Sample { rate: Rate::Bytes, ..sample })
    }
}

impl Workload for GetRanges {
    fn name(&self) -> String {
        format!("GET {} ranges of {} c=16", size(RANGE_BYTES), size(OBJECT_BYTES))
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        put_source(target, &self.body)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let load = Load { concurrency: 16, time: self.scale.round_time, operations: u64::MAX };
        drive(load, target.processes, || {
            let mut client = target.client()?;
            Ok(move |number| {
                let first = scatter(number) % (OBJECT_BYTES - RANGE_BYTES);
                client.read_range(&source(), first, RANGE_BYTES).map(|()| RANGE_BYTES)
            })
        })
    }
}

impl Put {
    fn objects(&self) -> u64 {
        self.scale.large_bytes / OBJECT_BYTES
    }

    fn path(number: u64) -> String {
        format!("/{BUCKET}/put/{number}")
    }
}

impl Workload for Put {
    fn name(&self) -> String {
        format!("PUT {} c=1", size(OBJECT_BYTES))
    }

    fn payload(&self) -> &'static str {
        self.mode.name()
    }

    fn goals(&self) -> Vec<Goal> {
        let goal = |figure| Goal { figure, bound: Bound::MostTimesReference(1.2) };
        vec![goal(Figure::CpuSecondsPerGigabyte), goal(Figure::P50Ms)]
    }

    fn reference(&self, scratch: &Path) -> Option<Result<Box<dyn Reference>, Failure>> {
        let wanted = self.mode == Mode::UnsignedCrc32;
        wanted.then(|| Sink::Md5AndWrite.reference(scratch, self.body.clone(), self.objects(), 1))
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        self.body.prepare(self.mode);
        target.bucket(BUCKET)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        // What was written before is deleted before the clock starts: unlinking is not what is measured.
        let mut client = target.client()?;
        (0..self.objects()).try_for_each(|number| client.delete(&Put::path(number)))?;
        target.settle();
        let sample = drive(Load::all(1, self.objects()), target.processes, || {
            let mut client = target.client()?;
            Ok(move |number| {
                client.put(&Put::path(number), &self.body, self.mode)?;
                Ok(OBJECT_BYTES)
            })
        })?;
        Ok(Sample { rate: Rate::Bytes, ..sample })
    }
}
