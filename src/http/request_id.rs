//! The two ids that every answer carries: `x-amz-request-id` and `x-amz-id-2`. Not secret, and not an order of requests.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

/// Characters of a request id, as AWS writes them.
const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LENGTH: usize = 16;
const HOST_LENGTH: usize = 76;

/// `x-amz-request-id`: 16 characters of `[0-9A-Z]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; LENGTH]);

/// `x-amz-id-2`: 76 characters of base64, as long as AWS's.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HostId([u8; HOST_LENGTH]);

impl RequestId {
    /// A new id.
    pub fn random() -> RequestId {
        let mut bits: u128 = rand::random();
        RequestId(std::array::from_fn(|_| {
            let character = ALPHABET[usize::try_from(bits % 36).unwrap_or_default()];
            bits /= 36;
            character
        }))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id as the value of a header.
    pub fn header_value(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static("0000000000000000"))
    }
}

impl HostId {
    /// A new id.
    pub fn random() -> HostId {
        let mut bytes = [0u8; 56];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&rand::random::<u64>().to_ne_bytes());
        }
        let mut text = [b'0'; HOST_LENGTH];
        // 56 bytes are 76 characters.
        let _written = STANDARD.encode_slice(bytes, &mut text);
        HostId(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The id as the value of a header.
    pub fn header_value(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or(HeaderValue::from_static(""))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_look_like_those_of_aws() {
        let id = RequestId::random();
        assert_eq!(id.as_str().len(), 16);
        assert!(id.as_str().bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()));
        assert_eq!(id.header_value(), id.as_str());
        assert_ne!(id, RequestId::random());
    }

    #[test]
    fn host_ids_look_like_those_of_aws() {
        let id = HostId::random();
        assert_eq!(id.as_str().len(), 76);
        assert_eq!(id.header_value(), id.as_str());
        assert_ne!(id, HostId::random());
    }
}
