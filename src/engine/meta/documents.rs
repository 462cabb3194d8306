//! `documents`: a dialect's documents on a bucket, by namespace and name.

use rusqlite::{Connection, OptionalExtension, params};

use crate::engine::error::Result;

const SELECT: &str = "SELECT body FROM documents WHERE bucket = ?1 AND namespace = ?2 AND name = ?3";
const UPSERT: &str = "INSERT INTO documents (bucket, namespace, name, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (bucket, namespace, name) DO UPDATE SET body = ?4";
const DELETE: &str = "DELETE FROM documents WHERE bucket = ?1 AND namespace = ?2 AND name = ?3";
const DELETE_ALL: &str = "DELETE FROM documents WHERE bucket = ?1";

pub(crate) fn select(conn: &Connection, bucket: i64, namespace: &str, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(conn.prepare_cached(SELECT)?.query_row(params![bucket, namespace, name], |row| row.get(0)).optional()?)
}

pub(crate) fn upsert(conn: &Connection, bucket: i64, namespace: &str, name: &str, body: &[u8]) -> Result<()> {
    conn.prepare_cached(UPSERT)?.execute(params![bucket, namespace, name, body])?;
    Ok(())
}

pub(crate) fn delete(conn: &Connection, bucket: i64, namespace: &str, name: &str) -> Result<()> {
    conn.prepare_cached(DELETE)?.execute(params![bucket, namespace, name])?;
    Ok(())
}

pub(crate) fn delete_all(conn: &Connection, bucket: i64) -> Result<()> {
    conn.prepare_cached(DELETE_ALL)?.execute([bucket])?;
    Ok(())
}
