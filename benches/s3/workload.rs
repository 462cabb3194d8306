//! What a workload is, and the list of all. A group of workloads shares what one server holds; the next group begins with
//! an empty one.

use std::path::Path;
use std::time::Duration;

use crate::failure::Failure;
use crate::goal::Goal;
use crate::sample::Sample;
use crate::target::Target;
use crate::units::{GIB, MIB};
use crate::workloads::{bulk, complete, large, listing, memory, mixed, multipart, small, start};

/// Where no bodies are sent.
pub(crate) const NO_PAYLOAD: &str = "-";

pub(crate) trait Workload {
    fn name(&self) -> String;

    /// How bodies are vouched for.
    fn payload(&self) -> &'static str {
        NO_PAYLOAD
    }

    fn goals(&self) -> Vec<Goal> {
        Vec::new()
    }

    /// Something that is measured in the same rounds, and that goals compare with.
    fn reference(&self, _scratch: &Path) -> Option<Result<Box<dyn Reference>, Failure>> {
        None
    }

    /// How many rounds this needs, where so many were asked for.
    fn rounds(&self, asked: usize) -> usize {
        asked
    }

    /// Puts in place what every round needs.
    fn prepare(&self, target: &Target) -> Result<(), Failure>;

    fn round(&self, target: &Target) -> Result<Sample, Failure>;
}

pub(crate) trait Reference {
    fn name(&self) -> &'static str;

    fn round(&mut self) -> Result<Sample, Failure>;
}

pub(crate) struct Group {
    pub(crate) workloads: Vec<Box<dyn Workload>>,
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) rounds: usize,
    /// Of small requests, per round.
    pub(crate) round_time: Duration,
    /// Objects that are there to be read.
    pub(crate) objects: u64,
    /// Bytes that are moved per round with objects of 64 MiB.
    pub(crate) large_bytes: u64,
    /// A multipart upload, the source of a copy.
    pub(crate) huge_bytes: u64,
    /// Each of the objects that are moved while memory is watched.
    pub(crate) memory_bytes: u64,
    /// Keys in a listing.
    pub(crate) keys: u64,
    /// How often a server is started.
    pub(crate) starts: usize,
}

impl Scale {
    pub(crate) const FULL: Scale = Scale {
        rounds: 3,
        round_time: Duration::from_secs(2),
        objects: 4096,
        large_bytes: GIB,
        huge_bytes: GIB,
        memory_bytes: GIB,
        keys: 1_000_000,
        starts: 15,
    };

    pub(crate) const QUICK: Scale = Scale {
        rounds: 2,
        round_time: Duration::from_millis(300),
        objects: 512,
        large_bytes: 256 * MIB,
        huge_bytes: 128 * MIB,
        memory_bytes: 128 * MIB,
        keys: 100_000,
        starts: 11,
    };
}

pub(crate) fn all(scale: Scale) -> Vec<Group> {
    let groups = [
        start::workloads(scale),
        small::workloads(scale),
        mixed::workloads(scale),
        large::workloads(scale),
        multipart::workloads(scale),
        complete::workloads(scale),
        bulk::workloads(scale),
        listing::workloads(scale),
        memory::workloads(scale),
    ];
    groups.into_iter().map(|workloads| Group { workloads }).collect()
}
