//! `buckets`.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{bucket_name_from, corrupt, limit_to};
use crate::engine::bucket::{Bucket, BucketState, NewBucket};
use crate::engine::error::Result;
use crate::wire::bucket_name::BucketName;
use crate::wire::object_lock::ObjectLockConfiguration;
use crate::wire::time::Timestamp;
use crate::wire::versioning::Versioning;

/// The first byte of a stored lock: JSON follows.
const LOCK_JSON: u8 = 1;

const INSERT: &str = "INSERT INTO buckets (name, account, region, created_ms, versioning, object_lock)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const BY_NAME: &str = "SELECT id, name, account, region, created_ms, versioning, object_lock FROM buckets
    WHERE name = ?1";
const STATE: &str = "SELECT versioning, object_lock FROM buckets WHERE id = ?1";
const PUT_STATE: &str = "UPDATE buckets SET versioning = ?2, object_lock = ?3 WHERE id = ?1";
const DELETE: &str = "DELETE FROM buckets WHERE id = ?1";
const WITH_DOCUMENT: &str = "SELECT id, name, account, region, created_ms, versioning, object_lock FROM buckets
    WHERE id > ?1 AND EXISTS (SELECT 1 FROM documents WHERE bucket = buckets.id AND namespace = ?2 AND name = ?3)
    ORDER BY id LIMIT ?4";
const PAGE: &str = "SELECT id, name, account, region, created_ms, versioning, object_lock FROM buckets
    WHERE account = ?1 AND name >= ?2 AND name > ?3 ORDER BY name LIMIT ?4";

pub(crate) fn insert(conn: &Connection, new: &NewBucket, created: Timestamp) -> Result<i64> {
    conn.prepare_cached(INSERT)?.execute(params![
        new.name.as_str(),
        new.account,
        new.region,
        created.millis(),
        versioning_to(new.state.versioning),
        lock_to(new.state.object_lock),
    ])?;
    Ok(conn.last_insert_rowid())
}

pub(crate) fn by_name(conn: &Connection, name: &BucketName) -> Result<Option<Bucket>> {
    conn.prepare_cached(BY_NAME)?.query_row([name.as_str()], |row| Ok(bucket_from(row))).optional()?.transpose()
}

/// What a bucket does with versions; `None` if there is no such bucket.
pub(crate) fn state(conn: &Connection, id: i64) -> Result<Option<BucketState>> {
    let found = conn.prepare_cached(STATE)?.query_row([id], |row| Ok(state_from(row, 0))).optional()?;
    found.transpose()
}

pub(crate) fn put_state(conn: &Connection, id: i64, state: BucketState) -> Result<()> {
    let (versioning, lock) = (versioning_to(state.versioning), lock_to(state.object_lock));
    conn.prepare_cached(PUT_STATE)?.execute(params![id, versioning, lock])?;
    Ok(())
}

pub(crate) fn delete(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached(DELETE)?.execute([id])?;
    Ok(())
}

/// Buckets of an account in name order: names from `prefix` on and after `after`, at most `limit`.
pub(crate) fn page(conn: &Connection, account: &str, prefix: &str, after: &str, limit: usize) -> Result<Vec<Bucket>> {
    let mut statement = conn.prepare_cached(PAGE)?;
    let rows = statement.query_map(params![account, prefix, after, limit_to(limit)], |row| Ok(bucket_from(row)))?;
    let mut page = Vec::new();
    for row in rows {
        let bucket = row??;
        if !bucket.name.as_str().starts_with(prefix) {
            break;
        }
        page.push(bucket);
    }
    Ok(page)
}

/// Buckets with a document, by id: after `after`, at most `limit`.
pub(crate) fn with_document(
    conn: &Connection,
    namespace: &str,
    name: &str,
    after: i64,
    limit: usize,
) -> Result<Vec<Bucket>> {
    let mut statement = conn.prepare_cached(WITH_DOCUMENT)?;
    let rows = statement.query_map(params![after, namespace, name, limit_to(limit)], |row| Ok(bucket_from(row)))?;
    rows.map(|row| row?).collect()
}

fn bucket_from(row: &Row<'_>) -> Result<Bucket> {
    let name = bucket_name_from(row.get_ref(1)?.as_str().unwrap_or_default())?;
    let created = Timestamp::from_millis(row.get(4)?);
    Ok(Bucket::new(row.get(0)?, name, row.get(2)?, row.get(3)?, created, state_from(row, 5)?))
}

/// Reads `versioning` and `object_lock`, from column `at` on.
fn state_from(row: &Row<'_>, at: usize) -> Result<BucketState> {
    let versioning = match row.get(at)? {
        0_i64 => Versioning::Never,
        1 => Versioning::Enabled,
        2 => Versioning::Suspended,
        _ => return Err(corrupt("state of versioning")),
    };
    let object_lock = match row.get_ref(at + 1)?.as_blob_or_null().unwrap_or_default() {
        None => None,
        Some([LOCK_JSON, json @ ..]) => Some(serde_json::from_slice(json).map_err(|_| corrupt("Object Lock"))?),
        Some(_) => return Err(corrupt("Object Lock")),
    };
    Ok(BucketState { versioning, object_lock })
}

fn versioning_to(versioning: Versioning) -> i64 {
    match versioning {
        Versioning::Never => 0,
        Versioning::Enabled => 1,
        Versioning::Suspended => 2,
    }
}

fn lock_to(lock: Option<ObjectLockConfiguration>) -> Option<Vec<u8>> {
    let lock = lock?;
    let mut stored = vec![LOCK_JSON];
    // Numbers and unit enums: neither serialisation nor writing to memory can fail.
    let written = serde_json::to_writer(&mut stored, &lock);
    debug_assert!(written.is_ok(), "plain values serialise");
    Some(stored)
}
