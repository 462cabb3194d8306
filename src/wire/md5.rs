//! MD5 of one stream, and of several at once: ETags are what a multipart upload is made of, and MD5 is most of what an
//! upload costs. A single stream is bound by latency; independent ones share the processor's vectors, a lane each.
//!
//! Source of the algorithm: RFC 1321. Each width is compared with the crate `md-5` on random inputs.

mod kernel;
mod lanes;
#[cfg(target_arch = "x86_64")]
mod vectors;

pub use self::lanes::{Lanes, compress_lanes};

/// The bytes that are compressed at once.
pub const BLOCK_BYTES: usize = 64;

/// An MD5 at work. It takes whole blocks as they come and keeps what is left over.
#[derive(Clone)]
pub struct Md5 {
    state: State,
    length_bytes: u64,
    pending: [u8; BLOCK_BYTES],
    pending_bytes: usize,
}

/// What has been compressed so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State([u32; 4]);

/// Where bytes go that are taken in: those that complete a block begun earlier are compressed at once, whole blocks are the
/// caller's to compress, and the rest waits.
pub struct Split<'b> {
    /// Whole blocks, still to be compressed, before anything else is taken in.
    pub blocks: &'b [u8],
}

impl Default for Md5 {
    fn default() -> Md5 {
        Md5::new()
    }
}

impl Md5 {
    /// Of no bytes yet.
    pub fn new() -> Md5 {
        Md5 {
            state: State([0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476]),
            length_bytes: 0,
            pending: [0; BLOCK_BYTES],
            pending_bytes: 0,
        }
    }

    /// Takes bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        let Split { blocks } = self.split(bytes);
        compress_lanes(Lanes::best(), &mut [(&mut self.state, blocks)]);
    }

    /// Takes bytes in, but for the whole blocks among them: those the caller compresses into [`Md5::state`], with
    /// [`compress_lanes`], before the next call.
    pub fn split<'b>(&mut self, mut bytes: &'b [u8]) -> Split<'b> {
        self.length_bytes = self.length_bytes.wrapping_add(bytes.len() as u64);
        if self.pending_bytes > 0 {
            let take = bytes.len().min(BLOCK_BYTES - self.pending_bytes);
            let (head, rest) = bytes.split_at(take);
            self.pending[self.pending_bytes..][..take].copy_from_slice(head);
            self.pending_bytes += take;
            bytes = rest;
            if self.pending_bytes < BLOCK_BYTES {
                return Split { blocks: &[] };
            }
            kernel::compress(&mut self.state.0, &self.pending);
            self.pending_bytes = 0;
        }
        let (blocks, rest) = bytes.split_at(bytes.len() - bytes.len() % BLOCK_BYTES);
        // It is compressed after the blocks: nothing is compressed between.
        self.pending[..rest.len()].copy_from_slice(rest);
        self.pending_bytes = rest.len();
        Split { blocks }
    }

    /// What whole blocks are compressed into.
    pub fn state(&mut self) -> &mut State {
        &mut self.state
    }

    /// The digest of all that was taken in.
    pub fn finish(mut self) -> [u8; 16] {
        let length_bits = self.length_bytes.wrapping_mul(8);
        let mut tail = [0; 2 * BLOCK_BYTES];
        tail[..self.pending_bytes].copy_from_slice(&self.pending[..self.pending_bytes]);
        tail[self.pending_bytes] = 0x80;
        // The length has to fit behind the mark.
        let blocks = if self.pending_bytes < BLOCK_BYTES - 8 { 1 } else { 2 };
        let tail = &mut tail[..blocks * BLOCK_BYTES];
        let end = tail.len() - 8;
        tail[end..].copy_from_slice(&length_bits.to_le_bytes());
        kernel::compress(&mut self.state.0, tail);
        let mut digest = [0; 16];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(self.state.0) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        digest
    }

    /// The digest of bytes that are all there.
    pub fn digest(bytes: &[u8]) -> [u8; 16] {
        let mut md5 = Md5::new();
        md5.update(bytes);
        md5.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use md5::Digest as _;

    fn reference(bytes: &[u8]) -> [u8; 16] {
        md5::Md5::digest(bytes).into()
    }

    fn bytes(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn digests_of_every_length_and_cut() {
        for length in (0..=260).chain([1000, 4096, 65_537]) {
            let bytes = bytes(length, length as u64);
            assert_eq!(Md5::digest(&bytes), reference(&bytes), "{length}");
            for cut in [1, 7, 63, 64, 65, 100] {
                let mut md5 = Md5::new();
                bytes.chunks(cut).for_each(|piece| md5.update(piece));
                assert_eq!(md5.finish(), reference(&bytes), "{length} cut by {cut}");
            }
        }
    }

    #[test]
    fn lanes_of_every_width_and_length_agree_with_the_plain_one() {
        for lanes in Lanes::all() {
            for count in 1..=lanes.max_streams() {
                let bodies: Vec<Vec<u8>> =
                    (0..count).map(|n| bytes(64 * (n % 5) + 640 * (n % 3) + n, (count * 100 + n) as u64)).collect();
                let mut streams: Vec<Md5> = (0..count).map(|_| Md5::new()).collect();
                let mut left: Vec<&[u8]> =
                    streams.iter_mut().zip(&bodies).map(|(md5, body)| md5.split(body).blocks).collect();
                // As a scheduler does: as many blocks as all that have some left, until none has.
                while left.iter().any(|blocks| !blocks.is_empty()) {
                    let step = left.iter().map(|blocks| blocks.len()).filter(|length| *length > 0).min().unwrap();
                    let mut jobs: Vec<(&mut State, &[u8])> = Vec::new();
                    for (md5, blocks) in streams.iter_mut().zip(&mut left).filter(|(_, blocks)| !blocks.is_empty()) {
                        let (now, later) = blocks.split_at(step);
                        *blocks = later;
                        jobs.push((md5.state(), now));
                    }
                    compress_lanes(lanes, &mut jobs);
                }
                for (n, (md5, body)) in streams.into_iter().zip(&bodies).enumerate() {
                    assert_eq!(md5.finish(), reference(body), "{lanes:?}, {count} streams, the {n}th");
                }
            }
        }
    }
}
