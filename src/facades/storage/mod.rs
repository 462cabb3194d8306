//! Where control planes put objects: one trait, and two that do as it says. `engine` is the engine under this server;
//! `upstream` is any S3 endpoint behind it. Facades that carry bytes themselves use the engine directly.

mod engine;
mod presigned;
#[cfg(feature = "upstream")]
mod upstream;

use std::fmt;
use std::io;

use bytes::Bytes;

use super::intake::IntakeError;
use crate::http::body::Payload;
use crate::http::form::Field;
use crate::http::identity::Identity;
use crate::http::origin::Origin;
use crate::wire::bucket_name::BucketName;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::part::PartNumber;
use crate::wire::time::Timestamp;

pub(super) use self::engine::EngineStorage;
pub(super) use self::presigned::{Signing, presigned};
#[cfg(feature = "upstream")]
pub(super) use self::upstream::UpstreamStorage;

/// An object's place, and for whom it is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) bucket: &'a BucketName,
    /// 1 to 1024 bytes.
    pub(crate) key: &'a str,
    pub(crate) caller: &'a Identity,
}

/// A part that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredPart {
    pub(crate) number: PartNumber,
    pub(crate) size_bytes: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) modified: Timestamp,
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredObject {
    pub(crate) size_bytes: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) content_type: Option<String>,
    pub(crate) modified: Timestamp,
}

/// A part of a completion, as the client wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CompletedPart {
    pub(crate) number: PartNumber,
    /// With or without quotes.
    pub(crate) etag: String,
}

/// Why storage did not do what it was asked. Whatever fails has changed nothing.
#[derive(Debug)]
pub(crate) enum StorageError {
    /// The bucket is not there, or is another account's.
    NoSuchBucket,
    /// The name of the bucket that is to be made is taken by another account.
    BucketTaken,
    /// No object under that key.
    NoSuchKey,
    /// No such upload is open.
    NoSuchUpload,
    /// A listed part was not uploaded, or has another ETag. The number, where the storage says it.
    InvalidPart(Option<PartNumber>),
    /// The numbers of the list do not ascend.
    PartsOutOfOrder,
    /// A part that is not the last is too small.
    PartTooSmall,
    /// It would be larger than the storage takes.
    TooLarge,
    /// The bytes did not arrive.
    Intake(IntakeError),
    /// The storage fails, or does not answer: for the log, and a 5xx.
    Unavailable(String),
}

/// What an S3-compatible store can do for a control plane. Checks are S3's, whichever stands behind.
#[async_trait::async_trait]
pub(crate) trait Storage: Send + Sync {
    /// Makes the bucket unless it is there, open to the pages that may use the facades.
    async fn ensure_bucket(&self, at: &Place<'_>) -> Result<(), StorageError>;

    /// Starts a multipart upload and returns its id.
    async fn create_upload(&self, at: &Place<'_>, headers: ObjectHeaders) -> Result<String, StorageError>;

    /// A URL that takes one part by PUT, at the address that the client came by.
    async fn presigned_part(
        &self,
        at: &Place<'_>,
        origin: &Origin,
        upload_id: &str,
        number: PartNumber,
        expires_seconds: u32,
    ) -> Result<String, StorageError>;

    /// A URL that takes the object by PUT. With a type, the client has to send that type.
    async fn presigned_put(
        &self,
        at: &Place<'_>,
        origin: &Origin,
        content_type: Option<&str>,
        expires_seconds: u32,
    ) -> Result<String, StorageError>;

    /// A URL that gives the object by GET.
    async fn presigned_get(
        &self,
        at: &Place<'_>,
        origin: &Origin,
        expires_seconds: u32,
    ) -> Result<String, StorageError>;

    /// All parts of an open upload, by their numbers.
    async fn parts(&self, at: &Place<'_>, upload_id: &str) -> Result<Vec<StoredPart>, StorageError>;

    /// Completes an upload from these parts, in this order. Repeated with the same list, it is done already.
    async fn complete_upload(
        &self,
        at: &Place<'_>,
        upload_id: &str,
        parts: &[CompletedPart],
    ) -> Result<(), StorageError>;

    /// Ends an upload without an object.
    async fn abort_upload(&self, at: &Place<'_>, upload_id: &str) -> Result<(), StorageError>;

    /// The object, if there is one.
    async fn head(&self, at: &Place<'_>) -> Result<Option<StoredObject>, StorageError>;

    /// The object's bytes from `first_byte` on, at most `length_bytes` of them.
    async fn read(
        &self,
        at: &Place<'_>,
        first_byte: u64,
        length_bytes: u64,
    ) -> Result<Box<dyn ObjectReader>, StorageError>;

    /// Puts an object of unknown length, up to a limit. If the source breaks off or is longer, nothing is put.
    async fn put(
        &self,
        at: &Place<'_>,
        headers: ObjectHeaders,
        limit_bytes: u64,
        source: &mut dyn Source,
    ) -> Result<StoredObject, StorageError>;

    /// Copies an object with its type and metadata.
    async fn copy(&self, from: &Place<'_>, to: &Place<'_>) -> Result<(), StorageError>;

    /// Deletes an object; one that is not there is fine.
    async fn delete(&self, at: &Place<'_>) -> Result<(), StorageError>;
}

/// An object's bytes, one piece after the other.
#[async_trait::async_trait]
pub(crate) trait ObjectReader: Send {
    /// The next piece; `None` at the end.
    async fn next(&mut self) -> Option<io::Result<Bytes>>;
}

/// Bytes that arrive.
#[async_trait::async_trait]
pub(crate) trait Source: Send {
    /// The next piece; `None` at the end.
    async fn next_piece(&mut self) -> Result<Option<Bytes>, IntakeError>;
}

#[async_trait::async_trait]
impl Source for Field {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, IntakeError> {
        Ok(self.next().await?)
    }
}

#[async_trait::async_trait]
impl Source for Payload {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, IntakeError> {
        self.next().await.transpose().map_err(IntakeError::Payload)
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageError::Unavailable(reason) => f.write_str(reason),
            other => write!(f, "{other:?}"),
        }
    }
}
