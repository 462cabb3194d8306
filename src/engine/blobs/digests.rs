//! The digests computed in the one pass over a body as it is written.

use sha2::{Digest as _, Sha256};

use crate::wire::checksum::{Algorithm, Digest, Hasher};
use crate::wire::md5::Md5;

/// Which digests a body needs beside the two that every blob has (MD5, for ETags; CRC64NVME, for integrity at rest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WantedDigests {
    /// A checksum that the client sent or that an upload was declared with.
    pub checksum: Option<Algorithm>,
    /// SHA-256 of the payload, to verify `x-amz-content-sha256`.
    pub payload_sha256: PayloadSha256,
}

/// Whether the payload's SHA-256 was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PayloadSha256 {
    /// It has to be computed.
    Wanted,
    /// Nobody asks.
    #[default]
    NotWanted,
}

/// The hashers at work.
pub(crate) struct Digesting {
    md5: Md5,
    crc64: Hasher,
    checksum: Option<(Algorithm, Hasher)>,
    sha256: Option<Sha256>,
}

/// What they came to.
#[derive(Debug, Clone)]
pub struct Digests {
    /// MD5 of the body.
    pub md5: [u8; 16],
    /// CRC64NVME of the body.
    pub crc64: Digest,
    checksum: Option<(Algorithm, Digest)>,
    /// SHA-256 of the body, if it was wanted.
    pub payload_sha256: Option<[u8; 32]>,
}

impl Digesting {
    pub(crate) fn new(wanted: WantedDigests) -> Digesting {
        let separate = |algorithm: &Algorithm| !matches!(algorithm, Algorithm::Md5 | Algorithm::Crc64Nvme);
        Digesting {
            md5: Md5::new(),
            crc64: Hasher::new(Algorithm::Crc64Nvme),
            checksum: wanted.checksum.filter(separate).map(|algorithm| (algorithm, Hasher::new(algorithm))),
            sha256: (wanted.payload_sha256 == PayloadSha256::Wanted).then(Sha256::new),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.update_others(bytes);
    }

    /// The MD5 so far: for a while it is somebody else's to go on with.
    pub(crate) fn md5(&mut self) -> &mut Md5 {
        &mut self.md5
    }

    /// All but the MD5.
    pub(crate) fn update_others(&mut self, bytes: &[u8]) {
        self.crc64.update(bytes);
        if let Some((_, hasher)) = &mut self.checksum {
            hasher.update(bytes);
        }
        if let Some(hasher) = &mut self.sha256 {
            hasher.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            md5: self.md5.finish(),
            crc64: self.crc64.finish(),
            checksum: self.checksum.map(|(algorithm, hasher)| (algorithm, hasher.finish())),
            payload_sha256: self.sha256.map(|hasher| hasher.finalize().into()),
        }
    }
}

impl Digests {
    /// The digest of that algorithm, if it was computed: MD5 and CRC64NVME always are.
    pub fn get(&self, algorithm: Algorithm) -> Option<Digest> {
        match algorithm {
            Algorithm::Crc64Nvme => Some(self.crc64),
            Algorithm::Md5 => Digest::from_slice(&self.md5),
            _ => self.checksum.as_ref().filter(|(known, _)| *known == algorithm).map(|(_, digest)| *digest),
        }
    }
}
