//! What an application's tests may look like: mostly reads, some writes, now and then a HEAD or a listing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::client::{Client, Request};
use crate::connection::Keep;
use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::payload::{Body, Mode, scatter};
use crate::sample::Sample;
use crate::target::Target;
use crate::units::KIB;
use crate::workload::{Scale, Workload};
use crate::workloads::small::{preload, preloaded};

const BUCKET: &str = "staves-bench-mixed";
const BYTES: u64 = 4 * KIB;

struct Mixed {
    scale: Scale,
    body: Arc<Body>,
}

pub(crate) fn workloads(scale: Scale) -> Vec<Box<dyn Workload>> {
    vec![Box::new(Mixed { scale, body: Body::random(BYTES) })]
}

impl Workload for Mixed {
    fn name(&self) -> String {
        "mixed 70% GET, 20% PUT, 5% HEAD, 5% list c=16".to_owned()
    }

    fn payload(&self) -> &'static str {
        Mode::UnsignedCrc32.name()
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        preload(target, BUCKET, self.scale.objects, &self.body)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let load = Load { concurrency: 16, time: self.scale.round_time, operations: u64::MAX };
        drive(load, target.processes, || {
            let mut client = target.client()?;
            Ok(move |number| self.one(&mut client, number))
        })
    }
}

impl Mixed {
    fn one(&self, client: &mut Client, number: u64) -> Result<u64, Failure> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let chance = scatter(number);
        let path = preloaded(BUCKET, BYTES, (chance >> 8) % self.scale.objects);
        match chance % 100 {
            0..70 => client.read(&path, BYTES)?,
            70..90 => {
                let key = NEXT.fetch_add(1, Ordering::Relaxed);
                client.put(&format!("/{BUCKET}/put/{key:08}"), &self.body, Mode::UnsignedCrc32)?;
            }
            90..95 => {
                let request = Request { method: "HEAD", path: &path, ..Request::default() };
                client.call(&request, 200, Keep::Nothing)?;
            }
            _ => {
                let (path, query) = (format!("/{BUCKET}"), "list-type=2&max-keys=100&prefix=get%2F");
                let request = Request { method: "GET", path: &path, query, ..Request::default() };
                client.call(&request, 200, Keep::Length)?;
            }
        }
        Ok(0)
    }
}
