//! What AWS says of rules that are well-formed and make no sense. The sentences are AWS's as they were seen: in LocalStack's
//! and argmin's recordings, in what users of Terraform and of other servers report, and in what those servers say after it.

use std::fmt::{self, Display};

use super::{
    Expiration, LifecycleConfiguration, LifecycleFilter, LifecycleProblem, LifecycleRule, MAX_ID_CHARS, Noncurrent,
    Result, Transition, Version, When,
};
use crate::wire::storage_class::StorageClass;

/// The longest prefix, in bytes: no key is longer.
const MAX_PREFIX_BYTES: usize = 1024;
const MAX_TAG_KEY_CHARS: usize = 128;
const MAX_TAG_VALUE_CHARS: usize = 256;

/// How old an object has to be before it is moved to an infrequent-access class.
const INFREQUENT_ACCESS_DAYS: u32 = 30;

fn request<T>(message: impl Into<String>) -> Result<T> {
    Err(LifecycleProblem::Request(message.into()))
}

fn argument<T>(message: impl Into<String>, name: &'static str, value: impl Display) -> Result<T> {
    Err(LifecycleProblem::Argument(message.into(), name, value.to_string()))
}

impl LifecycleConfiguration {
    pub(super) fn check(&self) -> Result<()> {
        let version = self.rules.first().map(|rule| rule.filter.version).unwrap_or_default();
        for (at, rule) in self.rules.iter().enumerate() {
            match (version, rule.filter.version) {
                (Version::V1, Version::V2) => return request("Filter element can only be used in Lifecycle V2."),
                (Version::V2, Version::V1) => {
                    return request(
                        "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.",
                    );
                }
                _ => {}
            }
            rule.check()?;
            for before in &self.rules[..at] {
                if before.id == rule.id {
                    let message = "Rule ID must be unique. Found same ID for more than one rule";
                    return argument(message, "ID", &rule.id);
                }
                if version == Version::V1 {
                    check_overlap(before, rule)?;
                }
            }
        }
        Ok(())
    }
}

/// Only in the first version of the document; in the second, rules may overlap.
fn check_overlap(before: &LifecycleRule, rule: &LifecycleRule) -> Result<()> {
    let prefix = |rule: &LifecycleRule| rule.filter.prefix.clone().unwrap_or_default();
    let (one, other) = (prefix(before), prefix(rule));
    let shared = before.actions().into_iter().find(|action| rule.actions().contains(action));
    match shared {
        Some(action) if one.starts_with(&other) || other.starts_with(&one) => {
            request(format!("Found overlapping prefixes '{one}' and '{other}' for same action type '{action}'"))
        }
        _ => Ok(()),
    }
}

impl LifecycleRule {
    fn check(&self) -> Result<()> {
        if self.id.chars().count() > MAX_ID_CHARS {
            let message = format!("ID length should not exceed allowed limit of {MAX_ID_CHARS}");
            return argument(message, "ID", &self.id);
        }
        if self.actions().is_empty() {
            return request("At least one action needs to be specified in a rule");
        }
        self.filter.check()?;
        self.check_filtered_actions()?;
        self.check_transitions()?;
        self.check_noncurrent()
    }

    /// The names of its actions.
    fn actions(&self) -> Vec<&'static str> {
        let actions = [
            ("Transition", !self.transitions.is_empty()),
            ("Expiration", self.expiration.is_some()),
            ("NoncurrentVersionTransition", !self.noncurrent_transitions.is_empty()),
            ("NoncurrentVersionExpiration", self.noncurrent_expiration.is_some()),
            ("AbortIncompleteMultipartUpload", self.abort_uploads_after_days.is_some()),
        ];
        actions.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
    }

    /// Uploads and delete markers have neither tags nor a size.
    fn check_filtered_actions(&self) -> Result<()> {
        let markers = matches!(self.expiration, Some(Expiration::DeleteMarkers | Expiration::Nothing));
        let actions = [
            ("ExpiredObjectDeleteMarker", markers),
            ("AbortIncompleteMultipartUpload", self.abort_uploads_after_days.is_some()),
        ];
        for (action, _) in actions.into_iter().filter(|(_, there)| *there) {
            if !self.filter.tags.is_empty() {
                return request(format!("{action} cannot be specified with Tags."));
            }
            if self.filter.larger_than_bytes.is_some() || self.filter.smaller_than_bytes.is_some() {
                return request(format!("{action} cannot be specified with Object Size."));
            }
        }
        Ok(())
    }

    fn check_transitions(&self) -> Result<()> {
        let described = self.filter.described();
        let moves: Vec<Transition> = self.transitions.clone();
        Action { name: "Transition", days: "Days", described: &described }.check(&moves)?;
        moves.into_iter().try_for_each(|transition| self.check_end(transition, &described))
    }

    /// Objects expire after they were moved.
    fn check_end(&self, transition: Transition, described: &str) -> Result<()> {
        let Some(Expiration::At(end)) = self.expiration else { return Ok(()) };
        let (unit, late_enough) = match (end, transition.when) {
            (When::Days(end), When::Days(moved)) => ("Days", end > moved),
            (When::Date(end), When::Date(moved)) => ("Date", end > moved),
            _ => {
                return request(format!(
                    "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for {described}"
                ));
            }
        };
        if late_enough {
            return Ok(());
        }
        let message = format!(
            "'{unit}' in the Expiration action for {described} must be greater than '{unit}' in the Transition action"
        );
        argument(message, unit, end)
    }

    fn check_noncurrent(&self) -> Result<()> {
        let described = self.filter.described();
        let all = self.noncurrent_transitions.iter().map(|(noncurrent, _)| noncurrent);
        let kept = all.chain(&self.noncurrent_expiration).any(|noncurrent| noncurrent.newer_versions.is_some());
        if kept && self.filter.version == Version::V1 {
            return request("NewerNoncurrentVersions element can only be used in Lifecycle V2.");
        }
        let moves = self.noncurrent_transitions.iter();
        let moves = moves.map(|(noncurrent, class)| Transition { when: When::Days(noncurrent.days), class: *class });
        let action = Action { name: "NoncurrentVersionTransition", days: "NoncurrentDays", described: &described };
        action.check(&moves.collect::<Vec<_>>())?;
        let too_early = |moved: &Noncurrent, end: &Noncurrent| match end.newer_versions {
            // What is kept of the newest stays, moved: Terraform's provider tests so against AWS.
            Some(_) => moved.days > end.days,
            None => moved.days >= end.days,
        };
        match self.noncurrent_expiration {
            Some(end) if self.noncurrent_transitions.iter().any(|(moved, _)| too_early(moved, &end)) => {
                let message = format!(
                    "'NoncurrentDays' in the NoncurrentVersionExpiration action for {described} must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action"
                );
                argument(message, "NoncurrentDays", end.days)
            }
            _ => Ok(()),
        }
    }
}

/// A kind of move, as S3 names it in its sentences.
struct Action<'a> {
    name: &'static str,
    /// The element that counts its days.
    days: &'static str,
    /// The rule's filter.
    described: &'a str,
}

impl Action<'_> {
    fn check(&self, moves: &[Transition]) -> Result<()> {
        for (at, transition) in moves.iter().enumerate() {
            self.check_first_days(*transition)?;
            moves[..at].iter().try_for_each(|before| self.check_pair(*before, *transition))?;
        }
        Ok(())
    }

    fn check_first_days(&self, transition: Transition) -> Result<()> {
        match transition.when {
            When::Days(days) if days < INFREQUENT_ACCESS_DAYS && is_infrequent(transition.class) => {
                let message = format!(
                    "'{}' in {} action must be greater than or equal to {INFREQUENT_ACCESS_DAYS} for storageClass '{}'",
                    self.days, self.name, transition.class
                );
                argument(message, self.days, days)
            }
            _ => Ok(()),
        }
    }

    /// Objects go down from class to class, and stay in some for a while.
    fn check_pair(&self, before: Transition, transition: Transition) -> Result<()> {
        let Action { name, described, .. } = self;
        if before.class == transition.class {
            return request(format!(
                "'StorageClass' must be different for '{name}' actions in same 'Rule' with {described}"
            ));
        }
        let (warm, cold) =
            if goes_down(transition.class, before.class) { (transition, before) } else { (before, transition) };
        let (unit, days_between) = match (warm.when, cold.when) {
            (When::Days(warm), When::Days(cold)) => (self.days, i64::from(cold) - i64::from(warm)),
            (When::Date(warm), When::Date(cold)) => ("Date", (cold.secs() - warm.secs()) / 86_400),
            _ => {
                return request(format!(
                    "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for {described}"
                ));
            }
        };
        let (warm, cold) = (warm.class, cold.class);
        let stay = least_stay_days(warm);
        let message = if days_between <= 0 || !goes_down(warm, cold) {
            format!(
                "'{unit}' in the '{name}' action for StorageClass '{cold}' for {described} must be greater than '{unit}' in the '{name}' action for StorageClass '{warm}' for {described}"
            )
        } else if days_between < stay {
            format!(
                "'{unit}' in the '{name}' action for StorageClass '{cold}' for {described} must be {stay} days more than '{described}' in the '{name}' action for StorageClass '{warm}'"
            )
        } else {
            return Ok(());
        };
        argument(message, unit, transition.when)
    }
}

fn is_infrequent(class: StorageClass) -> bool {
    matches!(class, StorageClass::StandardIa | StorageClass::OneZoneIa)
}

/// Whether objects can be moved from one class to the other.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html>
fn goes_down(from: StorageClass, to: StorageClass) -> bool {
    use StorageClass::{
        DeepArchive, Glacier, GlacierIr, IntelligentTiering, OneZoneIa, ReducedRedundancy, Standard, StandardIa,
    };
    match from {
        Standard | ReducedRedundancy => true,
        StandardIa => to != StandardIa,
        IntelligentTiering => !matches!(to, StandardIa | IntelligentTiering),
        OneZoneIa | GlacierIr => matches!(to, Glacier | DeepArchive),
        Glacier => to == DeepArchive,
        DeepArchive => false,
    }
}

fn least_stay_days(class: StorageClass) -> i64 {
    match class {
        StorageClass::StandardIa | StorageClass::OneZoneIa => 30,
        StorageClass::GlacierIr | StorageClass::Glacier => 90,
        _ => 0,
    }
}

/// As S3 shows it in an error.
impl Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Days(days) => write!(f, "{days}"),
            When::Date(date) => f.write_str(&date.iso8601_millis()),
        }
    }
}

impl LifecycleFilter {
    fn check(&self) -> Result<()> {
        if self.prefix.as_ref().is_some_and(|prefix| prefix.len() > MAX_PREFIX_BYTES) {
            return request(format!("The maximum size of a prefix is {MAX_PREFIX_BYTES}."));
        }
        for (at, (key, value)) in self.tags.iter().enumerate() {
            if key.is_empty() || key.chars().count() > MAX_TAG_KEY_CHARS {
                return request(format!("A Tag's Key must be a length between 1 and {MAX_TAG_KEY_CHARS}."));
            }
            if value.chars().count() > MAX_TAG_VALUE_CHARS {
                return request(format!("A Tag's Value must be a length between 0 and {MAX_TAG_VALUE_CHARS}."));
            }
            if self.tags[..at].iter().any(|(before, _)| before == key) {
                return request("Duplicate Tag Keys are not allowed.");
            }
        }
        match (self.larger_than_bytes, self.smaller_than_bytes) {
            (Some(larger), Some(smaller)) if larger >= smaller => {
                request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
            }
            _ => Ok(()),
        }
    }

    /// As S3 names it in its sentences.
    fn described(&self) -> String {
        let prefix = self.prefix.as_deref();
        if self.version == Version::V1 {
            return format!("prefix '{}'", prefix.unwrap_or_default());
        }
        let mut parts: Vec<String> = prefix.map(|prefix| format!("prefix={prefix}")).into_iter().collect();
        parts.extend(self.tags.iter().map(|(key, value)| format!("tag: key={key}, value={value}")));
        format!("filter '({})'", parts.join(" and "))
    }
}
