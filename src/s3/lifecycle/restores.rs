//! Looking, in the background, for restores that time has completed, and for copies that it has taken away: buckets tell
//! both.

use std::time::Duration;

use crate::engine::error::{Error, Result};
use crate::engine::object::restores::DueRestore;
use crate::s3::{Service, Shared, notifications};
use crate::wire::bucket_name::BucketName;

/// How often it is looked, at most; with shorter days several times an hour of theirs.
const ROUND: Duration = Duration::from_secs(1);
const ROUNDS_PER_DAY: u32 = 48;
const SHORTEST_ROUND: Duration = Duration::from_millis(50);

/// Restores that are read at once.
const PAGE: usize = 100;

impl Service {
    /// Tells what becomes of restores, for as long as it is let.
    pub async fn tell_restores(&self) {
        let shared = self.shared();
        let round = (shared.engine.calendar().day() / ROUNDS_PER_DAY).clamp(SHORTEST_ROUND, ROUND);
        loop {
            tokio::time::sleep(round).await;
            if let Err(error) = look_round(shared).await {
                tracing::warn!(%error, "what became of restores was not told; it is tried again");
            }
        }
    }
}

/// Tells what is due. Of a bucket that fails it is tried again in the next round, after all others.
async fn look_round(shared: &Shared) -> Result<()> {
    loop {
        let mut due = shared.engine.due_restores(PAGE)?;
        let is_last = due.len() < PAGE;
        let mut failed = Ok(());
        while let Some(name) = due.first().map(|first| first.bucket.clone()) {
            let (here, elsewhere) = due.into_iter().partition(|other| other.bucket == name);
            due = elsewhere;
            match tell(shared, &name, here).await {
                // A bucket that is gone meanwhile has no restores any more.
                Ok(()) | Err(Error::NoSuchBucket) => {}
                Err(error) => failed = Err(error),
            }
        }
        failed?;
        if is_last {
            return Ok(());
        }
    }
}

async fn tell(shared: &Shared, bucket: &BucketName, due: Vec<DueRestore>) -> Result<()> {
    let bucket = shared.engine.bucket(bucket)?;
    let watched = notifications::watched_by_s3(shared, bucket, "RestoreObject", None)?;
    shared.engine.tell_restores(&watched, due).await
}
