//! How much memory a server needs for many large bodies at a time. The figure is the peak; the rest is by the way.

use std::sync::Arc;

use crate::calls::part_list;
use crate::client::Client;
use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::goal::{Figure, Goal};
use crate::payload::{Body, Mode};
use crate::sample::{Rate, Sample};
use crate::target::Target;
use crate::units::{MIB, megabytes, size};
use crate::workload::{NO_PAYLOAD, Scale, Workload};

const BUCKET: &str = "staves-bench-memory";
const CONCURRENCY: usize = 16;
const PART_BYTES: u64 = 8 * MIB;
const LIMIT_BYTES: u64 = 100 * MIB;
const UPLOADED: &str = "objects to download";

#[derive(Debug, Clone, Copy)]
enum Way {
    Up,
    Down,
}

struct Memory {
    bytes: u64,
    part: Arc<Body>,
    way: Way,
}

pub(crate) fn workloads(scale: Scale) -> Vec<Box<dyn Workload>> {
    let (bytes, part) = (scale.memory_bytes, Body::random(PART_BYTES));
    [Way::Up, Way::Down].map(|way| -> Box<dyn Workload> { Box::new(Memory { bytes, part: part.clone(), way }) }).into()
}

fn path(number: u64) -> String {
    format!("/{BUCKET}/{number}")
}

impl Memory {
    fn upload_all(&self, target: &Target) -> Result<Sample, Failure> {
        drive(Load::all(CONCURRENCY, CONCURRENCY as u64), target.processes, || {
            let mut client = target.client()?;
            Ok(move |number| self.upload(&mut client, &path(number)))
        })
    }

    fn upload(&self, client: &mut Client, path: &str) -> Result<u64, Failure> {
        let upload = client.create_upload(path)?;
        let part = |number| client.upload_part(path, &upload, number, &self.part, Mode::UnsignedCrc32);
        let etags = (1..=self.bytes / PART_BYTES).map(part).collect::<Result<Vec<String>, Failure>>()?;
        client.complete_upload(path, &upload, &part_list(&etags))?;
        Ok(self.bytes)
    }

    fn download_all(&self, target: &Target) -> Result<Sample, Failure> {
        drive(Load::all(CONCURRENCY, CONCURRENCY as u64), target.processes, || {
            let mut client = target.client()?;
            Ok(move |number| client.read(&path(number), self.bytes).map(|()| self.bytes))
        })
    }
}

impl Workload for Memory {
    fn name(&self) -> String {
        let what = match self.way {
            Way::Up => "uploads",
            Way::Down => "downloads",
        };
        format!("memory: {CONCURRENCY} {what} of {} at a time", size(self.bytes))
    }

    fn payload(&self) -> &'static str {
        match self.way {
            Way::Up => Mode::UnsignedCrc32.name(),
            Way::Down => NO_PAYLOAD,
        }
    }

    fn goals(&self) -> Vec<Goal> {
        vec![Goal::at_most(Figure::PeakMegabytes, megabytes(LIMIT_BYTES))]
    }

    fn rounds(&self, _asked: usize) -> usize {
        1
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        self.part.prepare(Mode::UnsignedCrc32);
        target.bucket(BUCKET)?;
        match self.way {
            Way::Up => Ok(()),
            Way::Down => target.once(UPLOADED, || self.upload_all(target).map(drop)),
        }
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let sample = match self.way {
            Way::Up => {
                let sample = self.upload_all(target)?;
                target.once(UPLOADED, || Ok(()))?;
                sample
            }
            Way::Down => self.download_all(target)?,
        };
        Ok(Sample { rate: Rate::Bytes, ..sample })
    }
}
