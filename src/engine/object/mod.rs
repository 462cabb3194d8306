//! Objects: the versions of a key, their bytes, their digests, and what is set on them.

pub mod annotations;
mod attributes;
mod copy;
mod delete;
mod lines;
mod list;
mod put;
mod read;
pub mod restores;

use rusqlite::Connection;

use super::error::{Error, Result};
use super::event::{Change, ChangeKind, Detail, told_version};
use super::extent::ExtentList;
use super::ids::Sequence;
use super::meta::versions;
use super::version_id::VersionId;
use crate::wire::checksum::Checksum;
use crate::wire::conditions::{Condition, WriteCondition};
use crate::wire::encryption::Encryption;
use crate::wire::etag::ETag;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::time::Timestamp;

pub use self::copy::{CopyObject, CopySource};
pub(crate) use self::copy::{CrcWanted, take_up};
pub(crate) use self::delete::delete;
pub use self::delete::{Deleted, Deletion};
pub(crate) use self::lines::{Line, LineKind, Place, find_line, install, newest_line, remove_line, without_row};
pub use self::list::{Latest, ListedMarker, ListedObject, ListedVersion, Owners, VersionQuery};
pub use self::put::PutObject;
pub use self::read::{ObjectPart, OpenObject, PartOfObject};

/// A version of an object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Last-Modified.
    pub modified: Timestamp,
    /// Its size.
    pub size_bytes: u64,
    /// Its ETag.
    pub etag: ETag,
    /// Its checksum: every object has one.
    pub checksum: Checksum,
    /// Its headers and metadata.
    pub headers: ObjectHeaders,
    /// What is set on it: tags, lock, encryption.
    pub attributes: ObjectAttributes,
    /// Its id.
    pub version: VersionId,
    pub(crate) extents: ExtentList,
    pub(crate) upload: Option<Sequence>,
    /// Its row.
    pub(crate) row: Sequence,
}

/// What a write came to.
#[derive(Debug, Clone)]
pub struct Written {
    /// The new object's ETag.
    pub etag: ETag,
    /// Its checksum.
    pub checksum: Checksum,
    /// Its Last-Modified.
    pub modified: Timestamp,
    /// Its id.
    pub version: VersionId,
}

/// A version about to be added.
#[derive(Debug, Clone)]
pub(crate) struct NewVersion {
    pub(crate) bucket: i64,
    pub(crate) key: ObjectKey,
    pub(crate) modified: Timestamp,
    pub(crate) etag: ETag,
    pub(crate) checksum: Checksum,
    pub(crate) headers: ObjectHeaders,
    pub(crate) attributes: ObjectAttributes,
    pub(crate) extents: ExtentList,
    pub(crate) upload: Option<MadeBy>,
}

/// The upload that made a version, and the fingerprint of its part list.
#[derive(Debug, Clone)]
pub(crate) struct MadeBy {
    pub(crate) upload: Sequence,
    pub(crate) manifest: [u8; 32],
}

impl NewVersion {
    /// What it is to those who watch its bucket.
    pub(crate) fn as_change(&self, version: VersionId, order: Sequence, time: Timestamp) -> Change<'_> {
        Change {
            kind: ChangeKind::Created,
            key: &self.key,
            version: told_version(version),
            etag: Some(self.etag),
            size_bytes: Some(self.extents.size_bytes()),
            detail: Detail::New { annotations: self.attributes.annotations },
            order: order.0,
            time,
        }
    }
}

impl Written {
    fn of(new: &NewVersion, version: VersionId) -> Written {
        Written { etag: new.etag, checksum: new.checksum, modified: new.modified, version }
    }
}

/// The ETag of an object or part in one piece: the MD5 of its bytes, or nothing that tells of them.
pub(crate) fn etag_of(encryption: &Encryption, md5: [u8; 16]) -> ETag {
    ETag::plain(if encryption.etag_is_md5() { md5 } else { rand::random() })
}

/// Checks a write's condition on the current version.
pub(crate) fn check_condition(
    conn: &Connection,
    bucket: i64,
    key: &ObjectKey,
    condition: Option<&WriteCondition>,
) -> Result<()> {
    match condition {
        Some(condition) => check_condition_on(versions::current(conn, bucket, key)?.as_ref(), condition),
        None => Ok(()),
    }
}

/// As [`check_condition`], on an object that was found or not.
pub(crate) fn check_condition_on(existing: Option<&Object>, condition: &WriteCondition) -> Result<()> {
    match (condition, existing) {
        (WriteCondition::IfNoneMatchAny, None) => Ok(()),
        (WriteCondition::IfNoneMatchAny, Some(_)) => {
            Err(Error::PreconditionFailed { condition: Condition::IfNoneMatch })
        }
        (WriteCondition::IfMatch(_), None) => Err(Error::NoSuchKey),
        (WriteCondition::IfMatch(wanted), Some(existing)) => {
            if wanted == "*" || *wanted == existing.etag.to_hex() {
                Ok(())
            } else {
                Err(Error::PreconditionFailed { condition: Condition::IfMatch })
            }
        }
    }
}
