//! Writes what has waited long enough as objects into the buckets that are named, if they let the service.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html>

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use super::batches::Batch;
use crate::engine::blobs::digests::WantedDigests;
use crate::engine::object::PutObject;
use crate::s3::Shared;
use crate::s3::access::{BucketAccess, bucket_owner, service_may_put};
use crate::s3::notifications;
use crate::s3::service::Service;
use crate::wire::access_log::Source;
use crate::wire::acl::Acl;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;

/// Who delivers, as policies name it.
const SERVICE: &str = "logging.s3.amazonaws.com";

/// How often it is looked whether something has waited long enough: the period is one of the engine's clock.
const LONGEST_ROUND: Duration = Duration::from_secs(1);
const SHORTEST_ROUND: Duration = Duration::from_millis(10);

impl Service {
    /// Delivers access logs until the server stops, and then what is left.
    pub async fn deliver_logs(&self) {
        let shared = self.shared();
        let logs = &shared.logs;
        let round = (logs.period / 10).clamp(SHORTEST_ROUND, LONGEST_ROUND);
        let period_ms = i64::try_from(logs.period.as_millis()).unwrap_or(i64::MAX);
        loop {
            let closing = logs.closing.load(Ordering::Acquire);
            let now = shared.engine.clock().now();
            let (due, lost, waiting) = {
                let mut batches = logs.batches.lock().unwrap_or_else(PoisonError::into_inner);
                let (due, lost) = if closing { batches.take_all() } else { batches.take_due(now, period_ms) };
                (due, lost, !batches.is_empty())
            };
            if lost > 0 {
                tracing::warn!(lost, "access logs: records came faster than they could be delivered, and were lost");
            }
            for batch in due {
                deliver(shared, batch).await;
            }
            if closing {
                return;
            }
            if waiting {
                let _either = tokio::time::timeout(round, logs.wake.notified()).await;
            } else {
                logs.wake.notified().await;
            }
        }
    }

    /// Asks [`Self::deliver_logs`] to deliver what is left, and to end.
    pub fn close_logs(&self) {
        self.shared().logs.closing.store(true, Ordering::Release);
        self.shared().logs.wake.notify_one();
    }
}

/// Delivers a batch. By best effort: what cannot be delivered is said in the log, and lost.
async fn deliver(shared: &Shared, batch: Batch) {
    let (source, target) = (batch.source.name.clone(), batch.target.bucket.clone());
    if let Err(reason) = put(shared, batch).await {
        tracing::warn!(%source, %target, "access log not delivered: {reason}");
    }
}

async fn put(shared: &Shared, batch: Batch) -> Result<(), String> {
    let words = |error: crate::engine::error::Error| error.to_string();
    let target = shared.engine.bucket(&batch.target.bucket).map_err(words)?;
    // As it was when the logging was set up; a bucket of that name may since have been made by somebody else.
    if target.account != batch.source.account {
        return Err("the bucket belongs to another account".to_owned());
    }
    let now = shared.engine.clock().now();
    let source =
        Source { account: &batch.source.account, region: &batch.source.region, bucket: batch.source.name.as_str() };
    let unique = format!("{:016X}", rand::random::<u64>());
    let key = batch.target.format.key(&batch.target.prefix, source, batch.event, now, &unique);
    let key = ObjectKey::parse(key).map_err(|_| "its prefix makes keys that are too long".to_owned())?;
    service_may_put(shared, SERVICE, &batch.source, &target, &key)?;
    let access = BucketAccess::of(shared, &target).map_err(|error| error.message().to_owned())?;
    let owner = bucket_owner(&shared.config.identities, &target);
    let acl = (access.acls_count() && !batch.target.grants.is_empty()).then(|| {
        let mut acl = Acl::private(owner);
        acl.grants.extend(batch.target.grants.iter().cloned());
        acl
    });
    let mut writer = shared.engine.blob_writer(WantedDigests::default());
    writer.write(Bytes::from(batch.lines)).await.map_err(words)?;
    let sealed = writer.seal().await.map_err(words)?;
    let headers = ObjectHeaders { content_type: Some("text/plain".to_owned()), ..ObjectHeaders::default() };
    let attributes = ObjectAttributes { acl, ..ObjectAttributes::default() };
    let put = PutObject { attributes, ..PutObject::new(key, headers) };
    let target = notifications::watched_by_s3(shared, target, "PutObject", None).map_err(words)?;
    shared.engine.put_object(&target, put, sealed).await.map(drop).map_err(words)
}
