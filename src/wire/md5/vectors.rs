//! MD5's compression of eight streams in a 256-bit vector, and of two such vectors at a time, since a step waits for the
//! one before. Written out: what the compiler makes of plain loops changes with how it is asked to optimise (measured: with
//! fat LTO, eight lanes took twice as long as sixteen).

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_rol_epi32, _mm256_set1_epi32, _mm256_sllv_epi32, _mm256_srlv_epi32, _mm256_ternarylogic_epi32,
    _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use super::BLOCK_BYTES;
use super::kernel::K;
use super::lanes::load;

/// Streams in a vector.
pub(super) const WIDTH: usize = 8;

/// The blocks of the streams of a vector.
pub(super) type Blocks<'b> = [&'b [u8]; WIDTH];

/// The compression of `V` vectors of streams with a processor's instructions: their blocks into their states.
macro_rules! compression {
    ($name:ident, $features:literal, $choose:ident, $parity:ident, $last:ident, $rotate:ident) => {
        #[target_feature(enable = $features)]
        pub(super) fn $name<const V: usize>(states: &mut [[__m256i; V]; 4], blocks: [Blocks<'_>; V]) {
            let zero = _mm256_set1_epi32(0);
            let count = blocks.iter().flatten().map(|blocks| blocks.len() / BLOCK_BYTES).min().unwrap_or(0);
            for at in 0..count {
                let mut words = [[zero; V]; 16];
                for (vector, blocks) in blocks.iter().enumerate() {
                    for (word, turned) in words.iter_mut().zip(turn(blocks, at * BLOCK_BYTES)) {
                        word[vector] = turned;
                    }
                }
                let [mut a, mut b, mut c, mut d] = *states;
                macro_rules! step {
                    ($i:expr, $a:ident, $b:ident, $c:ident, $d:ident, $mix:expr, $word:expr, $shift:literal) => {
                        for v in 0..V {
                            let constant = _mm256_set1_epi32(K[$i].cast_signed());
                            let early = _mm256_add_epi32(_mm256_add_epi32($a[v], constant), words[($word) % 16][v]);
                            let sum = _mm256_add_epi32(early, $mix($b[v], $c[v], $d[v]));
                            $a[v] = _mm256_add_epi32($b[v], $rotate::<$shift>(sum));
                        }
                    };
                }
                // The registers change places in each step; after four they are back.
                macro_rules! round {
                    ($first:expr, $mix:expr, $factor:expr, $offset:expr, $shifts:tt) => {
                        round!(@four $first, $mix, $factor, $offset, $shifts);
                        round!(@four $first + 4, $mix, $factor, $offset, $shifts);
                        round!(@four $first + 8, $mix, $factor, $offset, $shifts);
                        round!(@four $first + 12, $mix, $factor, $offset, $shifts);
                    };
                    (@four $i:expr, $mix:expr, $factor:expr, $offset:expr,
                     ($one:literal, $two:literal, $three:literal, $four:literal)) => {
                        step!($i, a, b, c, d, $mix, $factor * ($i) + $offset, $one);
                        step!($i + 1, d, a, b, c, $mix, $factor * ($i + 1) + $offset, $two);
                        step!($i + 2, c, d, a, b, $mix, $factor * ($i + 2) + $offset, $three);
                        step!($i + 3, b, c, d, a, $mix, $factor * ($i + 3) + $offset, $four);
                    };
                }
                round!(0, |x, y, z| $choose(x, y, z), 1, 0, (7, 12, 17, 22));
                round!(16, |x, y, z| $choose(z, x, y), 5, 1, (5, 9, 14, 20));
                round!(32, |x, y, z| $parity(x, y, z), 3, 5, (4, 11, 16, 23));
                round!(48, |x, y, z| $last(x, y, z), 7, 0, (6, 10, 15, 21));
                for (state, mixed) in states.iter_mut().zip([a, b, c, d]) {
                    for (word, mixed) in state.iter_mut().zip(mixed) {
                        *word = _mm256_add_epi32(*word, mixed);
                    }
                }
            }
        }
    };
}

compression!(compress_avx512, "avx512f,avx512vl", choose_in_one, parity_in_one, last_in_one, rotate_in_one);
compression!(compress_avx2, "avx2", choose, parity, last, rotate);

/// The sixteen words of a block, each of all streams: the rows of the blocks turned into columns.
#[target_feature(enable = "avx2")]
#[inline]
fn turn(blocks: &Blocks<'_>, at: usize) -> [__m256i; 16] {
    let half = |at: usize| {
        let rows = blocks.map(|block| load(&block[at..at + BLOCK_BYTES / 2]));
        let [p0, p2, p4, p6] = [0, 2, 4, 6].map(|row| _mm256_unpacklo_epi32(rows[row], rows[row + 1]));
        let [p1, p3, p5, p7] = [0, 2, 4, 6].map(|row| _mm256_unpackhi_epi32(rows[row], rows[row + 1]));
        let fours = [
            (_mm256_unpacklo_epi64(p0, p2), _mm256_unpacklo_epi64(p4, p6)),
            (_mm256_unpackhi_epi64(p0, p2), _mm256_unpackhi_epi64(p4, p6)),
            (_mm256_unpacklo_epi64(p1, p3), _mm256_unpacklo_epi64(p5, p7)),
            (_mm256_unpackhi_epi64(p1, p3), _mm256_unpackhi_epi64(p5, p7)),
        ];
        let low = fours.map(|(first, second)| _mm256_permute2x128_si256::<0x20>(first, second));
        (low, fours.map(|(first, second)| _mm256_permute2x128_si256::<0x31>(first, second)))
    };
    let ((a, b), (c, d)) = (half(at), half(at + BLOCK_BYTES / 2));
    let mut words = [a[0]; 16];
    for (words, four) in words.chunks_exact_mut(4).zip([a, b, c, d]) {
        words.copy_from_slice(&four);
    }
    words
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn choose_in_one(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_ternarylogic_epi32::<0xCA>(x, y, z)
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn parity_in_one(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_ternarylogic_epi32::<0x96>(x, y, z)
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn last_in_one(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_ternarylogic_epi32::<0x39>(x, y, z)
}

#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn rotate_in_one<const LEFT: i32>(x: __m256i) -> __m256i {
    _mm256_rol_epi32::<LEFT>(x)
}

#[target_feature(enable = "avx2")]
#[inline]
fn choose(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_and_si256(x, y), _mm256_andnot_si256(x, z))
}

#[target_feature(enable = "avx2")]
#[inline]
fn parity(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    _mm256_xor_si256(x, _mm256_xor_si256(y, z))
}

#[target_feature(enable = "avx2")]
#[inline]
fn last(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    let all_ones = _mm256_set1_epi32(-1);
    _mm256_xor_si256(y, _mm256_or_si256(x, _mm256_xor_si256(z, all_ones)))
}

#[target_feature(enable = "avx2")]
#[inline]
fn rotate<const LEFT: i32>(x: __m256i) -> __m256i {
    // By a vector of counts, which is a constant: an expression of a constant parameter cannot be one itself.
    let (left, right) = (_mm256_set1_epi32(LEFT), _mm256_set1_epi32(32 - LEFT));
    _mm256_or_si256(_mm256_sllv_epi32(x, left), _mm256_srlv_epi32(x, right))
}
