//! `current`: the narrow rows that listings read, one for each key's current version.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{algorithm_from, etag_from, key_from, kind_from, kind_to, size_from, size_to};
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::list::{ListPage, ListQuery, Next, SkipScan};
use crate::engine::object::{ListedObject, NewVersion};
use crate::wire::object_key::ObjectKey;
use crate::wire::storage_class::StorageClass;
use crate::wire::time::Timestamp;

const VERSION: &str = "SELECT version FROM current WHERE bucket = ?1 AND key = ?2";
const UPSERT: &str = "INSERT OR REPLACE INTO current (bucket, key, version, size_bytes, modified_ms, etag,
    checksum_algorithm, checksum_kind, storage_class) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const DELETE: &str = "DELETE FROM current WHERE bucket = ?1 AND key = ?2";
const ANY: &str = "SELECT 1 FROM current WHERE bucket = ?1 LIMIT 1";
const FROM_KEY: &str = "SELECT key, size_bytes, modified_ms, etag, checksum_algorithm, checksum_kind, storage_class
    FROM current WHERE bucket = ?1 AND key >= ?2 ORDER BY key";

/// The current version of a key.
pub(crate) fn version(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<Option<Sequence>> {
    Ok(conn.prepare_cached(VERSION)?.query_row(params![bucket, key.as_bytes()], |row| row.get(0)).optional()?)
}

/// Makes a version the current one.
pub(crate) fn upsert(conn: &Connection, id: Sequence, version: &NewVersion) -> Result<()> {
    conn.prepare_cached(UPSERT)?.execute(params![
        version.bucket,
        version.key.as_bytes(),
        id,
        size_to(version.extents.size_bytes()),
        version.modified.millis(),
        version.etag.to_bytes(),
        version.checksum.algorithm.to_db(),
        kind_to(version.checksum.kind),
        version.headers.storage_class.name(),
    ])?;
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
pub(crate) fn list(conn: &Connection, bucket: i64, query: &ListQuery) -> Result<ListPage<ListedObject>> {
    let mut scan = SkipScan::new(query);
    let mut from = scan.start();
    let mut statement = conn.prepare_cached(FROM_KEY)?;
    'seek: loop {
        let mut rows = statement.query(params![bucket, from])?;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(0)?.as_blob().unwrap_or_default();
            match scan.row(key, || listed_from(row))? {
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

fn listed_from(row: &Row<'_>) -> Result<ListedObject> {
    Ok(ListedObject {
        key: key_from(row.get(0)?)?,
        size_bytes: size_from(row.get(1)?),
        modified: Timestamp::from_millis(row.get(2)?),
        etag: etag_from(row.get_ref(3)?.as_blob().unwrap_or_default())?,
        checksum_algorithm: algorithm_from(row.get(4)?)?,
        checksum_kind: kind_from(row.get(5)?),
        storage_class: StorageClass::parse(row.get_ref(6)?.as_str().unwrap_or_default()).unwrap_or_default(),
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
