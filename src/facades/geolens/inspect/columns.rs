//! Columns as they are met: what kind of values they hold so far.

use std::collections::HashMap;

use serde_json::Value;

use super::{Column, InspectError, unreadable};

/// More than any real table has, and little memory.
const MAX_COLUMNS: usize = 4096;

/// What values of a column are; `Unknown` as long as there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Unknown,
    Boolean,
    Integer,
    Integer64,
    Real,
    Date,
    DateTime,
    Text,
}

/// The columns of a file, in the order in which they are met.
#[derive(Debug, Default)]
pub(super) struct Columns {
    names: Vec<String>,
    kinds: Vec<Kind>,
    by_name: HashMap<String, usize>,
}

impl Kind {
    /// The narrowest kind that holds both.
    fn with(self, other: Kind) -> Kind {
        use Kind::{Boolean, Date, DateTime, Integer, Integer64, Real, Text, Unknown};
        match (self, other) {
            (Unknown, kind) | (kind, Unknown) => kind,
            (a, b) if a == b => a,
            (Integer | Integer64, Integer | Integer64) => Integer64,
            (Integer | Integer64 | Real, Integer | Integer64 | Real) => Real,
            (Date | DateTime, Date | DateTime) => DateTime,
            (Boolean | Integer | Integer64 | Real | Date | DateTime | Text, _) => Text,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "Boolean",
            Kind::Integer => "Integer",
            Kind::Integer64 => "Integer64",
            Kind::Real => "Real",
            Kind::Date => "Date",
            Kind::DateTime => "DateTime",
            // A column without values can hold any.
            Kind::Unknown | Kind::Text => "String",
        }
    }

    /// What a text in a table looks like.
    pub(super) fn of_text(text: &str) -> Kind {
        let text = text.trim();
        if text.is_empty() {
            return Kind::Unknown;
        }
        if let Ok(number) = text.parse::<i64>() {
            // What begins with zeros is a code, not a number.
            let digits = text.trim_start_matches(['-', '+']);
            if digits.len() > 1 && digits.starts_with('0') {
                return Kind::Text;
            }
            return Kind::of_integer(number);
        }
        let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        if numeric && text.parse::<f64>().is_ok_and(f64::is_finite) {
            return Kind::Real;
        }
        if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            return Kind::Boolean;
        }
        Kind::of_time(text)
    }

    fn of_integer(number: i64) -> Kind {
        if i32::try_from(number).is_ok() { Kind::Integer } else { Kind::Integer64 }
    }

    /// `2024-10-29`, alone or with a time after `T` or a space.
    fn of_time(text: &str) -> Kind {
        let bytes = text.as_bytes();
        let shaped = bytes.len() >= 10
            && bytes[..10].iter().enumerate().all(|(index, byte)| match index {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let number = |range: std::ops::Range<usize>| text.get(range).and_then(|digits| digits.parse::<u8>().ok());
        let real = shaped && matches!(number(5..7), Some(1..=12)) && matches!(number(8..10), Some(1..=31));
        match bytes.get(10) {
            None if real => Kind::Date,
            Some(b'T' | b' ') if real && matches!(number(11..13), Some(0..=23)) && bytes.get(13) == Some(&b':') => {
                Kind::DateTime
            }
            _ => Kind::Text,
        }
    }

    /// What a value in JSON is.
    pub(super) fn of_value(value: &Value) -> Kind {
        match value {
            Value::Null => Kind::Unknown,
            Value::Bool(_) => Kind::Boolean,
            Value::Number(number) => match number.as_i64() {
                Some(number) => Kind::of_integer(number),
                None => Kind::Real,
            },
            Value::String(text) => Kind::of_time(text),
            Value::Array(_) | Value::Object(_) => Kind::Text,
        }
    }
}

impl Columns {
    /// The column of that name, made if it is new.
    pub(super) fn index(&mut self, name: &str) -> Result<usize, InspectError> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(*index);
        }
        self.push(name.to_owned())
    }

    /// A further column. Of several with one name, the first is found by it.
    pub(super) fn push(&mut self, name: String) -> Result<usize, InspectError> {
        if self.names.len() == MAX_COLUMNS {
            return Err(unreadable(format!("The file has more than {MAX_COLUMNS} columns.")));
        }
        self.by_name.entry(name.clone()).or_insert(self.names.len());
        self.names.push(name);
        self.kinds.push(Kind::Unknown);
        Ok(self.names.len() - 1)
    }

    pub(super) fn meet(&mut self, index: usize, kind: Kind) {
        self.kinds[index] = self.kinds[index].with(kind);
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn kind(&self, index: usize) -> Kind {
        self.kinds[index]
    }

    pub(super) fn finish(self) -> Vec<Column> {
        let kinds = self.kinds.into_iter().map(Kind::name);
        self.names.into_iter().zip(kinds).map(|(name, kind)| Column { name, kind }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_texts() {
        for (text, kind) in [
            ("", Kind::Unknown),
            ("7", Kind::Integer),
            ("-2147483649", Kind::Integer64),
            ("007", Kind::Text),
            ("0", Kind::Integer),
            ("1.5e3", Kind::Real),
            ("1e999", Kind::Text),
            ("nan", Kind::Text),
            ("TRUE", Kind::Boolean),
            ("2024-02-30", Kind::Date),
            ("2024-13-01", Kind::Text),
            ("2024-02-03T04:05:06Z", Kind::DateTime),
            ("2024-02-03 late", Kind::Text),
            ("ž", Kind::Text),
        ] {
            assert_eq!(Kind::of_text(text), kind, "{text}");
        }
    }

    #[test]
    fn kinds_widen() {
        let with = |kinds: &[Kind]| kinds.iter().fold(Kind::Unknown, |all, kind| all.with(*kind));
        assert_eq!(with(&[Kind::Integer, Kind::Unknown, Kind::Integer64]), Kind::Integer64);
        assert_eq!(with(&[Kind::Integer, Kind::Real]), Kind::Real);
        assert_eq!(with(&[Kind::Date, Kind::DateTime]), Kind::DateTime);
        assert_eq!(with(&[Kind::Boolean, Kind::Integer]), Kind::Text);
        assert_eq!(with(&[Kind::Date, Kind::Real]), Kind::Text);
    }
}
