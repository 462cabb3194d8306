//! The headers that are stored with an object: content headers, user metadata, storage class. Not tags, ACLs, locks or
//! encryption.

mod latin1;
mod rfc2047;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::storage_class::StorageClass;

pub use latin1::{from_latin1, to_latin1};
pub use rfc2047::{decode_header_value, encode_header_value, encode_verbatim};

/// What `PutObject`, `CopyObject` or `CreateMultipartUpload` stores beside the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectHeaders {
    /// `Content-Type`; S3 shows `binary/octet-stream` when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Content-Encoding`, without `aws-chunked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Expires`, exactly as it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// `x-amz-website-redirect-location`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website_redirect_location: Option<String>,
    /// User metadata: lower-case names without `x-amz-meta-`, and decoded values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub user: Vec<(String, String)>,
    /// `x-amz-storage-class`.
    pub storage_class: StorageClass,
}

/// Stored bytes that no version of [`ObjectHeaders::to_bytes`] wrote.
#[derive(Debug)]
pub struct UnreadableHeaders(Option<serde_json::Error>);

/// The most bytes of user metadata that S3 takes, as [`ObjectHeaders::user_size`] counts them.
pub const MAX_USER_METADATA_BYTES: usize = 2048;

/// The first byte of the storage encoding: JSON follows. New optional fields do not need a new version.
const VERSION_JSON: u8 = 1;

impl ObjectHeaders {
    /// The storage encoding: a version byte, then compact JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut stored = vec![VERSION_JSON];
        // Strings and a unit enum: neither serialisation nor writing to memory can fail.
        let written = serde_json::to_writer(&mut stored, self);
        debug_assert!(written.is_ok(), "plain strings serialise");
        stored
    }

    /// Reads what [`ObjectHeaders::to_bytes`] wrote.
    pub fn from_bytes(stored: &[u8]) -> Result<ObjectHeaders, UnreadableHeaders> {
        match stored.split_first() {
            Some((&VERSION_JSON, json)) => serde_json::from_slice(json).map_err(|err| UnreadableHeaders(Some(err))),
            _ => Err(UnreadableHeaders(None)),
        }
    }

    /// The bytes that count towards [`MAX_USER_METADATA_BYTES`]: names without prefix and values, in UTF-8.
    pub fn user_size(&self) -> usize {
        self.user.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

impl fmt::Display for UnreadableHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the stored object headers are of an unknown version or damaged")
    }
}

impl std::error::Error for UnreadableHeaders {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.as_ref().map(|err| err as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_round_trip() {
        let full = ObjectHeaders {
            content_type: Some("text/plain".to_owned()),
            content_encoding: Some("gzip, br".to_owned()),
            content_language: Some("sl".to_owned()),
            content_disposition: Some("attachment; filename=\"č.txt\"".to_owned()),
            cache_control: Some("no-cache".to_owned()),
            expires: Some("whenever".to_owned()),
            website_redirect_location: Some("/other".to_owned()),
            user: vec![("name".to_owned(), "välue".to_owned()), ("empty".to_owned(), String::new())],
            storage_class: StorageClass::GlacierIr,
        };
        for headers in [full.clone(), ObjectHeaders::default()] {
            assert_eq!(ObjectHeaders::from_bytes(&headers.to_bytes()).unwrap(), headers);
        }
        assert_eq!(full.user_size(), 4 + 6 + 5);
        assert_eq!(ObjectHeaders::default().to_bytes(), b"\x01{\"storage_class\":\"STANDARD\"}");
    }

    #[test]
    fn unknown_encodings_are_refused() {
        for stored in [b"".as_slice(), b"\x02{}", b"\x01", b"\x01{\"storage_class\":\"SNOW\"}"] {
            assert!(ObjectHeaders::from_bytes(stored).is_err());
        }
        assert_eq!(ObjectHeaders::from_bytes(b"\x01{}").unwrap(), ObjectHeaders::default());
    }
}
