//! `history`: what `current` does not show of a key. Delete markers, and versions that are not current.

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::object::{Line, LineKind};
use crate::engine::version_id::VersionId;
use crate::wire::object_key::ObjectKey;
use crate::wire::time::Timestamp;

const INSERT: &str =
    "INSERT INTO history (bucket, key, age, kind, numbered, modified_ms) VALUES (?1, ?2, -?3, ?4, ?5, ?6)";
const NEWEST: &str = "SELECT -age, kind, numbered, modified_ms FROM history WHERE bucket = ?1 AND key = ?2
    ORDER BY age LIMIT 1";
const NUMBERED: &str = "SELECT -age, kind, numbered, modified_ms FROM history
    WHERE bucket = ?1 AND key = ?2 AND age = -?3 AND numbered = 1";
const NULL: &str = "SELECT -age, kind, numbered, modified_ms FROM history
    WHERE bucket = ?1 AND key = ?2 AND numbered = 0";
const DELETE: &str = "DELETE FROM history WHERE bucket = ?1 AND key = ?2 AND age = -?3";
const FEW: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM history WHERE bucket = ?1 AND key = ?2 LIMIT 2)";
const ANY: &str = "SELECT 1 FROM history WHERE bucket = ?1 LIMIT 1";
/// The rows of a listing, to be merged with those of `current`.
pub(super) const FROM_KEY: &str = "SELECT -age, kind, numbered, modified_ms, key FROM history
    WHERE bucket = ?1 AND (key, age) >= (?2, ?3) ORDER BY key, age";

/// Adds a line.
pub(crate) fn insert(conn: &Connection, bucket: i64, key: &ObjectKey, line: &Line) -> Result<()> {
    let kind = match line.kind {
        LineKind::Object => 0,
        LineKind::Marker => 1,
    };
    let numbered = super::numbered_to(line.version);
    conn.prepare_cached(INSERT)?.execute(params![
        bucket,
        key.as_bytes(),
        line.id,
        kind,
        numbered,
        line.modified.millis()
    ])?;
    Ok(())
}

/// The newest line of a key.
pub(crate) fn newest(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<Option<Line>> {
    Ok(conn.prepare_cached(NEWEST)?.query_row(params![bucket, key.as_bytes()], line_from).optional()?)
}

/// The line of a version.
pub(crate) fn line(conn: &Connection, bucket: i64, key: &ObjectKey, version: VersionId) -> Result<Option<Line>> {
    let found = match version {
        VersionId::Null => conn.prepare_cached(NULL)?.query_row(params![bucket, key.as_bytes()], line_from),
        VersionId::Numbered(id) => {
            conn.prepare_cached(NUMBERED)?.query_row(params![bucket, key.as_bytes(), id], line_from)
        }
    };
    Ok(found.optional()?)
}

/// Removes a line; its version's row is another's to remove.
pub(crate) fn delete(conn: &Connection, bucket: i64, key: &ObjectKey, id: Sequence) -> Result<()> {
    conn.prepare_cached(DELETE)?.execute(params![bucket, key.as_bytes(), id])?;
    Ok(())
}

/// Whether a key has one line here and no more.
pub(crate) fn is_alone(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<bool> {
    let lines: i64 = conn.prepare_cached(FEW)?.query_row(params![bucket, key.as_bytes()], |row| row.get(0))?;
    Ok(lines == 1)
}

/// Whether the bucket has any.
pub(crate) fn any(conn: &Connection, bucket: i64) -> Result<bool> {
    Ok(conn.prepare_cached(ANY)?.exists([bucket])?)
}

/// Reads the first four columns.
pub(super) fn line_from(row: &Row<'_>) -> rusqlite::Result<Line> {
    let id: Sequence = row.get(0)?;
    Ok(Line {
        id,
        kind: if row.get::<_, i64>(1)? == 0 { LineKind::Object } else { LineKind::Marker },
        version: super::version_from(id, row.get(2)?),
        modified: Timestamp::from_millis(row.get(3)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(query: &str) -> String {
        let conn = crate::engine::meta::open::memory().unwrap();
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let count = statement.parameter_count();
        let lines: Vec<String> = statement
            .query_map(rusqlite::params_from_iter(vec![1; count]), |row| row.get(3))
            .unwrap()
            .map(|line| line.unwrap())
            .collect();
        lines.join("; ")
    }

    #[test]
    fn look_ups_seek() {
        let by_key = "SEARCH history USING PRIMARY KEY (bucket=? AND key=?)";
        assert_eq!(plan(NEWEST), by_key);
        assert_eq!(plan(NUMBERED), "SEARCH history USING PRIMARY KEY (bucket=? AND key=? AND age=?)");
        assert_eq!(plan(NULL), "SEARCH history USING INDEX history_null (bucket=? AND key=?)");
        assert_eq!(plan(FROM_KEY), "SEARCH history USING PRIMARY KEY (bucket=? AND (key,age)>(?,?))");
    }
}
