//! A raw checksum value and its base64 form. Which algorithm it belongs to is kept beside it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Algorithm;

/// The longest digest, that of SHA-512.
const MAX_BYTES: usize = 64;

/// Up to 64 raw bytes, most significant first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    len: u8,
    /// Zero beyond `len`, so that equality may be derived.
    bytes: [u8; MAX_BYTES],
}

impl Digest {
    /// Copies raw bytes; `None` when there are more than 64.
    pub fn from_slice(raw: &[u8]) -> Option<Digest> {
        let len = u8::try_from(raw.len()).ok()?;
        let mut bytes = [0; MAX_BYTES];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        Some(Digest { len, bytes })
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Standard base64 with padding.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.as_bytes())
    }

    /// Reads canonical, padded base64 of exactly the length that `algorithm` produces.
    pub fn parse_base64(algorithm: Algorithm, text: &str) -> Option<Digest> {
        // One byte of room more than any digest, so that a value too long is seen as such.
        let mut raw = [0; MAX_BYTES + 2];
        let len = STANDARD.decode_slice(text, &mut raw).ok()?;
        if len == algorithm.digest_len() { Digest::from_slice(&raw[..len]) } else { None }
    }

    /// For digests whose length is fixed by their type.
    pub(super) fn from_array<const N: usize>(raw: [u8; N]) -> Digest {
        const { assert!(N <= MAX_BYTES) }
        let mut bytes = [0; MAX_BYTES];
        bytes[..N].copy_from_slice(&raw);
        #[expect(clippy::cast_possible_truncation, reason = "N is at most 64, asserted above")]
        let len = N as u8;
        Digest { len, bytes }
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.to_base64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_strict_about_form_and_length() {
        let crc = Digest::parse_base64(Algorithm::Crc32, "y/Q5Jg==").unwrap();
        assert_eq!(crc.as_bytes(), [0xCB, 0xF4, 0x39, 0x26]);
        assert_eq!(crc.to_base64(), "y/Q5Jg==");
        for text in
            ["", "y/Q5Jg", "y/Q5Jg=", "y_Q5Jg==", "y/Q5Jh==", " y/Q5Jg==", "y/Q5JgA=", "y/Q5", "y/Q5Jg==-1", "?"]
        {
            assert_eq!(Digest::parse_base64(Algorithm::Crc32, text), None, "{text}");
        }
        assert_eq!(Digest::parse_base64(Algorithm::Sha512, &"A".repeat(88)), None);
        assert_eq!(Digest::parse_base64(Algorithm::Sha512, &"A".repeat(8000)), None);
        assert!(Digest::parse_base64(Algorithm::Sha512, &format!("{}==", "A".repeat(86))).is_some());
    }

    #[test]
    fn slices_up_to_64_bytes() {
        assert_eq!(Digest::from_slice(&[7; 64]).unwrap().as_bytes(), [7; 64]);
        assert_eq!(Digest::from_slice(&[7; 65]), None);
        assert_eq!(Digest::from_slice(&[7; 300]), None);
        assert_eq!(Digest::from_array([1, 2]), Digest::from_slice(&[1, 2]).unwrap());
    }
}
