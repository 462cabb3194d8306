//! Several streams at once, in the widest vectors that this processor has. The one module with `unsafe` code: calling a
//! function that was compiled for instructions beyond the target's own is only allowed where they are known to be there,
//! and bytes become vectors here.

#![expect(
    unsafe_code,
    reason = "functions compiled for AVX2 and AVX-512 are called after the processor was asked, and vectors are loaded"
)]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256i, _mm256_loadu_si256};
#[cfg(target_arch = "x86_64")]
use std::mem::transmute;

use super::kernel::{compress, compress_each};
#[cfg(target_arch = "x86_64")]
use super::vectors::{Blocks, WIDTH, compress_avx2, compress_avx512};
use super::{BLOCK_BYTES, State};

/// Which instructions are used. There is no value for those that the processor does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// None: one stream after the other.
    OneByOne,
    /// Those of every processor of the target.
    Plain,
    /// AVX2: 256-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with vectors of every length: it rotates and mixes in one instruction each.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Lanes {
    /// The best that this processor has.
    pub fn best() -> Lanes {
        // What is not optimised is slower by lanes.
        if cfg!(debug_assertions) {
            return Lanes(Kind::OneByOne);
        }
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx512() {
                return Lanes(Kind::Avx512);
            }
            if has_avx2() {
                return Lanes(Kind::Avx2);
            }
        }
        Lanes(Kind::Plain)
    }

    /// All that this processor has, plain code first.
    pub fn all() -> Vec<Lanes> {
        #[cfg(target_arch = "x86_64")]
        let wide = [(has_avx2(), Kind::Avx2), (has_avx512(), Kind::Avx512)];
        #[cfg(not(target_arch = "x86_64"))]
        let wide: [(bool, Kind); 0] = [];
        let wide = wide.into_iter().filter(|(has, _)| *has).map(|(_, kind)| kind);
        [Kind::OneByOne, Kind::Plain].into_iter().chain(wide).map(Lanes).collect()
    }

    /// How many streams are compressed at once, at most.
    pub fn max_streams(self) -> usize {
        match self.0 {
            // Wider ones run out of registers: 4 were measured to be the fastest.
            Kind::OneByOne | Kind::Plain => 4,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 | Kind::Avx512 => 16,
        }
    }
}

/// Compresses whole blocks of several streams, as many of each, into their states.
///
/// # Panics
///
/// If the streams have different numbers of blocks, parts of blocks, or there are more than [`Lanes::max_streams`].
pub fn compress_lanes(lanes: Lanes, jobs: &mut [(&mut State, &[u8])]) {
    let Some((_, first)) = jobs.first() else { return };
    let length = first.len();
    assert!(length.is_multiple_of(BLOCK_BYTES), "whole blocks only");
    assert!(jobs.iter().all(|(_, blocks)| blocks.len() == length), "as many blocks of each stream");
    assert!(jobs.len() <= lanes.max_streams(), "no more streams than lanes");
    match (lanes.0, jobs.len()) {
        // A single stream in a vector is as fast with AVX-512, whose steps are shorter, and slower with AVX2.
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx512, 1..=WIDTH) => in_vectors::<1>(jobs, |states, blocks| {
            // SAFETY (all three): the instructions are there, since only `best` and `all` make values of that kind, after
            // asking the processor; the functions have no other conditions.
            unsafe { compress_avx512::<1>(states, blocks) }
        }),
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx512, _) => in_vectors::<2>(jobs, |states, blocks| unsafe { compress_avx512::<2>(states, blocks) }),
        (_, 1) | (Kind::OneByOne, _) => jobs.iter_mut().for_each(|(state, blocks)| compress(&mut state.0, blocks)),
        (Kind::Plain, 2) => with_width::<2>(jobs, compress_each),
        (Kind::Plain, _) => with_width::<4>(jobs, compress_each),
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx2, 2..=WIDTH) => {
            in_vectors::<1>(jobs, |states, blocks| unsafe { compress_avx2::<1>(states, blocks) });
        }
        #[cfg(target_arch = "x86_64")]
        (Kind::Avx2, _) => in_vectors::<2>(jobs, |states, blocks| unsafe { compress_avx2::<2>(states, blocks) }),
    }
}

/// Puts the states of up to `V` times eight streams into vectors, compresses, and takes them out again. Lanes without a
/// stream work for nothing, on the first one's blocks.
#[cfg(target_arch = "x86_64")]
fn in_vectors<const V: usize>(
    jobs: &mut [(&mut State, &[u8])],
    compress: impl FnOnce(&mut [[__m256i; V]; 4], [Blocks<'_>; V]),
) {
    let mut blocks = [[jobs[0].1; WIDTH]; V];
    let mut words = [[[0; WIDTH]; V]; 4];
    for (at, (state, stream)) in jobs.iter().enumerate() {
        blocks[at / WIDTH][at % WIDTH] = stream;
        for (word, own) in words.iter_mut().zip(state.0) {
            word[at / WIDTH][at % WIDTH] = own;
        }
    }
    // SAFETY (both): eight words of 32 bits and such a vector are the same 32 bytes, whatever their values.
    let mut states = words.map(|vectors| vectors.map(|words| unsafe { transmute::<[u32; WIDTH], __m256i>(words) }));
    compress(&mut states, blocks);
    let words = states.map(|vectors| vectors.map(|vector| unsafe { transmute::<__m256i, [u32; WIDTH]>(vector) }));
    for (at, (state, _)) in jobs.iter_mut().enumerate() {
        state.0 = words.each_ref().map(|word| word[at / WIDTH][at % WIDTH]);
    }
}

/// 32 bytes as a vector.
///
/// # Panics
///
/// If there are fewer.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn load(bytes: &[u8]) -> __m256i {
    let bytes = &bytes[..32];
    // SAFETY: 32 bytes can be read there; they need not be aligned.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Lays the states of the streams beside each other, compresses, and puts them back. Lanes without a stream work for
/// nothing, on the first one's blocks.
fn with_width<const N: usize>(jobs: &mut [(&mut State, &[u8])], compress: impl FnOnce(&mut [[u32; N]; 4], [&[u8]; N])) {
    let mut states = [[0; N]; 4];
    let mut blocks = [jobs[0].1; N];
    for (lane, (state, stream)) in jobs.iter().enumerate() {
        blocks[lane] = stream;
        for (word, own) in states.iter_mut().zip(state.0) {
            word[lane] = own;
        }
    }
    compress(&mut states, blocks);
    for (lane, (state, _)) in jobs.iter_mut().enumerate() {
        state.0 = states.map(|word| word[lane]);
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl")
}
