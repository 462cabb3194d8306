//! The inner parts on their own: hashing, unframing, combining checksums, reading a part list, verifying a signature.
//!
//! `cargo bench --bench engine`. Each line is the median of several runs, and its ratio to one pass of CRC64NVME over the
//! same bytes (or, for what is not about bytes, the time of one call): ratios hold on a noisy machine, times do not.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use staves::wire::checksum::{Algorithm, Digest, Hasher, combine_crc};
use staves::wire::etag::ETag;
use staves::wire::sigv4::{AmzDate, Credentials, PresignRequest, Scope, SigningKey, presign};
use staves::wire::sigv4::{ChunkSigning, ChunkedDecoder, ChunkedEncoder, TrailerPolicy};
use staves::wire::xml::Element;

const RUNS: usize = 9;
const BODY_BYTES: usize = 8 << 20;
const PARTS: usize = 10_000;

/// The median of several runs.
fn median<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            black_box(work());
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

fn main() {
    let body: Vec<u8> = (0..=250).cycle().take(BODY_BYTES).collect();
    let plain = median(|| Hasher::digest(Algorithm::Crc64Nvme, &body));
    println!("over {} MiB, as multiples of one CRC64NVME pass", BODY_BYTES >> 20);
    let bytes_line = |name: &str, time: Duration| {
        println!("  {name:<28} {:>7.1}x {time:>12.1?}", time.as_secs_f64() / plain.as_secs_f64());
    };
    for algorithm in Algorithm::ALL {
        bytes_line(algorithm.name(), median(|| Hasher::digest(algorithm, &body)));
    }
    let framed = framed(&body);
    bytes_line("aws-chunked, unsigned", median(|| decode(framed.clone())));

    println!("per call, {PARTS} parts");
    let call_line = |name: &str, time: Duration| println!("  {name:<28} {time:>12.1?}");
    let digests: Vec<(Digest, u64)> =
        (0..PARTS as u64).map(|n| (Hasher::digest(Algorithm::Crc32, &n.to_be_bytes()), 5 << 20)).collect();
    call_line("CRC32 of the whole, combined", median(|| combine_crc(Algorithm::Crc32, digests.iter().copied())));
    call_line("ETag of the whole", median(|| ETag::multipart((0..PARTS).map(|_| [7; 16]))));
    let list = part_list();
    call_line("reading the part list", median(|| Element::parse(list.as_bytes())));

    println!("per call");
    let credentials = Credentials::new("test", "test");
    let date = AmzDate::from_unix(1_700_000_000);
    call_line("deriving a signing key", median(|| SigningKey::derive("test", &Scope::s3(date, "us-east-1"))));
    call_line("presigning a GET", median(|| presign(&presigned(&credentials, date, &HeaderMap::new()))));
}

fn framed(body: &[u8]) -> Bytes {
    let frames = ChunkedEncoder::new(ChunkSigning::Unsigned).frames(body, 64 << 10, &[]);
    Bytes::from(frames.concat())
}

fn decode(mut framed: Bytes) -> usize {
    let mut decoder = ChunkedDecoder::new(ChunkSigning::Unsigned, TrailerPolicy::Forbidden, BODY_BYTES as u64);
    let mut bytes = 0;
    while let Some(piece) = decoder.feed(&mut framed).expect("frames of our own encoder") {
        bytes += piece.len();
    }
    assert_eq!(bytes, BODY_BYTES);
    bytes
}

fn part_list() -> String {
    let part = |number| {
        format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>&quot;0cc175b9c0f1b6a831c399e269772661&quot;</ETag></Part>"
        )
    };
    let parts: Vec<String> = (1..=PARTS).map(part).collect();
    format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.concat())
}

fn presigned<'a>(credentials: &'a Credentials, date: AmzDate, headers: &'a HeaderMap) -> PresignRequest<'a> {
    PresignRequest {
        method: "GET",
        host: "localhost:9000",
        raw_path: "/bucket/some/key",
        query: &[],
        headers,
        expires_seconds: 3600,
        credentials,
        region: "us-east-1",
        date,
    }
}
