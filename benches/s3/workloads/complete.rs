//! `CompleteMultipartUpload` alone. Uploading the parts is not timed.

use std::sync::{Arc, Mutex};

use crate::calls::part_list;
use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::goal::{Figure, Goal};
use crate::payload::{Body, Mode};
use crate::sample::{Meter, Sample};
use crate::target::Target;
use crate::units::{MIB, size, thousands};
use crate::workload::{Scale, Workload};

const BUCKET: &str = "staves-bench-complete";
const PART_BYTES: u64 = 5 * MIB;
const CONCURRENCY: usize = 8;
/// Without a CRC32, the source is kept with the checksum that parts have by default, and copying it reads nothing.
const SOURCE_MODE: Mode = Mode::Sha256;
/// A call takes milliseconds, so that it takes several for a median.
const MORE_ROUNDS: usize = 4;

struct Complete {
    parts: u64,
    part: Arc<Body>,
    limit_ms: f64,
}

pub(crate) fn workloads(_scale: Scale) -> Vec<Box<dyn Workload>> {
    let (part, byte) = (Body::random(PART_BYTES), Body::random(1));
    vec![
        Box::new(Complete { parts: 128, part: part.clone(), limit_ms: 3.0 }),
        Box::new(Complete { parts: 10_000, part, limit_ms: 25.0 }),
        Box::new(Complete { parts: 10_000, part: byte, limit_ms: 25.0 }),
    ]
}

impl Complete {
    fn source() -> String {
        format!("/{BUCKET}/source")
    }

    /// Staves copies by reference, so that 50 GB of parts are made in seconds. Others get real uploads.
    fn copies_parts(&self, target: &Target) -> Option<String> {
        (target.spec.is_own() && self.part.length() == PART_BYTES).then(Complete::source)
    }

    fn upload_parts(&self, target: &Target, path: &str, upload: &str) -> Result<Vec<String>, Failure> {
        let etags = Mutex::new(vec![String::new(); usize::try_from(self.parts).unwrap_or_default()]);
        let source = self.copies_parts(target);
        drive(Load::all(CONCURRENCY, self.parts), None, || {
            let mut client = target.client()?;
            let (etags, source) = (&etags, source.as_deref());
            Ok(move |number| {
                let etag = match source {
                    Some(source) => client.copy_part(path, upload, number + 1, source)?,
                    None => client.upload_part(path, upload, number + 1, &self.part, Mode::UnsignedCrc32)?,
                };
                let mut etags = etags.lock().expect("no worker panics");
                etags[usize::try_from(number).unwrap_or_default()] = etag;
                Ok(self.part.length())
            })
        })?;
        Ok(etags.into_inner().expect("no worker panics"))
    }
}

impl Workload for Complete {
    fn name(&self) -> String {
        format!("Complete of {} parts of {}", thousands(self.parts), size(self.part.length()))
    }

    fn goals(&self) -> Vec<Goal> {
        vec![Goal::at_most(Figure::P50Ms, self.limit_ms)]
    }

    fn rounds(&self, asked: usize) -> usize {
        asked + MORE_ROUNDS
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        if self.parts > 128 && !target.spec.is_own() {
            return Err(Failure::skipped(
                "only of Staves: S3 wants parts of 5 MiB, and copying 50 GB takes others an hour",
            ));
        }
        self.part.prepare(Mode::UnsignedCrc32);
        self.part.prepare(SOURCE_MODE);
        target.bucket(BUCKET)?;
        target.once("source of parts", || target.client()?.put(&Complete::source(), &self.part, SOURCE_MODE))
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let path = format!("/{BUCKET}/object");
        let mut client = target.client()?;
        client.delete(&path)?;
        let upload = client.create_upload(&path)?;
        let parts = part_list(&self.upload_parts(target, &path, &upload)?);
        target.settle();
        let meter = Meter::start(target.processes);
        let asked = std::time::Instant::now();
        client.complete_upload(&path, &upload, &parts)?;
        let sample = meter.stop(vec![asked.elapsed()], 0);
        client.read_range(&path, self.parts * self.part.length() - 1, 1)?;
        Ok(sample)
    }
}
