//! Looking, in the background, for restores that time has completed, and for copies that it has taken away: buckets tell
//! both.

use std::time::Duration;

use crate::engine::error::{Error, Result};
use crate::s3::{Service, Shared, notifications};

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

async fn look_round(shared: &Shared) -> Result<()> {
    loop {
        let mut due = shared.engine.due_restores(PAGE)?;
        let found = due.len();
        while let Some(name) = due.first().map(|first| first.bucket.clone()) {
            let (here, elsewhere) = due.into_iter().partition(|other| other.bucket == name);
            due = elsewhere;
            let told = match shared.engine.bucket(&name) {
                Ok(bucket) => {
                    let watched = notifications::watched_by_s3(shared, bucket, "RestoreObject", None)?;
                    shared.engine.tell_restores(&watched, here).await
                }
                Err(error) => Err(error),
            };
            // A bucket that is gone meanwhile has no restores any more.
            if let Err(error) = told
                && !matches!(error, Error::NoSuchBucket)
            {
                return Err(error);
            }
        }
        if found < PAGE {
            return Ok(());
        }
    }
}
