//! How the engine's conditions read in S3's words: one exhaustive `match`, so that a new condition does not compile
//! until it has an answer.

use http::HeaderName;
use http::header::{ALLOW, LAST_MODIFIED};

use super::error::S3Error;
use crate::engine::error::Error;
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;
use crate::wire::object_key::ObjectKey;
use crate::wire::versioning::Versioning;

const VERSION_ID: HeaderName = HeaderName::from_static("x-amz-version-id");

/// What the request named, for the fields that errors carry.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Named<'a> {
    pub(crate) bucket: Option<&'a BucketName>,
    pub(crate) key: Option<&'a ObjectKey>,
    pub(crate) upload_id: Option<&'a str>,
    pub(crate) version_id: Option<&'a str>,
    /// The request's method.
    pub(crate) method: &'a str,
}

/// The S3 error of an engine condition.
pub(crate) fn s3_error(error: Error, named: Named<'_>) -> S3Error {
    let bucket = || named.bucket.map(BucketName::as_str).unwrap_or_default();
    let key = || named.key.map(ObjectKey::as_str).unwrap_or_default();
    let upload_id = || named.upload_id.unwrap_or_default();
    match error {
        Error::NoSuchBucket => Code::NoSuchBucket.with("BucketName", bucket()),
        Error::BucketExists { .. } => Code::BucketAlreadyExists.with("BucketName", bucket()),
        Error::BucketNotEmpty { versioning: Versioning::Never } => Code::BucketNotEmpty.with("BucketName", bucket()),
        Error::BucketNotEmpty { .. } => Code::BucketNotEmpty
            .says("The bucket you tried to delete is not empty. You must delete all versions in the bucket.")
            .with("BucketName", bucket()),
        Error::NoSuchKey => Code::NoSuchKey.with("Key", key()),
        Error::NoSuchVersion => {
            Code::NoSuchVersion.with("Key", key()).with("VersionId", named.version_id.unwrap_or_default())
        }
        Error::CurrentIsDeleteMarker { version, .. } => {
            delete_marker(Code::NoSuchKey.with("Key", key())).header(VERSION_ID, &version.to_string())
        }
        Error::IsDeleteMarker { version, modified } => {
            delete_marker(Code::MethodNotAllowed.with("Method", named.method).with("ResourceType", "DeleteMarker"))
                .header(VERSION_ID, &version.to_string())
                .header(ALLOW, "DELETE")
                .header(LAST_MODIFIED, &modified.http_date())
        }
        Error::CustomerKeyMissing => super::encryption::key_missing(),
        Error::TooManyAnnotations => Code::AnnotationLimitExceeded.into(),
        Error::Locked(_) => Code::AccessDenied.says("Access Denied because object protected by object lock."),
        Error::LockKeepsVersioning => Code::InvalidBucketState
            .says("An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."),
        Error::LockNeedsVersioning => Code::InvalidBucketState
            .says("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"),
        Error::NoSuchUpload => Code::NoSuchUpload.with("UploadId", upload_id()),
        Error::InvalidUploadMarker => {
            S3Error::invalid_argument("Invalid uploadId marker", "upload-id-marker", upload_id())
        }
        Error::PartsOutOfOrder => Code::InvalidPartOrder.with("UploadId", upload_id()),
        Error::InvalidPart { number, etag } => {
            Code::InvalidPart.with("UploadId", upload_id()).with("PartNumber", number.get()).with("ETag", etag)
        }
        Error::PartTooSmall { number, etag, size_bytes, min_size_bytes } => Code::EntityTooSmall
            .with("ProposedSize", size_bytes)
            .with("MinSizeAllowed", min_size_bytes)
            .with("PartNumber", number.get())
            .with("ETag", etag),
        // AWS itself answers 500 here: documented for CompleteMultipartUpload, and seen.
        Error::PartsNotConsecutive => Code::InternalError.into(),
        Error::PartChecksumMissing { number, algorithm } => S3Error::invalid_request(format!(
            "The upload was created using a {} checksum. The complete request must include the checksum for each part. It was missing for part {} in the request.",
            algorithm.lower_name(),
            number.get()
        )),
        Error::PartChecksumOfOtherAlgorithm { number, algorithm } => Code::BadDigest.says(format!(
            "The {} you specified for part {} did not match what we received.",
            algorithm.lower_name(),
            number.get()
        )),
        Error::ChecksumKindMismatch { declared } => S3Error::invalid_request(format!(
            "The upload was created using the {} checksum mode. The complete request must use the same checksum mode.",
            declared.map_or("null", |kind| kind.name())
        )),
        Error::ObjectChecksumMismatch { algorithm } => Code::BadDigest
            .says(format!("The {} you specified did not match the calculated checksum.", algorithm.lower_name())),
        Error::ObjectSizeMismatch { given_bytes, computed_bytes } => S3Error::invalid_request(format!(
            "The provided 'x-amz-mp-object-size' header value {given_bytes} does not match what was computed: {computed_bytes}"
        )),
        Error::ObjectTooLarge { size_bytes, max_size_bytes } => {
            Code::EntityTooLarge.with("ProposedSize", size_bytes).with("MaxSizeAllowed", max_size_bytes)
        }
        Error::PreconditionFailed { condition } => Code::PreconditionFailed.with("Condition", condition.header_name()),
        Error::ConditionalConflict { condition } => {
            Code::ConditionalRequestConflict.with("Condition", condition.header_name()).with("Key", key())
        }
        // Each operation on a document has its own code for its absence.
        Error::NoSuchDocument => Code::NoSuchConfiguration.into(),
        // AWS has no such error: it does not run out.
        Error::OutOfSpace => Code::InsufficientStorage.into(),
        // The two rules in front are those of other dialects; S3 never asks for them.
        error @ (Error::PartNotMultiple { .. }
        | Error::PartListedTwice { .. }
        | Error::Corrupt { .. }
        | Error::Database(_)
        | Error::Io(_)
        | Error::CommitFailed { .. }
        | Error::Bug { .. }) => S3Error::internal(error),
        Error::Closed => Code::ServiceUnavailable.into(),
    }
}

/// What is not there because it was deleted.
fn delete_marker(error: S3Error) -> S3Error {
    error.header(HeaderName::from_static("x-amz-delete-marker"), "true")
}
