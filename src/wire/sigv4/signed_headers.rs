//! The list of headers that a signature covers, and which headers it should have covered.

use std::fmt;

use http::HeaderMap;

/// `SignedHeaders`: names in lower case, in the client's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders(Vec<String>);

impl SignedHeaders {
    /// Splits at `;`.
    pub fn parse(text: &str) -> Self {
        Self(text.split(';').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect())
    }

    /// A sorted list without duplicates, as signers write it.
    pub fn sorted(names: impl IntoIterator<Item = String>) -> Self {
        let mut names: Vec<String> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        Self(names)
    }

    /// Whether this name (in lower case) is signed.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|signed| signed == name)
    }

    /// The names in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The headers that had to be signed and were not: `host`, and every `x-amz-*` that was sent. In alphabetical order,
    /// joined by ", " they are `HeadersNotSigned` of S3's 403 `AccessDenied`; empty when all is well.
    ///
    /// `x-amz-content-sha256` may be unsigned, with headers and with presigned URLs (seen on AWS): its value is part of
    /// the canonical request anyway. A header that repeats a query parameter of a presigned URL has to be signed too.
    pub fn unsigned_in(&self, headers: &HeaderMap) -> Vec<String> {
        let must_be_signed = |name: &&str| name.starts_with("x-amz-") && *name != "x-amz-content-sha256";
        let mut names: Vec<String> = headers
            .keys()
            .map(http::HeaderName::as_str)
            .filter(must_be_signed)
            .chain(["host"])
            .filter(|name| !self.contains(name))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        names
    }
}

impl fmt::Display for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(";"))
    }
}

/// AWS's sentence for headers that should have been signed.
pub const HEADERS_NOT_SIGNED: &str = "There were headers present in the request which were not signed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_keep_their_order() {
        let signed = SignedHeaders::parse("x-amz-date;Host");
        assert_eq!(signed.to_string(), "x-amz-date;host");
        assert!(signed.contains("host") && !signed.contains("range"));
        assert_eq!(SignedHeaders::sorted(["b".into(), "a".into(), "b".into()]).to_string(), "a;b");
    }

    #[test]
    fn host_and_x_amz_headers_must_be_signed() {
        let names = ["host", "range", "content-type", "x-amz-meta-b", "x-amz-acl", "x-amz-content-sha256"];
        let headers: HeaderMap = names.map(|name| (name.parse().unwrap(), "v".parse().unwrap())).into_iter().collect();
        assert_eq!(SignedHeaders::parse("").unsigned_in(&headers), ["host", "x-amz-acl", "x-amz-meta-b"]);
        assert!(SignedHeaders::parse("host;x-amz-acl;x-amz-meta-b").unsigned_in(&headers).is_empty());
    }
}
