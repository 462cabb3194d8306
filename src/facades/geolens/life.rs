//! How jobs end that nobody ends: what is stale fails, and what they left in the storage goes. On every look at a job, at
//! start, and from time to time.

use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::App;
use super::auth::{SPENT, Spent};
use super::error::ApiError;
use super::record::{Job, MARKERS, Marker, Shelf, State, Upload, frozen_key, staging_key};
use super::settings::{HEADROOM_SECONDS, KEEP_SECONDS, LATE_PUT_SECONDS};
use crate::engine::document::Owner;
use crate::facades::storage::StorageError;
use crate::wire::time::Timestamp;

/// Between two looks at all jobs that have something in the storage.
pub(super) const SWEEP_EVERY: Duration = Duration::from_mins(1);
/// The keeper lets go of a job soon; a completion may take its time.
const PATIENCE: Duration = Duration::from_millis(500);
/// Documents that are read at once.
const PAGE: usize = 100;

const NEVER_QUEUED: &str = "Stale: pending too long (never queued)";
const NEVER_COMMITTED: &str = "Stale: upload completed but never committed";

/// Why a job is stale, if it is. One that waits for its import is not, however long that takes.
fn staleness(job: &Job, pending_seconds: i64, now: Timestamp) -> Option<&'static str> {
    if job.state != State::Pending || job.import.is_some() {
        return None;
    }
    let (seconds, reason) = match job.file {
        None => (pending_seconds, NEVER_QUEUED),
        Some(_) => (KEEP_SECONDS.max(pending_seconds + HEADROOM_SECONDS), NEVER_COMMITTED),
    };
    is_past(job.created_ms, seconds, now).then_some(reason)
}

fn is_past(since_ms: i64, seconds: i64, now: Timestamp) -> bool {
    now.millis() > since_ms.saturating_add(seconds * 1000)
}

impl App {
    /// A job as it is now: a stale one has failed. Not while somebody works on it.
    pub(super) async fn current_job(&self, id: Uuid) -> Result<Option<Job>, ApiError> {
        let Some(job) = self.job(id)? else { return Ok(None) };
        if !self.is_stale(&job) {
            return Ok(Some(job));
        }
        match timeout(PATIENCE, self.locks.hold(id)).await {
            Ok(_held) => self.settle(id).await,
            // A completion that began in time.
            Err(_elapsed) => Ok(Some(job)),
        }
    }

    fn is_stale(&self, job: &Job) -> bool {
        staleness(job, self.settings.pending_seconds, self.ground.now()).is_some()
    }

    /// Fails a job if it is stale, and clears up after it. Its caller holds the job.
    pub(super) async fn settle(&self, id: Uuid) -> Result<Option<Job>, ApiError> {
        let found = self.job(id)?;
        if !found.as_ref().is_some_and(|job| self.is_stale(job)) {
            return Ok(found);
        }
        let pending_seconds = self.settings.pending_seconds;
        let failed = self.change_job(id, move |job, now| match staleness(job, pending_seconds, now) {
            Some(reason) => {
                job.fail(reason, now);
                true
            }
            None => false,
        });
        match failed.await? {
            None => self.job(id),
            Some(job) => Ok(Some(self.clear(id, job).await?)),
        }
    }

    /// Removes all that a failed job has in the storage. What cannot be removed now is tried again.
    pub(super) async fn clear(&self, id: Uuid, job: Job) -> Result<Job, ApiError> {
        let Some(bucket) = Shelf::of_account(self, &job.account) else { return Ok(job) };
        if let Err(reason) = self.remove(id, &job, &bucket).await {
            tracing::warn!(%id, %reason, "geolens: what a failed job left could not be removed yet");
            return Ok(job);
        }
        let cleaned = self.change_job(id, |job, _| {
            job.file = None;
            job.is_cleaned = true;
            true
        });
        Ok(cleaned.await?.unwrap_or(job))
    }

    async fn remove(&self, id: Uuid, job: &Job, bucket: &Shelf) -> Result<(), StorageError> {
        let staging = staging_key(id, &job.file_name);
        if let Upload::Multipart { upload_id, .. } = &job.upload {
            unless_gone(self.ground.storage().abort_upload(&bucket.place(&staging), upload_id).await)?;
        }
        for key in [staging, frozen_key(id, &job.file_name)] {
            unless_gone(self.ground.storage().delete(&bucket.place(&key)).await)?;
        }
        Ok(())
    }

    /// Looks after all jobs that have something in the storage, or may have. Returns those that wait for their import, or
    /// were in it when the server ended.
    pub(super) async fn sweep(&self) -> Result<Vec<Uuid>, ApiError> {
        let (mut waiting, mut after) = (Vec::new(), String::new());
        loop {
            let page: Vec<(String, Marker)> = self.ground.list_documents(Owner::Dialect, MARKERS, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            for (name, marker) in page {
                let Some(id) = name.strip_prefix(MARKERS).and_then(|id| Uuid::parse_str(id).ok()) else { continue };
                // Whoever holds it looks after it.
                let Some(_held) = self.locks.try_hold(id) else { continue };
                match self.look_after(id, &marker).await {
                    Ok(true) => waiting.push(id),
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%id, ?error, "geolens: a job could not be looked after"),
                }
            }
        }
        self.forget_spent_tokens().await?;
        Ok(waiting)
    }

    /// Whether the job waits for its import.
    async fn look_after(&self, id: Uuid, marker: &Marker) -> Result<bool, ApiError> {
        let now = self.ground.now();
        let urls_ended = is_past(marker.created_ms, self.settings.pending_seconds + LATE_PUT_SECONDS, now);
        let Some(mut job) = self.settle(id).await? else {
            // A start that broke off: its client never heard of the job.
            if urls_ended {
                let job = Job::new(marker, Upload::Direct, None);
                self.forget(id, &job).await?;
            }
            return Ok(false);
        };
        match job.state {
            State::Pending => return Ok(job.import.is_some()),
            State::Running => return Ok(true),
            State::Complete => {}
            State::Failed => {
                // The file of a failed import is kept for a while, if it can be tried again. Assumption 10.
                let kept = job.file.is_some() && job.import.is_some() && job.replaces.is_none();
                let is_over = job.completed_ms.is_none_or(|completed_ms| is_past(completed_ms, KEEP_SECONDS, now));
                if !job.is_cleaned && (!kept || is_over) {
                    job = self.clear(id, job).await?;
                }
                if !job.is_cleaned {
                    return Ok(false);
                }
            }
        }
        if urls_ended {
            self.forget(id, &job).await?;
        }
        Ok(false)
    }

    /// Nothing can come any more by a URL of the job: what may have come late goes, and the job needs no more care.
    async fn forget(&self, id: Uuid, job: &Job) -> Result<(), ApiError> {
        if let Some(bucket) = Shelf::of_account(self, &job.account) {
            let frozen = (job.state != State::Complete).then(|| frozen_key(id, &job.file_name));
            for key in [staging_key(id, &job.file_name)].into_iter().chain(frozen) {
                unless_gone(self.ground.storage().delete(&bucket.place(&key)).await)?;
            }
        }
        self.delete_marker(id).await
    }

    async fn forget_spent_tokens(&self) -> Result<(), ApiError> {
        let mut after = String::new();
        loop {
            let page: Vec<(String, Spent)> = self.ground.list_documents(Owner::Dialect, SPENT, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            for (name, spent) in page {
                if spent.ends <= self.ground.now().secs() {
                    self.ground.delete_document(Owner::Dialect, &name).await?;
                }
            }
        }
    }
}

/// What is not there needs not be removed.
fn unless_gone(removed: Result<(), StorageError>) -> Result<(), StorageError> {
    match removed {
        Err(StorageError::NoSuchBucket | StorageError::NoSuchKey | StorageError::NoSuchUpload) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Import, StoredFile};
    use super::*;

    #[test]
    fn jobs_are_stale_by_what_they_wait_for() {
        let marker = Marker { account: String::new(), file_name: "a.csv".to_owned(), created_ms: 0 };
        let mut job = Job::new(&marker, Upload::Direct, None);
        let at = |job: &Job, seconds: i64| staleness(job, 3600, Timestamp::from_millis(seconds * 1000 + 1));
        assert_eq!((at(&job, 3599), at(&job, 3600)), (None, Some(NEVER_QUEUED)));
        job.file = Some(StoredFile { key: String::new(), size_bytes: 1 });
        assert_eq!((at(&job, 24 * 3600 - 1), at(&job, 24 * 3600)), (None, Some(NEVER_COMMITTED)));
        // The backstop stays behind the longest life of URLs.
        assert_eq!(staleness(&job, 7 * 24 * 3600, Timestamp::from_secs(7 * 24 * 3600 + 1)), None);
        job.import = Some(Import {
            dataset_id: Uuid::nil(),
            description: None,
            srid_override: None,
            layer_name: None,
            columns: Vec::new(),
        });
        assert_eq!(at(&job, 1_000_000), None);
    }
}
