//! A call of an operation: the request's head, who calls, the bucket it is about, and the body.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;

use super::Shared;
use super::access::{self, Setting};
use super::auth::{PayloadMode, Principal};
use super::engine_error::{Named, s3_error};
use super::error::{Result, S3Error};
use super::intake::{self, DigestRule};
use super::logging::Observed;
use super::notifications;
use super::request::Head;
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::http::body::Payload;
use crate::http::identity::Identity;
use crate::wire::bucket_name::BucketName;
use crate::wire::object_key::ObjectKey;

/// Everything that an operation works with.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    pub(crate) head: Head,
    pub(crate) principal: Principal,
    /// The bucket that the request names, if its row is about one that exists.
    pub(crate) found_bucket: Option<Bucket>,
    pub(crate) payload: Payload,
    pub(crate) payload_mode: PayloadMode,
    /// For the access logs, if any bucket has them.
    pub(crate) observed: Option<Arc<Observed>>,
}

impl Call {
    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// The bucket of a row that is about one.
    pub(crate) fn bucket(&self) -> Result<&Bucket> {
        self.found_bucket.as_ref().ok_or_else(|| S3Error::internal("an operation on a bucket was routed without one"))
    }

    /// From here on, what an operation changes in the bucket is told to whom the bucket tells it.
    pub(crate) fn watch(&mut self, operation: &'static str) -> Result<()> {
        if let Some(bucket) = self.found_bucket.take() {
            let name = bucket.name.clone();
            let watched = notifications::watched(&self.shared, bucket, operation, &self.head, &self.principal);
            self.found_bucket =
                Some(watched.map_err(|error| s3_error(error, Named { bucket: Some(&name), ..Named::default() }))?);
        }
        Ok(())
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
        self.says_of(self.head.target.key(), error)
    }

    /// As [`Call::says`], of one key of several.
    pub(crate) fn says_of(&self, key: Option<&ObjectKey>, error: Error) -> S3Error {
        if let Error::Locked(protection) = &error {
            access::log_denial(&self.head, key, format_args!("{protection} protects the version"));
        }
        let named = Named {
            bucket: self.found_bucket.as_ref().map(|bucket| &bucket.name),
            key,
            upload_id: self.head.query.first("uploadId"),
            version_id: self.head.query.first("versionId"),
            method: self.head.method.as_str(),
        };
        self.hides_absence(s3_error(error, named))
    }

    /// As it is told to those who may list the bucket, and hidden from others.
    pub(crate) fn hides_absence(&self, error: S3Error) -> S3Error {
        match &self.found_bucket {
            Some(bucket) if matches!(self.head.method, Method::GET | Method::HEAD) => {
                access::hide_absence(self, bucket, self.head.target.key(), error)
            }
            _ => error,
        }
    }

    /// The request's bucket name, checked.
    pub(crate) fn bucket_name(&self) -> Result<BucketName> {
        super::access::bucket_name(&self.head.target)
    }

    /// Keeps a document about access to the bucket.
    pub(crate) async fn put_setting(&self, setting: Setting, body: Vec<u8>) -> Result<()> {
        let put = self.engine().put_document(self.bucket()?, setting.name(), body);
        put.await.map_err(|error| self.says(error))
    }

    /// From now on the bucket has none of these documents, also not the one that it was made with.
    pub(crate) async fn delete_setting(&self, setting: Setting) -> Result<()> {
        self.put_setting(setting, Vec::new()).await
    }

    /// Reads a document whole, compared with every digest that came with it.
    pub(crate) async fn document(&mut self, limit_bytes: u64, rule: DigestRule) -> Result<Bytes> {
        intake::document(self, limit_bytes, rule).await
    }
}
