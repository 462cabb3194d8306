//! One request that does much: `DeleteObjects` of 1,000 keys, `CopyObject` of a large object.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::client::Request;
use crate::connection::Keep;
use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::goal::{Figure, Goal};
use crate::payload::{Body, Mode};
use crate::sample::{Meter, Sample};
use crate::target::Target;
use crate::units::{KIB, size, thousands};
use crate::workload::{Scale, Workload};

const BUCKET: &str = "staves-bench-bulk";
/// The most that S3 deletes with one request.
const KEYS: u64 = 1000;
const CALLS: usize = 3;
/// Where a copy is made by reference; elsewhere one takes seconds.
const COPIES: u64 = 20;

struct DeleteObjects;

struct CopyObject {
    bytes: u64,
}

pub(crate) fn workloads(scale: Scale) -> Vec<Box<dyn Workload>> {
    vec![Box::new(DeleteObjects), Box::new(CopyObject { bytes: scale.huge_bytes })]
}

impl DeleteObjects {
    fn key(number: u64) -> String {
        format!("delete/{number:04}")
    }

    /// Quiet, so that the answer names only what could not be deleted.
    fn list() -> (Body, String) {
        let object = |number| format!("<Object><Key>{}</Key></Object>", DeleteObjects::key(number));
        let objects: String = (0..KEYS).map(object).collect();
        let text = format!("<Delete><Quiet>true</Quiet>{objects}</Delete>");
        let md5 = STANDARD.encode(Md5::digest(text.as_bytes()));
        let body = Body::text(text);
        body.prepare(Mode::Sha256);
        (body, md5)
    }
}

impl Workload for DeleteObjects {
    fn name(&self) -> String {
        format!("DeleteObjects of {} keys", thousands(KEYS))
    }

    fn goals(&self) -> Vec<Goal> {
        vec![Goal::at_most(Figure::P50Ms, 25.0)]
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        target.bucket(BUCKET)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let object = Body::random(KIB);
        object.prepare(Mode::UnsignedCrc32);
        let (list, md5) = DeleteObjects::list();
        let mut sample = Sample::default();
        for _ in 0..CALLS {
            drive(Load::all(16, KEYS), None, || {
                let (mut client, object) = (target.client()?, &object);
                Ok(move |number| {
                    client.put(&format!("/{BUCKET}/{}", DeleteObjects::key(number)), object, Mode::UnsignedCrc32)?;
                    Ok(KIB)
                })
            })?;
            target.settle();
            let mut client = target.client()?;
            let (path, headers) = (format!("/{BUCKET}"), [("content-md5", md5.as_str())]);
            let body = Some((&list, Mode::Sha256));
            let request = Request { method: "POST", path: &path, query: "delete", headers: &headers, body };
            let meter = Meter::start(target.processes);
            let asked = Instant::now();
            client.call(&request, 200, Keep::Text)?;
            sample.add(meter.stop(vec![asked.elapsed()], 0));
        }
        Ok(sample)
    }
}

impl CopyObject {
    fn source() -> String {
        format!("/{BUCKET}/source")
    }
}

impl Workload for CopyObject {
    fn name(&self) -> String {
        format!("CopyObject of {}", size(self.bytes))
    }

    fn goals(&self) -> Vec<Goal> {
        vec![Goal::at_most(Figure::P50Ms, 3.0)]
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        target.bucket(BUCKET)?;
        let put = || target.client()?.put(&CopyObject::source(), &Body::random(self.bytes), Mode::UnsignedCrc32);
        target.once("source of copies", put)
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let copies = if target.spec.is_own() { COPIES } else { 1 };
        let path = |number: u64| format!("/{BUCKET}/copies/{number}");
        let mut client = target.client()?;
        (0..copies).try_for_each(|number| client.delete(&path(number)))?;
        target.settle();
        drive(Load::all(1, copies), target.processes, || {
            let (mut client, source) = (target.client()?, CopyObject::source());
            Ok(move |number| {
                let (path, headers) = (path(number), [("x-amz-copy-source", source.as_str())]);
                let request = Request { method: "PUT", path: &path, headers: &headers, ..Request::default() };
                client.call(&request, 200, Keep::Text).map(|_| 0)
            })
        })
    }
}
