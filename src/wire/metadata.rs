//! The headers that are stored with an object: content headers, user metadata, storage class. Not tags, ACLs, locks or
//! encryption.

mod latin1;
mod rfc2047;

use serde::{Deserialize, Serialize};

use super::storage_class::StorageClass;
use super::stored::{self, Unreadable};

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

/// The most bytes of user metadata that S3 takes, as [`ObjectHeaders::user_size`] counts them.
pub const MAX_USER_METADATA_BYTES: usize = 2048;

impl ObjectHeaders {
    /// The storage encoding.
    pub fn to_bytes(&self) -> Vec<u8> {
        stored::encode(self)
    }

    /// Reads what [`ObjectHeaders::to_bytes`] wrote.
    pub fn from_bytes(stored: &[u8]) -> Result<ObjectHeaders, Unreadable> {
        stored::decode(stored)
    }

    /// The bytes that count towards [`MAX_USER_METADATA_BYTES`]: names without prefix and values, in UTF-8.
    pub fn user_size(&self) -> usize {
        self.user.iter().map(|(name, value)| name.len() + value.len()).sum()
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
