//! `current`: the narrow rows that listings read, one for each key's current version.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{algorithm_from, etag_from, key_from, kind_from, kind_to, size_from, size_to, versions};
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::list::{ListPage, ListQuery, Next, SkipScan};
use crate::engine::object::{Line, LineKind, ListedObject, Owners};
use crate::engine::version_id::VersionId;
use crate::wire::checksum::Checksum;
use crate::wire::etag::ETag;
use crate::wire::object_key::ObjectKey;
use crate::wire::restore::RestoreState;
use crate::wire::storage_class::StorageClass;
use crate::wire::time::Timestamp;

const LINE: &str = "SELECT version, numbered, modified_ms FROM current WHERE bucket = ?1 AND key = ?2";
const UPSERT: &str = "INSERT OR REPLACE INTO current (bucket, key, version, size_bytes, modified_ms, etag,
    checksum_algorithm, checksum_kind, storage_class, numbered) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const PUT_STORAGE_CLASS: &str = "UPDATE current SET storage_class = ?3 WHERE bucket = ?1 AND key = ?2";
const DELETE: &str = "DELETE FROM current WHERE bucket = ?1 AND key = ?2";
const ANY: &str = "SELECT 1 FROM current WHERE bucket = ?1 LIMIT 1";
pub(super) const FROM_KEY: &str = "SELECT key, size_bytes, modified_ms, etag, checksum_algorithm, checksum_kind,
    storage_class, version, numbered FROM current WHERE bucket = ?1 AND key >= ?2 ORDER BY key";

/// The current version of a key.
pub(crate) fn line(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<Option<Line>> {
    let line = |row: &Row<'_>| {
        let id: Sequence = row.get(0)?;
        let version = super::version_from(id, row.get(1)?);
        Ok(Line { id, kind: LineKind::Object, version, modified: Timestamp::from_millis(row.get(2)?) })
    };
    Ok(conn.prepare_cached(LINE)?.query_row(params![bucket, key.as_bytes()], line).optional()?)
}

/// What a row shows of a version.
pub(crate) struct Shown<'a> {
    pub(crate) size_bytes: u64,
    pub(crate) modified: Timestamp,
    pub(crate) etag: &'a ETag,
    pub(crate) checksum: &'a Checksum,
    pub(crate) storage_class: StorageClass,
}

/// Makes a version the current one.
pub(crate) fn upsert(
    conn: &Connection,
    (bucket, key): (i64, &ObjectKey),
    id: Sequence,
    version: VersionId,
    shown: &Shown<'_>,
) -> Result<()> {
    conn.prepare_cached(UPSERT)?.execute(params![
        bucket,
        key.as_bytes(),
        id,
        size_to(shown.size_bytes),
        shown.modified.millis(),
        shown.etag.to_bytes(),
        shown.checksum.algorithm.to_db(),
        kind_to(shown.checksum.kind),
        shown.storage_class.name(),
        super::numbered_to(version),
    ])?;
    Ok(())
}

/// Shows another class.
pub(crate) fn put_storage_class(conn: &Connection, bucket: i64, key: &ObjectKey, class: StorageClass) -> Result<()> {
    conn.prepare_cached(PUT_STORAGE_CLASS)?.execute(params![bucket, key.as_bytes(), class.name()])?;
    Ok(())
}

pub(crate) fn delete(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<()> {
    conn.prepare_cached(DELETE)?.execute(params![bucket, key.as_bytes()])?;
    Ok(())
}

/// Whether the bucket holds anything.
pub(crate) fn any(conn: &Connection, bucket: i64) -> Result<bool> {
    Ok(conn.prepare_cached(ANY)?.exists([bucket])?)
}

/// A page of current objects in key order.
pub(crate) fn list(
    conn: &Connection,
    bucket: i64,
    query: &ListQuery,
    owners: Owners,
) -> Result<ListPage<ListedObject>> {
    let mut scan = SkipScan::new(query);
    let mut from = scan.start();
    let mut statement = conn.prepare_cached(FROM_KEY)?;
    'seek: loop {
        let mut rows = statement.query(params![bucket, from])?;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(0)?.as_blob().unwrap_or_default();
            match scan.row(key, || listed_from(conn, row, owners))? {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(Next::Done) => break 'seek,
                ControlFlow::Break(Next::Seek(key)) => {
                    from = key;
                    continue 'seek;
                }
            }
        }
        break;
    }
    Ok(scan.finish())
}

/// The version of a row of [`FROM_KEY`].
pub(super) fn id_of(row: &Row<'_>) -> Sequence {
    row.get(7).unwrap_or(Sequence(0))
}

pub(super) fn listed_from(conn: &Connection, row: &Row<'_>, owners: Owners) -> Result<ListedObject> {
    Ok(ListedObject {
        key: key_from(row.get(0)?)?,
        size_bytes: size_from(row.get(1)?),
        modified: Timestamp::from_millis(row.get(2)?),
        etag: etag_from(row.get_ref(3)?.as_blob().unwrap_or_default())?,
        checksum_algorithm: algorithm_from(row.get(4)?)?,
        checksum_kind: kind_from(row.get(5)?),
        storage_class: StorageClass::parse(row.get_ref(6)?.as_str().unwrap_or_default()).unwrap_or_default(),
        owner: versions::owner(conn, id_of(row), owners)?,
        restore: RestoreState::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_seeks_in_the_primary_key() {
        let conn = crate::engine::meta::open::memory().unwrap();
        let plan: String =
            conn.query_row(&format!("EXPLAIN QUERY PLAN {FROM_KEY}"), params![1, b"a"], |row| row.get(3)).unwrap();
        assert_eq!(plan, "SEARCH current USING PRIMARY KEY (bucket=? AND key>?)");
    }
}
