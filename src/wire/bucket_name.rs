//! Bucket names of general-purpose buckets: the rules that AWS applies when one is created. Not whether a bucket exists.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A bucket name that AWS would accept for a new general-purpose bucket. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketName(Arc<str>);

/// The name breaks one of AWS's naming rules (`InvalidBucketName`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidBucketName;

/// Beginnings that AWS keeps for itself.
const RESERVED_PREFIXES: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];

/// Endings that AWS keeps for access point aliases, directory buckets and table buckets.
const RESERVED_SUFFIXES: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

impl BucketName {
    /// Checks `name`: 3–63 of `a-z0-9.-`, a letter or digit at both ends, no two dots together, not an IPv4 address, none
    /// of AWS's reserved prefixes and suffixes.
    ///
    /// The older rule against `.-` and `-.` is no longer in AWS's documentation and is not applied.
    pub fn parse(name: &str) -> Result<BucketName, InvalidBucketName> {
        let bytes = name.as_bytes();
        let allowed = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
        let edge = |byte: Option<&u8>| byte.is_some_and(|byte| !matches!(byte, b'.' | b'-'));
        let well_formed = (3..=63).contains(&bytes.len())
            && bytes.iter().all(allowed)
            && edge(bytes.first())
            && edge(bytes.last())
            && !name.contains("..")
            && !looks_like_ipv4(name)
            && !RESERVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            && !RESERVED_SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
        if well_formed { Ok(BucketName(Arc::from(name))) } else { Err(InvalidBucketName) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketName({})", self.0)
    }
}

impl fmt::Display for InvalidBucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid bucket name")
    }
}

impl std::error::Error for InvalidBucketName {}

/// Also true for `192.168.05.4`, which Rust's strict parser refuses but which still reads as an address.
fn looks_like_ipv4(name: &str) -> bool {
    name.parse::<Ipv4Addr>().is_ok()
        || (name.split('.').count() == 4
            && name.split('.').all(|octet| octet.len() <= 3 && octet.parse::<u8>().is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_aws_accepts() {
        let longest = "a".repeat(63);
        for name in ["abc", "123", "my-bucket.v2", "a.b", "1.2.3.4.5", "256.1.1.1", "a-.b", "xn-a", &longest] {
            assert_eq!(BucketName::parse(name).expect(name).as_str(), name);
        }
    }

    #[test]
    fn refuses_what_aws_refuses() {
        let too_long = "a".repeat(64);
        let names = [
            "",
            "ab",
            &too_long,
            "Abc",
            "a_b",
            "a b",
            "bücket",
            ".abc",
            "abc.",
            "-abc",
            "abc-",
            "a..b",
            "192.168.5.4",
            "192.168.05.4",
            "xn--abc",
            "sthree-abc",
            "amzn-s3-demo-bucket",
            "abc-s3alias",
            "abc--ol-s3",
            "abc.mrap",
            "abc--x-s3",
            "abc--table-s3",
        ];
        for name in names {
            assert_eq!(BucketName::parse(name), Err(InvalidBucketName), "{name}");
        }
    }
}
