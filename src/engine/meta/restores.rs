//! `restores`: versions of which it is still to be told that their copy can be read, or is gone. What a restore is stands in
//! the version's attributes.

use rusqlite::{Connection, OptionalExtension, params};

use super::{bucket_name_from, key_from, limit_to};
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::object::restores::DueRestore;
use crate::wire::restore::Restore;
use crate::wire::time::Timestamp;

const BEGIN: &str = "INSERT INTO restores (version, due_ms, told) VALUES (?1, ?2, 0)
    ON CONFLICT (version) DO UPDATE SET due_ms = ?2, told = 0";
const PROLONG: &str = "UPDATE restores SET due_ms = ?2 WHERE version = ?1 AND told = 1";
const SET_TOLD: &str = "UPDATE restores SET due_ms = ?2, told = 1 WHERE version = ?1";
const DELETE: &str = "DELETE FROM restores WHERE version = ?1";
const DUE: &str = "SELECT r.version, b.name, v.key FROM restores AS r JOIN versions AS v ON v.id = r.version
    JOIN buckets AS b ON b.id = v.bucket WHERE r.due_ms <= ?1 ORDER BY r.due_ms LIMIT ?2";
const NEXT: &str = "SELECT told FROM restores WHERE version = ?1 AND due_ms <= ?2";

/// What is to be told of a restore next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// That the copy can be read.
    Completed,
    /// That it is gone.
    Expired,
}

/// A version's restore was one, and is another now.
pub(crate) fn follow(
    conn: &Connection,
    version: Sequence,
    before: Option<Restore>,
    now: Option<Restore>,
) -> Result<()> {
    match (before, now) {
        (before, now) if before == now => Ok(()),
        (Some(before), Some(now)) if before.completes == now.completes => {
            conn.prepare_cached(PROLONG)?.execute(params![version, now.expires.millis()])?;
            Ok(())
        }
        (_, Some(now)) => {
            conn.prepare_cached(BEGIN)?.execute(params![version, now.completes.millis()])?;
            Ok(())
        }
        (_, None) => delete(conn, version),
    }
}

/// Nothing more is to be told of it.
pub(crate) fn delete(conn: &Connection, version: Sequence) -> Result<()> {
    conn.prepare_cached(DELETE)?.execute([version])?;
    Ok(())
}

/// That the copy can be read is told; next is that it is gone.
pub(crate) fn set_told(conn: &Connection, version: Sequence, expires: Timestamp) -> Result<()> {
    conn.prepare_cached(SET_TOLD)?.execute(params![version, expires.millis()])?;
    Ok(())
}

/// Those of which something is to be told now, the longest due first, at most `limit`.
pub(crate) fn due(conn: &Connection, now: Timestamp, limit: usize) -> Result<Vec<DueRestore>> {
    let mut statement = conn.prepare_cached(DUE)?;
    let mut rows = statement.query(params![now.millis(), limit_to(limit)])?;
    let mut due = Vec::new();
    while let Some(row) = rows.next()? {
        let bucket = bucket_name_from(&row.get::<_, String>(1)?)?;
        due.push(DueRestore { version: row.get(0)?, bucket, key: key_from(row.get(2)?)? });
    }
    Ok(due)
}

/// What is to be told of a version now.
pub(crate) fn next(conn: &Connection, version: Sequence, now: Timestamp) -> Result<Option<Next>> {
    let mut statement = conn.prepare_cached(NEXT)?;
    let told = statement.query_row(params![version, now.millis()], |row| row.get::<_, i64>(0)).optional()?;
    Ok(told.map(|told| if told == 0 { Next::Completed } else { Next::Expired }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_for_what_is_due_reads_no_more_than_that() {
        let conn = crate::engine::meta::open::memory().unwrap();
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {DUE}")).unwrap();
        let plan: Vec<String> =
            statement.query_map(params![1, 1], |row| row.get(3)).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(plan[0], "SEARCH r USING COVERING INDEX restores_due (due_ms<?)", "{plan:?}");
    }

    #[test]
    fn a_restore_is_followed() {
        let conn = crate::engine::meta::open::memory().unwrap();
        let at = Timestamp::from_millis;
        let restore = |completes, expires| Some(Restore { days: 1, completes: at(completes), expires: at(expires) });
        let id = Sequence(7);
        follow(&conn, id, None, restore(10, 20)).unwrap();
        assert_eq!(next(&conn, id, at(9)).unwrap(), None);
        // Faster, then kept longer before anything was told.
        follow(&conn, id, restore(10, 20), restore(5, 20)).unwrap();
        follow(&conn, id, restore(5, 20), restore(5, 30)).unwrap();
        assert_eq!(next(&conn, id, at(5)).unwrap(), Some(Next::Completed));
        set_told(&conn, id, at(30)).unwrap();
        assert_eq!(next(&conn, id, at(29)).unwrap(), None);
        follow(&conn, id, restore(5, 30), restore(5, 40)).unwrap();
        assert_eq!((next(&conn, id, at(39)).unwrap(), next(&conn, id, at(40)).unwrap()), (None, Some(Next::Expired)));
        // Restored again, before it was told that the copy had gone.
        follow(&conn, id, restore(5, 40), restore(50, 60)).unwrap();
        assert_eq!(next(&conn, id, at(50)).unwrap(), Some(Next::Completed));
        follow(&conn, id, restore(50, 60), None).unwrap();
        assert_eq!(next(&conn, id, at(99)).unwrap(), None);
    }
}
