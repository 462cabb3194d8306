//! `annotations`: named texts on versions, by the version's row.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{algorithm_from, digest_from, limit_to, size_from, size_to};
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::object::annotations::{Annotation, ListedAnnotation, NewAnnotation};
use crate::wire::etag::ETag;
use crate::wire::time::Timestamp;

const UPSERT: &str = "INSERT INTO annotations
    (version, name, size_bytes, modified_ms, md5, checksum_algorithm, checksum, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT (version, name) DO UPDATE SET
    size_bytes = ?3, modified_ms = ?4, md5 = ?5, checksum_algorithm = ?6, checksum = ?7, body = ?8";
const IS_THERE: &str = "SELECT 1 FROM annotations WHERE version = ?1 AND name = ?2";
const SELECT: &str = "SELECT name, size_bytes, modified_ms, md5, checksum_algorithm, checksum, body FROM annotations
    WHERE version = ?1 AND name = ?2";
const PAGE: &str = "SELECT name, size_bytes, modified_ms, md5, checksum_algorithm, checksum FROM annotations
    WHERE version = ?1 AND name >= ?2 ORDER BY name LIMIT ?3";
const COUNT: &str = "SELECT count(*) FROM annotations WHERE version = ?1";
const DELETE: &str = "DELETE FROM annotations WHERE version = ?1 AND name = ?2";
const DELETE_ALL: &str = "DELETE FROM annotations WHERE version = ?1";
const TOTAL_SIZE: &str = "SELECT coalesce(sum(size_bytes), 0) FROM annotations";
/// Up to 16 MiB of them.
const AT_REST: &str = "SELECT a.rowid, b.name, v.key, a.name, a.size_bytes, a.md5, a.body FROM annotations AS a
    JOIN versions AS v ON v.id = a.version JOIN buckets AS b ON b.id = v.bucket
    WHERE a.rowid > ?1 ORDER BY a.rowid LIMIT 16";
const COPY: &str =
    "INSERT INTO annotations (version, name, size_bytes, modified_ms, md5, checksum_algorithm, checksum, body)
    SELECT ?2, name, size_bytes, ?3, md5, checksum_algorithm, checksum, body FROM annotations WHERE version = ?1";

/// An annotation as `staves check` looks at it.
pub(crate) struct AtRest {
    pub(crate) row: i64,
    /// Whose it is, and its name, in words.
    pub(crate) what: String,
    pub(crate) size_bytes: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) body: Vec<u8>,
}

/// Puts one, in place of one of that name.
pub(crate) fn put(conn: &Connection, version: Sequence, new: &NewAnnotation, modified: Timestamp) -> Result<()> {
    conn.prepare_cached(UPSERT)?.execute(params![
        version,
        new.name,
        size_to(new.body.len() as u64),
        modified.millis(),
        new.md5,
        new.algorithm.to_db(),
        new.checksum.as_bytes(),
        &new.body[..],
    ])?;
    Ok(())
}

pub(crate) fn is_there(conn: &Connection, version: Sequence, name: &str) -> Result<bool> {
    Ok(conn.prepare_cached(IS_THERE)?.exists(params![version, name])?)
}

pub(crate) fn select(conn: &Connection, version: Sequence, name: &str) -> Result<Option<Annotation>> {
    let found = conn.prepare_cached(SELECT)?.query_row(params![version, name], |row| {
        let body: Vec<u8> = row.get(6)?;
        Ok(listed_from(row).map(|listed| Annotation { listed, body: body.into() }))
    });
    found.optional()?.transpose()
}

/// Those from a name on, at most `limit`.
pub(crate) fn page(conn: &Connection, version: Sequence, from: &str, limit: usize) -> Result<Vec<ListedAnnotation>> {
    let mut statement = conn.prepare_cached(PAGE)?;
    let mut rows = statement.query(params![version, from, limit_to(limit)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(listed_from(row)?);
    }
    Ok(page)
}

pub(crate) fn count(conn: &Connection, version: Sequence) -> Result<u16> {
    Ok(conn.prepare_cached(COUNT)?.query_row([version], |row| row.get(0))?)
}

/// Deletes one; whether it was there.
pub(crate) fn delete(conn: &Connection, version: Sequence, name: &str) -> Result<bool> {
    Ok(conn.prepare_cached(DELETE)?.execute(params![version, name])? > 0)
}

pub(crate) fn delete_all(conn: &Connection, version: Sequence) -> Result<()> {
    conn.prepare_cached(DELETE_ALL)?.execute([version])?;
    Ok(())
}

/// Gives a version those of another.
pub(crate) fn copy(conn: &Connection, from: Sequence, to: Sequence, modified: Timestamp) -> Result<()> {
    conn.prepare_cached(COPY)?.execute(params![from, to, modified.millis()])?;
    Ok(())
}

/// The bytes of all.
pub(crate) fn total_size(conn: &Connection) -> Result<u64> {
    Ok(size_from(conn.query_row(TOTAL_SIZE, [], |row| row.get(0))?))
}

/// A few of all annotations, after a row. Within one view: rows keep their numbers.
pub(crate) fn at_rest(conn: &Connection, after: i64) -> Result<Vec<AtRest>> {
    let mut statement = conn.prepare_cached(AT_REST)?;
    let rows = statement.query_map([after], |row| {
        let (bucket, key, name): (String, Vec<u8>, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let what = format!("annotation {name:?} of s3://{bucket}/{}", String::from_utf8_lossy(&key));
        let size_bytes = size_from(row.get(4)?);
        Ok(AtRest { row: row.get(0)?, what, size_bytes, md5: row.get(5)?, body: row.get(6)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn listed_from(row: &Row<'_>) -> Result<ListedAnnotation> {
    Ok(ListedAnnotation {
        name: row.get(0)?,
        size_bytes: size_from(row.get(1)?),
        modified: Timestamp::from_millis(row.get(2)?),
        etag: ETag::plain(row.get(3)?),
        algorithm: algorithm_from(row.get(4)?)?,
        checksum: digest_from(row.get_ref(5)?.as_blob().unwrap_or_default())?,
    })
}
