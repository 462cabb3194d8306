//! A parsed query string: decoded pairs in the order in which they were sent, beside the raw text that was signed.
//! Not a typed view: which parameters an operation takes is its own business.

use crate::wire::percent::{self, DecodeError};

/// The query of a request. Names are case-sensitive; of duplicates the first counts, for authentication parameters too
/// (both seen on AWS).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    raw: String,
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Parses what stands after the `?`. A bare name has the value ""; empty pieces (`a&&b`) are skipped.
    pub fn parse(raw: &str) -> Result<Self, DecodeError> {
        let pairs = split(raw)
            .map(|(name, value)| Ok((percent::decode_query(name)?, percent::decode_query(value)?)))
            .collect::<Result<_, _>>()?;
        Ok(Self { raw: raw.to_owned(), pairs })
    }

    /// As [`Query::parse`], for dialects that take any query: what is not UTF-8 becomes U+FFFD.
    pub fn parse_lossy(raw: &str) -> Self {
        let decoded = |text| String::from_utf8_lossy(&percent::decode_query_lossless(text)).into_owned();
        let pairs = split(raw).map(|(name, value)| (decoded(name), decoded(value))).collect();
        Self { raw: raw.to_owned(), pairs }
    }

    /// The text as it was sent.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The decoded value of the first parameter with this name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// As [`Query::first`], whatever the case of the letters: for parameters that stand for headers (`X-Amz-Meta-A`).
    pub fn first_ignoring_case(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether a parameter with this name was sent, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The decoded names in their order, duplicates included.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs().map(|(name, _)| name)
    }

    /// The decoded names and values in their order, duplicates included.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are no parameters at all.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// Splits a raw query into raw names and raw values.
pub(crate) fn split(raw: &str) -> impl Iterator<Item = (&str, &str)> {
    raw.split('&').filter(|piece| !piece.is_empty()).map(|piece| piece.split_once('=').unwrap_or((piece, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_duplicate_wins_and_order_stays() {
        let query = Query::parse("b=1&a=2&b=3&uploads&B=4").unwrap();
        assert_eq!(query.first("b"), Some("1"));
        assert_eq!(query.first("B"), Some("4"));
        assert_eq!(query.names().collect::<Vec<_>>(), ["b", "a", "b", "uploads", "B"]);
        assert!(query.has("uploads") && !query.has("Uploads"));
        assert_eq!(query.first("uploads"), Some(""));
        assert_eq!(query.first_ignoring_case("UPLOADS"), Some(""));
    }

    #[test]
    fn values_are_decoded_and_may_hold_equal_signs() {
        let query = Query::parse("prefix=a%2Fb+c&token=x==&&%C3%A4=").unwrap();
        assert_eq!(query.pairs().collect::<Vec<_>>(), [("prefix", "a/b c"), ("token", "x=="), ("ä", "")]);
        assert_eq!(query.raw(), "prefix=a%2Fb+c&token=x==&&%C3%A4=");
    }

    #[test]
    fn escapes_that_are_not_utf8_are_refused() {
        assert_eq!(Query::parse("prefix=%80"), Err(DecodeError::NotUtf8));
        assert_eq!(Query::parse("prefix=%8"), Err(DecodeError::Escape(0)));
        assert!(Query::parse("").unwrap().is_empty());
    }
}
