//! Tests of the aws-chunked decoder: AWS's published streams, every refusal, and every way to cut the input.

use super::*;
use crate::wire::sigv4::{AmzDate, Scope, SigningKey};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const SEED_WITH_TRAILER: &str = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
const PUBLISHED: &str = include_str!("../../../../data/vectors/chunked-signed.txt");
const PUBLISHED_WITH_TRAILER: &str = include_str!("../../../../data/vectors/chunked-signed-trailer.txt");

fn signed(seed: &str) -> ChunkSigning {
    let date = AmzDate::parse_iso_basic("20130524T000000Z").unwrap();
    let scope = Scope::s3(date, "us-east-1");
    ChunkSigning::Signed(ChunkSigner::new(SigningKey::derive(SECRET, &scope), date, &scope, seed))
}

fn declared(names: &[&str]) -> TrailerPolicy {
    TrailerPolicy::Declared(names.iter().map(|&name| name.to_owned()).collect())
}

fn trailer(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

type Decoded = (Vec<u8>, Vec<(String, String)>);

fn decode(mut decoder: ChunkedDecoder, body: &[u8], step: usize) -> Result<Decoded, ChunkedError> {
    let mut data = Vec::new();
    for piece in body.chunks(step) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(decoded) = decoder.feed(&mut input)? {
            data.extend_from_slice(&decoded);
        }
        assert!(input.is_empty());
    }
    assert_eq!(decoder.decoded_bytes(), data.len() as u64);
    decoder.finish().map(|trailers| (data, trailers))
}

fn decode_unsigned(body: &str, bytes: u64) -> Result<Decoded, ChunkedError> {
    decode(ChunkedDecoder::new(ChunkSigning::Unsigned, declared(&["X-Amz-Checksum-Crc32"]), bytes), body.as_bytes(), 7)
}

fn decode_plain(body: &str, bytes: u64) -> Result<Decoded, ChunkedError> {
    decode(ChunkedDecoder::new(ChunkSigning::Unsigned, TrailerPolicy::Forbidden, bytes), body.as_bytes(), 7)
}

fn decode_signed(body: &[u8], policy: TrailerPolicy, bytes: u64) -> Result<Decoded, ChunkedError> {
    decode(ChunkedDecoder::new(signed(SEED), policy, bytes), body, 1000)
}

fn is_framing(result: Result<Decoded, ChunkedError>) -> bool {
    matches!(result, Err(error @ ChunkedError::Framing { .. })
        if error.message() == "The request body terminated unexpectedly")
}

/// The published streams are 65 KiB of 'a': the files keep `<n*a>` instead.
fn expand(published: &str) -> Vec<u8> {
    let text = published.replace("\r\n", "\n").replace('\n', "\r\n");
    text.replace("<65536*a>", &"a".repeat(65536)).replace("<1024*a>", &"a".repeat(1024)).into_bytes()
}

#[test]
fn the_published_signed_stream() {
    let body = expand(PUBLISHED);
    assert_eq!(body.len(), 66824, "the documentation's Content-Length");
    for step in [1, 89, 1000, body.len()] {
        let decoder = ChunkedDecoder::new(signed(SEED), TrailerPolicy::Forbidden, 66560);
        assert!(decode(decoder, &body, step) == Ok((vec![b'a'; 66560], vec![])), "in pieces of {step}");
    }
    let frames = ChunkedEncoder::new(signed(SEED)).frames(&vec![b'a'; 66560], 65536, &[]);
    assert!(frames.concat() == body);
}

#[test]
fn the_published_signed_trailer() {
    let body = expand(PUBLISHED_WITH_TRAILER);
    let decoder = || ChunkedDecoder::new(signed(SEED_WITH_TRAILER), declared(&["x-amz-checksum-crc32c"]), 66560);
    let expected = trailer("x-amz-checksum-crc32c", "sOO8/Q==");
    assert_eq!(body.len(), 66946, "the documentation's Content-Length");
    assert!(decode(decoder(), &body, 100) == Ok((vec![b'a'; 66560], expected.clone())));
    let frames = ChunkedEncoder::new(signed(SEED_WITH_TRAILER)).frames(&vec![b'a'; 66560], 65536, &expected);
    assert!(frames.concat() == body);
    // As minio-go writes it: a line break between trailer and signature.
    let text = String::from_utf8(body).unwrap().replace("sOO8/Q==\r\n", "sOO8/Q==\n\r\n");
    assert_eq!(decode(decoder(), text.as_bytes(), 100).unwrap().1, expected);
}

#[test]
fn unsigned_trailers_with_and_without_extra_line_breaks() {
    for end in ["\r\n\r\n", "\n\r\n\r\n", "\r\n\r\n\r\n"] {
        let body = format!("5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32: NhCmhg== {end}");
        assert_eq!(decode_unsigned(&body, 5), Ok((b"hello".to_vec(), trailer("x-amz-checksum-crc32", "NhCmhg=="))));
    }
    assert_eq!(decode_plain("0\r\n\r\n", 0), Ok((vec![], vec![])));
    assert_eq!(decode_plain("00A;ignored\r\n0123456789\r\n0\r\n\r\n", 10).unwrap().0, b"0123456789");
}

#[test]
fn small_chunks_must_be_last() {
    let encode = |sizes: &[usize]| {
        let mut encoder = ChunkedEncoder::new(signed(SEED));
        let mut body: Vec<u8> = sizes.iter().flat_map(|&size| encoder.chunk(&vec![b'x'; size])).collect();
        body.extend(encoder.finish(&[]));
        body
    };
    let error = decode_signed(&encode(&[8192, 8191, 1]), TrailerPolicy::Forbidden, 16384).unwrap_err();
    assert_eq!(error, ChunkedError::ChunkTooSmall { chunk: 3, bad_chunk_size: 8191 });
    assert_eq!(error.message(), "Only the last chunk is allowed to have a size less than 8192 bytes");
    assert!(decode_signed(&encode(&[8192, 8192, 1]), TrailerPolicy::Forbidden, 16385).is_ok());
}

#[test]
fn a_changed_chunk_terminal_or_trailer_fails_with_its_string_to_sign() {
    let trailers = trailer("x-amz-checksum-crc32", "AAAAAA==");
    let frames = || ChunkedEncoder::new(signed(SEED)).frames(&vec![7; 20_000], 8192, &trailers);
    let policy = || declared(&["x-amz-checksum-crc32"]);
    assert!(decode_signed(&frames().concat(), policy(), 20_000).is_ok());

    let mismatch = |frames: Vec<Vec<u8>>| match decode_signed(&frames.concat(), policy(), 20_000) {
        Err(ChunkedError::SignatureMismatch { string_to_sign, signature_provided }) => {
            (string_to_sign, signature_provided)
        }
        other => panic!("{other:?}"),
    };
    let mut data = frames();
    *data[1].iter_mut().rev().nth(2).unwrap() ^= 1;
    let (string_to_sign, provided) = mismatch(data);
    assert!(
        string_to_sign.starts_with("AWS4-HMAC-SHA256-PAYLOAD\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n")
    );
    assert!(string_to_sign.contains("\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"));
    assert_eq!(provided.len(), 64);

    let replace = |frame: usize, from: &str, to: &str| {
        let mut all = frames();
        all[frame] = String::from_utf8_lossy(&all[frame]).replacen(from, to, 1).into_bytes();
        mismatch(all)
    };
    let terminal = replace(3, "chunk-signature=", "chunk-signature=x");
    assert!(terminal.0.ends_with("\ne3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    assert!(replace(3, "AAAAAA==", "AAAAAQ==").0.starts_with("AWS4-HMAC-SHA256-TRAILER\n"));
    assert_eq!(replace(3, "trailer-signature:", "trailer-signature:abc").1.len(), 67);

    let mut swapped = frames();
    swapped.swap(0, 1);
    mismatch(swapped);
}

#[test]
fn the_last_piece_of_a_bad_chunk_is_not_handed_out() {
    let mut frame = ChunkedEncoder::new(signed(SEED)).chunk(b"hello");
    let at = frame.len() - 3;
    frame[at] = b'!';
    let mut decoder = ChunkedDecoder::new(signed(SEED), TrailerPolicy::Forbidden, 5);
    assert!(decoder.feed(&mut Bytes::from(frame)).is_err());
}

#[test]
fn broken_framing() {
    let bodies = [
        "",
        "5",
        "5\r\n",
        "5\r\nhello",
        "5\r\nhello\r\n",
        "5\r\nhello\r\n0",
        "5\r\nhello\r\n0\r\n",
        "x\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        "5\r\nhello\r\n0\r\na:b\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\nmore",
        "5\r\nhello\r\n0\r\n\r\n\r\n\r\nx",
        "11111111111111111\r\nhello\r\n0\r\n\r\n",
    ];
    for body in bodies {
        assert!(is_framing(decode_plain(body, 5)), "{body:?}");
    }
    assert!(is_framing(decode_signed(b"5\r\nhello\r\n0\r\n\r\n", TrailerPolicy::Forbidden, 5)), "no signature");
    let decoder = ChunkedDecoder::new(ChunkSigning::Unsigned, TrailerPolicy::Forbidden, 5);
    assert!(is_framing(decode(decoder, b"5;\xff\r\nhello\r\n0\r\n\r\n", 3)), "not UTF-8");
}

#[test]
fn lines_and_trailers_have_limits() {
    let name = "x".repeat(4096);
    assert!(is_framing(decode_plain(&format!("5;{name}\r\nhello\r\n0\r\n\r\n"), 5)));
    assert!(is_framing(decode_plain(&"5".repeat(5000), 5)), "refused without waiting for a line break");
    let trailers = "x-amz-checksum-crc32:AAAAAA==\r\n".repeat(600);
    assert!(is_framing(decode_unsigned(&format!("5\r\nhello\r\n0\r\n{trailers}\r\n"), 5)));
}

#[test]
fn trailers_must_be_the_declared_ones() {
    let malformed = Err(ChunkedError::MalformedTrailer);
    assert_eq!(decode_unsigned("5\r\nhello\r\n0\r\n\r\n", 5), malformed, "declared but absent");
    assert_eq!(decode_unsigned("5\r\nhello\r\n0\r\nx-amz-checksum-sha1:a\r\n\r\n", 5), malformed, "another name");
    let twice = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:a\r\nx-amz-checksum-crc32:a\r\n\r\n";
    assert_eq!(decode_unsigned(twice, 5), malformed, "twice");
    let undeclared = ChunkedDecoder::new(ChunkSigning::Unsigned, declared(&[]), 5);
    assert_eq!(decode(undeclared, b"5\r\nhello\r\n0\r\n\r\n", 9), malformed, "nothing declared");
    assert!(ChunkedError::MalformedTrailer.message().starts_with("The request contained trailing data"));
}

#[test]
fn a_signed_trailer_needs_its_signature() {
    let mut body =
        ChunkedEncoder::new(signed(SEED)).frames(b"hello", 9, &trailer("x-amz-checksum-crc32", "a")).concat();
    let at = body.windows(23).position(|window| window == TRAILER_SIGNATURE.as_bytes()).unwrap();
    body.truncate(at);
    body.extend_from_slice(b"\r\n");
    assert!(is_framing(decode_signed(&body, declared(&["x-amz-checksum-crc32"]), 5)));
}

#[test]
fn the_declared_length_is_kept() {
    let longer = decode_plain("5\r\nhello\r\n0\r\n\r\n", 4).unwrap_err();
    assert_eq!(longer, ChunkedError::Length { declared_bytes: 4, received_bytes: 5 });
    let shorter = decode_plain("5\r\nhello\r\n0\r\n\r\n", 6).unwrap_err();
    assert_eq!(shorter, ChunkedError::Length { declared_bytes: 6, received_bytes: 5 });
    assert!(shorter.message().starts_with("You did not provide the number of bytes"));
    let huge = decode_plain("ffffffffffffffff\r\nhello", 5).unwrap_err();
    assert_eq!(huge, ChunkedError::Length { declared_bytes: 5, received_bytes: u64::MAX });
}
