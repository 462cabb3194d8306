//! What falls due when, by the rules of a lifecycle. No clock: whoever asks says what time it is, and how long a day is.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html> and, of rules
//! that compete, <https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html>

use std::time::Duration;

use super::{
    Expiration, LifecycleConfiguration, LifecycleFilter, LifecycleRule, MinimumSize, Noncurrent, RuleStatus, When,
};
use crate::wire::storage_class::StorageClass;
use crate::wire::tagging::TagSet;
use crate::wire::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// What is smaller than this is not worth moving, unless a rule says so itself.
const MINIMUM_SIZE_BYTES: u64 = 128 << 10;

/// How long a day is: 24 hours, or less for tests. Days begin at multiples of it since the epoch, real ones at midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    day_ms: i64,
}

/// A version that rules are asked about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its size.
    pub size_bytes: u64,
    /// Its Last-Modified.
    pub modified: Timestamp,
    /// Its class.
    pub class: StorageClass,
    /// Its tags; only asked for where [`LifecycleConfiguration::asks_for_tags`].
    pub tags: &'a TagSet,
}

/// How a version came to be noncurrent.
#[derive(Debug, Clone, Copy)]
pub struct Succession {
    /// When the version after it was made.
    pub since: Timestamp,
    /// How many noncurrent versions are newer.
    pub newer: u32,
}

/// Something that a rule does at a moment: `T` is what, and `rule` its place in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due<T> {
    /// When.
    pub at: Timestamp,
    /// By which rule.
    pub rule: usize,
    /// What.
    pub what: T,
}

impl Default for Calendar {
    fn default() -> Calendar {
        Calendar { day_ms: DAY_MS }
    }
}

impl Calendar {
    /// One with days of this length, of a millisecond at least.
    pub fn with_day(day: Duration) -> Calendar {
        Calendar { day_ms: i64::try_from(day.as_millis()).unwrap_or(i64::MAX).max(1) }
    }

    /// The length of a day.
    pub fn day(self) -> Duration {
        Duration::from_millis(self.day_ms.unsigned_abs())
    }

    /// The day that a moment is in.
    pub fn day_of(self, moment: Timestamp) -> i64 {
        moment.millis().div_euclid(self.day_ms)
    }

    /// So many days later, and then the next beginning of a day.
    pub fn due(self, from: Timestamp, days: u32) -> Timestamp {
        let begins = self.day_of(from).saturating_add(i64::from(days)).saturating_add(1);
        Timestamp::from_millis(begins.saturating_mul(self.day_ms))
    }

    fn when(self, when: When, modified: Timestamp) -> Timestamp {
        match when {
            When::Days(days) => self.due(modified, days),
            When::Date(date) => date,
        }
    }
}

impl LifecycleConfiguration {
    /// Whether some rule goes by the tags of such an object.
    pub fn asks_for_tags(&self, key: &str, size_bytes: u64) -> bool {
        self.enabled().any(|(_, rule)| !rule.filter.tags.is_empty() && rule.filter.matches_but_tags(key, size_bytes))
    }

    /// Whether some rule removes delete markers.
    pub fn removes_markers(&self) -> bool {
        self.enabled().any(|(_, rule)| matches!(rule.expiration, Some(Expiration::At(_) | Expiration::DeleteMarkers)))
    }

    /// Whether some rule aborts uploads.
    pub fn aborts_uploads(&self) -> bool {
        self.enabled().any(|(_, rule)| rule.abort_uploads_after_days.is_some())
    }

    /// When a current version expires: by the rule that is the first to make it.
    pub fn expiry(&self, subject: &Subject<'_>, calendar: Calendar) -> Option<Due<()>> {
        let dues = self.of(subject).filter_map(|(rule, it)| match it.expiration {
            Some(Expiration::At(when)) => Some(Due { at: calendar.when(when, subject.modified), rule, what: () }),
            _ => None,
        });
        dues.min_by_key(|due| due.at)
    }

    /// When a delete marker goes that is all there is of its key.
    pub fn lone_marker_removal(&self, key: &str, modified: Timestamp, calendar: Calendar) -> Option<Due<()>> {
        let dues = self.of_marker(key).filter_map(|(rule, it)| {
            let at = match it.expiration? {
                Expiration::At(when) => calendar.when(when, modified),
                Expiration::DeleteMarkers => modified,
                Expiration::Nothing => return None,
            };
            Some(Due { at, rule, what: () })
        });
        dues.min_by_key(|due| due.at)
    }

    /// When a noncurrent version is deleted.
    pub fn noncurrent_expiry(
        &self,
        subject: &Subject<'_>,
        succession: Succession,
        calendar: Calendar,
    ) -> Option<Due<()>> {
        noncurrent_expiry_by(self.of(subject), succession, calendar)
    }

    /// As [`Self::noncurrent_expiry`], of a delete marker: it has no size and no tags.
    pub fn noncurrent_marker_expiry(&self, key: &str, succession: Succession, calendar: Calendar) -> Option<Due<()>> {
        noncurrent_expiry_by(self.of_marker(key), succession, calendar)
    }

    /// To which class a current version has to move now. Of several, the one that costs least to keep it in.
    pub fn move_of_current(
        &self,
        subject: &Subject<'_>,
        calendar: Calendar,
        now: Timestamp,
    ) -> Option<Due<StorageClass>> {
        let dues = self.of(subject).flat_map(|(rule, it)| {
            it.transitions.iter().map(move |transition| Due {
                at: calendar.when(transition.when, subject.modified),
                rule,
                what: transition.class,
            })
        });
        self.best_move(dues, subject, now)
    }

    /// To which class a noncurrent version has to move now.
    pub fn move_of_noncurrent(
        &self,
        subject: &Subject<'_>,
        succession: Succession,
        calendar: Calendar,
        now: Timestamp,
    ) -> Option<Due<StorageClass>> {
        let dues = self.of(subject).flat_map(|(rule, it)| {
            it.noncurrent_transitions.iter().filter_map(move |(noncurrent, class)| {
                Some(Due { at: noncurrent.due(succession, calendar)?, rule, what: *class })
            })
        });
        self.best_move(dues, subject, now)
    }

    /// When an upload that stays open is aborted.
    pub fn abort(&self, key: &str, initiated: Timestamp, calendar: Calendar) -> Option<Due<()>> {
        let dues = self.enabled().filter(|(_, rule)| rule.filter.matches_marker(key)).filter_map(|(rule, it)| {
            Some(Due { at: calendar.due(initiated, it.abort_uploads_after_days?), rule, what: () })
        });
        dues.min_by_key(|due| due.at)
    }

    fn best_move(
        &self,
        dues: impl Iterator<Item = Due<StorageClass>>,
        subject: &Subject<'_>,
        now: Timestamp,
    ) -> Option<Due<StorageClass>> {
        dues.filter(|due| due.at <= now && may_move(subject.class, due.what))
            .filter(|due| self.is_worth_moving(&self.rules[due.rule], subject, due.what))
            .max_by_key(|due| depth(due.what))
    }

    /// A rule's own bound on sizes comes before the bucket's.
    fn is_worth_moving(&self, rule: &LifecycleRule, subject: &Subject<'_>, class: StorageClass) -> bool {
        let says_itself = rule.filter.larger_than_bytes.is_some() || rule.filter.smaller_than_bytes.is_some();
        let any_size = match self.minimum_size {
            MinimumSize::All128K => false,
            MinimumSize::VariesByStorageClass => class.is_archived(),
        };
        says_itself || any_size || subject.size_bytes >= MINIMUM_SIZE_BYTES
    }

    fn enabled(&self) -> impl Iterator<Item = (usize, &LifecycleRule)> {
        self.rules.iter().enumerate().filter(|(_, rule)| rule.status == RuleStatus::Enabled)
    }

    fn of(&self, subject: &Subject<'_>) -> impl Iterator<Item = (usize, &LifecycleRule)> {
        self.enabled().filter(|(_, rule)| rule.filter.matches(subject.key, subject.tags, subject.size_bytes))
    }

    fn of_marker(&self, key: &str) -> impl Iterator<Item = (usize, &LifecycleRule)> {
        self.enabled().filter(move |(_, rule)| rule.filter.matches_marker(key))
    }
}

/// When the first of these rules deletes what is noncurrent.
fn noncurrent_expiry_by<'a>(
    rules: impl Iterator<Item = (usize, &'a LifecycleRule)>,
    succession: Succession,
    calendar: Calendar,
) -> Option<Due<()>> {
    let dues = rules.filter_map(|(rule, it)| {
        Some(Due { at: it.noncurrent_expiration?.due(succession, calendar)?, rule, what: () })
    });
    dues.min_by_key(|due| due.at)
}

impl LifecycleFilter {
    /// Whether it is for an object.
    pub fn matches(&self, key: &str, tags: &TagSet, size_bytes: u64) -> bool {
        self.matches_but_tags(key, size_bytes)
            && self.tags.iter().all(|(key, value)| tags.value(key) == Some(value.as_str()))
    }

    /// Whether it is for an object, if that has the tags.
    pub fn matches_but_tags(&self, key: &str, size_bytes: u64) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix))
            && self.larger_than_bytes.is_none_or(|bound| size_bytes > bound)
            && self.smaller_than_bytes.is_none_or(|bound| size_bytes < bound)
    }

    /// Whether it is for what has neither size nor tags: delete markers, and uploads.
    fn matches_marker(&self, key: &str) -> bool {
        self.tags.is_empty()
            && self.larger_than_bytes.is_none()
            && self.smaller_than_bytes.is_none()
            && self.prefix.as_ref().is_none_or(|prefix| key.starts_with(prefix))
    }
}

impl Noncurrent {
    /// None while too few versions are newer.
    fn due(self, succession: Succession, calendar: Calendar) -> Option<Timestamp> {
        let enough = self.newer_versions.is_none_or(|wanted| succession.newer >= wanted);
        enough.then(|| calendar.due(succession.since, self.days))
    }
}

/// The order in which objects move.
fn depth(class: StorageClass) -> u8 {
    match class {
        StorageClass::Standard | StorageClass::ReducedRedundancy => 0,
        StorageClass::StandardIa => 1,
        StorageClass::IntelligentTiering => 2,
        StorageClass::OneZoneIa => 3,
        StorageClass::GlacierIr => 4,
        StorageClass::Glacier => 5,
        StorageClass::DeepArchive => 6,
    }
}

/// Which moves there are: a waterfall, with one gap.
fn may_move(from: StorageClass, to: StorageClass) -> bool {
    depth(from) < depth(to) && !(from == StorageClass::OneZoneIa && to == StorageClass::GlacierIr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::lifecycle::SHAPE;
    use crate::wire::xml::Element;

    const CALENDAR: Calendar = Calendar { day_ms: DAY_MS };

    fn configuration(rules: &str) -> LifecycleConfiguration {
        let document = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
        let read = SHAPE.read(&Element::parse(document.as_bytes()).unwrap()).unwrap();
        LifecycleConfiguration::parse(&read).unwrap()
    }

    fn rule(id: &str, filter: &str, actions: &str) -> String {
        format!("<Rule><ID>{id}</ID><Filter>{filter}</Filter><Status>Enabled</Status>{actions}</Rule>")
    }

    fn days(days: i64) -> Timestamp {
        Timestamp::from_millis(days * DAY_MS)
    }

    fn subject(size_bytes: u64, class: StorageClass, tags: &TagSet) -> Subject<'_> {
        // In the morning of day 10.
        Subject { key: "a/k", size_bytes, modified: Timestamp::from_millis(10 * DAY_MS + 1), class, tags }
    }

    #[test]
    fn days_end_at_midnight() {
        // AWS's own example: made on January 15 at 10:30, due after three days on January 19 at 00:00.
        let made = Timestamp::parse_iso8601("2014-01-15T10:30:00Z").unwrap();
        assert_eq!(CALENDAR.due(made, 3).iso8601_seconds(), "2014-01-19T00:00:00Z");
        let short = Calendar::with_day(Duration::from_secs(10));
        assert_eq!(short.due(Timestamp::from_millis(25_000), 1).millis(), 40_000);
        assert_eq!(Calendar::with_day(Duration::ZERO).day(), Duration::from_millis(1));
    }

    #[test]
    fn the_first_expiration_wins() {
        let expire = |days: u32| format!("<Expiration><Days>{days}</Days></Expiration>");
        let tag = "<Tag><Key>t</Key><Value>1</Value></Tag>";
        let rules = [
            rule("late", "", &expire(9)),
            rule("tagged", tag, &expire(1)),
            rule("early", "<Prefix>a/</Prefix>", &expire(3)),
            rule("resting", "", &expire(2)).replace("Enabled", "Disabled"),
        ];
        let configuration = configuration(&rules.concat());
        let (none, one) = (TagSet::default(), TagSet::parse_header("t=1").unwrap());
        let of = |tags| configuration.expiry(&subject(0, StorageClass::Standard, tags), CALENDAR).unwrap();
        assert_eq!(of(&none), Due { at: days(14), rule: 2, what: () });
        assert_eq!(of(&one), Due { at: days(12), rule: 1, what: () });
        assert!(configuration.asks_for_tags("x", 0));
        let marker = configuration.lone_marker_removal("b/k", days(0), CALENDAR);
        assert_eq!(marker, Some(Due { at: days(10), rule: 0, what: () }));
    }

    #[test]
    fn small_objects_stay_unless_a_rule_says_otherwise() {
        let to = |class: &str| format!("<Transition><Days>0</Days><StorageClass>{class}</StorageClass></Transition>");
        let none = TagSet::default();
        let moved = |configuration: &LifecycleConfiguration, size| {
            let subject = subject(size, StorageClass::Standard, &none);
            configuration.move_of_current(&subject, CALENDAR, days(20)).map(|due| due.what)
        };
        let mut plain = configuration(&rule("a", "", &to("GLACIER")));
        assert_eq!((moved(&plain, 131_071), moved(&plain, 131_072)), (None, Some(StorageClass::Glacier)));
        plain.minimum_size = MinimumSize::VariesByStorageClass;
        assert_eq!(moved(&plain, 1), Some(StorageClass::Glacier));
        let warm = LifecycleConfiguration {
            minimum_size: MinimumSize::VariesByStorageClass,
            ..configuration(&rule("a", "", &to("GLACIER_IR")))
        };
        assert_eq!(moved(&warm, 1), None);
        let own = configuration(&rule("a", "<ObjectSizeGreaterThan>0</ObjectSizeGreaterThan>", &to("GLACIER_IR")));
        assert_eq!((moved(&own, 1), moved(&own, 0)), (Some(StorageClass::GlacierIr), None));
    }

    #[test]
    fn moves_go_down_only_and_the_deepest_wins() {
        let to = |days: u32, class: &str| {
            format!("<Transition><Days>{days}</Days><StorageClass>{class}</StorageClass></Transition>")
        };
        let actions = [to(30, "STANDARD_IA"), to(60, "GLACIER")].concat();
        let configuration = configuration(&rule("a", "", &actions));
        let none = TagSet::default();
        let moved = |class, day| {
            let subject = subject(1 << 20, class, &none);
            configuration.move_of_current(&subject, CALENDAR, days(day)).map(|due| due.what)
        };
        assert_eq!(moved(StorageClass::Standard, 40), None);
        assert_eq!(moved(StorageClass::Standard, 41), Some(StorageClass::StandardIa));
        assert_eq!(moved(StorageClass::Standard, 99), Some(StorageClass::Glacier));
        assert_eq!(moved(StorageClass::StandardIa, 41), None);
        assert_eq!(moved(StorageClass::DeepArchive, 99), None);
        assert!(!may_move(StorageClass::OneZoneIa, StorageClass::GlacierIr));
    }

    #[test]
    fn noncurrent_versions_go_by_their_succession() {
        let actions = "<NoncurrentVersionExpiration><NoncurrentDays>2</NoncurrentDays>\
                       <NewerNoncurrentVersions>3</NewerNoncurrentVersions></NoncurrentVersionExpiration>";
        let configuration = configuration(&rule("a", "", actions));
        let none = TagSet::default();
        let subject = subject(0, StorageClass::Standard, &none);
        let due = |newer| configuration.noncurrent_expiry(&subject, Succession { since: days(5), newer }, CALENDAR);
        assert_eq!((due(2), due(3).map(|due| due.at)), (None, Some(days(8))));
    }
}
