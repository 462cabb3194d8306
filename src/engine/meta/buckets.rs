//! `buckets`.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{bucket_name_from, limit_to};
use crate::engine::bucket::Bucket;
use crate::engine::error::Result;
use crate::wire::bucket_name::BucketName;
use crate::wire::time::Timestamp;

const INSERT: &str = "INSERT INTO buckets (name, account, region, created_ms) VALUES (?1, ?2, ?3, ?4)";
const BY_NAME: &str = "SELECT id, name, account, region, created_ms FROM buckets WHERE name = ?1";
const EXISTS: &str = "SELECT 1 FROM buckets WHERE id = ?1";
const DELETE: &str = "DELETE FROM buckets WHERE id = ?1";
const PAGE: &str = "SELECT id, name, account, region, created_ms FROM buckets
    WHERE account = ?1 AND name >= ?2 AND name > ?3 ORDER BY name LIMIT ?4";

pub(crate) fn insert(
    conn: &Connection,
    name: &BucketName,
    account: &str,
    region: &str,
    created: Timestamp,
) -> Result<i64> {
    conn.prepare_cached(INSERT)?.execute(params![name.as_str(), account, region, created.millis()])?;
    Ok(conn.last_insert_rowid())
}

pub(crate) fn by_name(conn: &Connection, name: &BucketName) -> Result<Option<Bucket>> {
    conn.prepare_cached(BY_NAME)?.query_row([name.as_str()], |row| Ok(bucket_from(row))).optional()?.transpose()
}

pub(crate) fn exists(conn: &Connection, id: i64) -> Result<bool> {
    Ok(conn.prepare_cached(EXISTS)?.exists([id])?)
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

fn bucket_from(row: &Row<'_>) -> Result<Bucket> {
    let name = bucket_name_from(row.get_ref(1)?.as_str().unwrap_or_default())?;
    Ok(Bucket::new(row.get(0)?, name, row.get(2)?, row.get(3)?, Timestamp::from_millis(row.get(4)?)))
}
