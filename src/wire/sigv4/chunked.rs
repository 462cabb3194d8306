//! The decoder of aws-chunked bodies: frames, chunk signatures, trailers. Pushed to, never pulling; not the checksums
//! that trailers carry, and not the framing of HTTP itself.
//!
//! `hex-size[;chunk-signature=sig]\r\n data \r\n` … `0[;chunk-signature=sig]\r\n` trailer lines `\r\n`. Sources: AWS,
//! "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks", "… Including
//! Trailing Headers", and what S3 was seen to answer.

mod encoder;
mod signer;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use sha2::{Digest, Sha256};

pub use encoder::ChunkedEncoder;
pub use signer::{ChunkSigner, ChunkSigning};

use super::canonical::signatures_match;

/// Every chunk but the last must have at least this many bytes.
const MIN_CHUNK_BYTES: u64 = 8192;
/// A chunk's first line is 90 bytes in practice.
const MAX_CHUNK_LINE_BYTES: usize = 4096;
/// All trailer lines together.
const MAX_TRAILER_BYTES: usize = 16 * 1024;
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

/// What may follow the last chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailerPolicy {
    /// Nothing: the payload hash is not one of the `…-TRAILER` kinds.
    Forbidden,
    /// Exactly the names of `x-amz-trailer` (compared without case). No names at all is an error at the end of the
    /// body, as is a name that does not come.
    Declared(Vec<String>),
}

/// What is wrong with an aws-chunked body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkedError {
    /// Broken framing, or an early end: 400 `IncompleteBody`.
    Framing {
        /// What exactly, for the log: AWS does not say.
        reason: &'static str,
    },
    /// `x-amz-decoded-content-length` is not what came: 400 `IncompleteBody`, with another sentence.
    Length {
        /// The header's value.
        declared_bytes: u64,
        /// The bytes that came, or that a chunk has announced.
        received_bytes: u64,
    },
    /// A small chunk that was not the last: 403 `InvalidChunkSizeError`.
    ChunkTooSmall {
        /// `Chunk`: the number, from 1, of the chunk that showed that the one before was not the last.
        chunk: u64,
        /// `BadChunkSize`: the size of the small one.
        bad_chunk_size: u64,
    },
    /// The signature of a chunk or of the trailer: 403 `SignatureDoesNotMatch`, with this string to sign and the
    /// canonical request of the request itself.
    SignatureMismatch {
        /// `StringToSign`.
        string_to_sign: String,
        /// `SignatureProvided`.
        signature_provided: String,
    },
    /// The trailer is not the one that was declared: 400 `MalformedTrailerError`.
    MalformedTrailer,
}

impl ChunkedError {
    /// AWS's sentence.
    pub fn message(&self) -> String {
        match self {
            Self::Framing { .. } => "The request body terminated unexpectedly",
            Self::Length { .. } => {
                "You did not provide the number of bytes specified by the Content-Length HTTP header"
            }
            Self::ChunkTooSmall { .. } => "Only the last chunk is allowed to have a size less than 8192 bytes",
            Self::SignatureMismatch { .. } => {
                "The request signature we calculated does not match the signature you provided. Check your key and \
                 signing method."
            }
            Self::MalformedTrailer => {
                "The request contained trailing data that was not well-formed or did not conform to our published schema."
            }
        }
        .to_owned()
    }
}

/// Where the decoder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    ChunkLine,
    Data { remaining: u64 },
    DataEnd,
    Trailer,
    Done,
}

/// Whether a trailer line is the trailer's signature by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TrailerIsSigned {
    Yes,
    No,
}

/// Checks the signatures of one body.
#[derive(Debug)]
struct Verifier {
    signer: ChunkSigner,
    hash: Sha256,
    /// The signature in the line of the chunk that is being read.
    provided: String,
}

/// Decodes one body. After an error it is of no further use: drop it, and whatever was decoded.
#[derive(Debug)]
pub struct ChunkedDecoder {
    verifier: Option<Verifier>,
    trailer_is_signed: TrailerIsSigned,
    policy: TrailerPolicy,
    declared_bytes: u64,
    decoded_bytes: u64,
    state: State,
    line: Vec<u8>,
    chunk: u64,
    chunk_bytes: u64,
    trailer_bytes: usize,
    trailers: Vec<(String, String)>,
    trailer_signature: Option<String>,
}

impl ChunkedDecoder {
    /// A decoder for a body of `decoded_bytes` (`x-amz-decoded-content-length`) in all.
    pub fn new(signing: ChunkSigning, policy: TrailerPolicy, decoded_bytes: u64) -> Self {
        let (verifier, trailer_is_signed) = match signing {
            ChunkSigning::Unsigned => (None, TrailerIsSigned::No),
            ChunkSigning::Unverified => (None, TrailerIsSigned::Yes),
            ChunkSigning::Signed(signer) => {
                (Some(Verifier { signer, hash: Sha256::new(), provided: String::new() }), TrailerIsSigned::Yes)
            }
        };
        Self {
            verifier,
            trailer_is_signed,
            policy,
            declared_bytes: decoded_bytes,
            decoded_bytes: 0,
            state: State::ChunkLine,
            line: Vec::new(),
            chunk: 0,
            chunk_bytes: MIN_CHUNK_BYTES,
            trailer_bytes: 0,
            trailers: Vec::new(),
            trailer_signature: None,
        }
    }

    /// Takes bytes from `input` until there is a piece of decoded data (a slice of the input, not a copy), or until the
    /// input is used up: then `None`. Call it again with the same input while it returns pieces. The last piece of a
    /// chunk is handed out only after the chunk's signature was found right; earlier pieces of that chunk are not yet
    /// vouched for.
    pub fn feed(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, ChunkedError> {
        while !input.is_empty() {
            match self.state {
                State::Data { remaining } => return self.take_data(input, remaining).map(Some),
                State::ChunkLine => {
                    if let Some(line) = self.take_line(input, MAX_CHUNK_LINE_BYTES)? {
                        self.start_chunk(&line)?;
                    }
                }
                State::DataEnd => {
                    if let Some(line) = self.take_line(input, 2)? {
                        require(line == b"\r\n", "no line break after a chunk's data")?;
                        self.state = State::ChunkLine;
                    }
                }
                State::Trailer => {
                    let left = MAX_TRAILER_BYTES.saturating_sub(self.trailer_bytes);
                    if let Some(line) = self.take_line(input, left)? {
                        self.trailer_bytes += line.len();
                        self.trailer_line(&line)?;
                    }
                }
                // minio-go ends its trailer with one line break too many, and S3 does not mind.
                State::Done => {
                    self.line.extend_from_slice(&input.split_to(input.len().min(3)));
                    require(b"\r\n".starts_with(&self.line), "data after the end of the body")?;
                }
            }
        }
        Ok(None)
    }

    /// To be called at the end of the input: the trailers, with names in lower case and without the trailer's
    /// signature.
    pub fn finish(self) -> Result<Vec<(String, String)>, ChunkedError> {
        require(self.state == State::Done, "the body ends before its last chunk does")?;
        Ok(self.trailers)
    }

    /// Whether the last chunk and the trailers have been read and found right.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// How many bytes of data have been decoded so far.
    pub fn decoded_bytes(&self) -> u64 {
        self.decoded_bytes
    }

    /// A whole line with its line break, or `None` if the input ends before.
    fn take_line(&mut self, input: &mut Bytes, limit: usize) -> Result<Option<Vec<u8>>, ChunkedError> {
        let end = input.iter().take(limit + 1).position(|&byte| byte == b'\n').map(|at| at + 1);
        let taken = input.split_to(end.unwrap_or(input.len().min(limit + 1)));
        self.line.extend_from_slice(&taken);
        require(self.line.len() <= limit, "a line is too long")?;
        Ok(end.map(|_| std::mem::take(&mut self.line)))
    }

    fn take_data(&mut self, input: &mut Bytes, remaining: u64) -> Result<Bytes, ChunkedError> {
        let here = usize::try_from(remaining).unwrap_or(usize::MAX).min(input.len());
        let piece = input.split_to(here);
        if let Some(verifier) = &mut self.verifier {
            verifier.hash.update(&piece);
        }
        self.decoded_bytes += here as u64;
        let remaining = remaining - here as u64;
        if remaining == 0 {
            self.verify_chunk()?;
            self.state = State::DataEnd;
        } else {
            self.state = State::Data { remaining };
        }
        Ok(piece)
    }

    fn start_chunk(&mut self, line: &[u8]) -> Result<(), ChunkedError> {
        let line = text_of(line)?;
        let line = line.strip_suffix("\r\n").ok_or(framing("a chunk's line does not end in CR LF"))?;
        let (size, extension) = line.split_once(';').map_or((line, None), |(size, rest)| (size, Some(rest)));
        let size = parse_size(size)?;
        if let Some(verifier) = &mut self.verifier {
            let signature = extension.and_then(|extension| extension.strip_prefix("chunk-signature="));
            signature.ok_or(framing("a chunk has no signature"))?.clone_into(&mut verifier.provided);
        }
        self.chunk += 1;
        if size == 0 {
            self.verify_chunk()?;
            self.check_length(self.decoded_bytes)?;
            self.state = State::Trailer;
            return Ok(());
        }
        if self.chunk_bytes < MIN_CHUNK_BYTES {
            return Err(ChunkedError::ChunkTooSmall { chunk: self.chunk, bad_chunk_size: self.chunk_bytes });
        }
        let announced = self.decoded_bytes.saturating_add(size);
        if announced > self.declared_bytes {
            self.check_length(announced)?;
        }
        self.chunk_bytes = size;
        self.state = State::Data { remaining: size };
        Ok(())
    }

    fn check_length(&self, received_bytes: u64) -> Result<(), ChunkedError> {
        let declared_bytes = self.declared_bytes;
        if received_bytes == declared_bytes {
            return Ok(());
        }
        Err(ChunkedError::Length { declared_bytes, received_bytes })
    }

    fn verify_chunk(&mut self) -> Result<(), ChunkedError> {
        let Some(verifier) = &mut self.verifier else { return Ok(()) };
        let hash = verifier.hash.finalize_reset();
        let string_to_sign = verifier.signer.chunk_string_to_sign(&hash);
        verifier.accept(string_to_sign)
    }

    fn trailer_line(&mut self, line: &[u8]) -> Result<(), ChunkedError> {
        let line = text_of(line)?.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return self.end_trailer();
        }
        require(self.policy != TrailerPolicy::Forbidden, "a trailer where none may be")?;
        let (name, value) = line.split_once(':').ok_or(framing("a trailer line without a colon"))?;
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_owned());
        if name == TRAILER_SIGNATURE && self.trailer_is_signed == TrailerIsSigned::Yes {
            self.trailer_signature = Some(value);
        } else {
            self.trailers.push((name, value));
        }
        Ok(())
    }

    /// An empty line. Between a signed trailer and its signature there may be one: AWS's own documentation ends the
    /// trailer with `\n\r\n`, and minio-go writes it so.
    fn end_trailer(&mut self) -> Result<(), ChunkedError> {
        let TrailerPolicy::Declared(declared) = &self.policy else {
            self.state = State::Done;
            return Ok(());
        };
        let mut declared: Vec<String> = declared.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut sent: Vec<&String> = self.trailers.iter().map(|(name, _)| name).collect();
        declared.sort_unstable();
        sent.sort_unstable();
        if sent.is_empty() || !sent.into_iter().eq(&declared) {
            return Err(ChunkedError::MalformedTrailer);
        }
        if self.trailer_is_signed == TrailerIsSigned::Yes && self.trailer_signature.is_none() {
            return Ok(());
        }
        if let Some((verifier, provided)) = self.verifier.as_mut().zip(self.trailer_signature.take()) {
            verifier.provided = provided;
            let string_to_sign = verifier.signer.trailer_string_to_sign(&self.trailers);
            verifier.accept(string_to_sign)?;
        }
        self.state = State::Done;
        Ok(())
    }
}

impl Verifier {
    /// Compares; the right signature becomes part of the next string to sign.
    fn accept(&mut self, string_to_sign: String) -> Result<(), ChunkedError> {
        let signature = self.signer.sign(&string_to_sign);
        if signatures_match(&signature, &self.provided) {
            self.signer.follow(signature);
            return Ok(());
        }
        Err(ChunkedError::SignatureMismatch { string_to_sign, signature_provided: std::mem::take(&mut self.provided) })
    }
}

fn framing(reason: &'static str) -> ChunkedError {
    ChunkedError::Framing { reason }
}

fn require(condition: bool, reason: &'static str) -> Result<(), ChunkedError> {
    if condition { Ok(()) } else { Err(framing(reason)) }
}

fn text_of(line: &[u8]) -> Result<&str, ChunkedError> {
    std::str::from_utf8(line).map_err(|_| framing("a line is not UTF-8"))
}

/// Hexadecimal digits only: `from_str_radix` alone would take a sign.
fn parse_size(text: &str) -> Result<u64, ChunkedError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    require(digits, "a chunk's size is not a hexadecimal number")?;
    u64::from_str_radix(text, 16).map_err(|_| framing("a chunk's size is not a hexadecimal number"))
}
