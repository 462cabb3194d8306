//! Letting go of bytes: short extent lists at once, long ones through a queue that the keeper works off in slices.

use rusqlite::{Connection, OptionalExtension, params};

use super::{blobs, parts};
use crate::engine::error::Result;
use crate::engine::extent::ExtentList;
use crate::engine::ids::Sequence;

const INSERT: &str = "INSERT INTO releases (upload, extents) VALUES (?1, ?2)";
const ANY: &str = "SELECT 1 FROM releases LIMIT 1";
const FIRST: &str = "SELECT id, upload, extents FROM releases ORDER BY id LIMIT 1";
const SHORTEN: &str = "UPDATE releases SET extents = ?2 WHERE id = ?1";
const DELETE: &str = "DELETE FROM releases WHERE id = ?1";

/// Extents released within the request's own transaction; longer lists would make it wait.
const AT_ONCE: usize = 64;
/// Extents and parts released per slice of the queue.
const SLICE: usize = 500;

/// Releases the bytes of a version that is gone, and the parts of the upload that made it.
pub(crate) fn release(conn: &Connection, extents: &ExtentList, upload: Option<Sequence>) -> Result<()> {
    if extents.len() > AT_ONCE {
        conn.prepare_cached(INSERT)?.execute(params![upload, extents])?;
        return Ok(());
    }
    blobs::drop_refs(conn, extents)?;
    if let Some(upload) = upload {
        parts::delete_some(conn, upload, usize::MAX)?;
    }
    Ok(())
}

/// Whether there is anything to work off.
pub(crate) fn any(conn: &Connection) -> Result<bool> {
    Ok(conn.prepare_cached(ANY)?.exists([])?)
}

/// Works off one slice of the queue. `false` when the queue is empty.
pub(crate) fn release_slice(conn: &Connection) -> Result<bool> {
    let first = conn
        .prepare_cached(FIRST)?
        .query_row([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Sequence>>(1)?, row.get::<_, ExtentList>(2)?))
        })
        .optional()?;
    let Some((id, upload, mut extents)) = first else { return Ok(false) };
    let slice = extents.split_last(SLICE);
    blobs::drop_refs(conn, &slice)?;
    let parts_left = match upload {
        Some(upload) => parts::delete_some(conn, upload, SLICE)? == SLICE,
        None => false,
    };
    if extents.len() == 0 && !parts_left {
        conn.prepare_cached(DELETE)?.execute([id])?;
    } else {
        conn.prepare_cached(SHORTEN)?.execute(params![id, extents])?;
    }
    Ok(true)
}
