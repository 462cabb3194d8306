//! MD5's compression of N independent streams, in plain Rust: the compiler turns the inner loops into vectors of whatever
//! the function that this is inlined into may use.

#![expect(clippy::inline_always, reason = "inlined, the code is compiled for the instructions of its caller")]

use super::BLOCK_BYTES;

/// Table of RFC 1321, `floor(2^32 * |sin(i + 1)|)`.
pub(super) const K: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];
const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// One stream: whole blocks into its state. A library's: nothing is gained by our own, and it is fast in tests, too.
pub(super) fn compress(state: &mut [u32; 4], blocks: &[u8]) {
    md5::block_api::compress(state, blocks.as_chunks().0);
}

/// N streams: as many whole blocks of each as the shortest has, into their states (a word of all streams beside each other).
#[inline(always)]
pub(super) fn compress_each<const N: usize>(states: &mut [[u32; N]; 4], blocks: [&[u8]; N]) {
    let count = blocks.iter().map(|blocks| blocks.len() / BLOCK_BYTES).min().unwrap_or(0);
    let mut blocks = blocks.map(|blocks| blocks.chunks_exact(BLOCK_BYTES));
    for _ in 0..count {
        let mut words = [[0; N]; 16];
        for (lane, blocks) in blocks.iter_mut().enumerate() {
            let Some(block) = blocks.next() else { return };
            for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
                word[lane] = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
        }
        compress_block(states, &words);
    }
}

#[inline(always)]
fn compress_block<const N: usize>(states: &mut [[u32; N]; 4], words: &[[u32; N]; 16]) {
    let [mut a, mut b, mut c, mut d] = *states;
    macro_rules! step {
        ($i:expr, $a:ident, $b:ident, $c:ident, $d:ident, $mix:ident, $word:expr) => {{
            let (constant, shift) = (K[$i], SHIFTS[$i / 16][$i % 4]);
            for lane in 0..N {
                let mixed = $mix($b[lane], $c[lane], $d[lane]);
                let sum = $a[lane].wrapping_add(mixed).wrapping_add(constant).wrapping_add(words[$word % 16][lane]);
                $a[lane] = $b[lane].wrapping_add(sum.rotate_left(shift));
            }
        }};
    }
    // The registers change places in each step; after four they are back.
    macro_rules! round {
        ($first:expr, $mix:ident, $factor:expr, $offset:expr) => {
            round!(@four $first, $mix, $factor, $offset);
            round!(@four $first + 4, $mix, $factor, $offset);
            round!(@four $first + 8, $mix, $factor, $offset);
            round!(@four $first + 12, $mix, $factor, $offset);
        };
        (@four $i:expr, $mix:ident, $factor:expr, $offset:expr) => {
            step!($i, a, b, c, d, $mix, $factor * ($i) + $offset);
            step!($i + 1, d, a, b, c, $mix, $factor * ($i + 1) + $offset);
            step!($i + 2, c, d, a, b, $mix, $factor * ($i + 2) + $offset);
            step!($i + 3, b, c, d, a, $mix, $factor * ($i + 3) + $offset);
        };
    }
    round!(0, choose, 1, 0);
    round!(16, choose_turned, 5, 1);
    round!(32, parity, 3, 5);
    round!(48, last, 7, 0);
    for (state, mixed) in states.iter_mut().zip([a, b, c, d]) {
        for (word, mixed) in state.iter_mut().zip(mixed) {
            *word = word.wrapping_add(mixed);
        }
    }
}

#[inline(always)]
fn choose(x: u32, y: u32, z: u32) -> u32 {
    z ^ (x & (y ^ z))
}

#[inline(always)]
fn choose_turned(x: u32, y: u32, z: u32) -> u32 {
    choose(z, x, y)
}

#[inline(always)]
fn parity(x: u32, y: u32, z: u32) -> u32 {
    x ^ y ^ z
}

#[inline(always)]
fn last(x: u32, y: u32, z: u32) -> u32 {
    y ^ (x | !z)
}
