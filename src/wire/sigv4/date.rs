//! The moment a request says it was signed: which header counts, how it is written, how far it may be off.
//! Not a clock, and not the dates of listings.

use std::time::UNIX_EPOCH;

use http::HeaderMap;
use time::format_description::well_known::Rfc2822;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// How far a request's time may be from the server's, either way. Source: AWS, `RequestTimeTooSkewed` (900000 ms).
pub const MAX_SKEW_SECONDS: i64 = 900;

/// A moment with a resolution of one second, as `SigV4` writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AmzDate(i64);

impl AmzDate {
    /// From seconds since the Unix epoch.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Parses `yyyyMMdd'T'HHmmss'Z'`, and nothing else.
    pub fn parse_iso_basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let clock = Time::from_hms(small(text, 9..11)?, small(text, 11..13)?, small(text, 13..15)?).ok()?;
        let moment = PrimitiveDateTime::new(parse_day(text.get(..8)?)?, clock);
        Some(Self(moment.assume_utc().unix_timestamp()))
    }

    /// Parses an HTTP date (RFC 1123 and its elders) or the ISO basic form: S3 takes both in `Date` and `x-amz-date`.
    /// Its zone may be called `UTC`, as Go prints it and rclone sends it.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(date) = Self::parse_iso_basic(text) {
            return Some(date);
        }
        let in_gmt = text.strip_suffix(" UTC").map(|date| format!("{date} GMT"));
        if let Ok(moment) = httpdate::parse_http_date(in_gmt.as_deref().unwrap_or(text)) {
            return moment
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|past| i64::try_from(past.as_secs()).ok())
                .map(Self);
        }
        // A day before the epoch is no date (s3-tests; above httpdate knows none either).
        let seconds = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp();
        (seconds >= 0).then_some(Self(seconds))
    }

    /// Seconds since the Unix epoch.
    pub fn unix_seconds(self) -> i64 {
        self.0
    }

    /// `yyyyMMdd'T'HHmmss'Z'`: the second line of every string to sign.
    pub fn iso_basic(self) -> String {
        let moment = self.moment();
        format!("{}T{:02}{:02}{:02}Z", self.day(), moment.hour(), moment.minute(), moment.second())
    }

    /// `yyyyMMdd`: the date of a credential scope.
    pub fn day(self) -> String {
        let moment = self.moment();
        format!("{:04}{:02}{:02}", moment.year(), u8::from(moment.month()), moment.day())
    }

    /// Seconds that no calendar reaches stand for the epoch: they cannot come from a parsed text.
    fn moment(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// Whether a text is a date in the form `yyyyMMdd`.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 8 && parse_day(text).is_some()
}

fn parse_day(text: &str) -> Option<Date> {
    let month = Month::try_from(small(text, 4..6)?).ok()?;
    Date::from_calendar_date(digits(text, 0..4)?, month, small(text, 6..8)?).ok()
}

fn small(text: &str, range: std::ops::Range<usize>) -> Option<u8> {
    digits(text, range).and_then(|number| u8::try_from(number).ok())
}

/// Digits only: `str::parse` alone would take a sign.
fn digits(text: &str, range: std::ops::Range<usize>) -> Option<i32> {
    let piece = text.get(range).filter(|piece| piece.bytes().all(|byte| byte.is_ascii_digit()))?;
    piece.parse().ok()
}

/// The date of a request signed in its headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestDate {
    /// The moment.
    pub date: AmzDate,
    /// The header's value as it was sent: `RequestTimeTooSkewed` shows it as `RequestTime`.
    pub as_sent: String,
}

/// Neither `x-amz-date` nor `Date` says when. S3 answers 403 `AccessDenied`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateError;

impl DateError {
    /// AWS's sentence.
    pub fn message(self) -> String {
        "AWS authentication requires a valid Date or x-amz-date header".to_owned()
    }
}

/// The request is more than [`MAX_SKEW_SECONDS`] away. S3 answers 403 `RequestTimeTooSkewed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skewed {
    /// The header's value as it was sent.
    pub request_time: String,
    /// The server's time, seconds since the Unix epoch.
    pub server_time: i64,
    /// 900000.
    pub max_allowed_skew_ms: i64,
}

impl Skewed {
    /// AWS's sentence.
    pub fn message(&self) -> String {
        "The difference between the request time and the current time is too large.".to_owned()
    }
}

impl RequestDate {
    /// `x-amz-date` wins over `Date`, even when it cannot be read (seen on AWS).
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, DateError> {
        let value = headers.get("x-amz-date").or_else(|| headers.get("date")).ok_or(DateError)?;
        let as_sent = value.to_str().map_err(|_| DateError)?.trim();
        let date = AmzDate::parse(as_sent).ok_or(DateError)?;
        Ok(Self { date, as_sent: as_sent.to_owned() })
    }

    /// Refuses a request that is too old or too far in the future; exactly 15 minutes is still fine.
    pub fn check_skew(&self, now: i64) -> Result<(), Skewed> {
        if now.saturating_sub(self.date.0).saturating_abs() <= MAX_SKEW_SECONDS {
            return Ok(());
        }
        Err(Skewed {
            request_time: self.as_sent.clone(),
            server_time: now,
            max_allowed_skew_ms: MAX_SKEW_SECONDS * 1000,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAY_24: i64 = 1_369_353_600;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn iso_basic_there_and_back() {
        let date = AmzDate::parse_iso_basic("20130524T000000Z").unwrap();
        assert_eq!(date.unix_seconds(), MAY_24);
        assert_eq!(AmzDate::from_unix(MAY_24 + 3661).iso_basic(), "20130524T010101Z");
        assert_eq!(date.day(), "20130524");
        for wrong in ["", "20130524", "20130524T000000", "20131324T000000Z", "+0130524T000000Z", "20130524T240000Z"] {
            assert_eq!(AmzDate::parse_iso_basic(wrong), None, "{wrong}");
        }
        assert_eq!(AmzDate::parse_iso_basic("2013052\u{e9}000000Z"), None);
    }

    #[test]
    fn http_dates_are_read_too() {
        for zone in ["GMT", "UTC", "+0000"] {
            let text = format!("Fri, 24 May 2013 00:00:00 {zone}");
            assert_eq!(AmzDate::parse(&text).map(AmzDate::unix_seconds), Some(MAY_24), "{text}");
        }
        assert_eq!(AmzDate::parse("20130524T000000Z").map(AmzDate::unix_seconds), Some(MAY_24));
        for text in [
            "Fri, 24 May 2013 00:00:00 CET",
            "Fri, 24 May 2013 00:00:00",
            "20130524T000000 UTC",
            " UTC",
            "Tue, 07 Jul 1950 21:53:04 GMT",
        ] {
            assert_eq!(AmzDate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn x_amz_date_wins_even_when_it_is_garbage() {
        let both = headers(&[("date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("x-amz-date", "20130524T000000Z")]);
        assert_eq!(RequestDate::from_headers(&both).unwrap().date.unix_seconds(), MAY_24);
        let garbage = headers(&[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-date", "tomorrow")]);
        assert_eq!(RequestDate::from_headers(&garbage), Err(DateError));
        assert_eq!(RequestDate::from_headers(&HeaderMap::new()), Err(DateError));
        assert_eq!(DateError.message(), "AWS authentication requires a valid Date or x-amz-date header");
    }

    #[test]
    fn fifteen_minutes_either_way() {
        let date = RequestDate::from_headers(&headers(&[("date", "Fri, 24 May 2013 00:00:00 GMT")])).unwrap();
        assert_eq!(date.check_skew(MAY_24 + 900), Ok(()));
        assert_eq!(date.check_skew(MAY_24 - 900), Ok(()));
        let skewed = date.check_skew(MAY_24 - 901).unwrap_err();
        assert_eq!(skewed.request_time, "Fri, 24 May 2013 00:00:00 GMT");
        assert_eq!((skewed.server_time, skewed.max_allowed_skew_ms), (MAY_24 - 901, 900_000));
        assert!(date.check_skew(i64::MIN).is_err());
    }
}
