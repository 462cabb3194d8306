//! What can go wrong in the engine, as conditions with their data. No statuses and no wire strings: each dialect maps
//! every condition in one exhaustive `match`.

use std::fmt;

use super::version_id::VersionId;
use crate::wire::conditions::Condition;
use crate::wire::object_lock::Protection;
use crate::wire::part::PartNumber;
use crate::wire::time::Timestamp;
use crate::wire::versioning::Versioning;

/// The engine's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A condition that ends an operation. Nothing has been changed when one is returned.
#[derive(Debug)]
pub enum Error {
    /// No bucket of that name (or it was deleted meanwhile).
    NoSuchBucket,
    /// A bucket of that name exists, owned by `account`.
    BucketExists {
        /// The owner's 12-digit account.
        account: String,
    },
    /// The bucket still holds objects, or versions of them.
    BucketNotEmpty {
        /// Whether it has versions.
        versioning: Versioning,
    },
    /// No current object under that key.
    NoSuchKey,
    /// No version of that id under that key.
    NoSuchVersion,
    /// The key's newest version is a delete marker.
    CurrentIsDeleteMarker {
        /// The marker's id.
        version: VersionId,
        /// When the key was deleted.
        modified: Timestamp,
    },
    /// The version that was named is a delete marker.
    IsDeleteMarker {
        /// Its id.
        version: VersionId,
        /// When the key was deleted.
        modified: Timestamp,
    },
    /// The object is encrypted with a key that its client keeps, and has to bring.
    CustomerKeyMissing,
    /// The version has as many annotations as it may have.
    TooManyAnnotations,
    /// A retention or a legal hold forbids it.
    Locked(Protection),
    /// A bucket with Object Lock keeps its versions.
    LockKeepsVersioning,
    /// Object Lock needs a bucket that makes versions.
    LockNeedsVersioning,
    /// The upload id was never issued for this bucket and key, or the upload has ended.
    NoSuchUpload,
    /// A marker that names no upload of its key.
    InvalidUploadMarker,
    /// Part numbers of the list do not ascend strictly.
    PartsOutOfOrder,
    /// A listed part was not uploaded, or its ETag or checksum differs.
    InvalidPart {
        /// The part's number as listed.
        number: PartNumber,
        /// The ETag as listed, unquoted.
        etag: String,
    },
    /// A part other than the last is smaller than the limit.
    PartTooSmall {
        /// The part's number.
        number: PartNumber,
        /// Its ETag, unquoted.
        etag: String,
        /// Its size.
        size_bytes: u64,
        /// The limit it fell short of.
        min_size_bytes: u64,
    },
    /// A part other than the last is of a size that the dialect does not take.
    PartNotMultiple {
        /// The part's number.
        number: PartNumber,
        /// Its size.
        size_bytes: u64,
        /// What it should be a multiple of.
        multiple_of_bytes: u64,
    },
    /// A part stands in the list more than once, and the list's order is the object's.
    PartListedTwice {
        /// The part's number.
        number: PartNumber,
    },
    /// Numbers have to be consecutive from 1 (by the dialect's rules, or because the upload declared a checksum), and
    /// the list has a gap.
    PartsNotConsecutive,
    /// The list lacks the checksum that a COMPOSITE upload wants of every part.
    PartChecksumMissing {
        /// The part without one.
        number: PartNumber,
        /// The upload's algorithm.
        algorithm: crate::wire::checksum::Algorithm,
    },
    /// The list has a checksum of an algorithm other than the upload's.
    PartChecksumOfOtherAlgorithm {
        /// The part.
        number: PartNumber,
        /// The algorithm that was listed.
        algorithm: crate::wire::checksum::Algorithm,
    },
    /// The kind of checksum that was named is not the upload's.
    ChecksumKindMismatch {
        /// The upload's; `None` if it declared no checksum.
        declared: Option<crate::wire::checksum::ChecksumKind>,
    },
    /// The checksum given for the whole object differs from the computed one.
    ObjectChecksumMismatch {
        /// The algorithm that was given.
        algorithm: crate::wire::checksum::Algorithm,
    },
    /// The size given for the whole object differs from the sum of the parts.
    ObjectSizeMismatch {
        /// As the client said.
        given_bytes: u64,
        /// As computed.
        computed_bytes: u64,
    },
    /// The object would be larger than the limit.
    ObjectTooLarge {
        /// The size it would have.
        size_bytes: u64,
        /// The limit.
        max_size_bytes: u64,
    },
    /// A condition on the current object does not hold.
    PreconditionFailed {
        /// The condition.
        condition: Condition,
    },
    /// The condition holds, but the object was changed since the upload was initiated.
    ConditionalConflict {
        /// The condition.
        condition: Condition,
    },
    /// No document of that name.
    NoSuchDocument,
    /// The disk that holds the data directory is full.
    OutOfSpace,
    /// Bytes at rest do not have the digest or size that was recorded for them. They are never served.
    Corrupt {
        /// What was found, for the log.
        what: String,
    },
    /// SQLite failed.
    Database(rusqlite::Error),
    /// A file operation failed.
    Io(std::io::Error),
    /// The group of operations that this one was committed with failed as a whole.
    CommitFailed {
        /// SQLite's words.
        reason: String,
    },
    /// The engine is shutting down.
    Closed,
    /// A bug in Staves: an invariant did not hold.
    Bug {
        /// The invariant in words.
        what: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Database(source) => write!(f, "SQLite: {source}"),
            Error::Io(source) => write!(f, "file system: {source}"),
            Error::CommitFailed { reason } => write!(f, "the commit failed: {reason}"),
            Error::Corrupt { what } => write!(f, "corrupt data: {what}"),
            Error::Bug { what } => write!(f, "bug: {what}"),
            Error::OutOfSpace => f.write_str("the disk that holds the data directory is full"),
            Error::Closed => f.write_str("the engine is closed"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Database(source) => Some(source),
            Error::Io(source) => Some(source),
            _ => None,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(source: rusqlite::Error) -> Error {
        match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Error::OutOfSpace,
            _ => Error::Database(source),
        }
    }
}

impl From<std::io::Error> for Error {
    fn from(source: std::io::Error) -> Error {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::OutOfSpace,
            _ => Error::Io(source),
        }
    }
}
