//! Listing a bucket's objects, and all their versions.

use super::lines::find_line;
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::engine::error::Result;
use crate::engine::list::{ListEntry, ListPage, ListQuery};
use crate::engine::meta::{current, listed_versions, versions};
use crate::engine::version_id::VersionId;
use crate::wire::acl::Owner;
use crate::wire::checksum::{Algorithm, ChecksumKind};
use crate::wire::etag::ETag;
use crate::wire::object_key::ObjectKey;
use crate::wire::restore::RestoreState;
use crate::wire::storage_class::StorageClass;
use crate::wire::time::Timestamp;

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
    /// Whose it is, if that was asked for, and if it is not the bucket's owner.
    pub owner: Option<Owner>,
    /// Where its restore has got to: only of listings that ask for it.
    pub restore: RestoreState,
}

/// Whether a listing reads whose the objects are: a look-up for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Owners {
    /// It does.
    Read,
    /// It does not.
    #[default]
    Left,
}

/// Which versions to list.
#[derive(Debug, Clone, Default)]
pub struct VersionQuery {
    /// Which keys. `after` names a key whose versions were all listed, unless `after_version` is one of them.
    pub keys: ListQuery,
    /// The last version listed of the key `after`.
    pub after_version: Option<VersionId>,
    /// Whether to read whose they are.
    pub owners: Owners,
}

/// What a listing shows of a version.
#[derive(Debug, Clone)]
pub enum ListedVersion {
    /// An object.
    Object {
        /// The object.
        object: ListedObject,
        /// Its id.
        version: VersionId,
        /// Whether it is the current one.
        latest: Latest,
    },
    /// A delete marker.
    Marker(ListedMarker),
}

/// What a listing shows of a delete marker.
#[derive(Debug, Clone)]
pub struct ListedMarker {
    /// The key.
    pub key: ObjectKey,
    /// The marker's id.
    pub version: VersionId,
    /// When the key was deleted.
    pub modified: Timestamp,
    /// Whether nothing came after it.
    pub latest: Latest,
}

/// Whether a version is the newest of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latest {
    /// It is.
    Yes,
    /// There is a newer one.
    No,
}

impl Engine {
    /// A page of a bucket's current objects, in key order.
    pub async fn list_objects(&self, bucket: &Bucket, query: ListQuery) -> Result<ListPage<ListedObject>> {
        self.list_objects_of(bucket, query, Owners::Left).await
    }

    /// As [`Self::list_objects`], and whose they are.
    pub async fn list_objects_of(
        &self,
        bucket: &Bucket,
        query: ListQuery,
        owners: Owners,
    ) -> Result<ListPage<ListedObject>> {
        let id = bucket.id;
        self.read_pages(move |conn| {
            // The attributes stand in another table: both have to be of one moment.
            let _moment = match owners {
                Owners::Read => Some(conn.unchecked_transaction()?),
                Owners::Left => None,
            };
            current::list(conn, id, &query, owners)
        })
        .await
    }

    /// A page of all versions and delete markers, in key order, the newest of a key first.
    pub async fn list_versions(&self, bucket: &Bucket, query: VersionQuery) -> Result<ListPage<ListedVersion>> {
        let id = bucket.id;
        self.read_pages(move |conn| {
            let _moment = conn.unchecked_transaction()?;
            listed_versions::list(conn, id, &query)
        })
        .await
    }

    /// A page with what it says of restores. Only archived objects are looked up.
    pub async fn with_restores(
        &self,
        bucket: &Bucket,
        mut page: ListPage<ListedObject>,
    ) -> Result<ListPage<ListedObject>> {
        let (id, now) = (bucket.id, self.clock().now());
        self.read_pages(move |conn| {
            for entry in &mut page.entries {
                if let ListEntry::Item(object) = entry
                    && object.storage_class.is_archived()
                    && let Some(line) = current::line(conn, id, &object.key)?
                {
                    object.restore = RestoreState::of(versions::attributes(conn, line.id)?.restore, now);
                }
            }
            Ok(page)
        })
        .await
    }

    /// As [`Self::with_restores`], of versions.
    pub async fn with_restores_of_versions(
        &self,
        bucket: &Bucket,
        mut page: ListPage<ListedVersion>,
    ) -> Result<ListPage<ListedVersion>> {
        let (id, now) = (bucket.id, self.clock().now());
        self.read_pages(move |conn| {
            for entry in &mut page.entries {
                if let ListEntry::Item(ListedVersion::Object { object, version, .. }) = entry
                    && object.storage_class.is_archived()
                    && let Some((_, line)) = find_line(conn, id, &object.key, *version)?
                {
                    object.restore = RestoreState::of(versions::attributes(conn, line.id)?.restore, now);
                }
            }
            Ok(page)
        })
        .await
    }
}
