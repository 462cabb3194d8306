//! The engine under this server as storage: what control planes upload is at once an object of S3's.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::{
    CompletedPart, ObjectReader, Place, Signing, Source, Storage, StorageError, StoredObject, StoredPart, presigned,
};
use crate::engine::Engine;
use crate::engine::blobs::digests::WantedDigests;
use crate::engine::blobs::reader::ObjectBody;
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::engine::event::Watcher;
use crate::engine::ids::UploadId;
use crate::engine::list::More;
use crate::engine::object::{CopyObject, Deletion, Object, PutObject};
use crate::engine::upload::{Completion, NewUpload, PartRules};
use crate::facades::cors::{self, OriginPattern};
use crate::facades::ground::Config;
use crate::facades::intake::IntakeError;
use crate::http::origin::Origin;
use crate::wire::checksum::Algorithm;
use crate::wire::etag::ETag;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::part::{ListedPart, PartList, PartNumber};

/// Parts that are listed at once.
const PAGE: usize = 1000;

pub(in crate::facades) struct EngineStorage {
    engine: Engine,
    watcher: Arc<dyn Watcher>,
    region: String,
    cors_origins: Vec<OriginPattern>,
}

impl EngineStorage {
    pub(in crate::facades) fn new(config: &Config) -> EngineStorage {
        EngineStorage {
            engine: config.engine.clone(),
            watcher: Arc::clone(&config.watcher),
            region: config.region.clone(),
            cors_origins: config.cors_origins.clone(),
        }
    }

    /// A bucket of the caller's own.
    fn bucket(&self, at: &Place<'_>) -> Result<Bucket, StorageError> {
        let bucket = self.engine.bucket(at.bucket)?;
        if bucket.account == at.caller.account { Ok(bucket) } else { Err(StorageError::NoSuchBucket) }
    }

    /// As [`Self::bucket`]; what is done with it is told as what this operation of S3's does.
    fn watched(&self, at: &Place<'_>, operation: &'static str) -> Result<Bucket, StorageError> {
        Ok(self.watcher.watch(self.bucket(at)?, operation, &at.caller.account)?)
    }

    fn presigned(&self, at: &Place<'_>, signing: &Signing<'_>) -> String {
        presigned(signing, at.caller, &self.region, self.engine.clock().now())
    }
}

#[async_trait::async_trait]
impl Storage for EngineStorage {
    async fn ensure_bucket(&self, at: &Place<'_>) -> Result<(), StorageError> {
        let made = cors::open_bucket(&self.engine, at.bucket, &at.caller.account, &self.region, &self.cors_origins);
        match made.await {
            Ok(_) => Ok(()),
            Err(Error::BucketExists { .. }) => Err(StorageError::BucketTaken),
            Err(error) => Err(error.into()),
        }
    }

    async fn create_upload(&self, at: &Place<'_>, headers: ObjectHeaders) -> Result<String, StorageError> {
        let initiator = at.caller.account.clone();
        let new = NewUpload {
            key: key(at.key)?,
            headers,
            attributes: ObjectAttributes::default(),
            checksum: None,
            initiator,
        };
        Ok(self.engine.create_upload(&self.bucket(at)?, new).await?.as_str().to_owned())
    }

    async fn presigned_part(
        &self,
        at: &Place<'_>,
        origin: &Origin,
        upload_id: &str,
        number: PartNumber,
        expires_seconds: u32,
    ) -> Result<String, StorageError> {
        let number = number.to_string();
        let query = [("partNumber", number.as_str()), ("uploadId", upload_id)];
        let Place { bucket, key, .. } = *at;
        let signing =
            Signing { method: "PUT", origin, bucket, key, query: &query, content_type: None, expires_seconds };
        Ok(self.presigned(at, &signing))
    }

    async fn presigned_put(
        &self,
        at: &Place<'_>,
        origin: &Origin,
        content_type: Option<&str>,
        expires_seconds: u32,
    ) -> Result<String, StorageError> {
        let Place { bucket, key, .. } = *at;
        let signing = Signing { method: "PUT", origin, bucket, key, query: &[], content_type, expires_seconds };
        Ok(self.presigned(at, &signing))
    }

    async fn presigned_get(
        &self,
        at: &Place<'_>,
        origin: &Origin,
        expires_seconds: u32,
    ) -> Result<String, StorageError> {
        let Place { bucket, key, .. } = *at;
        let signing = Signing { method: "GET", origin, bucket, key, query: &[], content_type: None, expires_seconds };
        Ok(self.presigned(at, &signing))
    }

    async fn parts(&self, at: &Place<'_>, upload_id: &str) -> Result<Vec<StoredPart>, StorageError> {
        let id = UploadId::from_client(upload_id);
        let upload = self.engine.upload(&self.bucket(at)?, &key(at.key)?, &id)?;
        let mut parts: Vec<StoredPart> = Vec::new();
        loop {
            let after = parts.last().map_or(0, |part| part.number.get());
            let (page, more) = self.engine.list_parts(&upload, after, PAGE).await?;
            parts.extend(page.into_iter().map(|part| StoredPart {
                number: part.number,
                size_bytes: part.size_bytes,
                etag: ETag::plain(part.md5).to_hex(),
                modified: part.modified,
            }));
            if more == More::Ended {
                return Ok(parts);
            }
        }
    }

    async fn complete_upload(
        &self,
        at: &Place<'_>,
        upload_id: &str,
        parts: &[CompletedPart],
    ) -> Result<(), StorageError> {
        let listed = parts.iter().map(|part| ListedPart {
            number: part.number,
            etag: part.etag.trim_matches('"').to_owned(),
            checksums: Vec::new(),
        });
        let parts = PartList::new(listed.collect()).ok_or(StorageError::InvalidPart(None))?;
        let completion = Completion {
            parts,
            checksum: None,
            checksum_kind: None,
            size_bytes: None,
            condition: None,
            rules: PartRules::s3(self.engine.limits()),
        };
        let id = UploadId::from_client(upload_id);
        let bucket = self.watched(at, "CompleteMultipartUpload")?;
        self.engine.complete_upload(&bucket, &key(at.key)?, &id, completion).await?;
        Ok(())
    }

    async fn abort_upload(&self, at: &Place<'_>, upload_id: &str) -> Result<(), StorageError> {
        let id = UploadId::from_client(upload_id);
        self.engine.abort_upload(&self.bucket(at)?, &key(at.key)?, &id).await?;
        Ok(())
    }

    async fn head(&self, at: &Place<'_>) -> Result<Option<StoredObject>, StorageError> {
        match self.engine.object(&self.bucket(at)?, &key(at.key)?) {
            Ok(object) => Ok(Some(stored(object))),
            Err(Error::NoSuchKey) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn read(
        &self,
        at: &Place<'_>,
        first_byte: u64,
        length_bytes: u64,
    ) -> Result<Box<dyn ObjectReader>, StorageError> {
        let opened = self.engine.open_object(&self.bucket(at)?, &key(at.key)?)?;
        let first_byte = first_byte.min(opened.object.size_bytes);
        let length_bytes = length_bytes.min(opened.object.size_bytes - first_byte);
        Ok(Box::new(EngineReader(opened.read(first_byte, length_bytes))))
    }

    async fn put(
        &self,
        at: &Place<'_>,
        headers: ObjectHeaders,
        limit_bytes: u64,
        source: &mut dyn Source,
    ) -> Result<StoredObject, StorageError> {
        let (bucket, key) = (self.watched(at, "PutObject")?, key(at.key)?);
        let mut writer = self.engine.blob_writer(WantedDigests::default());
        while let Some(piece) = source.next_piece().await.map_err(StorageError::Intake)? {
            if writer.size_bytes() + piece.len() as u64 > limit_bytes {
                return Err(StorageError::Intake(IntakeError::TooLarge { limit_bytes }));
            }
            writer.write(piece).await?;
        }
        let body = writer.seal().await?;
        let (size_bytes, content_type) = (body.size_bytes(), headers.content_type.clone());
        let written = self.engine.put_object(&bucket, PutObject::new(key, headers), body).await?;
        Ok(StoredObject { size_bytes, etag: written.etag.to_hex(), content_type, modified: written.modified })
    }

    async fn copy(&self, from: &Place<'_>, to: &Place<'_>) -> Result<(), StorageError> {
        let source = self.engine.open_object(&self.bucket(from)?, &key(from.key)?)?;
        let headers = source.object.headers.clone();
        // Its tags go with it, and its lock does not, as in S3.
        let tags = source.object.attributes.tags.clone();
        let attributes = ObjectAttributes { tags, ..ObjectAttributes::default() };
        let copy =
            CopyObject { key: key(to.key)?, headers, attributes, checksum: Algorithm::Crc64Nvme, condition: None };
        self.engine.copy_object(&self.watched(to, "CopyObject")?, source.into_copy_source(), copy).await?;
        Ok(())
    }

    async fn delete(&self, at: &Place<'_>) -> Result<(), StorageError> {
        self.engine.delete_object(&self.watched(at, "DeleteObject")?, Deletion::of(key(at.key)?)).await?;
        Ok(())
    }
}

struct EngineReader(ObjectBody);

#[async_trait::async_trait]
impl ObjectReader for EngineReader {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        self.0.next().await
    }
}

fn key(text: &str) -> Result<ObjectKey, StorageError> {
    ObjectKey::parse(text.to_owned()).map_err(|_| StorageError::NoSuchKey)
}

fn stored(object: Object) -> StoredObject {
    StoredObject {
        size_bytes: object.size_bytes,
        etag: object.etag.to_hex(),
        content_type: object.headers.content_type,
        modified: object.modified,
    }
}

/// Every condition that a control plane has words for; all others are the storage's own failures.
impl From<Error> for StorageError {
    fn from(error: Error) -> StorageError {
        match error {
            Error::NoSuchBucket => StorageError::NoSuchBucket,
            Error::BucketExists { .. } => StorageError::BucketTaken,
            Error::NoSuchKey
            | Error::NoSuchVersion
            | Error::CurrentIsDeleteMarker { .. }
            | Error::IsDeleteMarker { .. } => StorageError::NoSuchKey,
            Error::NoSuchUpload => StorageError::NoSuchUpload,
            Error::PartsOutOfOrder | Error::PartListedTwice { .. } | Error::PartsNotConsecutive => {
                StorageError::PartsOutOfOrder
            }
            Error::InvalidPart { number, .. } => StorageError::InvalidPart(Some(number)),
            Error::PartTooSmall { .. } | Error::PartNotMultiple { .. } => StorageError::PartTooSmall,
            Error::ObjectTooLarge { .. } => StorageError::TooLarge,
            other @ (Error::BucketNotEmpty { .. }
            | Error::Locked(_)
            | Error::TooManyAnnotations
            | Error::CustomerKeyMissing
            | Error::LockKeepsVersioning
            | Error::LockNeedsVersioning
            | Error::InvalidUploadMarker
            | Error::PartChecksumMissing { .. }
            | Error::PartChecksumOfOtherAlgorithm { .. }
            | Error::ChecksumKindMismatch { .. }
            | Error::ObjectChecksumMismatch { .. }
            | Error::ObjectSizeMismatch { .. }
            | Error::PreconditionFailed { .. }
            | Error::ConditionalConflict { .. }
            | Error::NoSuchDocument
            | Error::OutOfSpace
            | Error::Corrupt { .. }
            | Error::Database(_)
            | Error::Io(_)
            | Error::CommitFailed { .. }
            | Error::Closed
            | Error::Bug { .. }) => StorageError::Unavailable(other.to_string()),
        }
    }
}
