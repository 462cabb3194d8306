//! Object lock: a bucket's configuration with its default retention, an object's retention and legal hold, as documents and
//! as headers. Not what a lock protects, and no clock: whoever asks says what time it is.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html>; the errors were seen on AWS unless
//! a comment says otherwise.

mod problem;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;
use super::xml::{Declaration, Element, ShapeError, XmlWriter};

pub use problem::ObjectLockProblem;

/// The largest of the documents, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 2_097_152;

/// The longest default retention, in days.
pub const MAX_DAYS: u32 = 36_500;

/// The longest default retention, in years.
pub const MAX_YEARS: u32 = 100;

/// The header of a retention's mode.
pub const MODE_HEADER: &str = "x-amz-object-lock-mode";

/// The header of a retention's date.
pub const DATE_HEADER: &str = "x-amz-object-lock-retain-until-date";

/// The header of a legal hold.
pub const HOLD_HEADER: &str = "x-amz-object-lock-legal-hold";

const DAY_MILLIS: i64 = 86_400_000;

/// What a bucket with object lock does with new objects. That there is one means that the lock is enabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectLockConfiguration {
    /// The retention of objects that bring none.
    pub default_retention: Option<DefaultRetention>,
}

/// A retention relative to the moment at which an object comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultRetention {
    /// Who may lift it.
    pub mode: RetentionMode,
    /// How long it lasts.
    pub period: Period,
}

/// A length of time, at least one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// Up to [`MAX_DAYS`].
    Days(u32),
    /// Up to [`MAX_YEARS`], of 365 days each.
    Years(u32),
}

/// Who may delete what is retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RetentionMode {
    /// Those who may bypass governance, when they ask to.
    #[serde(rename = "GOVERNANCE")]
    Governance,
    /// Nobody.
    #[serde(rename = "COMPLIANCE")]
    Compliance,
}

/// The retention of a version. Serialised, it is the pair of its mode and its end in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(RetentionMode, i64)", into = "(RetentionMode, i64)")]
pub struct Retention {
    /// Who may lift it.
    pub mode: RetentionMode,
    /// Its end.
    pub until: Timestamp,
}

/// Whether a version is held whatever its retention says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegalHold {
    /// Held.
    #[serde(rename = "ON")]
    On,
    /// Not held (any more).
    #[serde(rename = "OFF")]
    Off,
}

/// What holds a version, or what the headers of a request ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectLock {
    /// `x-amz-object-lock-mode` and `x-amz-object-lock-retain-until-date`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// `x-amz-object-lock-legal-hold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_hold: Option<LegalHold>,
}

/// What keeps a version from being deleted, or its retention from being shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// A retention that is not over.
    Retention(Retention),
    /// A hold, whatever the retention says.
    LegalHold,
}

/// Whether a request bypasses governance: it asks to (`x-amz-bypass-governance-retention`), and its caller may
/// (`s3:BypassGovernanceRetention`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bypass {
    /// It does.
    Granted,
    /// It does not.
    None,
}

impl ObjectLockConfiguration {
    /// Reads the document of `PutObjectLockConfiguration`.
    pub fn parse(document: &Element) -> Result<ObjectLockConfiguration, ObjectLockProblem> {
        document.expect_root("ObjectLockConfiguration")?;
        document.expect_only(&["ObjectLockEnabled", "Rule"])?;
        let enabled = document.exactly_one("ObjectLockEnabled")?;
        if enabled.leaf_text()? != "Enabled" {
            return Err(enabled.wrong_text().into());
        }
        let Some(rule) = document.at_most_one("Rule")? else { return Ok(ObjectLockConfiguration::default()) };
        rule.expect_only(&["DefaultRetention"])?;
        let default_retention = Some(DefaultRetention::parse(rule.exactly_one("DefaultRetention")?)?);
        Ok(ObjectLockConfiguration { default_retention })
    }

    /// The document of `GetObjectLockConfiguration`.
    pub fn to_xml(self) -> String {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("ObjectLockConfiguration").text("ObjectLockEnabled", "Enabled");
        if let Some(retention) = self.default_retention {
            xml.open("Rule").open("DefaultRetention").text("Mode", retention.mode.name());
            match retention.period {
                Period::Days(days) => xml.number("Days", days),
                Period::Years(years) => xml.number("Years", years),
            };
            xml.close().close();
        }
        xml.close();
        xml.finish()
    }
}

impl DefaultRetention {
    fn parse(element: &Element) -> Result<DefaultRetention, ObjectLockProblem> {
        element.expect_only(&["Mode", "Days", "Years"])?;
        let mode = RetentionMode::parse_element(element.exactly_one("Mode")?)?;
        let period = match (element.at_most_one("Days")?, element.at_most_one("Years")?) {
            (Some(days), None) => Period::Days(length(days, "Days", MAX_DAYS)?),
            (None, Some(years)) => Period::Years(length(years, "Years", MAX_YEARS)?),
            (None, None) => return Err(ObjectLockProblem::NoPeriod),
            (Some(_), Some(_)) => return Err(ObjectLockProblem::TwoPeriods),
        };
        Ok(DefaultRetention { mode, period })
    }

    /// The retention of an object that comes at this moment.
    pub fn starting(self, now: Timestamp) -> Retention {
        let days = match self.period {
            Period::Days(days) => i64::from(days),
            Period::Years(years) => i64::from(years) * 365,
        };
        Retention {
            mode: self.mode,
            until: Timestamp::from_millis(now.millis().saturating_add(days.saturating_mul(DAY_MILLIS))),
        }
    }
}

/// A positive number that is not too large. The two sentences are versitygw's transcription of AWS's.
fn length(element: &Element, unit: &'static str, max: u32) -> Result<u32, ObjectLockProblem> {
    let text = element.leaf_text()?.trim();
    let number: i32 = text.parse().map_err(|_| element.wrong_text())?;
    match u32::try_from(number) {
        Ok(number @ 1..) if number <= max => Ok(number),
        Ok(1..) => Err(ObjectLockProblem::PeriodTooLarge { unit, given: text.to_owned() }),
        _ => Err(ObjectLockProblem::PeriodNotPositive { unit, given: text.to_owned() }),
    }
}

impl RetentionMode {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            RetentionMode::Governance => "GOVERNANCE",
            RetentionMode::Compliance => "COMPLIANCE",
        }
    }

    /// Reads AWS's name, case included.
    pub fn parse(name: &str) -> Option<RetentionMode> {
        [RetentionMode::Governance, RetentionMode::Compliance].into_iter().find(|mode| mode.name() == name)
    }

    fn parse_element(element: &Element) -> Result<RetentionMode, ShapeError> {
        RetentionMode::parse(element.leaf_text()?).ok_or_else(|| element.wrong_text())
    }
}

impl Retention {
    /// Reads the document of `PutObjectRetention`. An empty one asks to lift the retention, which those may do who may
    /// bypass governance: `None`.
    pub fn parse(document: &Element, now: Timestamp) -> Result<Option<Retention>, ObjectLockProblem> {
        document.expect_root("Retention")?;
        document.expect_only(&["Mode", "RetainUntilDate"])?;
        if document.children.is_empty() {
            return Ok(None);
        }
        let mode = RetentionMode::parse_element(document.exactly_one("Mode")?)?;
        let date = document.exactly_one("RetainUntilDate")?;
        let until = Timestamp::parse_iso8601(date.leaf_text()?.trim()).ok_or_else(|| date.wrong_text())?;
        if until <= now {
            return Err(ObjectLockProblem::Past { argument: "RetainUntilDate", given: pacific(until) });
        }
        Ok(Some(Retention { mode, until }))
    }

    /// The document of `GetObjectRetention`.
    pub fn to_xml(self) -> String {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("Retention").text("Mode", self.mode.name()).text("RetainUntilDate", &self.date()).close();
        xml.finish()
    }

    /// The date as headers and documents have it: `2030-01-01T00:00:00.000Z`.
    pub fn date(self) -> String {
        let seconds = self.until.iso8601_seconds();
        format!("{}.{:03}Z", seconds.trim_end_matches('Z'), self.until.millis().rem_euclid(1000))
    }

    /// Whether it still holds.
    pub fn holds(self, now: Timestamp) -> bool {
        now < self.until
    }

    /// Whether a version with this retention may get another, or none. It may always be prolonged; what else makes it
    /// weaker or another mode needs a bypass of governance, and of compliance there is none. S3 answers 403 `AccessDenied`.
    pub fn may_become(self, other: Option<Retention>, bypass: Bypass, now: Timestamp) -> bool {
        let prolonged = other.is_some_and(|other| other.mode == self.mode && other.until >= self.until);
        !self.holds(now) || prolonged || (self.mode == RetentionMode::Governance && bypass == Bypass::Granted)
    }
}

impl From<(RetentionMode, i64)> for Retention {
    fn from((mode, until_ms): (RetentionMode, i64)) -> Retention {
        Retention { mode, until: Timestamp::from_millis(until_ms) }
    }
}

impl From<Retention> for (RetentionMode, i64) {
    fn from(retention: Retention) -> (RetentionMode, i64) {
        (retention.mode, retention.until.millis())
    }
}

impl LegalHold {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            LegalHold::On => "ON",
            LegalHold::Off => "OFF",
        }
    }

    /// Reads the document of `PutObjectLegalHold`.
    pub fn parse(document: &Element) -> Result<LegalHold, ObjectLockProblem> {
        document.expect_root("LegalHold")?;
        document.expect_only(&["Status"])?;
        let status = document.exactly_one("Status")?;
        Ok(LegalHold::named(status.leaf_text()?).ok_or_else(|| status.wrong_text())?)
    }

    /// Reads `x-amz-object-lock-legal-hold`.
    pub fn parse_header(value: &str) -> Result<LegalHold, ObjectLockProblem> {
        LegalHold::named(value).ok_or_else(|| ObjectLockProblem::UnknownHold(value.to_owned()))
    }

    /// The document of `GetObjectLegalHold`.
    pub fn to_xml(self) -> String {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("LegalHold").text("Status", self.name()).close();
        xml.finish()
    }

    fn named(name: &str) -> Option<LegalHold> {
        [LegalHold::On, LegalHold::Off].into_iter().find(|hold| hold.name() == name)
    }
}

impl ObjectLock {
    /// Reads the three headers. A mode without a date is named by what is missing, and the other way round.
    pub fn parse_headers(
        mode: Option<&str>,
        date: Option<&str>,
        legal_hold: Option<&str>,
        now: Timestamp,
    ) -> Result<ObjectLock, ObjectLockProblem> {
        let retention = match (mode, date) {
            (None, None) => None,
            (Some(_), None) => return Err(ObjectLockProblem::HalfRetention { missing: DATE_HEADER }),
            (None, Some(_)) => return Err(ObjectLockProblem::HalfRetention { missing: MODE_HEADER }),
            (Some(mode), Some(date)) => {
                let unknown = || ObjectLockProblem::UnknownMode(mode.to_owned());
                let mode = RetentionMode::parse(mode).ok_or_else(unknown)?;
                let malformed = || ObjectLockProblem::MalformedDate(date.to_owned());
                let until = Timestamp::parse_iso8601(date.trim()).ok_or_else(malformed)?;
                if until <= now {
                    return Err(ObjectLockProblem::Past { argument: DATE_HEADER, given: date.to_owned() });
                }
                Some(Retention { mode, until })
            }
        };
        let legal_hold = legal_hold.map(LegalHold::parse_header).transpose()?;
        Ok(ObjectLock { retention, legal_hold })
    }

    /// Whether there is neither a retention nor a hold.
    pub fn is_empty(self) -> bool {
        self == ObjectLock::default()
    }

    /// What forbids, at this moment, to delete the version by its id. S3 answers 403 `AccessDenied`.
    pub fn protection(self, bypass: Bypass, now: Timestamp) -> Option<Protection> {
        let retained = self.retention.filter(|retention| !retention.may_become(None, bypass, now));
        let held = self.legal_hold.filter(|hold| *hold == LegalHold::On);
        retained.map(Protection::Retention).or(held.map(|_| Protection::LegalHold))
    }

    /// The headers of an answer, for those that are set.
    pub fn headers(self) -> Vec<(&'static str, String)> {
        let mode = self.retention.map(|retention| (MODE_HEADER, retention.mode.name().to_owned()));
        let date = self.retention.map(|retention| (DATE_HEADER, retention.date()));
        let hold = self.legal_hold.map(|hold| (HOLD_HEADER, hold.name().to_owned()));
        [mode, date, hold].into_iter().flatten().collect()
    }
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Protection::Retention(retention) => {
                write!(f, "a retention in {} mode until {}", retention.mode, retention.until.iso8601_millis())
            }
            Protection::LegalHold => f.write_str("a legal hold"),
        }
    }
}

impl fmt::Display for RetentionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A date as S3 shows a past one in its error: `Tue Dec 31 16:00:00 PST 2019`, the time of Seattle (seen on AWS).
fn pacific(moment: Timestamp) -> String {
    const HOUR: i64 = 3600;
    let (zone, hours) = if is_daylight_saving(moment) { ("PDT", 7) } else { ("PST", 8) };
    // `Wed, 01 Jan 2020 00:00:00 GMT`
    let local = Timestamp::from_secs(moment.secs() - hours * HOUR).http_date();
    let mut words = local.trim_end_matches(" GMT").split_ascii_whitespace();
    let mut next = || words.next().unwrap_or_default();
    let (weekday, day, month, year, time) = (next(), next(), next(), next(), next());
    format!("{} {month} {day} {time} {zone} {year}", weekday.trim_end_matches(','))
}

/// From the second Sunday of March to the first of November, at two o'clock: the rule since 2007.
fn is_daylight_saving(moment: Timestamp) -> bool {
    use time::{Date, Month, OffsetDateTime, Weekday};
    let Ok(at) = OffsetDateTime::from_unix_timestamp(moment.secs()) else { return false };
    let sunday = |month, earliest_day, utc_hour| {
        let first = Date::from_calendar_date(at.year(), month, earliest_day).ok()?;
        let date = if first.weekday() == Weekday::Sunday { first } else { first.next_occurrence(Weekday::Sunday) };
        Some(date.with_hms(utc_hour, 0, 0).ok()?.assume_utc())
    };
    match (sunday(Month::March, 8, 10), sunday(Month::November, 1, 9)) {
        (Some(begin), Some(end)) => (begin..end).contains(&at),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
