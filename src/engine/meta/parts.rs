//! `parts`: what clients numbered, of open uploads and of the versions that uploads became.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{corrupt, digest_from, limit_to, size_from, size_to};
use crate::engine::error::Result;
use crate::engine::extent::ExtentList;
use crate::engine::ids::Sequence;
use crate::engine::upload::Part;
use crate::wire::checksum::Digest;
use crate::wire::part::PartNumber;
use crate::wire::time::Timestamp;

const INSERT: &str =
    "INSERT OR REPLACE INTO parts (upload, number, size_bytes, modified_ms, md5, crc64, checksum, extents)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const EXTENTS: &str = "SELECT extents FROM parts WHERE upload = ?1 AND number = ?2";
const PAGE: &str = "SELECT number, size_bytes, modified_ms, md5, crc64, checksum, extents FROM parts
    WHERE upload = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
const POSITION: &str = "SELECT count(*), coalesce(sum(size_bytes), 0), max(number)
    FROM (SELECT number, size_bytes FROM parts WHERE upload = ?1 ORDER BY number LIMIT ?2)";
const SIZE_AND_CHECKSUM: &str = "SELECT size_bytes, checksum FROM parts WHERE upload = ?1 AND number = ?2";
const DELETE_ONE: &str = "DELETE FROM parts WHERE upload = ?1 AND number = ?2";
const DELETE_SOME: &str = "DELETE FROM parts WHERE upload = ?1 AND number >=
    (SELECT min(number) FROM (SELECT number FROM parts WHERE upload = ?1 ORDER BY number DESC LIMIT ?2))";

/// Stores a part, or replaces the one of its number.
pub(crate) fn put(conn: &Connection, upload: Sequence, part: &Part) -> Result<()> {
    conn.prepare_cached(INSERT)?.execute(params![
        upload,
        part.number.get(),
        size_to(part.size_bytes),
        part.modified.millis(),
        part.md5,
        part.crc64.as_bytes(),
        part.checksum.as_ref().map(Digest::as_bytes),
        part.extents,
    ])?;
    Ok(())
}

/// Where the bytes of one part are.
pub(crate) fn extents(conn: &Connection, upload: Sequence, number: PartNumber) -> Result<Option<ExtentList>> {
    Ok(conn.prepare_cached(EXTENTS)?.query_row(params![upload, number.get()], |row| row.get(0)).optional()?)
}

/// Parts in number order, after number `after` (0: from the first), at most `limit`.
pub(crate) fn page(conn: &Connection, upload: Sequence, after: u16, limit: usize) -> Result<Vec<Part>> {
    let mut statement = conn.prepare_cached(PAGE)?;
    let mut rows = statement.query(params![upload, after, limit_to(limit)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(part_from(row)?);
    }
    Ok(page)
}

/// The part at `position` (from 1) in number order: the bytes of those before it, its size and its checksum. `None` if
/// there are not so many.
pub(crate) fn at_position(
    conn: &Connection,
    upload: Sequence,
    position: u16,
) -> Result<Option<(u64, u64, Option<Digest>)>> {
    let (count, bytes, number): (i64, i64, Option<i64>) = conn
        .prepare_cached(POSITION)?
        .query_row(params![upload, position], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if count != i64::from(position) {
        return Ok(None);
    }
    let found = conn
        .prepare_cached(SIZE_AND_CHECKSUM)?
        .query_row(params![upload, number], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)));
    let Some((size, checksum)) = found.optional()? else { return Ok(None) };
    let checksum = checksum.as_deref().map(digest_from).transpose()?;
    Ok(Some((size_from(bytes - size), size_from(size), checksum)))
}

pub(crate) fn delete_one(conn: &Connection, upload: Sequence, number: PartNumber) -> Result<()> {
    conn.prepare_cached(DELETE_ONE)?.execute(params![upload, number.get()])?;
    Ok(())
}

/// Deletes the last parts of an upload, up to `limit`, and returns how many. From the end, so that whoever still looks up
/// parts of the object finds them in their places or not at all.
pub(crate) fn delete_some(conn: &Connection, upload: Sequence, limit: usize) -> Result<usize> {
    Ok(conn.prepare_cached(DELETE_SOME)?.execute(params![upload, limit_to(limit)])?)
}

fn part_from(row: &Row<'_>) -> Result<Part> {
    Ok(Part {
        number: PartNumber::new(row.get(0)?).ok_or_else(|| corrupt("part number"))?,
        size_bytes: size_from(row.get(1)?),
        modified: Timestamp::from_millis(row.get(2)?),
        md5: row.get(3)?,
        crc64: digest_from(row.get_ref(4)?.as_blob().unwrap_or_default())?,
        checksum: row.get_ref(5)?.as_blob_or_null().unwrap_or_default().map(digest_from).transpose()?,
        extents: row.get(6)?,
    })
}
