//! Blobs that are encrypted with a client's own key (SSE-C): how their bytes stand on disk, and reading them from the middle.
//!
//! An encrypted blob is a random salt and then blocks of [`BLOCK_BYTES`], the last one shorter, each sealed with
//! AES-256-GCM and followed by its tag. The key of a blob follows from the client's and the salt (HKDF-SHA-256), so that
//! no two blobs share one, and a block's number in the blob is nonce enough. Neither key is kept anywhere. A block that
//! was damaged, moved or exchanged does not open: it is never served. That a blob is whole, the CRC64NVME of its row tells,
//! which is that of the bytes as they are stored: whoever checks a blob at rest needs no key.
//!
//! Why blocks and not a stream cipher: they cost 16 bytes in 64 KiB, and what is read is known to be what was written.
//! Why `ring`: TLS brings it along.

use std::io::{self, Write};
use std::ops::Range;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};

use crate::engine::error::{Error, Result};
use crate::wire::encryption::CustomerKey;

/// Bytes of plaintext in a block.
pub(crate) const BLOCK_BYTES: u64 = 64 << 10;
/// Bytes before the first block.
pub(crate) const SALT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const SEALED_BLOCK_BYTES: u64 = BLOCK_BYTES + TAG_BYTES as u64;
/// What the keys made here are for.
const PURPOSE: &[u8] = b"staves: blob of an object with SSE-C";

/// The cipher of one blob.
pub(crate) struct BlobCipher(LessSafeKey);

/// A blob being encrypted as it is written.
pub(crate) struct Encrypting {
    cipher: BlobCipher,
    salt: [u8; SALT_BYTES],
    started: Started,
    /// Plaintext of the block that is not full yet.
    block: Vec<u8>,
    next_block: u64,
}

/// Whether the salt has been given out.
#[derive(PartialEq, Eq)]
enum Started {
    No,
    Yes,
}

impl BlobCipher {
    /// The cipher of the blob with this salt.
    pub(crate) fn new(key: &CustomerKey, salt: &[u8; SALT_BYTES]) -> Result<BlobCipher> {
        let bug = |_| Error::Bug { what: "a key of 32 bytes follows from a key".to_owned() };
        let derived = Salt::new(HKDF_SHA256, salt).extract(key.expose());
        let unbound = derived.expand(&[PURPOSE], &AES_256_GCM).map(UnboundKey::from).map_err(bug)?;
        Ok(BlobCipher(LessSafeKey::new(unbound)))
    }

    /// Encrypts a block and appends its tag.
    fn seal(&self, number: u64, block: &mut Vec<u8>) -> Result<()> {
        self.0
            .seal_in_place_append_tag(nonce(number), Aad::empty(), block)
            .map_err(|_| Error::Bug { what: "a block is not too long to be sealed".to_owned() })
    }

    /// Decrypts consecutive blocks, of which the first has this number, into one run of plaintext.
    pub(crate) fn open(&self, first_block: u64, mut sealed: Vec<u8>) -> io::Result<Vec<u8>> {
        let (mut plain_bytes, mut at) = (0, 0);
        for number in first_block.. {
            let end = sealed.len().min(at + usize::try_from(SEALED_BLOCK_BYTES).unwrap_or(usize::MAX));
            if at == end {
                break;
            }
            let opened = self.0.open_in_place(nonce(number), Aad::empty(), &mut sealed[at..end]);
            let length = opened.map_err(|_| damaged())?.len();
            sealed.copy_within(at..at + length, plain_bytes);
            plain_bytes += length;
            at = end;
        }
        sealed.truncate(plain_bytes);
        Ok(sealed)
    }
}

/// Where the blocks of a stretch of plaintext stand in a blob.
pub(crate) struct Blocks {
    pub(crate) first_block: u64,
    /// In the blob as it is stored; the last block may be shorter.
    pub(crate) stored: Range<u64>,
    /// Plaintext of the first block that comes before the stretch.
    pub(crate) skip_bytes: usize,
}

impl Blocks {
    /// Those of the bytes from `at` on.
    pub(crate) fn of(at: u64, length_bytes: u64) -> Blocks {
        let first_block = at / BLOCK_BYTES;
        let end_block = (at + length_bytes).div_ceil(BLOCK_BYTES);
        let place = |block: u64| SALT_BYTES as u64 + block * SEALED_BLOCK_BYTES;
        Blocks {
            first_block,
            stored: place(first_block)..place(end_block),
            skip_bytes: usize::try_from(at % BLOCK_BYTES).unwrap_or(0),
        }
    }
}

/// The least size that a stored blob has which holds plaintext up to `end`.
pub(crate) fn stored_bytes(end: u64) -> u64 {
    SALT_BYTES as u64 + end + end.div_ceil(BLOCK_BYTES) * TAG_BYTES as u64
}

/// A stretch of a blob that is in memory whole.
pub(crate) fn open_stretch(stored: &[u8], key: &CustomerKey, at: u64, length_bytes: u64) -> io::Result<Vec<u8>> {
    let salt = stored.first_chunk::<SALT_BYTES>().ok_or_else(damaged)?;
    let cipher = BlobCipher::new(key, salt).map_err(io::Error::other)?;
    let blocks = Blocks::of(at, length_bytes);
    let first = usize::try_from(blocks.stored.start).unwrap_or(usize::MAX).min(stored.len());
    let end = usize::try_from(blocks.stored.end).unwrap_or(usize::MAX).min(stored.len());
    let plain = cipher.open(blocks.first_block, stored[first..end].to_vec())?;
    cut(plain, blocks.skip_bytes, length_bytes)
}

/// The stretch itself out of the plaintext of its blocks.
pub(crate) fn cut(mut plain: Vec<u8>, skip_bytes: usize, length_bytes: u64) -> io::Result<Vec<u8>> {
    let end = usize::try_from(length_bytes).ok().and_then(|length| skip_bytes.checked_add(length));
    let end = end.filter(|end| *end <= plain.len()).ok_or_else(damaged)?;
    plain.truncate(end);
    plain.drain(..skip_bytes);
    Ok(plain)
}

impl Encrypting {
    /// With a client's key and a salt of its own.
    pub(crate) fn new(key: &CustomerKey) -> Result<Encrypting> {
        let salt = rand::random();
        let cipher = BlobCipher::new(key, &salt)?;
        Ok(Encrypting { cipher, salt, started: Started::No, block: Vec::new(), next_block: 0 })
    }

    /// Takes plaintext, and writes what can be stored of it.
    pub(crate) fn write(&mut self, mut plain: &[u8], out: &mut impl Write) -> Result<()> {
        self.start(out)?;
        let whole = usize::try_from(BLOCK_BYTES).unwrap_or(usize::MAX);
        while self.block.len() + plain.len() >= whole {
            let (now, later) = plain.split_at(whole - self.block.len());
            self.block.extend_from_slice(now);
            plain = later;
            self.write_block(out)?;
        }
        self.block.extend_from_slice(plain);
        Ok(())
    }

    /// Writes what is left.
    pub(crate) fn finish(&mut self, out: &mut impl Write) -> Result<()> {
        self.start(out)?;
        if self.block.is_empty() { Ok(()) } else { self.write_block(out) }
    }

    fn start(&mut self, out: &mut impl Write) -> Result<()> {
        if self.started == Started::Yes {
            return Ok(());
        }
        self.started = Started::Yes;
        Ok(out.write_all(&self.salt)?)
    }

    fn write_block(&mut self, out: &mut impl Write) -> Result<()> {
        self.cipher.seal(self.next_block, &mut self.block)?;
        self.next_block += 1;
        out.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an encrypted block is not as it was stored, or its key is another")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> CustomerKey {
        CustomerKey::new(&[byte; 32]).unwrap()
    }

    fn sealed(key: &CustomerKey, plain: &[u8], piece: usize) -> Vec<u8> {
        let (mut encrypting, mut stored) = (Encrypting::new(key).unwrap(), Vec::new());
        for piece in plain.chunks(piece) {
            encrypting.write(piece, &mut stored).unwrap();
        }
        encrypting.finish(&mut stored).unwrap();
        stored
    }

    #[test]
    fn every_stretch_opens_and_nothing_is_readable() {
        let block = usize::try_from(BLOCK_BYTES).unwrap();
        for size in [0, 1, 100, block - 1, block, block + 1, 3 * block, 3 * block + 7] {
            let plain: Vec<u8> = (0..size).map(|n| (n / 7).to_le_bytes()[0]).collect();
            let stored = sealed(&key(1), &plain, 70_001);
            assert_eq!(stored.len() as u64, stored_bytes(size as u64));
            assert!(size < 16 || !stored.windows(16).any(|window| window == &plain[..16]), "{size}");
            let stretches = [(0, size), (size / 2, size - size / 2), (size.min(block), 0), (size.saturating_sub(1), 1)];
            for (at, length) in stretches.into_iter().filter(|(at, length)| at + length <= size) {
                let opened = open_stretch(&stored, &key(1), at as u64, length as u64).unwrap();
                assert_eq!(opened, &plain[at..at + length], "{at}+{length} of {size}");
            }
            assert!(open_stretch(&stored, &key(1), 0, size as u64 + 1).is_err());
        }
    }

    #[test]
    fn another_key_and_damage_open_nothing() {
        let mut stored = sealed(&key(1), &vec![9; 200_000], 1000);
        assert!(open_stretch(&stored, &key(2), 0, 10).is_err());
        stored[70_000] ^= 1;
        assert!(open_stretch(&stored, &key(1), 0, 10).is_ok());
        assert!(open_stretch(&stored, &key(1), 70_000, 10).is_err());
        assert!(open_stretch(&stored[..20], &key(1), 0, 0).is_err());
    }

    #[test]
    fn the_same_bytes_are_stored_otherwise_each_time() {
        assert_ne!(sealed(&key(1), b"plain", 5), sealed(&key(1), b"plain", 5));
    }
}
