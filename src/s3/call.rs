//! A call of an operation: the request's head, who calls, the bucket it is about, and the body.

use std::sync::Arc;

use bytes::Bytes;

use super::Shared;
use super::auth::{PayloadMode, Principal};
use super::engine_error::{Named, s3_error};
use super::error::{Result, S3Error};
use super::intake::{self, DigestRule};
use super::request::Head;
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::http::body::Payload;
use crate::http::identity::Identity;
use crate::wire::bucket_name::BucketName;

/// Everything that an operation works with.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    pub(crate) head: Head,
    pub(crate) principal: Principal,
    /// The bucket that the request names, if its row is about one that exists.
    pub(crate) found_bucket: Option<Bucket>,
    pub(crate) payload: Payload,
    pub(crate) payload_mode: PayloadMode,
}

impl Call {
    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// The bucket of a row that is about one.
    pub(crate) fn bucket(&self) -> Result<&Bucket> {
        self.found_bucket.as_ref().ok_or_else(|| S3Error::internal("an operation on a bucket was routed without one"))
    }

    /// The caller's identity; rows are only reached with one.
    pub(crate) fn identity(&self) -> Result<&Arc<Identity>> {
        match &self.principal {
            Principal::Identity(identity) => Ok(identity),
            Principal::Anonymous => Err(crate::wire::error_codes::Code::AccessDenied.into()),
        }
    }

    /// Puts an engine's condition in S3's words, with what this request names.
    pub(crate) fn says(&self, error: Error) -> S3Error {
        let named = Named {
            bucket: self.found_bucket.as_ref().map(|bucket| &bucket.name),
            key: self.head.target.key(),
            upload_id: self.head.query.first("uploadId"),
            version_id: self.head.query.first("versionId"),
            method: self.head.method.as_str(),
        };
        s3_error(error, named)
    }

    /// The request's bucket name, checked.
    pub(crate) fn bucket_name(&self) -> Result<BucketName> {
        super::access::bucket_name(&self.head.target)
    }

    /// Reads a document whole, compared with every digest that came with it.
    pub(crate) async fn document(&mut self, limit_bytes: u64, rule: DigestRule) -> Result<Bytes> {
        intake::document(self, limit_bytes, rule).await
    }
}
