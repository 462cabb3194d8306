//! Carrying out the lifecycles of all buckets, in the background. A rule can fall due when a day begins, and when it is new:
//! then a pass is made over the bucket. Between those it is only looked whether it is time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{DOCUMENT, parse, stored};
use crate::engine::bucket::Bucket;
use crate::engine::lifecycle::LifecycleDone;
use crate::s3::{Service, Shared, logging, notifications};
use crate::wire::lifecycle::{Calendar, LifecycleConfiguration, RuleStatus};

/// How often it is looked, at most; with shorter days several times a day.
const ROUND: Duration = Duration::from_mins(1);
const ROUNDS_PER_DAY: u32 = 10;
const SHORTEST_ROUND: Duration = Duration::from_millis(50);

/// Buckets that are looked up at once.
const BUCKETS: usize = 100;

/// The last pass over a bucket that came to its end: on which day, and by the document of which digest.
#[derive(PartialEq, Eq)]
struct Pass {
    day: i64,
    document: [u8; 32],
}

impl Service {
    /// Carries out lifecycles for as long as it is let.
    pub async fn run_lifecycles(&self) {
        let shared = self.shared();
        let round = round(shared.engine.calendar());
        let mut passes = HashMap::new();
        loop {
            tokio::time::sleep(round).await;
            if let Err(error) = look_round(shared, &mut passes).await {
                tracing::warn!(%error, "lifecycles were not carried out; it is tried again");
            }
        }
    }
}

fn round(calendar: Calendar) -> Duration {
    (calendar.day() / ROUNDS_PER_DAY).clamp(SHORTEST_ROUND, ROUND)
}

async fn look_round(shared: &Shared, passes: &mut HashMap<i64, Pass>) -> crate::engine::error::Result<()> {
    let mut seen = HashSet::new();
    let mut last: Option<Bucket> = None;
    loop {
        let page = shared.engine.buckets_with_document(DOCUMENT, last.as_ref(), BUCKETS).await?;
        let Some(end) = page.last().cloned() else { break };
        for bucket in page {
            seen.insert(bucket.id);
            // One bucket that fails keeps none of the others.
            if let Err(error) = look_at(shared, &bucket, passes).await {
                tracing::warn!(bucket = %bucket.name, error, "a lifecycle was not carried out; it is tried again");
            }
        }
        last = Some(end);
    }
    passes.retain(|bucket, _| seen.contains(bucket));
    Ok(())
}

async fn look_at(shared: &Shared, bucket: &Bucket, passes: &mut HashMap<i64, Pass>) -> Result<(), String> {
    let engine = &shared.engine;
    let Some(document) = stored(engine, bucket).map_err(|error| format!("{error:?}"))? else { return Ok(()) };
    let day = engine.calendar().day_of(engine.clock().now());
    let pass = Pass { day, document: Sha256::digest(&document).into() };
    if passes.get(&bucket.id) == Some(&pass) {
        return Ok(());
    }
    let rules = parse(&document).map_err(|error| format!("{error:?}"))?;
    if rules.rules.iter().any(|rule| rule.status == RuleStatus::Enabled) {
        // What it does is told as what requests do.
        let watched = notifications::watched_by_s3(shared, bucket.clone(), "Lifecycle", None)
            .map_err(|error| error.to_string())?;
        carry_out(shared, &watched, &rules).await?;
    }
    passes.insert(bucket.id, pass);
    Ok(())
}

async fn carry_out(shared: &Shared, bucket: &Bucket, rules: &Arc<LifecycleConfiguration>) -> Result<(), String> {
    let log = |done: &LifecycleDone<'_>| logging::log_lifecycle(shared, bucket, done);
    let counts = shared.engine.carry_out_lifecycle(bucket, rules, log).await.map_err(|error| error.to_string())?;
    for (rule, counts) in rules.rules.iter().zip(counts).filter(|(_, counts)| !counts.is_empty()) {
        tracing::info!(
            bucket = %bucket.name,
            rule = rule.id,
            expired = counts.expired,
            noncurrent_deleted = counts.deleted,
            lone_markers_removed = counts.lone_markers,
            moved = counts.moved,
            uploads_aborted = counts.aborted,
            kept_by_lock = counts.locked,
            "lifecycle carried out"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_looked_every_minute_and_more_often_on_short_days() {
        assert_eq!(round(Calendar::default()), Duration::from_mins(1));
        assert_eq!(round(Calendar::with_day(Duration::from_secs(10))), Duration::from_secs(1));
        assert_eq!(round(Calendar::with_day(Duration::from_millis(1))), SHORTEST_ROUND);
    }
}
