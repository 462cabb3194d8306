//! Records that wait for their delivery, in memory, and bounded: those beyond the bound are lost, as AWS delivers by best
//! effort too.

use std::collections::HashMap;
use std::sync::Arc;

use super::target::LoggingTarget;
use crate::engine::bucket::Bucket;
use crate::wire::access_log::KeyFormat;
use crate::wire::bucket_name::BucketName;
use crate::wire::time::Timestamp;

/// A batch of this size does not wait any longer.
const FULL_BATCH_BYTES: usize = 1 << 20;

/// What waits in all.
const MAX_WAITING_BYTES: usize = 32 << 20;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Records of one bucket for one log object.
#[derive(Debug)]
pub(super) struct Batch {
    /// Whose records they are.
    pub(super) source: Bucket,
    pub(super) target: Arc<LoggingTarget>,
    pub(super) lines: String,
    /// The time of its first record.
    pub(super) event: Timestamp,
    /// When it began to wait.
    since: Timestamp,
}

/// Which records may stand in one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Together {
    source: BucketName,
    target: BucketName,
    prefix: String,
    format: KeyFormat,
    /// Where objects hold the records of one day.
    day: Option<i64>,
}

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct Batches {
    waiting: HashMap<Together, Batch>,
    waiting_bytes: usize,
    /// Records lost since the last delivery.
    lost: u64,
}

impl Batches {
    /// Adds a record. Returns whether its batch is full.
    pub(super) fn add(
        &mut self,
        source: &Bucket,
        target: &Arc<LoggingTarget>,
        event: Timestamp,
        line: &str,
        now: Timestamp,
    ) -> Fill {
        if self.waiting_bytes + line.len() > MAX_WAITING_BYTES {
            self.lost += 1;
            return Fill::Full;
        }
        self.waiting_bytes += line.len();
        let together = Together {
            source: source.name.clone(),
            target: target.bucket.clone(),
            prefix: target.prefix.clone(),
            format: target.format,
            day: (target.format == KeyFormat::ByEventTime).then(|| event.millis().div_euclid(DAY_MS)),
        };
        let batch = self.waiting.entry(together).or_insert_with(|| Batch {
            source: source.clone(),
            target: Arc::clone(target),
            lines: String::new(),
            event,
            since: now,
        });
        batch.lines.push_str(line);
        if batch.is_full() { Fill::Full } else { Fill::Room }
    }

    /// Takes what has waited long enough, or is full, and how many records were lost.
    pub(super) fn take_due(&mut self, now: Timestamp, period_ms: i64) -> (Vec<Batch>, u64) {
        self.take(|batch| batch.is_full() || now.millis() - batch.since.millis() >= period_ms)
    }

    /// Takes everything.
    pub(super) fn take_all(&mut self) -> (Vec<Batch>, u64) {
        self.take(|_| true)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.lost == 0
    }

    fn take(&mut self, due: impl Fn(&Batch) -> bool) -> (Vec<Batch>, u64) {
        let due: Vec<Batch> = self.waiting.extract_if(|_, batch| due(batch)).map(|(_, batch)| batch).collect();
        self.waiting_bytes -= due.iter().map(|batch| batch.lines.len()).sum::<usize>();
        (due, std::mem::take(&mut self.lost))
    }
}

/// Whether a batch can wait for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    Room,
    Full,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.lines.len() >= FULL_BATCH_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::bucket::BucketState;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn bucket(name: &str) -> Bucket {
        let name = BucketName::parse(name).unwrap();
        Bucket::new(1, name, "1".to_owned(), "us-east-1".to_owned(), at(0), BucketState::default())
    }

    fn target(format: KeyFormat) -> Arc<LoggingTarget> {
        let bucket = BucketName::parse("logs").unwrap();
        Arc::new(LoggingTarget { bucket, prefix: String::new(), format, grants: Vec::new() })
    }

    #[test]
    fn batches_wait_for_their_time() {
        let (mut batches, target) = (Batches::default(), target(KeyFormat::Simple));
        let (one, two) = (bucket("one"), bucket("two"));
        assert_eq!(batches.add(&one, &target, at(0), "a\n", at(0)), Fill::Room);
        batches.add(&one, &target, at(5), "b\n", at(5));
        batches.add(&two, &target, at(6), "c\n", at(6));
        assert!(batches.take_due(at(9), 10).0.is_empty());
        let (due, lost) = batches.take_due(at(10), 10);
        assert_eq!((due.len(), due[0].lines.as_str(), lost), (1, "a\nb\n", 0));
        assert_eq!(batches.take_all().0.len(), 1);
        assert!(batches.is_empty() && batches.waiting_bytes == 0);
    }

    #[test]
    fn days_are_apart_where_keys_name_them() {
        for (format, objects) in [(KeyFormat::Simple, 1), (KeyFormat::ByDeliveryTime, 1), (KeyFormat::ByEventTime, 2)] {
            let (mut batches, target) = (Batches::default(), target(format));
            for event in [DAY_MS - 1, DAY_MS] {
                batches.add(&bucket("one"), &target, at(event), "a\n", at(0));
            }
            assert_eq!(batches.take_all().0.len(), objects, "{format:?}");
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let (mut batches, target, one) = (Batches::default(), target(KeyFormat::Simple), bucket("one"));
        let line = "x".repeat(FULL_BATCH_BYTES / 2);
        assert_eq!(batches.add(&one, &target, at(0), &line, at(0)), Fill::Room);
        assert_eq!(batches.add(&one, &target, at(0), &line, at(0)), Fill::Full);
        assert_eq!(batches.take_due(at(0), 10).0.len(), 1);
        for _ in 0..100 {
            batches.add(&one, &target, at(0), &line, at(0));
        }
        let (due, lost) = batches.take_all();
        assert_eq!((due[0].lines.len(), lost), (MAX_WAITING_BYTES, 36));
        assert!(batches.is_empty());
    }
}
