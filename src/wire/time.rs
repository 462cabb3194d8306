//! Points in time and the forms in which S3 writes them. There is no clock in here: the engine has one.

use std::fmt;
use std::time::UNIX_EPOCH;

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
///
/// It can be written for the years 1 to 9999; what lies outside is written as the nearest second inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// 0001-01-01T00:00:00Z, in seconds.
const FIRST_SECOND: i64 = -62_135_596_800;

/// 9999-12-31T23:59:59Z, in seconds.
const LAST_SECOND: i64 = 253_402_300_799;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    /// From whole seconds since the epoch.
    pub const fn from_secs(secs: i64) -> Timestamp {
        Timestamp(secs.saturating_mul(1000))
    }

    /// Milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: the resolution of S3's dates.
    pub fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `Wed, 21 Oct 2015 07:28:00 GMT`, for headers.
    pub fn http_date(self) -> String {
        let at = self.civil();
        let weekday = WEEKDAYS[usize::from(at.weekday().number_days_from_monday())];
        let month = MONTHS[usize::from(u8::from(at.month())) - 1];
        let (year, day, hour, minute, second) = (at.year(), at.day(), at.hour(), at.minute(), at.second());
        format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
    }

    /// `2015-10-21T07:28:00.000Z`, for XML: S3 shows objects' times with milliseconds that are always zero.
    pub fn iso8601_millis(self) -> String {
        self.iso8601(".000Z")
    }

    /// `2015-10-21T07:28:00.123Z`, for events: their milliseconds are real.
    pub fn iso8601_to_the_millisecond(self) -> String {
        self.iso8601(&format!(".{:03}Z", self.0.rem_euclid(1000)))
    }

    /// `2015-10-21T07:28:00Z`, for the clocks in errors.
    pub fn iso8601_seconds(self) -> String {
        self.iso8601("Z")
    }

    /// `20151021T072800Z`, for signatures.
    pub fn amz_date(self) -> String {
        let at = self.civil();
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        format!("{year:04}{:02}{day:02}T{hour:02}{minute:02}{second:02}Z", u8::from(month))
    }

    /// `21/Oct/2015:07:28:00 +0000`, for access logs.
    pub fn log_date(self) -> String {
        let at = self.civil();
        let month = MONTHS[usize::from(u8::from(at.month())) - 1];
        format!("{:02}/{month}/{:04}:{} +0000", at.day(), at.year(), self.time_of_day())
    }

    /// `2015-10-21`.
    pub fn date(self) -> String {
        let (year, month, day) = self.civil().to_calendar_date();
        format!("{year:04}-{:02}-{day:02}", u8::from(month))
    }

    /// `07:28:00`.
    pub fn time_of_day(self) -> String {
        let (hour, minute, second) = self.civil().to_hms();
        format!("{hour:02}:{minute:02}:{second:02}")
    }

    /// Reads the three forms of RFC 9110, and the RFC 1123 form with `+0000` or `UTC` in place of `GMT` (RFC 5322's,
    /// which some clients send).
    pub fn parse_http_date(text: &str) -> Option<Timestamp> {
        let text = text.trim();
        let without_zone = text.strip_suffix(" +0000").or_else(|| text.strip_suffix(" UTC"));
        let parsed = match without_zone {
            Some(date) => httpdate::parse_http_date(&format!("{date} GMT")),
            None => httpdate::parse_http_date(text),
        };
        let since_epoch = parsed.ok()?.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since_epoch.as_secs()).ok().map(Timestamp::from_secs)
    }

    /// Reads `20151021T072800Z`, and nothing else.
    pub fn parse_amz_date(text: &str) -> Option<Timestamp> {
        let bytes: &[u8; 16] = text.as_bytes().try_into().ok()?;
        if bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let number = |from: usize, to: usize| {
            bytes[from..to]
                .iter()
                .try_fold(0_u16, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u16::from(byte - b'0')))
        };
        let small = |from: usize| number(from, from + 2).and_then(|number| u8::try_from(number).ok());
        let month = ::time::Month::try_from(small(4)?).ok()?;
        let date = ::time::Date::from_calendar_date(i32::from(number(0, 4)?), month, small(6)?).ok()?;
        let time = ::time::Time::from_hms(small(9)?, small(11)?, small(13)?).ok()?;
        Some(Timestamp::from_secs(date.with_time(time).assume_utc().unix_timestamp()))
    }

    /// Reads RFC 3339: `2015-10-21T07:28:00Z`, with any fraction of a second and any offset.
    pub fn parse_iso8601(text: &str) -> Option<Timestamp> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Some(Timestamp(at.unix_timestamp().checked_mul(1000)? + i64::from(at.millisecond())))
    }

    fn iso8601(self, end: &str) -> String {
        let at = self.civil();
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{end}", u8::from(month))
    }

    fn civil(self) -> OffsetDateTime {
        let secs = self.secs().clamp(FIRST_SECOND, LAST_SECOND);
        OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// The form for logs: `2015-10-21T07:28:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601_seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Timestamp = Timestamp(1_445_412_480_999);

    #[test]
    fn forms() {
        assert_eq!(MOMENT.http_date(), "Wed, 21 Oct 2015 07:28:00 GMT");
        assert_eq!(MOMENT.iso8601_millis(), "2015-10-21T07:28:00.000Z");
        assert_eq!(MOMENT.iso8601_seconds(), "2015-10-21T07:28:00Z");
        assert_eq!(MOMENT.amz_date(), "20151021T072800Z");
        assert_eq!((MOMENT.millis(), MOMENT.secs()), (1_445_412_480_999, 1_445_412_480));
        assert_eq!(Timestamp::from_millis(-1).iso8601_millis(), "1969-12-31T23:59:59.000Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).iso8601_seconds(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::from_millis(i64::MIN).http_date(), "Mon, 01 Jan 0001 00:00:00 GMT");
    }

    #[test]
    fn http_dates() {
        let second = Some(Timestamp::from_secs(MOMENT.secs()));
        for text in [
            "Wed, 21 Oct 2015 07:28:00 GMT",
            " Wed, 21 Oct 2015 07:28:00 GMT ",
            "Wed, 21 Oct 2015 07:28:00 +0000",
            "Wed, 21 Oct 2015 07:28:00 UTC",
            "Wednesday, 21-Oct-15 07:28:00 GMT",
            "Wed Oct 21 07:28:00 2015",
        ] {
            assert_eq!(Timestamp::parse_http_date(text), second, "{text}");
        }
        for text in ["", "2015-10-21T07:28:00Z", "Wed, 21 Oct 2015", "Wed, 32 Oct 2015 07:28:00 GMT"] {
            assert_eq!(Timestamp::parse_http_date(text), None, "{text}");
        }
    }

    #[test]
    fn amz_dates() {
        let parse = |text| Timestamp::parse_amz_date(text).map(Timestamp::secs);
        assert_eq!(parse("20151021T072800Z"), Some(MOMENT.secs()));
        assert_eq!(parse("20240229T000000Z"), Some(1_709_164_800));
        for text in [
            "",
            "20151021",
            "20151021T072800",
            "20151021T072860Z",
            "20150229T000000Z",
            "2015-10-21T0728Z",
            "+0151021T072800Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn iso8601_dates() {
        let parse = |text| Timestamp::parse_iso8601(text).map(Timestamp::millis);
        assert_eq!(parse("2015-10-21T07:28:00.999Z"), Some(MOMENT.millis()));
        assert_eq!(parse("2015-10-21T07:28:00Z"), Some(1_445_412_480_000));
        assert_eq!(parse("2015-10-21T09:28:00+02:00"), Some(1_445_412_480_000));
        assert_eq!(parse("1969-12-31T23:59:59.500Z"), Some(-500));
        for text in ["", "2015-10-21", "20151021T072800Z", "2015-13-21T07:28:00Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn writing_and_reading_agree() {
        for day in 0..40_000_i64 {
            let moment = Timestamp::from_secs(day * 86_400 + day * 7919 % 86_400);
            assert_eq!(Timestamp::parse_http_date(&moment.http_date()), Some(moment));
            assert_eq!(Timestamp::parse_amz_date(&moment.amz_date()), Some(moment));
            assert_eq!(Timestamp::parse_iso8601(&moment.iso8601_millis()), Some(moment));
        }
    }
}
