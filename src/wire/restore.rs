//! Restoring an archived object: the document of `RestoreObject`, how long it takes, and what is said of a restore. There is
//! no clock in here.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html>

use serde::{Deserialize, Serialize};

use super::error_codes::Code;
use super::lifecycle::Calendar;
use super::storage_class::StorageClass;
use super::time::Timestamp;
use super::xml::schema::{Misfit, Shape, among, group, integer, text};
use super::xml::{Element, XmlWriter};

/// The largest document; AWS's own bound was not seen.
pub const MAX_DOCUMENT_BYTES: usize = 2_097_152;

const TIERS: &[&str] = &["Expedited", "Standard", "Bulk"];

/// Elements of restores that select from an object are looked at before the rest: they are refused by name.
const OF_SELECT: [&str; 2] = ["SelectParameters", "OutputLocation"];

const SHAPE: Shape = group(
    "RestoreRequest",
    &[
        integer("Days").optional(),
        group("GlacierJobParameters", &[among("Tier", TIERS)]).optional(),
        among("Tier", TIERS).optional(),
        text("Description").optional(),
    ],
);

/// What an hour of waiting takes at most, in milliseconds: nobody waits for hours for an emulator.
const WAITING_HOUR_MS: i64 = 1000;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreRequest {
    /// How long the copy is kept; at least one day.
    pub days: u32,
    /// How fast it is made.
    pub tier: Tier,
}

/// How fast a copy is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tier {
    /// Within minutes.
    Expedited,
    /// Within hours.
    #[default]
    Standard,
    /// Within half a day, or two days.
    Bulk,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RestoreProblem {
    /// The document is not of the schema. The sentence is for the log.
    Malformed(String),
    /// A restore that selects from an object, by the element that says so.
    Select(&'static str),
}

/// A restore of a version. Serialised, it is the days that were asked for, and the moments of its completion and end in
/// milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, i64, i64)", into = "(u32, i64, i64)")]
pub struct Restore {
    /// How long the copy is kept.
    pub days: u32,
    /// When it can be read.
    pub completes: Timestamp,
    /// When it no longer can.
    pub expires: Timestamp,
}

/// Where a restore has got to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RestoreState {
    /// There is none, or none any more.
    #[default]
    Archived,
    /// The copy is being made.
    Ongoing,
    /// The copy can be read until then.
    Restored(Timestamp),
}

impl RestoreRequest {
    /// Reads the document.
    pub fn parse(document: &Element) -> Result<RestoreRequest, RestoreProblem> {
        if let Some(name) = OF_SELECT.into_iter().find(|name| document.child(name).is_some()) {
            return Err(RestoreProblem::Select(name));
        }
        if document.child("Type").is_some() {
            return Err(RestoreProblem::Select("Type"));
        }
        let read = SHAPE.read(document)?;
        let days = read.child_text("Days").and_then(|days| days.parse().ok()).filter(|days: &u32| *days > 0);
        let days = days.ok_or_else(|| RestoreProblem::Malformed("Days is not there, or less than 1".to_owned()))?;
        let of_job = read.child("GlacierJobParameters").and_then(|job| job.child_text("Tier"));
        let tier = match of_job.or_else(|| read.child_text("Tier")) {
            Some("Expedited") => Tier::Expedited,
            Some("Bulk") => Tier::Bulk,
            _ => Tier::Standard,
        };
        Ok(RestoreRequest { days, tier })
    }

    /// The restore of an object of this class that is asked for now; `None` where AWS has no such tier for it.
    pub fn start(self, class: StorageClass, calendar: Calendar, now: Timestamp) -> Option<Restore> {
        let minutes = self.tier.minutes(class)?;
        let hour_ms = WAITING_HOUR_MS.min(i64::try_from(calendar.day().as_millis() / 24).unwrap_or(i64::MAX));
        let completes = Timestamp::from_millis(now.millis().saturating_add(minutes * hour_ms / 60));
        Some(Restore { days: self.days, completes, expires: calendar.due(completes, self.days) })
    }
}

impl Tier {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            Tier::Expedited => "Expedited",
            Tier::Standard => "Standard",
            Tier::Bulk => "Bulk",
        }
    }

    /// The longest that AWS says it takes.
    fn minutes(self, class: StorageClass) -> Option<i64> {
        match (self, class) {
            (Tier::Expedited, StorageClass::DeepArchive) => None,
            (Tier::Expedited, _) => Some(5),
            (Tier::Standard, StorageClass::DeepArchive) | (Tier::Bulk, StorageClass::Glacier) => Some(12 * 60),
            (Tier::Standard, _) => Some(5 * 60),
            (Tier::Bulk, _) => Some(48 * 60),
        }
    }
}

impl Restore {
    /// Where it has got to.
    pub fn state(self, now: Timestamp) -> RestoreState {
        if now < self.completes {
            RestoreState::Ongoing
        } else if now < self.expires {
            RestoreState::Restored(self.expires)
        } else {
            RestoreState::Archived
        }
    }
}

impl RestoreState {
    /// Of a restore that there may be.
    pub fn of(restore: Option<Restore>, now: Timestamp) -> RestoreState {
        restore.map_or(RestoreState::Archived, |restore| restore.state(now))
    }

    /// The value of `x-amz-restore`.
    pub fn header(self) -> Option<String> {
        match self {
            RestoreState::Archived => None,
            RestoreState::Ongoing => Some("ongoing-request=\"true\"".to_owned()),
            RestoreState::Restored(expires) => {
                Some(format!("ongoing-request=\"false\", expiry-date=\"{}\"", expires.http_date()))
            }
        }
    }

    /// The element `RestoreStatus` of listings.
    pub fn write(self, xml: &mut XmlWriter) {
        match self {
            RestoreState::Archived => {}
            RestoreState::Ongoing => {
                xml.open("RestoreStatus").text("IsRestoreInProgress", "true").close();
            }
            RestoreState::Restored(expires) => {
                xml.open("RestoreStatus")
                    .text("IsRestoreInProgress", "false")
                    .text("RestoreExpiryDate", &expires.iso8601_millis())
                    .close();
            }
        }
    }
}

impl RestoreProblem {
    /// `MalformedXML` or `NotImplemented`.
    pub fn code(&self) -> Code {
        match self {
            RestoreProblem::Malformed(_) => Code::MalformedXml,
            RestoreProblem::Select(_) => Code::NotImplemented,
        }
    }
}

impl From<Misfit> for RestoreProblem {
    fn from(misfit: Misfit) -> RestoreProblem {
        RestoreProblem::Malformed(misfit.to_string())
    }
}

impl From<(u32, i64, i64)> for Restore {
    fn from((days, completes_ms, expires_ms): (u32, i64, i64)) -> Restore {
        let (completes, expires) = (Timestamp::from_millis(completes_ms), Timestamp::from_millis(expires_ms));
        Restore { days, completes, expires }
    }
}

impl From<Restore> for (u32, i64, i64) {
    fn from(restore: Restore) -> (u32, i64, i64) {
        (restore.days, restore.completes.millis(), restore.expires.millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn parse(inner: &str) -> Result<RestoreRequest, RestoreProblem> {
        let document = format!("<RestoreRequest>{inner}</RestoreRequest>");
        RestoreRequest::parse(&Element::parse(document.as_bytes()).unwrap())
    }

    #[test]
    fn documents() {
        assert_eq!(parse("<Days>2</Days>").unwrap(), RestoreRequest { days: 2, tier: Tier::Standard });
        let bulk = "<Days>1</Days><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters>";
        assert_eq!(parse(bulk).unwrap(), RestoreRequest { days: 1, tier: Tier::Bulk });
        let expedited = "<Tier>Expedited</Tier><Description>why</Description><Days>1</Days>";
        assert_eq!(parse(expedited).unwrap().tier, Tier::Expedited);
        for inner in [
            "",
            "<Days>0</Days>",
            "<Days>-1</Days>",
            "<Days>1</Days><Other/>",
            "<Days>1</Days><GlacierJobParameters/>",
            "<Days>1</Days><Tier>bulk</Tier>",
        ] {
            assert_eq!(parse(inner).unwrap_err().code(), Code::MalformedXml, "{inner}");
        }
        for inner in ["<Type>SELECT</Type>", "<Days>1</Days><SelectParameters/>", "<OutputLocation/>"] {
            assert_eq!(parse(inner).unwrap_err().code(), Code::NotImplemented, "{inner}");
        }
    }

    #[test]
    fn waiting_is_shorter_than_on_aws() {
        let start = |tier, class, day| {
            let calendar = Calendar::with_day(day);
            RestoreRequest { days: 1, tier }.start(class, calendar, Timestamp::from_millis(0))
        };
        let completes = |tier, class, day| start(tier, class, day).unwrap().completes.millis();
        let (day, short) = (Duration::from_hours(24), Duration::from_millis(2400));
        assert_eq!(completes(Tier::Standard, StorageClass::Glacier, day), 5_000);
        assert_eq!(completes(Tier::Expedited, StorageClass::Glacier, day), 83);
        assert_eq!(completes(Tier::Bulk, StorageClass::DeepArchive, day), 48_000);
        assert_eq!(completes(Tier::Standard, StorageClass::DeepArchive, short), 1_200);
        assert_eq!(start(Tier::Expedited, StorageClass::DeepArchive, day), None);
        let restore = start(Tier::Standard, StorageClass::Glacier, short).unwrap();
        assert_eq!(restore.expires.millis(), 4_800);
        let states = [499, 500, 4_799, 4_800].map(|millis| restore.state(Timestamp::from_millis(millis)));
        let restored = RestoreState::Restored(restore.expires);
        assert_eq!(states, [RestoreState::Ongoing, restored, restored, RestoreState::Archived]);
        let stored = serde_json::to_string(&restore).unwrap();
        assert_eq!(stored, "[1,500,4800]");
        assert_eq!(serde_json::from_str::<Restore>(&stored).unwrap(), restore);
    }
}
