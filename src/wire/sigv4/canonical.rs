//! The canonical request, the string to sign, and the signature. Nothing here decides what has to be signed.

use http::HeaderMap;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::date::AmzDate;
use super::key::{SigningKey, hex_text};
use super::scope::Scope;
use super::signed_headers::SignedHeaders;
use super::{ALGORITHM, UNSIGNED_PAYLOAD};
use crate::wire::{percent, query};

/// A request as it came over the wire.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Such as `GET`.
    pub method: &'a str,
    /// The path as sent: not decoded, not normalised.
    pub raw_path: &'a str,
    /// What stands after the `?`, as sent; "" without one.
    pub raw_query: &'a str,
    /// All headers, `host` among them.
    pub headers: &'a HeaderMap,
}

/// Where the signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// In the `Authorization` header.
    Header,
    /// In the query: `X-Amz-Signature` is left out of the canonical query, and a signed header that is not sent may be
    /// a query parameter instead (the JavaScript and Java SDKs "hoist" them; seen to work on AWS).
    Presigned,
}

/// The six parts of a canonical request. Source: AWS, "Create a canonical request"; S3 never normalises the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The method.
    pub method: String,
    /// Decoded once, encoded again, `/` kept.
    pub path: String,
    /// Encoded names and values, sorted, `name=` for bare names.
    pub query: String,
    /// Names in lower case with trimmed values. Bytes, because a client may sign what is not UTF-8.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The list of names, as a text.
    pub signed_headers: String,
    /// `x-amz-content-sha256` as sent, or what stands for it.
    pub payload_hash: String,
}

impl Canonical {
    /// Builds the canonical form of a request that was received.
    pub fn of(request: Request<'_>, mechanism: Mechanism, signed: &SignedHeaders, payload_hash: &str) -> Self {
        let header = |name: &str| {
            let value = header_value(request.headers, name).or_else(|| match mechanism {
                Mechanism::Header => None,
                Mechanism::Presigned => hoisted(request.raw_query, name),
            });
            // A signed header that is not there counts as empty, which no client has signed: the signature will differ.
            (name.to_owned(), value.unwrap_or_default())
        };
        Self {
            method: request.method.to_owned(),
            path: canonical_path(request.raw_path),
            query: canonical_query(request.raw_query, mechanism),
            headers: signed.iter().map(header).collect(),
            signed_headers: signed.to_string(),
            payload_hash: payload_hash.to_owned(),
        }
    }

    /// The canonical request as it is hashed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}\n{}\n{}\n", self.method, self.path, self.query).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(b':');
            bytes.extend_from_slice(value);
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(format!("\n{}\n{}", self.signed_headers, self.payload_hash).as_bytes());
        bytes
    }

    /// Computes the string to sign and the signature.
    pub fn sign(&self, date: AmzDate, scope: &Scope, key: &SigningKey) -> Computed {
        self.sign_dated(&date.iso_basic(), scope, key)
    }

    /// As [`Canonical::sign`], with the date in the string to sign as it is written here.
    pub fn sign_dated(&self, date: &str, scope: &Scope, key: &SigningKey) -> Computed {
        let canonical_request = self.to_bytes();
        let hash = hex_text(Sha256::digest(&canonical_request).into());
        let string_to_sign = format!("{ALGORITHM}\n{date}\n{scope}\n{hash}");
        let signature = key.sign(&string_to_sign);
        Computed { canonical_request, string_to_sign, signature }
    }
}

/// What the server computed: the elements of S3's `SignatureDoesNotMatch`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    /// The canonical request.
    pub canonical_request: Vec<u8>,
    /// The string to sign.
    pub string_to_sign: String,
    /// The right signature: never to be shown.
    pub signature: String,
}

impl Computed {
    /// Compares in constant time. Upper-case digits do not match.
    pub fn matches(&self, provided: &str) -> bool {
        signatures_match(&self.signature, provided)
    }

    /// The element `StringToSignBytes`.
    pub fn string_to_sign_bytes(&self) -> String {
        hex_dump(self.string_to_sign.as_bytes())
    }

    /// The element `CanonicalRequest`.
    pub fn canonical_request_text(&self) -> String {
        String::from_utf8_lossy(&self.canonical_request).into_owned()
    }

    /// The element `CanonicalRequestBytes`.
    pub fn canonical_request_bytes(&self) -> String {
        hex_dump(&self.canonical_request)
    }
}

/// Compares two signatures in a time that depends on their lengths only.
pub fn signatures_match(computed: &str, provided: &str) -> bool {
    computed.as_bytes().ct_eq(provided.as_bytes()).into()
}

/// Bytes as AWS dumps them in `SignatureDoesNotMatch`: pairs of lower-case digits with a space between.
pub fn hex_dump(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// The payload hash of a presigned URL: `x-amz-content-sha256` from the headers, else from the query, else unsigned.
pub(super) fn presigned_payload_hash(headers: &HeaderMap, raw_query: &str) -> String {
    header_value(headers, "x-amz-content-sha256")
        .or_else(|| hoisted(raw_query, "x-amz-content-sha256"))
        .map_or_else(|| UNSIGNED_PAYLOAD.to_owned(), |value| String::from_utf8_lossy(&value).into_owned())
}

/// All values of a header, trimmed, inner runs of blanks made one space, joined with ",".
pub(super) fn header_value(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let values: Vec<Vec<u8>> = headers.get_all(name).iter().map(|value| collapse(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

/// Trims, and makes inner runs of blanks one space.
pub(super) fn collapse(value: &[u8]) -> Vec<u8> {
    let words = value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

fn hoisted(raw_query: &str, name: &str) -> Option<Vec<u8>> {
    query::split(raw_query)
        .find(|(raw_name, _)| percent::decode_query_lossless(raw_name).eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, raw_value)| collapse(&percent::decode_query_lossless(raw_value)))
}

fn canonical_path(raw_path: &str) -> String {
    let path = if raw_path.is_empty() { "/" } else { raw_path };
    percent::encode_path(&percent::decode_path_lossless(path))
}

pub(super) fn canonical_query(raw_query: &str, mechanism: Mechanism) -> String {
    let recode = |raw: &str| percent::encode(&percent::decode_query_lossless(raw));
    let mut pairs: Vec<(String, String)> = query::split(raw_query)
        .map(|(name, value)| (recode(name), recode(value)))
        .filter(|(name, _)| mechanism == Mechanism::Header || name != "X-Amz-Signature")
        .collect();
    pairs.sort_unstable();
    join_pairs(&pairs)
}

/// Writes encoded pairs as a query.
pub(super) fn join_pairs(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw_path: &str, raw_query: &str, headers: &HeaderMap, signed: &str) -> Canonical {
        let request = Request { method: "GET", raw_path, raw_query, headers };
        Canonical::of(request, Mechanism::Presigned, &SignedHeaders::parse(signed), UNSIGNED_PAYLOAD)
    }

    #[test]
    fn paths_are_recoded_but_never_normalised() {
        let none = HeaderMap::new();
        let path = |raw: &str| canonical(raw, "", &none, "").path;
        assert_eq!(path("/%2Fbucket"), "//bucket");
        assert_eq!(path("/b//./../k/"), "/b//./../k/");
        assert_eq!(path("/b/a+b%7e%2a(%C3%A4"), "/b/a%2Bb~%2A%28%C3%A4");
        assert_eq!(path("/b/%zz%80"), "/b/%25zz%80");
        assert_eq!(path(""), "/");
    }

    #[test]
    fn queries_are_sorted_recoded_and_lose_the_signature() {
        let none = HeaderMap::new();
        let query = |raw: &str| canonical("/", raw, &none, "").query;
        assert_eq!(query("uploads&b=2&a=x+y%2fz&b=1&X-Amz-Signature=s"), "a=x%20y%2Fz&b=1&b=2&uploads=");
        assert_eq!(query("a-b=1&a=2"), "a=2&a-b=1");
        assert_eq!(canonical_query("X-Amz-Signature=s", Mechanism::Header), "X-Amz-Signature=s");
    }

    #[test]
    fn header_values_are_trimmed_collapsed_and_joined() {
        let mut headers = HeaderMap::new();
        headers.append("x-amz-meta-a", "  one \t two ".parse().unwrap());
        headers.append("x-amz-meta-a", "three".parse().unwrap());
        headers.insert("host", "h".parse().unwrap());
        let canonical = canonical("/", "", &headers, "host;x-amz-meta-a;x-amz-gone");
        let text = String::from_utf8(canonical.to_bytes()).unwrap();
        assert_eq!(
            text,
            "GET\n/\n\nhost:h\nx-amz-meta-a:one two,three\nx-amz-gone:\n\nhost;x-amz-meta-a;x-amz-gone\nUNSIGNED-PAYLOAD"
        );
    }

    #[test]
    fn a_signed_header_may_be_hoisted_into_the_query() {
        let mut headers = HeaderMap::new();
        let query = "X-Amz-Meta-A=from+query&X-Amz-Content-Sha256=abc";
        assert_eq!(canonical("/", query, &headers, "x-amz-meta-a").headers[0].1, b"from query");
        assert_eq!(presigned_payload_hash(&headers, query), "abc");
        headers.insert("x-amz-meta-a", "from header".parse().unwrap());
        assert_eq!(canonical("/", query, &headers, "x-amz-meta-a").headers[0].1, b"from header");
        assert_eq!(presigned_payload_hash(&headers, ""), "UNSIGNED-PAYLOAD");
    }

    #[test]
    fn comparison_and_dump() {
        assert!(signatures_match("abc", "abc") && !signatures_match("abc", "ABC") && !signatures_match("abc", "ab"));
        assert_eq!(hex_dump(b"AWS4"), "41 57 53 34");
        assert_eq!(hex_dump(b""), "");
    }
}
