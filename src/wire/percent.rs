//! Percent encoding in the three dialects that S3 speaks: `SigV4`, paths and queries, and `encoding-type=url`.
//! Not URL parsing: nothing here splits, joins or normalises anything.

use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode};

/// `SigV4`'s `UriEncode`: all but `A-Z a-z 0-9 - _ . ~`. Source: AWS, "Create a signed AWS API request".
const SIGV4: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const SIGV4_PATH: &AsciiSet = &SIGV4.remove(b'/');
const LISTING: &AsciiSet = &SIGV4_PATH.remove(b' ');

/// Why a piece of a URI cannot be decoded. S3 answers both with 400 `InvalidURI` (seen on AWS for `%80`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// A `%` that two hexadecimal digits do not follow, at this byte of the raw text.
    Escape(usize),
    /// The escapes are fine, but the bytes that they make are not UTF-8.
    NotUtf8,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Escape(at) => write!(f, "the '%' at byte {at} is not followed by two hexadecimal digits"),
            Self::NotUtf8 => f.write_str("the decoded text is not UTF-8"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// `SigV4`'s encoding of a query name or value: `/` becomes `%2F`, space `%20`, hexadecimal digits in upper case.
pub fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, SIGV4).to_string()
}

/// `SigV4`'s encoding of a path: as [`encode`], but `/` stays.
pub fn encode_path(bytes: &[u8]) -> String {
    percent_encode(bytes, SIGV4_PATH).to_string()
}

/// The `encoding-type=url` of listings: `/` and `~` stay, space becomes `+`. Seen on AWS for keys, prefixes and
/// markers.
pub fn encode_listing(bytes: &[u8]) -> String {
    percent_encode(bytes, LISTING).to_string().replace(' ', "+")
}

/// An address as it can stand in a header: what is neither ASCII nor visible is encoded, all else stays as it is.
pub fn encode_address(address: &str) -> String {
    percent_encode(address.as_bytes(), CONTROLS).to_string()
}

/// Decodes a raw path: only `%XX` means something, `+` is a plus.
pub fn decode_path(raw: &str) -> Result<String, DecodeError> {
    check_escapes(raw)?;
    into_text(decode_path_lossless(raw))
}

/// Decodes a raw query name or value: `%XX`, and `+` is a space.
pub fn decode_query(raw: &str) -> Result<String, DecodeError> {
    check_escapes(raw)?;
    into_text(decode_query_lossless(raw))
}

/// Decodes a path to bytes and never fails: a broken escape stands for itself. For signatures, which must be computed
/// (and refused) before the path is judged.
pub fn decode_path_lossless(raw: &str) -> Cow<'_, [u8]> {
    percent_encoding::percent_decode_str(raw).into()
}

/// Decodes a query name or value to bytes and never fails: see [`decode_path_lossless`].
pub fn decode_query_lossless(raw: &str) -> Cow<'_, [u8]> {
    if raw.contains('+') {
        let spaced = raw.replace('+', " ");
        Cow::Owned(percent_encoding::percent_decode_str(&spaced).collect())
    } else {
        decode_path_lossless(raw)
    }
}

fn check_escapes(raw: &str) -> Result<(), DecodeError> {
    let bytes = raw.as_bytes();
    let broken = bytes.iter().enumerate().position(|(at, &byte)| {
        byte == b'%' && !bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    });
    broken.map_or(Ok(()), |at| Err(DecodeError::Escape(at)))
}

fn into_text(bytes: Cow<'_, [u8]>) -> Result<String, DecodeError> {
    String::from_utf8(bytes.into_owned()).map_err(|_| DecodeError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encode_keeps_only_the_unreserved() {
        assert_eq!(encode("aZ09-_.~ /+=&%ä".as_bytes()), "aZ09-_.~%20%2F%2B%3D%26%25%C3%A4");
        assert_eq!(encode_path(b"/a b//c*'()"), "/a%20b//c%2A%27%28%29");
    }

    #[test]
    fn listing_writes_a_space_as_plus_and_a_plus_as_an_escape() {
        assert_eq!(encode_listing("a/b ~c+d\u{1}ö".as_bytes()), "a/b+~c%2Bd%01%C3%B6");
    }

    #[test]
    fn addresses_keep_what_a_header_can_hold() {
        assert_eq!(encode_address("https://h/a%20b?c=d#e f"), "https://h/a%20b?c=d#e f");
        assert_eq!(encode_address("/\u{e9}\n\u{7f}"), "/%C3%A9%0A%7F");
    }

    #[test]
    fn a_plus_is_a_space_in_queries_only() {
        assert_eq!(decode_path("/a+b%2B%20c").as_deref(), Ok("/a+b+ c"));
        assert_eq!(decode_query("a+b%2B%20c").as_deref(), Ok("a b+ c"));
    }

    #[test]
    fn broken_escapes_and_broken_utf8_are_told_apart() {
        assert_eq!(decode_path("/b/%80"), Err(DecodeError::NotUtf8));
        assert_eq!(decode_path("/b/%zz"), Err(DecodeError::Escape(3)));
        assert_eq!(decode_query("100%"), Err(DecodeError::Escape(3)));
        assert_eq!(decode_query("%2"), Err(DecodeError::Escape(0)));
        assert_eq!(decode_path("%25zz").as_deref(), Ok("%zz"));
    }

    #[test]
    fn the_lossless_forms_keep_what_they_cannot_decode() {
        assert_eq!(&*decode_path_lossless("/%80%zz+"), b"/\x80%zz+");
        assert_eq!(&*decode_query_lossless("%80%zz+"), b"\x80%zz ");
    }
}
