//! `documents`: a dialect's documents on a bucket or of its own, by namespace and name.

use rusqlite::{Connection, OptionalExtension, params};

use super::limit_to;
use crate::engine::error::Result;

const SELECT: &str = "SELECT body FROM documents WHERE bucket = ?1 AND namespace = ?2 AND name = ?3";
const PAGE: &str = "SELECT name, body FROM documents
    WHERE bucket = ?1 AND namespace = ?2 AND name >= ?3 ORDER BY name LIMIT ?4";
const UPSERT: &str = "INSERT INTO documents (bucket, namespace, name, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (bucket, namespace, name) DO UPDATE SET body = ?4";
const DELETE: &str = "DELETE FROM documents WHERE bucket = ?1 AND namespace = ?2 AND name = ?3";
/// Of any bucket: 0 is the dialects' own.
const ANY: &str = "SELECT 1 FROM documents WHERE bucket > 0 AND namespace = ?1 AND name = ?2 LIMIT 1";
const DELETE_ALL: &str = "DELETE FROM documents WHERE bucket = ?1";

pub(crate) fn select(conn: &Connection, bucket: i64, namespace: &str, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(conn.prepare_cached(SELECT)?.query_row(params![bucket, namespace, name], |row| row.get(0)).optional()?)
}

/// Names with a prefix, after a name, at most `limit`, with their bodies.
pub(crate) fn page(
    conn: &Connection,
    bucket: i64,
    namespace: &str,
    prefix: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Vec<u8>)>> {
    // The least name that is greater than `after`, or the least with the prefix.
    let from = if after >= prefix { format!("{after}\0") } else { prefix.to_owned() };
    let mut statement = conn.prepare_cached(PAGE)?;
    let mut rows = statement.query(params![bucket, namespace, from, limit_to(limit)])?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        // Names come in order: the first without the prefix ends it.
        if !name.starts_with(prefix) {
            break;
        }
        page.push((name, row.get(1)?));
    }
    Ok(page)
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

/// Whether any bucket has this document. It looks through all buckets' documents.
pub(crate) fn any_bucket_has(conn: &Connection, namespace: &str, name: &str) -> Result<bool> {
    Ok(conn.prepare_cached(ANY)?.exists([namespace, name])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::open::memory;

    #[test]
    fn pages_seek() {
        let conn = memory().unwrap();
        let plan: String =
            conn.query_row(&format!("EXPLAIN QUERY PLAN {PAGE}"), params![1, "n", "a", 1], |row| row.get(3)).unwrap();
        assert_eq!(plan, "SEARCH documents USING PRIMARY KEY (bucket=? AND namespace=? AND name>?)");
    }

    #[test]
    fn pages_have_prefix_start_and_limit() {
        let conn = memory().unwrap();
        for name in ["a/1", "b/1", "b/2", "b/3", "c"] {
            upsert(&conn, 0, "n", name, name.as_bytes()).unwrap();
        }
        upsert(&conn, 0, "other", "b/9", b"").unwrap();
        upsert(&conn, 1, "n", "b/8", b"").unwrap();
        let names = |prefix: &str, after: &str, limit| -> Vec<String> {
            page(&conn, 0, "n", prefix, after, limit).unwrap().into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names("b/", "", 9), ["b/1", "b/2", "b/3"]);
        assert_eq!(names("b/", "b/1", 1), ["b/2"]);
        assert_eq!(names("", "b/3", 9), ["c"]);
        assert_eq!(names("b/2", "a", 9), ["b/2"]);
        assert_eq!(names("x", "", 9), Vec::<String>::new());
    }
}
