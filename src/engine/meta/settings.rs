//! `settings`: what belongs to the data directory as a whole.

use rusqlite::{Connection, OptionalExtension, params};

use crate::engine::error::Result;

const SELECT: &str = "SELECT value FROM settings WHERE name = ?1";
const UPSERT: &str = "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2";

/// The names in use.
pub(crate) const UPLOAD_ID_SECRET: &str = "upload-id-secret";
/// Sequences up to this one may have been handed out; the next start begins above.
pub(crate) const SEQUENCE_RESERVED: &str = "sequence-reserved";
/// The boot id of the machine when the directory was last opened.
pub(crate) const BOOT_ID: &str = "boot-id";
/// Blobs up to this row are known to be on the disk itself.
pub(crate) const SYNCED_BLOB: &str = "synced-blob";

pub(crate) fn bytes(conn: &Connection, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(conn.prepare_cached(SELECT)?.query_row([name], |row| row.get(0)).optional()?)
}

pub(crate) fn integer(conn: &Connection, name: &str) -> Result<Option<i64>> {
    let bytes = bytes(conn, name)?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes))
}

pub(crate) fn put(conn: &Connection, name: &str, value: &[u8]) -> Result<()> {
    conn.prepare_cached(UPSERT)?.execute(params![name, value])?;
    Ok(())
}

pub(crate) fn put_integer(conn: &Connection, name: &str, value: i64) -> Result<()> {
    put(conn, name, &value.to_be_bytes())
}
