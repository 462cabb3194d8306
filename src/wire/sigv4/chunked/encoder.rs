//! The encoder of aws-chunked bodies, for clients: tests and benchmarks. It writes what it is told, legal or not.

use sha2::{Digest, Sha256};

use super::TRAILER_SIGNATURE;
use super::signer::{ChunkSigner, ChunkSigning};

/// Writes one body, frame by frame.
#[derive(Debug)]
pub struct ChunkedEncoder {
    signer: Option<ChunkSigner>,
}

impl ChunkedEncoder {
    /// An encoder of signed or unsigned chunks, the counterpart of [`super::ChunkedDecoder`].
    pub fn new(signing: ChunkSigning) -> Self {
        match signing {
            ChunkSigning::Unsigned | ChunkSigning::Unverified => Self { signer: None },
            ChunkSigning::Signed(signer) => Self { signer: Some(signer) },
        }
    }

    /// A whole chunk: its line, the data, a line break.
    pub fn chunk(&mut self, data: &[u8]) -> Vec<u8> {
        let mut frame = self.chunk_line(data).into_bytes();
        frame.extend_from_slice(data);
        frame.extend_from_slice(b"\r\n");
        frame
    }

    /// The last chunk, the trailers (names in lower case), their signature if there are any and chunks are signed, and
    /// the final line break.
    pub fn finish(&mut self, trailers: &[(String, String)]) -> Vec<u8> {
        let mut text = self.chunk_line(b"");
        for (name, value) in trailers {
            text.extend([name, ":", value, "\r\n"]);
        }
        if let Some(signer) = self.signer.as_mut().filter(|_| !trailers.is_empty()) {
            let signature = signer.sign(&signer.trailer_string_to_sign(trailers));
            text.extend([TRAILER_SIGNATURE, ":", &signature, "\r\n"]);
            signer.follow(signature);
        }
        text.push_str("\r\n");
        text.into_bytes()
    }

    /// All frames of a body: chunks of `chunk_bytes` (the last may be smaller), then the end.
    pub fn frames(mut self, body: &[u8], chunk_bytes: usize, trailers: &[(String, String)]) -> Vec<Vec<u8>> {
        let mut frames: Vec<Vec<u8>> = body.chunks(chunk_bytes.max(1)).map(|data| self.chunk(data)).collect();
        frames.push(self.finish(trailers));
        frames
    }

    fn chunk_line(&mut self, data: &[u8]) -> String {
        let size = data.len();
        let Some(signer) = &mut self.signer else { return format!("{size:x}\r\n") };
        let signature = signer.sign(&signer.chunk_string_to_sign(&Sha256::digest(data)));
        let line = format!("{size:x};chunk-signature={signature}\r\n");
        signer.follow(signature);
        line
    }
}
