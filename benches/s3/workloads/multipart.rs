//! A multipart upload, from its creation to an object that can be read.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::calls::part_list;
use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::goal::{Bound, Figure, Goal};
use crate::payload::{Body, Mode};
use crate::sample::{Meter, Rate, Sample};
use crate::sink::Sink;
use crate::target::Target;
use crate::units::{MIB, size};
use crate::workload::{Reference, Scale, Workload};

const BUCKET: &str = "staves-bench-multipart";
const PART_BYTES: u64 = 8 * MIB;

struct Multipart {
    scale: Scale,
    concurrency: usize,
    part: Arc<Body>,
    mode: Mode,
}

pub(crate) fn workloads(scale: Scale) -> Vec<Box<dyn Workload>> {
    let part = Body::random(PART_BYTES);
    let loads = [(1, Mode::TrailerCrc32), (4, Mode::TrailerCrc32), (8, Mode::TrailerCrc32), (8, Mode::UnsignedCrc32)];
    let workload = |(concurrency, mode)| -> Box<dyn Workload> {
        Box::new(Multipart { scale, concurrency, part: part.clone(), mode })
    };
    loads.into_iter().map(workload).collect()
}

impl Multipart {
    fn parts(&self) -> u64 {
        self.scale.huge_bytes / PART_BYTES
    }
}

impl Workload for Multipart {
    fn name(&self) -> String {
        format!("multipart {} in {} parts c={}", size(self.scale.huge_bytes), size(PART_BYTES), self.concurrency)
    }

    fn payload(&self) -> &'static str {
        self.mode.name()
    }

    fn goals(&self) -> Vec<Goal> {
        let hashing = Goal { figure: Figure::CpuSecondsPerGigabyte, bound: Bound::MostAboveReference(0.5) };
        if self.concurrency == 8 { vec![hashing] } else { Vec::new() }
    }

    fn reference(&self, scratch: &Path) -> Option<Result<Box<dyn Reference>, Failure>> {
        Some(Sink::Write.reference(scratch, self.part.clone(), self.parts(), self.concurrency))
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        self.part.prepare(self.mode);
        target.bucket(BUCKET)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let path = format!("/{BUCKET}/object");
        let mut client = target.client()?;
        client.delete(&path)?;
        target.settle();
        let meter = Meter::start(target.processes);
        let upload = client.create_upload(&path)?;
        let etags = Mutex::new(vec![String::new(); usize::try_from(self.parts()).unwrap_or_default()]);
        let parts = drive(Load::all(self.concurrency, self.parts()), None, || {
            let mut client = target.client()?;
            let (path, upload, etags) = (&path, &upload, &etags);
            Ok(move |number| {
                let etag = client.upload_part(path, upload, number + 1, &self.part, self.mode)?;
                let mut etags = etags.lock().expect("no worker panics");
                etags[usize::try_from(number).unwrap_or_default()] = etag;
                Ok(PART_BYTES)
            })
        })?;
        client.complete_upload(&path, &upload, &part_list(&etags.into_inner().expect("no worker panics")))?;
        client.read_range(&path, self.scale.huge_bytes - 1, 1)?;
        Ok(Sample { rate: Rate::Bytes, ..meter.stop(parts.latencies, parts.bytes) })
    }
}
