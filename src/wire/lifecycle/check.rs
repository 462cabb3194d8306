//! What AWS says of rules that are well-formed and make no sense. The sentences are AWS's where they were seen (LocalStack's
//! recordings, error messages that users of Terraform and of other servers report); where they were not, it is said.

use std::fmt::Display;

use super::{
    Expiration, LifecycleConfiguration, LifecycleFilter, LifecycleProblem, LifecycleRule, MAX_ID_CHARS, Noncurrent,
};
use super::{Result, Transition, Version, When};
use crate::wire::storage_class::StorageClass;

/// The longest prefix, in bytes: no key is longer.
const MAX_PREFIX_BYTES: usize = 1024;
const MAX_TAG_KEY_CHARS: usize = 128;
const MAX_TAG_VALUE_CHARS: usize = 256;

/// How many newer noncurrent versions can be kept.
const MAX_NEWER_VERSIONS: u32 = 100;

/// How long an object is in an infrequent-access class's reach before, and stays in it.
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

    /// Uploads and delete markers have no tags, and uploads have no size.
    fn check_filtered_actions(&self) -> Result<()> {
        let (tagged, sized) = (!self.filter.tags.is_empty(), self.filter.has_size());
        if tagged && matches!(self.expiration, Some(Expiration::DeleteMarkers | Expiration::Nothing)) {
            return request("ExpiredObjectDeleteMarker cannot be specified with Tags.");
        }
        if self.abort_uploads_after_days.is_some() {
            if tagged {
                return request("AbortIncompleteMultipartUpload cannot be specified with Tags.");
            }
            if sized {
                // That it is refused is documented; the sentence was not seen.
                return request("AbortIncompleteMultipartUpload cannot be specified with Object Size.");
            }
        }
        Ok(())
    }

    fn check_transitions(&self) -> Result<()> {
        let described = self.filter.described();
        let unit = |when: When| match when {
            When::Days(_) => "Days",
            When::Date(_) => "Date",
        };
        let classes = self.transitions.iter().map(|transition| transition.class);
        check_classes("Transition", classes, &described)?;
        for transition in &self.transitions {
            if let When::Days(days) = transition.when {
                check_infrequent("Days", "Transition", days, transition.class)?;
            }
        }
        if self.transitions.iter().any(|it| unit(it.when) != unit(self.transitions[0].when)) {
            return request(format!(
                "Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule for {described}"
            ));
        }
        if let (Some(Expiration::At(end)), Some(first)) = (self.expiration, self.transitions.first())
            && unit(end) != unit(first.when)
        {
            return request(format!(
                "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for {described}"
            ));
        }
        for transition in &self.transitions {
            self.check_end(*transition, &described)?;
            for other in &self.transitions {
                check_distance(*transition, *other, &described)?;
            }
        }
        Ok(())
    }

    /// Objects expire after they were moved.
    fn check_end(&self, transition: Transition, described: &str) -> Result<()> {
        let Some(Expiration::At(end)) = self.expiration else { return Ok(()) };
        let (unit, late_enough) = match (end, transition.when) {
            (When::Days(end), When::Days(moved)) => ("Days", end > moved),
            (When::Date(end), When::Date(moved)) => ("Date", end > moved),
            _ => return Ok(()),
        };
        if late_enough {
            return Ok(());
        }
        let value = match end {
            When::Days(days) => days.to_string(),
            When::Date(date) => date.iso8601_millis(),
        };
        let message = format!(
            "'{unit}' in the Expiration action for {described} must be greater than '{unit}' in the Transition action"
        );
        argument(message, unit, value)
    }

    fn check_noncurrent(&self) -> Result<()> {
        let described = self.filter.described();
        let classes = self.noncurrent_transitions.iter().map(|(_, class)| *class);
        check_classes("NoncurrentVersionTransition", classes, &described)?;
        for (noncurrent, class) in &self.noncurrent_transitions {
            check_infrequent("NoncurrentDays", "NoncurrentVersionTransition", noncurrent.days, *class)?;
            check_newer("NoncurrentVersionTransition", *noncurrent)?;
        }
        let Some(end) = self.noncurrent_expiration else { return Ok(()) };
        check_newer("NoncurrentVersionExpiration", end)?;
        if self.noncurrent_transitions.iter().any(|(moved, _)| moved.days >= end.days) {
            let message = format!(
                "'NoncurrentDays' in the NoncurrentVersionExpiration action for {described} must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action"
            );
            return argument(message, "NoncurrentDays", end.days);
        }
        Ok(())
    }
}

fn check_classes(action: &str, classes: impl Iterator<Item = StorageClass>, described: &str) -> Result<()> {
    let mut seen = Vec::new();
    for class in classes {
        if seen.contains(&class) {
            return request(format!(
                "'StorageClass' must be different for '{action}' actions in same 'Rule' with {described}"
            ));
        }
        seen.push(class);
    }
    Ok(())
}

fn check_infrequent(name: &'static str, action: &str, days: u32, class: StorageClass) -> Result<()> {
    if is_infrequent(class) && days < INFREQUENT_ACCESS_DAYS {
        let message = format!(
            "'{name}' in {action} action must be greater than or equal to {INFREQUENT_ACCESS_DAYS} for storageClass '{class}'"
        );
        return argument(message, name, days);
    }
    Ok(())
}

/// What is moved to an infrequent-access class stays there for thirty days.
fn check_distance(from: Transition, to: Transition, described: &str) -> Result<()> {
    let (When::Days(in_days), When::Days(out_days)) = (from.when, to.when) else { return Ok(()) };
    let later = is_infrequent(from.class) && rank(to.class) > rank(from.class);
    if later && out_days < in_days + INFREQUENT_ACCESS_DAYS {
        let (from, to) = (from.class, to.class);
        let message = format!(
            "'Days' in the 'Transition' action for StorageClass '{to}' for {described} must be {INFREQUENT_ACCESS_DAYS} days more than {described} in the 'Transition' action for StorageClass '{from}'"
        );
        return argument(message, "Days", out_days);
    }
    Ok(())
}

fn check_newer(action: &str, noncurrent: Noncurrent) -> Result<()> {
    match noncurrent.newer_versions {
        Some(count) if count > MAX_NEWER_VERSIONS => {
            // The bound is documented; the sentence was not seen.
            let message = format!(
                "'NewerNoncurrentVersions' for {action} action must be less than or equal to {MAX_NEWER_VERSIONS}"
            );
            argument(message, "NewerNoncurrentVersions", count)
        }
        _ => Ok(()),
    }
}

fn is_infrequent(class: StorageClass) -> bool {
    matches!(class, StorageClass::StandardIa | StorageClass::OneZoneIa)
}

/// The classes in the order in which objects can be moved down.
fn rank(class: StorageClass) -> u8 {
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

    fn has_size(&self) -> bool {
        self.larger_than_bytes.is_some() || self.smaller_than_bytes.is_some()
    }

    /// As S3 names it in its sentences.
    fn described(&self) -> String {
        let prefix = self.prefix.as_deref();
        if self.version == Version::V1 {
            return format!("prefix '{}'", prefix.unwrap_or_default());
        }
        let mut parts: Vec<String> = prefix.map(|prefix| format!("prefix={prefix}")).into_iter().collect();
        parts.extend(self.tags.iter().map(|(key, value)| format!("tag: key={key}, value={value}")));
        if parts.is_empty() { "filter (all)".to_owned() } else { format!("filter '({})'", parts.join(" and ")) }
    }
}
