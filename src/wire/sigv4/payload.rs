//! `x-amz-content-sha256`: how the body is signed and framed. Not the hashing of bodies.

use http::HeaderMap;

/// The payload hash of a presigned URL, and of clients that do not sign bodies.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// SHA-256 of nothing.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A parsed `x-amz-content-sha256`. The canonical request takes the text as it was sent, not this value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadHash {
    /// The body's SHA-256: compare when the body has been read (`XAmzContentSHA256Mismatch`).
    Sha256([u8; 32]),
    /// The body is not signed.
    Unsigned,
    /// aws-chunked, unsigned chunks, a trailer with a checksum.
    StreamingUnsignedTrailer,
    /// aws-chunked, every chunk signed.
    StreamingSigned,
    /// aws-chunked, chunks and trailer signed.
    StreamingSignedTrailer,
    /// aws-chunked, signed with `SigV4A`.
    StreamingEcdsa,
    /// aws-chunked with a trailer, signed with `SigV4A`.
    StreamingEcdsaTrailer,
}

impl PayloadHash {
    /// Parses the header's value.
    pub fn parse(value: &str) -> Result<Self, PayloadHashError> {
        Ok(match value {
            UNSIGNED_PAYLOAD => Self::Unsigned,
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Self::StreamingUnsignedTrailer,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Self::StreamingSigned,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Self::StreamingSignedTrailer,
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" => Self::StreamingEcdsa,
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER" => Self::StreamingEcdsaTrailer,
            _ => {
                let mut digest = [0; 32];
                hex::decode_to_slice(value, &mut digest)
                    .map_err(|_| PayloadHashError::Unknown { value: value.to_owned() })?;
                Self::Sha256(digest)
            }
        })
    }

    /// Parses the header of a request signed in its headers, where it is required.
    pub fn from_headers(headers: &HeaderMap) -> Result<Self, PayloadHashError> {
        let value = headers.get("x-amz-content-sha256").ok_or(PayloadHashError::Missing)?;
        Self::parse(&String::from_utf8_lossy(value.as_bytes()))
    }

    /// Whether the body is framed as aws-chunked. This value decides, not `Content-Encoding` (seen on AWS).
    pub fn is_streaming(self) -> bool {
        !matches!(self, Self::Sha256(_) | Self::Unsigned)
    }

    /// Whether every chunk carries a signature, so that anonymous requests cannot use it.
    pub fn has_signed_chunks(self) -> bool {
        self.is_streaming() && self != Self::StreamingUnsignedTrailer
    }

    /// Whether a trailer follows the chunks.
    pub fn has_trailer(self) -> bool {
        matches!(self, Self::StreamingUnsignedTrailer | Self::StreamingSignedTrailer | Self::StreamingEcdsaTrailer)
    }

    /// Whether it is one of `SigV4A`'s values, which cannot be verified here.
    pub fn is_ecdsa(self) -> bool {
        matches!(self, Self::StreamingEcdsa | Self::StreamingEcdsaTrailer)
    }
}

/// What is wrong with `x-amz-content-sha256`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayloadHashError {
    /// Not sent: 400 `InvalidRequest`.
    Missing,
    /// Neither a keyword nor 64 hexadecimal digits: 400 `InvalidArgument`, with the header and its value as extra fields.
    Unknown {
        /// As sent.
        value: String,
    },
}

impl PayloadHashError {
    /// AWS's sentence.
    pub fn message(&self) -> String {
        match self {
            Self::Missing => "Missing required header for this request: x-amz-content-sha256",
            Self::Unknown { .. } => {
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
                 STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, \
                 STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER \
                 or a valid sha256 value."
            }
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_and_hashes() {
        assert!(matches!(PayloadHash::parse(EMPTY_SHA256), Ok(PayloadHash::Sha256(digest)) if digest[0] == 0xe3));
        assert_eq!(PayloadHash::parse(UNSIGNED_PAYLOAD), Ok(PayloadHash::Unsigned));
        let signed = PayloadHash::parse("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER").unwrap();
        assert!(signed.is_streaming() && signed.has_signed_chunks() && signed.has_trailer() && !signed.is_ecdsa());
        let unsigned = PayloadHash::parse("STREAMING-UNSIGNED-PAYLOAD-TRAILER").unwrap();
        assert!(unsigned.is_streaming() && !unsigned.has_signed_chunks() && unsigned.has_trailer());
        assert!(PayloadHash::parse("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD").unwrap().is_ecdsa());
        assert!(!PayloadHash::Unsigned.is_streaming());
    }

    #[test]
    fn anything_else_is_an_error_with_its_value() {
        for value in ["", "unsigned-payload", "abc", "STREAMING-UNSIGNED-PAYLOAD", &EMPTY_SHA256[1..]] {
            let error = PayloadHash::parse(value).unwrap_err();
            assert_eq!(error, PayloadHashError::Unknown { value: value.to_owned() });
            assert!(error.message().ends_with("-PAYLOAD-TRAILER or a valid sha256 value."));
        }
        let missing = PayloadHash::from_headers(&HeaderMap::new()).unwrap_err();
        assert_eq!(missing.message(), "Missing required header for this request: x-amz-content-sha256");
    }
}
