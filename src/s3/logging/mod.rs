//! Server access logs: what is seen of requests to buckets that log (`observed`), kept in memory for a while (`batches`),
//! and written as objects into the buckets that they name (`delivery`). While no bucket logs, a request costs the look at
//! one flag.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html>

mod batches;
mod delivery;
mod observed;
mod operation;
mod target;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Response;
use http::request::Parts;
use tokio::sync::Notify;

use self::batches::{Batches, Fill};
use self::observed::Answered;
use super::Shared;
use super::access::{BucketAccess, bucket_owner};
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::engine::lifecycle::LifecycleDone;
use crate::http::body::Body;
use crate::http::connection::Connection;
use crate::http::request_id::{HostId, RequestId};
use crate::wire::access_log::Record;
use crate::wire::bucket_name::BucketName;

pub(crate) use self::observed::Observed;
pub(crate) use self::target::LoggingTarget;

/// The logs of a server.
pub(crate) struct Logs {
    /// Whether any bucket logs.
    on: AtomicBool,
    /// Whether the server stops: everything is delivered at once.
    closing: AtomicBool,
    batches: Mutex<Batches>,
    /// Something waits that did not, or is full.
    wake: Notify,
    period: Duration,
}

impl Logs {
    pub(crate) fn new(engine: &Engine, period: Duration) -> Logs {
        // If that cannot be told, every request is looked at.
        let on = engine.any_bucket_has(target::LOGGING).unwrap_or(true);
        Logs {
            on: AtomicBool::new(on),
            closing: AtomicBool::new(false),
            batches: Mutex::default(),
            wake: Notify::new(),
            period,
        }
    }

    /// A bucket logs from now on.
    pub(crate) fn switch_on(&self) {
        self.on.store(true, Ordering::Release);
    }

    /// Looks at a request, if any bucket logs.
    pub(crate) fn observe(&self, shared: &Shared, request: &Parts, connection: &Connection) -> Option<Arc<Observed>> {
        let on = self.on.load(Ordering::Acquire);
        on.then(|| Arc::new(Observed::of(request, connection, shared.engine.clock().now())))
    }

    fn add(&self, shared: &Shared, source: &Bucket, target: &Arc<LoggingTarget>, record: &Record) {
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = batches.is_empty();
        let fill = batches.add(source, target, record.time, &record.line(), shared.engine.clock().now());
        if was_empty || fill == Fill::Full {
            self.wake.notify_one();
        }
    }
}

/// Logs a request once its answer is sent, or given up, if its bucket logs.
pub(crate) fn log(
    shared: &Arc<Shared>,
    observed: &Observed,
    bucket: &str,
    error_code: Option<String>,
    (request_id, host_id): (&RequestId, &HostId),
    response: Response<Body>,
) -> Response<Body> {
    let (own, source) = (logs_of(shared, bucket), observed.source_bucket().and_then(|name| logs_of(shared, &name)));
    if own.is_none() && source.is_none() {
        return response;
    }
    let now = shared.engine.clock().now();
    let answered = Answered {
        status: response.status().as_u16(),
        headers: response.headers(),
        body_bytes: response.body().length_bytes(),
        error_code,
        turn_around_ms: millis_between(observed.came().millis(), now.millis()),
        request_id,
        host_id,
    };
    let mut records = observed.records(&answered);
    let of_source = records.first().and_then(|record| observed.source_record(record));
    let (shared, came) = (Arc::clone(shared), observed.came());
    response.map(|body| {
        body.observed(move |sent_bytes| {
            if let Some(first) = records.first_mut() {
                first.bytes_sent = sent_bytes;
                first.total_ms = Some(millis_between(came.millis(), shared.engine.clock().now().millis()));
            }
            write(&shared, source, of_source);
            write(&shared, own, records);
        })
    })
}

/// Adds records to the log of a bucket, if it has one.
fn write(shared: &Shared, logging: Option<(Bucket, Arc<LoggingTarget>)>, records: impl IntoIterator<Item = Record>) {
    let Some((bucket, target)) = logging else { return };
    let owner = bucket_owner(&shared.config.identities, &bucket).id;
    for record in records {
        let record = Record { bucket_owner: owner.clone(), bucket: bucket.name.to_string(), ..record };
        shared.logs.add(shared, &bucket, &target, &record);
    }
}

/// Logs what a lifecycle has done in a bucket, if that logs.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html>
pub(crate) fn log_lifecycle(shared: &Shared, bucket: &Bucket, done: &LifecycleDone<'_>) {
    if !shared.logs.on.load(Ordering::Acquire) {
        return;
    }
    write(
        shared,
        logs_of(shared, bucket.name.as_str()),
        [Record {
            time: shared.engine.clock().now(),
            remote_ip: "-".to_owned(),
            requester: Some("AmazonS3".to_owned()),
            request_id: RequestId::random().to_string(),
            host_id: HostId::random().to_string(),
            operation: operation::of_lifecycle(done.what).to_owned(),
            key: Some(done.key.as_str().to_owned()),
            version_id: done.version.map(|version| version.to_string()),
            object_size_bytes: done.size_bytes,
            // There is none; in quotes, as in published samples of such records.
            request_uri: Some("-".to_owned()),
            ..Record::default()
        }],
    );
}

/// The bucket, and where it logs to, if it does.
fn logs_of(shared: &Shared, bucket: &str) -> Option<(Bucket, Arc<LoggingTarget>)> {
    let bucket = shared.engine.bucket(&BucketName::parse(bucket).ok()?).ok()?;
    let target = BucketAccess::of(shared, &bucket).ok()?.logging.clone()?;
    Some((bucket, target))
}

fn millis_between(from_ms: i64, to_ms: i64) -> u64 {
    u64::try_from(to_ms.saturating_sub(from_ms)).unwrap_or(0)
}
