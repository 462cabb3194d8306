//! Carrying out the lifecycle of a bucket: one pass over all that is in it. A page is read at a time, off the writer; what
//! falls due on it is done in short transactions, which look at it again. A pass that breaks off leaves nothing half done,
//! and the next begins anew. Not when passes are made, and not where the rules are kept: that is the dialect's.

mod apply;
mod uploads;
mod walk;

use std::sync::Arc;

use rusqlite::Connection;

use self::apply::{Outcome, apply};
use self::uploads::UploadWalk;
use self::walk::{Task, Walk};
use super::bucket::Bucket;
use super::document::DocumentName;
use super::error::Result;
use super::event::told_version;
use super::list::More;
use super::meta::buckets;
use super::version_id::VersionId;
use super::{Engine, require_bucket};
use crate::wire::lifecycle::{Calendar, LifecycleConfiguration};
use crate::wire::object_key::ObjectKey;
use crate::wire::storage_class::StorageClass;

/// Lines of a bucket that are read at once.
const PAGE: usize = 1000;
/// What one transaction does: others wait for it.
const BATCH: usize = 64;
/// Uploads that one transaction ends: each has up to 10,000 parts.
const UPLOADS_BATCH: usize = 8;

/// A walk over a bucket, page by page.
trait Pages: Send + 'static {
    type Task: Send + 'static;

    /// What is due on the next page, and whether there are more.
    fn page(&mut self, conn: &Connection) -> Result<(Vec<Self::Task>, More)>;
}

/// What one rule has done in a pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LifecycleCounts {
    /// Current versions that expired: deleted, or hidden under a delete marker.
    pub expired: u64,
    /// Noncurrent versions and delete markers that were deleted.
    pub deleted: u64,
    /// Delete markers that were all there was of their key.
    pub lone_markers: u64,
    /// Versions of which the storage class changed.
    pub moved: u64,
    /// Uploads that were aborted.
    pub aborted: u64,
    /// Versions that stayed because a lock holds them.
    pub locked: u64,
}

/// Something that a lifecycle has done.
#[derive(Debug, Clone, Copy)]
pub struct LifecycleDone<'a> {
    /// To which key.
    pub key: &'a ObjectKey,
    /// The version that is gone, made or moved; none where the bucket has no versions, and of uploads.
    pub version: Option<VersionId>,
    /// The object's size, where there was one.
    pub size_bytes: Option<u64>,
    /// What.
    pub what: LifecycleDeed,
}

/// What a lifecycle does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifecycleDeed {
    /// An object, a version or a delete marker is gone.
    Deleted,
    /// A delete marker is on top of a key.
    Marked,
    /// A version is of another storage class.
    Moved(StorageClass),
    /// An upload is aborted.
    Aborted,
}

impl LifecycleCounts {
    /// Whether it has done nothing, and was not kept from anything.
    pub fn is_empty(&self) -> bool {
        *self == LifecycleCounts::default()
    }
}

impl Engine {
    /// How long the days of lifecycles and restores are.
    pub fn calendar(&self) -> Calendar {
        self.0.calendar
    }

    /// Makes a pass over a bucket. What each rule has done is in the order of the rules; `witness` is told each of it, once
    /// it is committed.
    pub async fn carry_out_lifecycle(
        &self,
        bucket: &Bucket,
        rules: &Arc<LifecycleConfiguration>,
        mut witness: impl FnMut(&LifecycleDone<'_>) + Send,
    ) -> Result<Vec<LifecycleCounts>> {
        let mut counts = vec![LifecycleCounts::default(); rules.rules.len()];
        let mut walk = Walk::new(bucket, Arc::clone(rules), self.calendar(), self.clock().now());
        loop {
            let (walked, tasks, more) = self.next_page(walk).await?;
            walk = walked;
            for batch in batches(tasks, BATCH) {
                self.carry_out(bucket, rules, batch, &mut counts, &mut witness).await?;
            }
            if more == More::Ended {
                break;
            }
        }
        if rules.aborts_uploads() {
            self.abort_old_uploads(bucket, rules, &mut counts, &mut witness).await?;
        }
        Ok(counts)
    }

    /// Buckets that have a document of this name, in the order in which they were made: a page after that one.
    pub async fn buckets_with_document(
        &self,
        name: DocumentName<'static>,
        after: Option<&Bucket>,
        limit: usize,
    ) -> Result<Vec<Bucket>> {
        let after = after.map_or(0, |bucket| bucket.id);
        self.read_pages(move |conn| buckets::with_document(conn, name.namespace, name.name, after, limit)).await
    }

    /// Takes a walk a page further: itself, what is due on the page, and whether there are more.
    async fn next_page<W: Pages>(&self, mut walk: W) -> Result<(W, Vec<W::Task>, More)> {
        self.read_pages(move |conn| {
            let (tasks, more) = walk.page(conn)?;
            Ok((walk, tasks, more))
        })
        .await
    }

    async fn carry_out(
        &self,
        bucket: &Bucket,
        rules: &Arc<LifecycleConfiguration>,
        tasks: Vec<Task>,
        counts: &mut [LifecycleCounts],
        witness: &mut (impl FnMut(&LifecycleDone<'_>) + Send),
    ) -> Result<()> {
        let (id, for_writer, watch) = (bucket.id, Arc::clone(rules), bucket.watch());
        let done = self
            .transact(move |tx| {
                let state = require_bucket(tx.conn, id)?;
                let mut done = Vec::with_capacity(tasks.len());
                for task in tasks {
                    let outcome = apply(tx, state, id, &for_writer, &task, watch.as_ref())?;
                    done.push((task, outcome));
                }
                Ok(done)
            })
            .await?;
        for (task, outcome) in done {
            let (rule, key) = (rules.rules[task.rule].id.as_str(), task.key.as_str());
            tracing::debug!(bucket = %bucket.name, key, version = %task.version, rule, ?outcome, "lifecycle");
            let counts = &mut counts[task.rule];
            match outcome {
                Outcome::Expired(_) => counts.expired += 1,
                Outcome::Deleted => counts.deleted += 1,
                Outcome::LoneMarkerRemoved => counts.lone_markers += 1,
                Outcome::Moved(_) => counts.moved += 1,
                Outcome::Locked => counts.locked += 1,
                Outcome::Overtaken => {}
            }
            if let Some((version, what)) = outcome.deed(task.version) {
                let (key, size_bytes) = (&task.key, task.size_bytes);
                witness(&LifecycleDone { key, version: told_version(version), size_bytes, what });
            }
        }
        Ok(())
    }

    async fn abort_old_uploads(
        &self,
        bucket: &Bucket,
        rules: &Arc<LifecycleConfiguration>,
        counts: &mut [LifecycleCounts],
        witness: &mut (impl FnMut(&LifecycleDone<'_>) + Send),
    ) -> Result<()> {
        let mut walk = UploadWalk::new(bucket.id, Arc::clone(rules), self.calendar(), self.clock().now());
        loop {
            let (walked, tasks, more) = self.next_page(walk).await?;
            walk = walked;
            for batch in batches(tasks, UPLOADS_BATCH) {
                let id = bucket.id;
                let aborted = self.transact(move |tx| uploads::abort(tx.conn, id, batch)).await?;
                for (key, rule) in aborted {
                    let id = rules.rules[rule].id.as_str();
                    tracing::debug!(bucket = %bucket.name, key = key.as_str(), rule = id, "lifecycle: upload aborted");
                    counts[rule].aborted += 1;
                    let what = LifecycleDeed::Aborted;
                    witness(&LifecycleDone { key: &key, version: None, size_bytes: None, what });
                }
            }
            if more == More::Ended {
                return Ok(());
            }
        }
    }
}

/// In pieces of at most so many.
fn batches<T>(tasks: Vec<T>, size: usize) -> impl Iterator<Item = Vec<T>> {
    let mut tasks = tasks.into_iter();
    std::iter::from_fn(move || Some(tasks.by_ref().take(size).collect()).filter(|batch: &Vec<T>| !batch.is_empty()))
}
