//! `blobs`: bytes at rest and how many extents point at them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{corrupt, digest_from, limit_to, size_from, size_to};
use crate::engine::error::{Error, Result};
use crate::engine::extent::ExtentList;
use crate::engine::ids::BlobName;
use crate::wire::checksum::Digest;

const INSERT: &str = "INSERT INTO blobs (name, size_bytes, crc64, refs, body) VALUES (?1, ?2, ?3, 1, ?4)";
const SELECT: &str = "SELECT name, size_bytes, state, body FROM blobs WHERE id = ?1";
const ADD_REF: &str = "UPDATE blobs SET refs = refs + 1 WHERE id = ?1 RETURNING refs, state";
const DROP_REF: &str = "UPDATE blobs SET refs = refs - 1 WHERE id = ?1";
const RELEASED: &str = "SELECT id, name FROM blobs WHERE refs = 0 ORDER BY id LIMIT ?1";
const DELETE: &str = "DELETE FROM blobs WHERE id = ?1 AND refs = 0";
const NAME_EXISTS: &str = "SELECT 1 FROM blobs WHERE name = ?1";
const MAX_ID: &str = "SELECT coalesce(max(id), 0) FROM blobs";
const PAGE_AFTER: &str = "SELECT id, name, size_bytes, crc64 FROM blobs WHERE id > ?1 AND refs > 0 ORDER BY id
    LIMIT 1000";
const TOTAL_SIZE: &str = "SELECT coalesce(sum(size_bytes), 0) FROM blobs WHERE refs > 0";
const INLINE_BODY: &str = "SELECT body FROM blobs WHERE id = ?1";
const CRC64_OF_WHOLE: &str = "SELECT crc64 FROM blobs WHERE id = ?1 AND size_bytes = ?2";
const MARK_TORN: &str = "UPDATE blobs SET state = 1 WHERE id = ?1";

/// Where a blob's bytes are.
pub(crate) enum BlobPlace {
    /// In the row itself.
    Inline(Vec<u8>),
    /// In a file.
    File(BlobName),
}

/// A blob as its row describes it.
pub(crate) struct BlobRow {
    pub(crate) id: i64,
    /// Its file; `None` if its bytes are in the row.
    pub(crate) name: Option<BlobName>,
    pub(crate) size_bytes: u64,
    pub(crate) crc64: Vec<u8>,
}

/// Adds a small blob, kept in its row, with one reference; returns the row.
pub(crate) fn insert_inline(conn: &Connection, body: &[u8], crc64: &[u8]) -> Result<i64> {
    conn.prepare_cached(INSERT)?.execute(params![Option::<&[u8]>::None, size_to(body.len() as u64), crc64, body])?;
    Ok(conn.last_insert_rowid())
}

/// Adds a blob in a file, with one reference; returns the row.
pub(crate) fn insert_file(conn: &Connection, name: BlobName, size_bytes: u64, crc64: &[u8]) -> Result<i64> {
    conn.prepare_cached(INSERT)?.execute(params![name.0, size_to(size_bytes), crc64, Option::<&[u8]>::None])?;
    Ok(conn.last_insert_rowid())
}

/// Where the blob's bytes are. A torn blob is an error: its bytes are never served.
pub(crate) fn place(conn: &Connection, id: i64) -> Result<BlobPlace> {
    conn.prepare_cached(SELECT)?
        .query_row([id], |row| {
            let torn = row.get::<_, i64>(2)? != 0;
            let name: Option<[u8; 16]> = row.get(0)?;
            Ok(match (torn, name) {
                (true, _) => Err(torn_blob(id)),
                (false, Some(name)) => Ok(BlobPlace::File(BlobName(name))),
                (false, None) => Ok(BlobPlace::Inline(row.get(3)?)),
            })
        })
        .optional()?
        .unwrap_or_else(|| Err(corrupt("blob reference")))
}

fn torn_blob(id: i64) -> Error {
    Error::Corrupt { what: format!("blob {id} was torn by a power loss") }
}

/// Whether new references took up a blob that was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revival {
    /// At least one.
    Some,
    /// All were in use.
    None,
}

/// One more reference for each extent. Fails for a torn blob: an object made of it could not be read.
pub(crate) fn add_refs(conn: &Connection, extents: &ExtentList) -> Result<Revival> {
    let mut statement = conn.prepare_cached(ADD_REF)?;
    let mut revival = Revival::None;
    for extent in extents.iter() {
        let found = statement.query_row([extent.blob], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (refs, state): (i64, i64) = found.ok_or_else(|| corrupt("blob reference"))?;
        if state != 0 {
            return Err(torn_blob(extent.blob));
        }
        if refs == 1 {
            revival = Revival::Some;
        }
    }
    Ok(revival)
}

/// One reference fewer for each extent. Blobs at none are released: the keeper removes them later.
pub(crate) fn drop_refs(conn: &Connection, extents: &ExtentList) -> Result<()> {
    let mut statement = conn.prepare_cached(DROP_REF)?;
    for extent in extents.iter() {
        if statement.execute([extent.blob])? != 1 {
            return Err(corrupt("blob reference"));
        }
    }
    Ok(())
}

/// A released blob: its row, and its file's name where it has one.
pub(crate) struct Released {
    pub(crate) id: i64,
    pub(crate) name: Option<BlobName>,
}

/// Up to `limit` released blobs.
pub(crate) fn released(conn: &Connection, limit: usize) -> Result<Vec<Released>> {
    let mut statement = conn.prepare_cached(RELEASED)?;
    let rows = statement.query_map([limit_to(limit)], |row| {
        Ok(Released { id: row.get(0)?, name: row.get::<_, Option<[u8; 16]>>(1)?.map(BlobName) })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets released blobs.
pub(crate) fn delete(conn: &Connection, ids: &[i64]) -> Result<()> {
    let mut statement = conn.prepare_cached(DELETE)?;
    for id in ids {
        statement.execute([id])?;
    }
    Ok(())
}

/// Whether a row names this file.
pub(crate) fn name_exists(conn: &Connection, name: BlobName) -> Result<bool> {
    Ok(conn.prepare_cached(NAME_EXISTS)?.exists([&name.0[..]])?)
}

/// The newest blob's row, 0 if there is none.
pub(crate) fn max_id(conn: &Connection) -> Result<i64> {
    Ok(conn.prepare_cached(MAX_ID)?.query_row([], |row| row.get(0))?)
}

/// Blobs in use by row, a page at a time. Released ones may have lost their files already.
pub(crate) fn page_after(conn: &Connection, after: i64) -> Result<Vec<BlobRow>> {
    let mut statement = conn.prepare_cached(PAGE_AFTER)?;
    let rows = statement.query_map([after], row_from)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn row_from(row: &Row<'_>) -> rusqlite::Result<BlobRow> {
    Ok(BlobRow {
        id: row.get(0)?,
        name: row.get::<_, Option<[u8; 16]>>(1)?.map(BlobName),
        size_bytes: size_from(row.get(2)?),
        crc64: row.get(3)?,
    })
}

/// The bytes of all blobs in use together.
pub(crate) fn total_size(conn: &Connection) -> Result<u64> {
    Ok(size_from(conn.query_row(TOTAL_SIZE, [], |row| row.get(0))?))
}

/// The bytes of a blob that is kept in its row.
pub(crate) fn inline_body(conn: &Connection, id: i64) -> Result<Vec<u8>> {
    Ok(conn.prepare_cached(INLINE_BODY)?.query_row([id], |row| row.get(0))?)
}

/// The CRC64NVME of an extent list, if it is known without reading: that of a single whole blob is.
pub(crate) fn crc64_of(conn: &Connection, extents: &ExtentList) -> Result<Option<Digest>> {
    let Some(extent) = extents.single().filter(|extent| extent.offset_bytes == 0) else { return Ok(None) };
    let size = size_to(extent.length_bytes);
    conn.prepare_cached(CRC64_OF_WHOLE)?
        .query_row(params![extent.blob, size], |row| Ok(digest_from(row.get_ref(0)?.as_blob().unwrap_or_default())))
        .optional()?
        .transpose()
}

/// Records that the file does not hold what was acknowledged.
pub(crate) fn mark_torn(conn: &Connection, id: i64) -> Result<()> {
    conn.prepare_cached(MARK_TORN)?.execute([id])?;
    Ok(())
}
