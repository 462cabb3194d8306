//! What a server costs before it does anything: the time until it answers, its memory when idle, its size on disk.

use std::time::Duration;

use crate::failure::Failure;
use crate::goal::{Figure, Goal};
use crate::sample::Sample;
use crate::target::{OWN_BINARY, Target};
use crate::workload::{Scale, Workload};

/// Until what was needed for starting only has been given back.
const IDLE_TIME: Duration = Duration::from_secs(1);

struct Start {
    starts: usize,
}

struct IdleMemory;

struct BinarySize;

pub(crate) fn workloads(scale: Scale) -> Vec<Box<dyn Workload>> {
    vec![Box::new(Start { starts: scale.starts }), Box::new(IdleMemory), Box::new(BinarySize)]
}

impl Workload for Start {
    fn name(&self) -> String {
        "start to first answer".to_owned()
    }

    fn goals(&self) -> Vec<Goal> {
        vec![Goal::at_most(Figure::P50Ms, 15.0)]
    }

    fn rounds(&self, _asked: usize) -> usize {
        1
    }

    fn prepare(&self, _target: &Target) -> Result<(), Failure> {
        Ok(())
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let mut sample = Sample::default();
        for _ in 0..self.starts {
            let took = target.another()?.started_in.unwrap_or_default();
            sample.add(Sample { operations: 1, elapsed: took, latencies: vec![took], ..Sample::default() });
        }
        Ok(sample)
    }
}

impl Workload for IdleMemory {
    fn name(&self) -> String {
        "idle memory".to_owned()
    }

    fn goals(&self) -> Vec<Goal> {
        vec![Goal::at_most(Figure::SizeMegabytes, 15.0)]
    }

    fn prepare(&self, _target: &Target) -> Result<(), Failure> {
        Ok(())
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let fresh = target.another()?;
        std::thread::sleep(IDLE_TIME);
        let resident = fresh.processes.and_then(crate::process::Processes::resident_bytes);
        resident.map(Sample::of_size).ok_or_else(|| Failure::skipped("its memory cannot be read here"))
    }
}

impl Workload for BinarySize {
    fn name(&self) -> String {
        "binary size".to_owned()
    }

    fn goals(&self) -> Vec<Goal> {
        vec![Goal::at_most(Figure::SizeMegabytes, 12.0)]
    }

    fn rounds(&self, _asked: usize) -> usize {
        1
    }

    fn prepare(&self, _target: &Target) -> Result<(), Failure> {
        Ok(())
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        if !target.spec.is_own() {
            return Err(Failure::skipped("only a binary of our own is weighed"));
        }
        Ok(Sample::of_size(std::fs::metadata(OWN_BINARY)?.len()))
    }
}
