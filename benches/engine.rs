//! The inner parts on their own: ETag hashing, checksums, chunk decoding, the signature check, XML.
//!
//! `cargo bench --bench engine`, with a part of a name after `--` for some of them alone. Throughputs within one run compare;
//! those of two runs may not.

use std::hint::black_box;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use http::{HeaderMap, HeaderValue};
use staves::wire::checksum::{Algorithm, Digest, Hasher, combine_crc};
use staves::wire::etag::ETag;
use staves::wire::md5::{Lanes, Md5, State, compress_lanes};
use staves::wire::sigv4::{AmzDate, ChunkSigner, ChunkSigning, ChunkedDecoder, ChunkedEncoder, TrailerPolicy};
use staves::wire::sigv4::{HeaderAuth, Request, Scope, SigningKey};
use staves::wire::xml::Element;

const BODY_BYTES: usize = 8 << 20;
const PARTS: usize = 10_000;

fn main() {
    divan::main();
}

fn body() -> Vec<u8> {
    (0..=250).cycle().take(BODY_BYTES).collect()
}

/// The processor's widest way against plain code, by the number of streams hashed together; the bytes are those of all.
#[divan::bench(args = [1, 2, 4, 8, 16])]
fn etags_of_streams(bencher: Bencher, streams: usize) {
    md5_of_streams(bencher, Lanes::best(), streams);
}

#[divan::bench]
fn etag_in_plain_code(bencher: Bencher) {
    md5_of_streams(bencher, Lanes::all()[0], 1);
}

fn md5_of_streams(bencher: Bencher, lanes: Lanes, streams: usize) {
    let body = body();
    let each = BODY_BYTES / streams;
    bencher.counter(BytesCount::new(BODY_BYTES)).bench(|| {
        let mut hashes: Vec<Md5> = (0..streams).map(|_| Md5::new()).collect();
        let mut jobs: Vec<(&mut State, &[u8])> =
            hashes.iter_mut().zip(body.chunks_exact(each)).map(|(md5, bytes)| (md5.state(), bytes)).collect();
        for group in jobs.chunks_mut(lanes.max_streams()) {
            compress_lanes(lanes, group);
        }
        hashes
    });
}

#[divan::bench(args = Algorithm::ALL)]
fn checksum(bencher: Bencher, algorithm: Algorithm) {
    let body = body();
    bencher.counter(BytesCount::new(BODY_BYTES)).bench(|| Hasher::digest(algorithm, black_box(&body)));
}

#[divan::bench(args = ["unsigned", "signed"])]
fn aws_chunked_of_64_kib(bencher: Bencher, kind: &str) {
    let signing = || match kind {
        "signed" => ChunkSigning::Signed(ChunkSigner::new(signing_key(), date(), &scope(), "seed")),
        _ => ChunkSigning::Unsigned,
    };
    let framed = Bytes::from(ChunkedEncoder::new(signing()).frames(&body(), 64 << 10, &[]).concat());
    bencher.counter(BytesCount::new(BODY_BYTES)).with_inputs(|| framed.clone()).bench_values(|mut framed| {
        let mut decoder = ChunkedDecoder::new(signing(), TrailerPolicy::Forbidden, BODY_BYTES as u64);
        let mut bytes = 0;
        while let Some(piece) = decoder.feed(&mut framed).expect("frames of our own encoder") {
            bytes += piece.len();
        }
        assert_eq!(bytes, BODY_BYTES);
    });
}

/// As of a GET: the header read, the canonical request made and hashed, the signatures compared. The key is kept by day.
#[divan::bench]
fn signature_check(bencher: Bencher) {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("localhost:9000"));
    headers.insert("x-amz-content-sha256", HeaderValue::from_static("UNSIGNED-PAYLOAD"));
    headers.insert("x-amz-date", HeaderValue::from_str(&date().iso_basic()).expect("a date is ASCII"));
    let request = Request { method: "GET", raw_path: "/bucket/some/key", raw_query: "", headers: &headers };
    let key = signing_key();
    let header = |signature: &str| {
        let scope = scope();
        let signed = "host;x-amz-content-sha256;x-amz-date";
        format!("AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={signed}, Signature={signature}")
    };
    let check = |authorization: &str| {
        let auth = HeaderAuth::parse(authorization).expect("a header of our own");
        let computed = auth.canonical(request, "UNSIGNED-PAYLOAD").sign(date(), &auth.scope, &key);
        (computed.matches(&auth.signature), computed.signature)
    };
    let (_, signature) = check(&header("unknown"));
    let authorization = header(&signature);
    bencher.bench(|| assert!(check(black_box(&authorization)).0));
}

#[divan::bench]
fn signing_key_of_a_day() -> SigningKey {
    signing_key()
}

#[divan::bench]
fn part_list_in_xml(bencher: Bencher) {
    let list = part_list();
    bencher.counter(ItemsCount::new(PARTS)).bench(|| Element::parse(black_box(list.as_bytes())));
}

#[divan::bench]
fn etag_of_parts(bencher: Bencher) {
    bencher.counter(ItemsCount::new(PARTS)).bench(|| ETag::multipart((0..PARTS).map(|_| black_box([7; 16]))));
}

#[divan::bench]
fn crc32_of_parts(bencher: Bencher) {
    let digests: Vec<(Digest, u64)> =
        (0..PARTS as u64).map(|n| (Hasher::digest(Algorithm::Crc32, &n.to_be_bytes()), 5 << 20)).collect();
    bencher.counter(ItemsCount::new(PARTS)).bench(|| combine_crc(Algorithm::Crc32, digests.iter().copied()));
}

fn date() -> AmzDate {
    AmzDate::from_unix(1_700_000_000)
}

fn scope() -> Scope {
    Scope::s3(date(), "us-east-1")
}

fn signing_key() -> SigningKey {
    SigningKey::derive("test", &scope())
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
