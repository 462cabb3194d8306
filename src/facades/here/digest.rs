//! `X-HERE-Digest`: what a body has to come to.

use super::error::ApiError;
use crate::engine::blobs::digests::{Digests, WantedDigests};
use crate::wire::checksum::Algorithm;

pub(super) const HEADER: &str = "x-here-digest";

/// A digest that the client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announced {
    algorithm: Algorithm,
    digest: Vec<u8>,
}

impl Announced {
    /// Reads `Algorithm:Digest`, such as `CRC-32C:f23c6e4e`. Assumption 4.
    pub(super) fn parse(sent: Option<&str>) -> Result<Option<Announced>, ApiError> {
        let Some(sent) = sent else { return Ok(None) };
        let malformed = || {
            ApiError::bad_request(format!(
                "X-HERE-Digest is {sent:?}: it is CRC-32C, MD5, SHA1 or SHA256, a colon, and lower-case hexadecimal digits."
            ))
        };
        let (name, digits) = sent.trim().split_once(':').ok_or_else(malformed)?;
        let (algorithm, bytes) = match name {
            "CRC-32C" => (Algorithm::Crc32c, 4),
            "MD5" => (Algorithm::Md5, 16),
            "SHA1" => (Algorithm::Sha1, 20),
            "SHA256" => (Algorithm::Sha256, 32),
            _ => return Err(malformed()),
        };
        let lower = !digits.bytes().any(|byte| byte.is_ascii_uppercase());
        let digest = hex::decode(digits).ok().filter(|digest| lower && digest.len() == bytes).ok_or_else(malformed)?;
        Ok(Some(Announced { algorithm, digest }))
    }
}

/// What has to be computed for it.
pub(super) fn wanted(announced: Option<&Announced>) -> WantedDigests {
    WantedDigests { checksum: announced.map(|announced| announced.algorithm), ..WantedDigests::default() }
}

/// Compares it with what the body came to.
pub(super) fn check(announced: Option<&Announced>, digests: &Digests) -> Result<(), ApiError> {
    let Some(announced) = announced else { return Ok(()) };
    let computed = digests.get(announced.algorithm);
    if computed.is_some_and(|computed| computed.as_bytes() == announced.digest) {
        return Ok(());
    }
    Err(ApiError::bad_request("The body's digest is not the one in X-HERE-Digest."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_four_algorithms() {
        let parse = |sent: &str| Announced::parse(Some(sent)).map(|announced| announced.unwrap().algorithm);
        assert_eq!(parse("CRC-32C:f23c6e4e").unwrap(), Algorithm::Crc32c);
        assert_eq!(parse(&format!("MD5:{}", "0a".repeat(16))).unwrap(), Algorithm::Md5);
        assert_eq!(parse(&format!("SHA1:{}", "0a".repeat(20))).unwrap(), Algorithm::Sha1);
        assert_eq!(parse(&format!("SHA256:{}", "0a".repeat(32))).unwrap(), Algorithm::Sha256);
        for bad in ["", "f23c6e4e", "CRC-32C:F23C6E4E", "CRC-32C:f23c6e", "CRC32:f23c6e4e", "MD5:f23c6e4e", "SHA1:x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Announced::parse(None), Ok(None));
    }
}
