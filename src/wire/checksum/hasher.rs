//! One streaming hasher over all algorithms. Values of CRC and XXH come out most significant byte first, as AWS sends them.

use std::fmt;

use crc_fast::CrcAlgorithm;
use md5::Digest as _;
use xxhash_rust::xxh3::Xxh3Default;
use xxhash_rust::xxh64::Xxh64;

use super::{Algorithm, Digest};

/// Computes the checksum of a stream of bytes.
#[derive(Clone)]
pub struct Hasher(State);

// The large states are boxed: several hashers travel with every upload.
#[derive(Clone)]
enum State {
    Crc32(Box<crc_fast::Digest>),
    Crc64(Box<crc_fast::Digest>),
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Sha512(Box<sha2::Sha512>),
    XxHash64(Xxh64),
    XxHash3(Box<Xxh3Default>),
    XxHash128(Box<Xxh3Default>),
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new(algorithm: Algorithm) -> Hasher {
        Hasher(match algorithm {
            Algorithm::Crc32 => State::Crc32(Box::new(crc_fast::Digest::new(CrcAlgorithm::Crc32IsoHdlc))),
            Algorithm::Crc32c => State::Crc32(Box::new(crc_fast::Digest::new(CrcAlgorithm::Crc32Iscsi))),
            Algorithm::Crc64Nvme => State::Crc64(Box::new(crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme))),
            Algorithm::Md5 => State::Md5(md5::Md5::new()),
            Algorithm::Sha1 => State::Sha1(sha1::Sha1::new()),
            Algorithm::Sha256 => State::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Box::new(sha2::Sha512::new())),
            Algorithm::XxHash64 => State::XxHash64(Xxh64::new(0)),
            Algorithm::XxHash3 => State::XxHash3(Box::new(Xxh3Default::new())),
            Algorithm::XxHash128 => State::XxHash128(Box::new(Xxh3Default::new())),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(state) | State::Crc64(state) => state.update(bytes),
            State::Md5(state) => state.update(bytes),
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
            State::XxHash64(state) => state.update(bytes),
            State::XxHash3(state) | State::XxHash128(state) => state.update(bytes),
        }
    }

    /// The checksum of all that was added.
    pub fn finish(self) -> Digest {
        match self.0 {
            #[expect(clippy::cast_possible_truncation, reason = "a 32-bit CRC comes in the low half")]
            State::Crc32(state) => Digest::from_array((state.finalize() as u32).to_be_bytes()),
            State::Crc64(state) => Digest::from_array(state.finalize().to_be_bytes()),
            State::Md5(state) => Digest::from_array::<16>(state.finalize().into()),
            State::Sha1(state) => Digest::from_array::<20>(state.finalize().into()),
            State::Sha256(state) => Digest::from_array::<32>(state.finalize().into()),
            State::Sha512(state) => Digest::from_array::<64>(state.finalize().into()),
            State::XxHash64(state) => Digest::from_array(state.digest().to_be_bytes()),
            State::XxHash3(state) => Digest::from_array(state.digest().to_be_bytes()),
            State::XxHash128(state) => Digest::from_array(state.digest128().to_be_bytes()),
        }
    }

    /// The checksum of bytes that are already in memory.
    pub fn digest(algorithm: Algorithm, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tab-separated: algorithm, input (`text*count`), base64 of the value; computed outside this program.
    const VECTORS: &str = include_str!("../../../data/vectors/checksums.tsv");

    #[test]
    fn golden_vectors_whole_and_in_pieces() {
        let mut seen = [0; 10];
        for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let [name, input, expected] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let algorithm = Algorithm::parse_name(name).unwrap();
            let (text, count) = input.rsplit_once('*').unwrap();
            let data = text.repeat(count.parse().unwrap()).into_bytes();
            assert_eq!(Hasher::digest(algorithm, &data).to_base64(), expected, "{line}");
            for piece in [1, 7, 64, 1000] {
                let mut hasher = Hasher::new(algorithm);
                data.chunks(piece).for_each(|chunk| hasher.update(chunk));
                assert_eq!(hasher.finish().to_base64(), expected, "{line} in pieces of {piece}");
            }
            seen[algorithm as usize] += 1;
        }
        assert!(seen.iter().all(|&count| count >= 3), "{seen:?}");
    }

    #[test]
    fn digests_have_the_length_of_their_algorithm() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Hasher::digest(algorithm, b"").as_bytes().len(), algorithm.digest_len(), "{algorithm}");
        }
    }
}
