//! Taking a body in: unframing, hashing, and comparing with what the client announced. A body that disagrees leaves
//! nothing behind.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;

use super::auth::{PayloadMode, Seed, Trailer};
use super::call::Call;
use super::error::{Result, S3Error};
use super::integrity::{Announced, Integrity, checksum_mismatch, content_md5};
use crate::engine::blobs::digests::{Digesting, Digests, PayloadSha256, WantedDigests};
use crate::engine::blobs::writer::Sealed;
use crate::http::body::{CollectError, Payload, PayloadError};
use crate::wire::checksum::{Algorithm, Digest, Hasher};
use crate::wire::encryption::CustomerKey;
use crate::wire::error_codes::Code;
use crate::wire::sigv4::{ChunkedDecoder, ChunkedError, TrailerPolicy};

/// How an operation writes the digest that it expected: a quirk of AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExpectedDigestIn {
    /// `PutObject`.
    Hex,
    /// `UploadPart`.
    Base64,
}

/// Whether a document has to come with a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DigestRule {
    Optional,
    Required,
    /// As `Required`, but the refusal names Content-MD5 alone: a quirk of `PutBucketLifecycleConfiguration`.
    RequiredAsMd5,
    /// The checksum headers of `CompleteMultipartUpload` are of the object, not of the document.
    ForTheObject,
}

/// The size that the request's head gives its body, decoded. Refuses bodies without one, and those over `max_bytes`.
pub(crate) fn announced_size(call: &Call, max_bytes: u64) -> Result<u64> {
    let size_bytes = match &call.payload_mode {
        PayloadMode::Chunked { .. } => call
            .head
            .header("x-amz-decoded-content-length")
            .and_then(|text| text.trim().parse().ok())
            .ok_or(Code::MissingContentLength)?,
        PayloadMode::Plain { .. } => match call.payload.content_length() {
            Some(length) if call.head.headers.contains_key(CONTENT_LENGTH) => length,
            Some(_) => return Err(Code::MissingContentLength.into()),
            // Without aws-chunked, S3 takes no body of unknown length.
            None => return Err(S3Error::header_not_implemented(TRANSFER_ENCODING_NAME)),
        },
    };
    if size_bytes > max_bytes {
        return Err(Code::EntityTooLarge.with("ProposedSize", size_bytes).with("MaxSizeAllowed", max_bytes));
    }
    Ok(size_bytes)
}

/// As AWS writes the header's name.
const TRANSFER_ENCODING_NAME: &str = "Transfer-Encoding";

/// Streams the body into a blob and compares every digest. `compute` is a checksum to compute even if the client
/// announced none; `key` the client's own, that all of it is encrypted with.
pub(crate) async fn receive(
    call: &mut Call,
    integrity: &Integrity,
    compute: Option<Algorithm>,
    expected_in: ExpectedDigestIn,
    key: Option<&CustomerKey>,
) -> Result<Sealed> {
    let size_bytes = announced_size(call, call.engine().limits().max_part_size_bytes)?;
    let mode = std::mem::replace(&mut call.payload_mode, PayloadMode::Plain { sha256: None });
    let payload_sha256 = match &mode {
        PayloadMode::Plain { sha256: Some(_) } => PayloadSha256::Wanted,
        _ => PayloadSha256::NotWanted,
    };
    let wanted = WantedDigests { checksum: integrity.algorithm().or(compute), payload_sha256 };
    let mut writer = call.engine().blob_writer_for(wanted, key).map_err(|error| call.says(error))?;
    let mut unframed = Unframed::of(mode, integrity, size_bytes);
    while let Some(piece) = unframed.next(&mut call.payload).await? {
        writer.write(piece).await.map_err(|error| call.says(error))?;
    }
    let announced = unframed.finish(integrity)?;
    let sealed = writer.seal().await.map_err(|error| call.says(error))?;
    if sealed.size_bytes() != size_bytes {
        return Err(incomplete());
    }
    compare(sealed.digests(), integrity, &announced, expected_in)?;
    Ok(sealed)
}

/// Reads a small body whole, whatever its framing, and compares every digest: for what is kept in a row.
pub(crate) async fn receive_whole(
    call: &mut Call,
    integrity: &Integrity,
    compute: Algorithm,
    max_bytes: u64,
) -> Result<(Bytes, Digests)> {
    let size_bytes = announced_size(call, max_bytes)?;
    let mode = std::mem::replace(&mut call.payload_mode, PayloadMode::Plain { sha256: None });
    let payload_sha256 = match &mode {
        PayloadMode::Plain { sha256: Some(_) } => PayloadSha256::Wanted,
        _ => PayloadSha256::NotWanted,
    };
    let mut digesting = Digesting::new(WantedDigests { checksum: Some(compute), payload_sha256 });
    let mut unframed = Unframed::of(mode, integrity, size_bytes);
    let mut body = BytesMut::new();
    while let Some(piece) = unframed.next(&mut call.payload).await? {
        body.extend_from_slice(&piece);
    }
    let announced = unframed.finish(integrity)?;
    if body.len() as u64 != size_bytes {
        return Err(incomplete());
    }
    digesting.update(&body);
    let digests = digesting.finish();
    compare(&digests, integrity, &announced, ExpectedDigestIn::Hex)?;
    Ok((body.freeze(), digests))
}

/// Compares a body that came without frames with what was announced of it.
pub(crate) fn compare_with_head(sealed: &Sealed, integrity: &Integrity, expected_in: ExpectedDigestIn) -> Result<()> {
    let announced = Unframed::Plain { sha256: None }.finish(integrity)?;
    compare(sealed.digests(), integrity, &announced, expected_in)
}

/// What the end of a body adds to what its head announced.
struct AtTheEnd {
    sha256: Option<[u8; 32]>,
    checksum: Option<(Algorithm, Digest)>,
}

fn compare(digests: &Digests, integrity: &Integrity, end: &AtTheEnd, expected_in: ExpectedDigestIn) -> Result<()> {
    if let (Some(given), Some(computed)) = (end.sha256, digests.payload_sha256)
        && given != computed
    {
        return Err(sha256_mismatch(given, computed));
    }
    if let Some(given) = integrity.md5
        && given != digests.md5
    {
        return Err(md5_mismatch(given, digests.md5, expected_in));
    }
    match &end.checksum {
        Some((algorithm, given)) if digests.get(*algorithm) != Some(*given) => Err(checksum_mismatch(*algorithm)),
        _ => Ok(()),
    }
}

fn sha256_mismatch(given: [u8; 32], computed: [u8; 32]) -> S3Error {
    Code::XAmzContentSha256Mismatch
        .with("ClientComputedContentSHA256", hex::encode(given))
        .with("S3ComputedContentSHA256", hex::encode(computed))
}

fn md5_mismatch(given: [u8; 16], computed: [u8; 16], expected_in: ExpectedDigestIn) -> S3Error {
    let expected = match expected_in {
        ExpectedDigestIn::Hex => hex::encode(given),
        ExpectedDigestIn::Base64 => STANDARD.encode(given),
    };
    Code::BadDigest.with("ExpectedDigest", expected).with("CalculatedDigest", STANDARD.encode(computed))
}

/// A body out of its frames.
enum Unframed {
    Plain { sha256: Option<[u8; 32]> },
    Chunked { decoder: Box<ChunkedDecoder>, input: Bytes, seed: Option<Seed> },
}

impl Unframed {
    fn of(mode: PayloadMode, integrity: &Integrity, size_bytes: u64) -> Unframed {
        match mode {
            PayloadMode::Plain { sha256 } => Unframed::Plain { sha256 },
            PayloadMode::Chunked { signing, trailer, seed } => {
                let policy = match (trailer, &integrity.checksum) {
                    (Trailer::None, _) => TrailerPolicy::Forbidden,
                    (Trailer::Follows, Some(Announced::Trailer(algorithm))) => {
                        TrailerPolicy::Declared(vec![algorithm.header_name().to_owned()])
                    }
                    (Trailer::Follows, _) => TrailerPolicy::Declared(Vec::new()),
                };
                let decoder = Box::new(ChunkedDecoder::new(signing, policy, size_bytes));
                Unframed::Chunked { decoder, input: Bytes::new(), seed }
            }
        }
    }

    async fn next(&mut self, payload: &mut Payload) -> Result<Option<Bytes>> {
        match self {
            Unframed::Plain { .. } => payload.next().await.transpose().map_err(|error| payload_error(&error)),
            Unframed::Chunked { decoder, input, seed } => loop {
                let piece = decoder.feed(input).map_err(|error| chunked_error(error, seed.as_ref()))?;
                if piece.is_some() {
                    return Ok(piece);
                }
                match payload.next().await.transpose().map_err(|error| payload_error(&error))? {
                    Some(more) => *input = more,
                    None => return Ok(None),
                }
            },
        }
    }

    fn finish(self, integrity: &Integrity) -> Result<AtTheEnd> {
        let in_header = match integrity.checksum {
            Some(Announced::Value(algorithm, digest)) => Some((algorithm, digest)),
            _ => None,
        };
        match self {
            Unframed::Plain { sha256 } => Ok(AtTheEnd { sha256, checksum: in_header }),
            Unframed::Chunked { decoder, seed, .. } => {
                let trailers = decoder.finish().map_err(|error| chunked_error(error, seed.as_ref()))?;
                let in_trailer = trailers.iter().find_map(|(name, value)| {
                    Algorithm::from_header_name(name).map(|algorithm| (algorithm, value.trim()))
                });
                let checksum = match in_trailer {
                    None => in_header,
                    Some((algorithm, value)) => {
                        let digest = Digest::parse_base64(algorithm, value).ok_or_else(|| {
                            let name = algorithm.header_name();
                            S3Error::invalid_request(format!("Value for {name} trailing header is invalid."))
                        })?;
                        Some((algorithm, digest))
                    }
                };
                Ok(AtTheEnd { sha256: None, checksum })
            }
        }
    }
}

fn incomplete() -> S3Error {
    Code::IncompleteBody.says("You did not provide the number of bytes specified by the Content-Length HTTP header")
}

/// What S3 says to a body that breaks off.
pub(crate) fn payload_error(error: &PayloadError) -> S3Error {
    match error {
        PayloadError::IdleTimeout => Code::RequestTimeout.into(),
        PayloadError::Truncated | PayloadError::Io(_) => incomplete(),
    }
}

fn chunked_error(error: ChunkedError, seed: Option<&Seed>) -> S3Error {
    let message = error.message();
    match error {
        ChunkedError::Framing { reason } => {
            tracing::debug!(reason, "malformed aws-chunked body");
            Code::IncompleteBody.says(message)
        }
        ChunkedError::Length { .. } => Code::IncompleteBody.says(message),
        ChunkedError::ChunkTooSmall { chunk, bad_chunk_size } => {
            Code::InvalidChunkSizeError.with("Chunk", chunk).with("BadChunkSize", bad_chunk_size)
        }
        ChunkedError::MalformedTrailer => Code::MalformedTrailerError.into(),
        ChunkedError::SignatureMismatch { string_to_sign, signature_provided } => {
            let shown = |field: fn(&Seed) -> &String| seed.map(field).cloned().unwrap_or_default();
            let bytes = crate::wire::sigv4::hex_dump(string_to_sign.as_bytes());
            Code::SignatureDoesNotMatch
                .with("AWSAccessKeyId", shown(|seed| &seed.access_key))
                .with("StringToSign", string_to_sign)
                .with("SignatureProvided", signature_provided)
                .with("StringToSignBytes", bytes)
                .with("CanonicalRequest", shown(|seed| &seed.canonical_request))
                .with("CanonicalRequestBytes", shown(|seed| &seed.canonical_request_bytes))
        }
    }
}

/// Reads a document whole: at most `limit_bytes`, compared with every digest that came with it.
pub(crate) async fn document(call: &mut Call, limit_bytes: u64, rule: DigestRule) -> Result<Bytes> {
    let sha256 = match &call.payload_mode {
        PayloadMode::Plain { sha256 } => *sha256,
        PayloadMode::Chunked { .. } => {
            return Err(S3Error::invalid_request("The value of x-amz-content-sha256 header is invalid."));
        }
    };
    let integrity = match rule {
        DigestRule::ForTheObject => Integrity { md5: content_md5(&call.head)?, checksum: None },
        DigestRule::Optional | DigestRule::Required | DigestRule::RequiredAsMd5 => {
            Integrity::of(&call.head, &call.payload_mode)?
        }
    };
    let required = match rule {
        DigestRule::Required => Some("Content-MD5 OR x-amz-checksum-*"),
        DigestRule::RequiredAsMd5 => Some("Content-MD5"),
        DigestRule::Optional | DigestRule::ForTheObject => None,
    };
    if let (Some(names), None, None) = (required, integrity.md5, &integrity.checksum) {
        return Err(S3Error::invalid_request(format!("Missing required header for this request: {names}")));
    }
    let payload = std::mem::replace(&mut call.payload, Payload::empty());
    let body = payload.collect(limit_bytes).await.map_err(|error| match error {
        CollectError::TooLarge { limit_bytes } => {
            Code::MaxMessageLengthExceeded.with("MaxMessageLengthBytes", limit_bytes)
        }
        CollectError::Payload(error) => payload_error(&error),
    })?;
    let computed = |algorithm| Hasher::digest(algorithm, &body);
    if let (Some(given), Ok(computed)) = (sha256, <[u8; 32]>::try_from(computed(Algorithm::Sha256).as_bytes()))
        && given != computed
    {
        return Err(sha256_mismatch(given, computed));
    }
    if let (Some(given), Ok(computed)) = (integrity.md5, <[u8; 16]>::try_from(computed(Algorithm::Md5).as_bytes()))
        && given != computed
    {
        return Err(md5_mismatch(given, computed, ExpectedDigestIn::Base64));
    }
    if let Some(Announced::Value(algorithm, given)) = integrity.checksum
        && given != computed(algorithm)
    {
        return Err(checksum_mismatch(algorithm));
    }
    Ok(body)
}
