//! Byte ranges: the lenient `Range` of reads and the strict `x-amz-copy-source-range`. Not what is read with them.

use std::fmt;

/// One range of a `Range` header, before the size of the object is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// `bytes=first-last`, both inclusive.
    FromTo {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte; may lie beyond the end of the object.
        last: u64,
    },
    /// `bytes=first-`: to the end.
    From {
        /// Offset of the first byte.
        first: u64,
    },
    /// `bytes=-length`: the last bytes.
    Suffix {
        /// How many bytes, counted from the end; may exceed the size of the object.
        length: u64,
    },
}

/// No byte of the object lies in the range (`InvalidRange`, 416).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSatisfiable;

/// The range of a copy: two offsets, both given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyRange {
    first: u64,
    last: u64,
}

/// The value is not of the form `bytes=first-last` with first ≤ last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCopyRange;

impl ByteRange {
    /// Reads a `Range` header. `None` means that S3 ignores the header and answers with the whole object: several ranges,
    /// another unit, first > last, `bytes=-`, anything malformed.
    ///
    /// The unit is compared without case, as RFC 9110 §14.1 asks. Offsets beyond 64 bits count as the largest offset.
    pub fn parse(header: &str) -> Option<ByteRange> {
        let (unit, range) = header.split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        match range.split_once('-')? {
            ("", length) => Some(ByteRange::Suffix { length: digits(length)? }),
            (first, "") => Some(ByteRange::From { first: digits(first)? }),
            (first, last) => {
                let (first, last) = (digits(first)?, digits(last)?);
                (first <= last).then_some(ByteRange::FromTo { first, last })
            }
        }
    }

    /// The offsets of the first and the last byte (inclusive) within an object of `size` bytes.
    pub fn resolve(self, size: u64) -> Result<(u64, u64), NotSatisfiable> {
        let end = size.checked_sub(1).ok_or(NotSatisfiable)?;
        let (first, last) = match self {
            ByteRange::FromTo { first, last } => (first, last.min(end)),
            ByteRange::From { first } => (first, end),
            ByteRange::Suffix { length: 0 } => return Err(NotSatisfiable),
            ByteRange::Suffix { length } => (size.saturating_sub(length), end),
        };
        if first > end { Err(NotSatisfiable) } else { Ok((first, last)) }
    }
}

impl CopyRange {
    /// Reads `x-amz-copy-source-range`: `^bytes=\d+-\d+$` with first ≤ last. Offsets beyond 64 bits count as the largest
    /// offset, which no source reaches.
    pub fn parse(header: &str) -> Result<CopyRange, InvalidCopyRange> {
        let range = header.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
        let (first, last) = range.ok_or(InvalidCopyRange)?;
        let (first, last) = digits(first).zip(digits(last)).ok_or(InvalidCopyRange)?;
        if first <= last { Ok(CopyRange { first, last }) } else { Err(InvalidCopyRange) }
    }

    /// Offset of the first byte.
    pub fn first(self) -> u64 {
        self.first
    }

    /// Offset of the last byte, inclusive.
    pub fn last(self) -> u64 {
        self.last
    }
}

impl fmt::Display for NotSatisfiable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the range lies outside the object")
    }
}

impl std::error::Error for NotSatisfiable {}

impl fmt::Display for InvalidCopyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a copy range has the form bytes=first-last")
    }
}

impl std::error::Error for InvalidCopyRange {}

/// One or more ASCII digits; saturates, since a number too large for 64 bits is still a well-formed offset.
fn digits(text: &str) -> Option<u64> {
    let well_formed = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_s3_ignores() {
        let headers = [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=0-1,3-4",
            "bytes=0-1, 3-4",
            "items=0-1",
            "bytes=a-b",
            "bytes=1-b",
            "bytes=+1-2",
            "bytes= 0-1",
            "bytes=--1",
            "bytes=0-1-2",
            "0-1",
        ];
        for header in headers {
            assert_eq!(ByteRange::parse(header), None, "{header}");
        }
    }

    #[test]
    fn resolution_against_a_size() {
        let cases = [
            ("bytes=0-0", 10, Ok((0, 0))),
            ("bytes=0-9", 10, Ok((0, 9))),
            ("bytes=5-99", 10, Ok((5, 9))),
            ("bytes=5-99999999999999999999999", 10, Ok((5, 9))),
            ("bytes=9-", 10, Ok((9, 9))),
            ("bytes=-3", 10, Ok((7, 9))),
            ("bytes=-99", 10, Ok((0, 9))),
            ("Bytes=2-3", 10, Ok((2, 3))),
            ("bytes=-0", 10, Err(NotSatisfiable)),
            ("bytes=10-", 10, Err(NotSatisfiable)),
            ("bytes=10-12", 10, Err(NotSatisfiable)),
            ("bytes=0-", 0, Err(NotSatisfiable)),
            ("bytes=-1", 0, Err(NotSatisfiable)),
            ("bytes=0-18446744073709551615", u64::MAX, Ok((0, u64::MAX - 1))),
        ];
        for (header, size, expected) in cases {
            assert_eq!(ByteRange::parse(header).expect(header).resolve(size), expected, "{header} of {size}");
        }
    }

    #[test]
    fn copy_ranges_are_strict() {
        let range = CopyRange::parse("bytes=0-9").unwrap();
        assert_eq!((range.first(), range.last()), (0, 9));
        assert_eq!(CopyRange::parse("bytes=3-99999999999999999999").map(CopyRange::last), Ok(u64::MAX));
        for header in
            ["", "bytes=", "0-1", "bytes=1-0", "bytes=0-", "bytes=-1", "bytes=0-1,2-3", "Bytes=0-1", "bytes=0-x"]
        {
            assert_eq!(CopyRange::parse(header), Err(InvalidCopyRange), "{header}");
        }
    }
}
