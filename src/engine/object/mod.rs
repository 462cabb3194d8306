//! Objects: the current version of a key, its bytes, its digests.

mod copy;
mod delete;
mod put;
mod read;

use rusqlite::Connection;

use super::Engine;
use super::bucket::Bucket;
use super::error::{Error, Result};
use super::extent::ExtentList;
use super::ids::Sequence;
use super::list::{ListPage, ListQuery};
use super::meta::{current, releases, versions};
use crate::wire::checksum::{Algorithm, Checksum, ChecksumKind};
use crate::wire::conditions::{Condition, WriteCondition};
use crate::wire::etag::ETag;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_key::ObjectKey;
use crate::wire::storage_class::StorageClass;
use crate::wire::time::Timestamp;

pub use self::copy::{CopyObject, CopySource};
pub(crate) use self::copy::{CrcWanted, take_up};
pub use self::delete::Deletion;
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
    pub(crate) extents: ExtentList,
    pub(crate) upload: Option<Sequence>,
}

/// What a listing shows of an object.
#[derive(Debug, Clone)]
pub struct ListedObject {
    /// Its key.
    pub key: ObjectKey,
    /// Its size.
    pub size_bytes: u64,
    /// Last-Modified.
    pub modified: Timestamp,
    /// Its ETag.
    pub etag: ETag,
    /// Its checksum's algorithm.
    pub checksum_algorithm: Algorithm,
    /// Its checksum's kind.
    pub checksum_kind: ChecksumKind,
    /// Its storage class.
    pub storage_class: StorageClass,
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
    pub(crate) extents: ExtentList,
    pub(crate) upload: Option<MadeBy>,
}

/// The upload that made a version, and the fingerprint of its part list.
#[derive(Debug, Clone)]
pub(crate) struct MadeBy {
    pub(crate) upload: Sequence,
    pub(crate) manifest: [u8; 32],
}

impl Engine {
    /// A page of a bucket's current objects, in key order.
    pub async fn list_objects(&self, bucket: &Bucket, query: ListQuery) -> Result<ListPage<ListedObject>> {
        let id = bucket.id;
        self.read_pages(move |conn| current::list(conn, id, &query)).await
    }
}

/// Adds a version and makes it current, unless a later one is: then the new one is superseded at once, and its bytes
/// are released (without versioning a key has one version).
pub(crate) fn install(conn: &Connection, id: Sequence, version: &NewVersion) -> Result<()> {
    let existing = current::version(conn, version.bucket, &version.key)?;
    if existing.is_some_and(|existing| existing > id) {
        return releases::release(conn, &version.extents, version.upload.as_ref().map(|made_by| made_by.upload));
    }
    if let Some(existing) = existing {
        versions::remove(conn, existing)?;
    }
    versions::insert(conn, id, version)?;
    current::upsert(conn, id, version)
}

/// Checks a write's condition on the current version.
pub(crate) fn check_condition(
    conn: &Connection,
    bucket: i64,
    key: &ObjectKey,
    condition: Option<&WriteCondition>,
) -> Result<()> {
    let Some(condition) = condition else { return Ok(()) };
    let existing = versions::current(conn, bucket, key)?;
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
