//! The bodies that are sent, and the four ways to vouch for them. All bodies repeat one block of random bytes, and what is
//! hashed of them is hashed once, before anything is timed.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};
use staves::wire::checksum::{Algorithm, Hasher};
use staves::wire::sigv4::{EMPTY_SHA256, UNSIGNED_PAYLOAD};

use crate::units::MIB;

/// How a body is vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `UNSIGNED-PAYLOAD`, with `x-amz-checksum-crc32` beside it.
    UnsignedCrc32,
    /// The body's SHA-256 in `x-amz-content-sha256`.
    Sha256,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`: every chunk has a signature.
    SignedChunks,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER` with a CRC32 at the end: what AWS's SDKs send.
    TrailerCrc32,
}

impl Mode {
    pub(crate) const ALL: [Mode; 4] = [Mode::UnsignedCrc32, Mode::Sha256, Mode::SignedChunks, Mode::TrailerCrc32];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Mode::UnsignedCrc32 => "unsigned + CRC32",
            Mode::Sha256 => "signed SHA-256",
            Mode::SignedChunks => "signed chunks",
            Mode::TrailerCrc32 => "chunks + CRC32 trailer",
        }
    }

    pub(crate) fn is_chunked(self) -> bool {
        matches!(self, Mode::SignedChunks | Mode::TrailerCrc32)
    }
}

/// The bytes of a chunk in chunked modes, as several SDKs cut them.
pub(crate) const CHUNK_BYTES: u64 = 64 << 10;
/// Pieces of a body that is sent as it is: few system calls, and still in the processor's cache.
pub(crate) const PLAIN_PIECE_BYTES: u64 = 1 << 20;
const BLOCK_BYTES: u64 = 8 * MIB;

/// A body, which need not be in memory whole.
pub(crate) struct Body {
    block: Cow<'static, [u8]>,
    length: u64,
    crc32: OnceLock<String>,
    sha256: OnceLock<String>,
    chunk_hashes: OnceLock<Vec<String>>,
}

impl Body {
    /// Random bytes, which repeat from 8 MiB on.
    pub(crate) fn random(length: u64) -> Arc<Body> {
        Arc::new(Body::new(Cow::Borrowed(random_block()), length))
    }

    pub(crate) fn text(text: String) -> Body {
        let length = text.len() as u64;
        Body::new(Cow::Owned(text.into_bytes()), length)
    }

    fn new(block: Cow<'static, [u8]>, length: u64) -> Body {
        let (crc32, sha256, chunk_hashes) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Body { block, length, crc32, sha256, chunk_hashes }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Cut into pieces of this size, which must divide the block, or be larger than the body.
    pub(crate) fn pieces(&self, piece_bytes: u64) -> Vec<&[u8]> {
        let mut pieces = Vec::new();
        let mut at = 0;
        while at < self.length {
            let start = at % self.block.len() as u64;
            let bytes = piece_bytes.min(self.length - at).min(self.block.len() as u64 - start);
            pieces.push(&self.block[index(start)..index(start + bytes)]);
            at += bytes;
        }
        pieces
    }

    /// In base64.
    pub(crate) fn crc32(&self) -> &str {
        self.crc32.get_or_init(|| {
            let mut hasher = Hasher::new(Algorithm::Crc32);
            self.pieces(BLOCK_BYTES).into_iter().for_each(|piece| hasher.update(piece));
            hasher.finish().to_base64()
        })
    }

    /// In hexadecimal digits.
    pub(crate) fn sha256(&self) -> &str {
        self.sha256.get_or_init(|| {
            let mut hasher = Sha256::new();
            self.pieces(BLOCK_BYTES).into_iter().for_each(|piece| hasher.update(piece));
            hex::encode(hasher.finalize())
        })
    }

    /// The SHA-256 of each chunk, that of the empty last one too.
    pub(crate) fn chunk_hashes(&self) -> &[String] {
        self.chunk_hashes.get_or_init(|| {
            let hash = |chunk: &&[u8]| hex::encode(Sha256::digest(chunk));
            let mut hashes: Vec<String> = self.pieces(CHUNK_BYTES).iter().map(hash).collect();
            hashes.push(EMPTY_SHA256.to_owned());
            hashes
        })
    }

    /// The value of `x-amz-content-sha256`.
    pub(crate) fn payload_hash(&self, mode: Mode) -> &str {
        match mode {
            Mode::UnsignedCrc32 => UNSIGNED_PAYLOAD,
            Mode::Sha256 => self.sha256(),
            Mode::SignedChunks => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Mode::TrailerCrc32 => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }

    /// Hashes what this mode needs, so that no request waits for it.
    pub(crate) fn prepare(&self, mode: Mode) {
        match mode {
            Mode::UnsignedCrc32 | Mode::TrailerCrc32 => drop(self.crc32().len()),
            Mode::Sha256 => drop(self.sha256().len()),
            Mode::SignedChunks => drop(self.chunk_hashes().len()),
        }
    }
}

fn index(bytes: u64) -> usize {
    usize::try_from(bytes).expect("blocks are small")
}

/// A number that looks random, from one that does not: the same in every run, so that runs can be compared.
pub(crate) fn scatter(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x632B_E59B_D9B4_E019);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

fn random_block() -> &'static [u8] {
    static BLOCK: OnceLock<Vec<u8>> = OnceLock::new();
    BLOCK.get_or_init(|| (0..BLOCK_BYTES / 8).flat_map(|word| scatter(word).to_le_bytes()).collect())
}
