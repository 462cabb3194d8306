//! The checksums of S3: algorithms and their names, digests, hashers, and how part checksums become an object's. Not the
//! rules about which checksum a request must carry.

mod algorithm;
mod combine;
mod digest;
mod hasher;

pub use algorithm::{Algorithm, ChecksumKind};
pub use combine::{combine_crc, composite};
pub use digest::Digest;
pub use hasher::Hasher;

/// A checksum of an object or part, with all that its header and XML forms need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// What computed it.
    pub algorithm: Algorithm,
    /// Whether it covers the bytes or the checksums of parts.
    pub kind: ChecksumKind,
    /// The raw value.
    pub digest: Digest,
    /// How many parts a composite checksum covers.
    pub parts: Option<u16>,
}

impl Checksum {
    /// The checksum of all bytes of something.
    pub fn full_object(algorithm: Algorithm, digest: Digest) -> Checksum {
        Checksum { algorithm, kind: ChecksumKind::FullObject, digest, parts: None }
    }

    /// The value as headers and `CompleteMultipartUploadResult` carry it: base64, with `-N` for a composite of N parts.
    /// (`GetObjectAttributes` shows [`Digest::to_base64`] alone.)
    pub fn header_value(&self) -> String {
        let mut value = self.digest.to_base64();
        if let (ChecksumKind::Composite, Some(parts)) = (self.kind, self.parts) {
            value.push('-');
            value.push_str(&parts.to_string());
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_composite_values_carry_the_count() {
        let digest = Digest::parse_base64(Algorithm::Crc32, "y/Q5Jg==").unwrap();
        let full = Checksum::full_object(Algorithm::Crc32, digest);
        assert_eq!(full.header_value(), "y/Q5Jg==");
        let composite = Checksum { kind: ChecksumKind::Composite, parts: Some(3), ..full };
        assert_eq!(composite.header_value(), "y/Q5Jg==-3");
    }
}
