//! Pages of 1,000 out of very many keys: 1,000 prefixes with as many keys each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::client::{Request, texts_of};
use crate::connection::Keep;
use crate::drive::{Load, drive};
use crate::failure::Failure;
use crate::goal::{Figure, Goal};
use crate::payload::{Body, Mode};
use crate::sample::Sample;
use crate::target::Target;
use crate::units::thousands;
use crate::workload::{Scale, Workload};

const BUCKET: &str = "staves-bench-listing";
const PATH: &str = "/staves-bench-listing";
const PREFIXES: u64 = 1000;
const PAGE: usize = 1000;
const LOADERS: usize = 64;
const PROGRESS_KEYS: u64 = 50_000;

struct Page {
    scale: Scale,
    kind: PageKind,
}

#[derive(Debug, Clone, Copy)]
enum PageKind {
    First,
    Middle,
    Prefixes,
}

pub(crate) fn workloads(scale: Scale) -> Vec<Box<dyn Workload>> {
    let page = |kind| -> Box<dyn Workload> { Box::new(Page { scale, kind }) };
    [PageKind::First, PageKind::Middle, PageKind::Prefixes].into_iter().map(page).collect()
}

impl Page {
    fn keys_per_prefix(&self) -> u64 {
        self.scale.keys / PREFIXES
    }

    fn query(&self) -> String {
        match self.kind {
            PageKind::First => "list-type=2&max-keys=1000".to_owned(),
            PageKind::Middle => format!(
                "list-type=2&max-keys=1000&start-after=p{:03}%2Fk{:03}",
                PREFIXES / 2,
                self.keys_per_prefix() / 2
            ),
            PageKind::Prefixes => "delimiter=%2F&list-type=2&max-keys=1000".to_owned(),
        }
    }

    /// The element that a page must have 1,000 of.
    fn element(&self) -> &'static str {
        match self.kind {
            PageKind::First | PageKind::Middle => "Key",
            PageKind::Prefixes => "CommonPrefixes",
        }
    }
}

impl Workload for Page {
    fn name(&self) -> String {
        let keys = thousands(PREFIXES * self.keys_per_prefix());
        match self.kind {
            PageKind::First => format!("list 1,000 of {keys} keys, the first"),
            PageKind::Middle => format!("list 1,000 of {keys} keys, in the middle"),
            PageKind::Prefixes => format!("list 1,000 common prefixes of {keys} keys"),
        }
    }

    fn goals(&self) -> Vec<Goal> {
        let limit_ms = match self.kind {
            PageKind::First | PageKind::Middle => 2.0,
            PageKind::Prefixes => 10.0,
        };
        vec![Goal::at_most(Figure::P50Ms, limit_ms)]
    }

    fn prepare(&self, target: &Target) -> Result<(), Failure> {
        target.bucket(BUCKET)?;
        target.once("keys to list", || load(target, self.keys_per_prefix()))?;
        let query = self.query();
        let request = Request { method: "GET", path: PATH, query: &query, ..Request::default() };
        let page = target.client()?.call(&request, 200, Keep::Text)?;
        match texts_of(&page.body, self.element()).len() {
            PAGE => Ok(()),
            other => Err(Failure::failed(format!("a page of {other}"))),
        }
    }

    fn round(&self, target: &Target) -> Result<Sample, Failure> {
        let query = self.query();
        let load = Load { concurrency: 1, time: self.scale.round_time, operations: u64::MAX };
        drive(load, target.processes, || {
            let (mut client, query) = (target.client()?, query.as_str());
            Ok(move |_| {
                let request = Request { method: "GET", path: PATH, query, ..Request::default() };
                client.call(&request, 200, Keep::Length).map(|page| page.body_bytes)
            })
        })
    }
}

/// Puts empty objects, and says how far it is.
fn load(target: &Target, keys_per_prefix: u64) -> Result<(), Failure> {
    let keys = PREFIXES * keys_per_prefix;
    let (started, done, name) = (Instant::now(), AtomicU64::new(0), target.spec.name.as_str());
    let empty = Body::random(0);
    drive(Load::all(LOADERS, keys), None, || {
        let (mut client, empty, done) = (target.client()?, &empty, &done);
        Ok(move |number| {
            let key = format!("{PATH}/p{:03}/k{:03}", number / keys_per_prefix, number % keys_per_prefix);
            client.put(&key, empty, Mode::UnsignedCrc32)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(PROGRESS_KEYS) {
                let (done, keys) = (thousands(done), thousands(keys));
                eprintln!("  {name}: {done} of {keys} keys in {:.0?}", started.elapsed());
            }
            Ok(0)
        })
    })
    .map(drop)
}
