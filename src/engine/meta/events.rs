//! `events`: what happened in watched buckets, the newest of it.

use rusqlite::{Connection, Row, params};

use super::limit_to;
use crate::engine::error::Result;
use crate::engine::event::{Delivery, Event, MAX_EVENTS, NewEvent};
use crate::wire::time::Timestamp;

const INSERT: &str = "INSERT INTO events (created_ms, destination, state, body) VALUES (?1, ?2, ?3, ?4)";
/// Sequences have no gaps, so that this finds the one row at most that an insertion makes too old.
const TRIM: &str = "DELETE FROM events WHERE sequence <= ?1 RETURNING state";
const AFTER: &str = "SELECT sequence, created_ms, destination, state, body FROM events WHERE sequence > ?1
    ORDER BY sequence LIMIT ?2";
const WAITING: &str = "SELECT sequence, created_ms, destination, state, body FROM events
    WHERE state = 0 AND destination = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3";
const SET_STATE: &str = "UPDATE events SET state = ?2 WHERE sequence = ?1";

/// Adds an event. Those that are too old then go; returns how many of them nobody had been told of.
pub(crate) fn insert(conn: &Connection, created: Timestamp, event: &NewEvent) -> Result<usize> {
    conn.prepare_cached(INSERT)?.execute(params![
        created.millis(),
        event.destination,
        state_to(event.delivery),
        event.body
    ])?;
    let oldest = conn.last_insert_rowid().saturating_sub(MAX_EVENTS);
    let mut statement = conn.prepare_cached(TRIM)?;
    let states = statement.query_map([oldest], |row| row.get::<_, i64>(0))?;
    let waiting = state_to(Delivery::Waiting);
    Ok(states.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().filter(|state| *state == waiting).count())
}

/// Events after a sequence, in order, at most `limit`.
pub(crate) fn after(conn: &Connection, sequence: i64, limit: usize) -> Result<Vec<Event>> {
    let mut statement = conn.prepare_cached(AFTER)?;
    let rows = statement.query_map(params![sequence, limit_to(limit)], event_from)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Events after a sequence that are still to be delivered to a destination.
pub(crate) fn waiting(conn: &Connection, destination: &str, sequence: i64, limit: usize) -> Result<Vec<Event>> {
    let mut statement = conn.prepare_cached(WAITING)?;
    let rows = statement.query_map(params![destination, sequence, limit_to(limit)], event_from)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What has become of an event's delivery.
pub(crate) fn set_state(conn: &Connection, sequence: i64, delivery: Delivery) -> Result<()> {
    conn.prepare_cached(SET_STATE)?.execute(params![sequence, state_to(delivery)])?;
    Ok(())
}

fn event_from(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        sequence: row.get(0)?,
        created: Timestamp::from_millis(row.get(1)?),
        destination: row.get(2)?,
        delivery: match row.get::<_, i64>(3)? {
            0 => Delivery::Waiting,
            1 => Delivery::Done,
            2 => Delivery::GivenUp,
            _ => Delivery::Nobody,
        },
        body: row.get(4)?,
    })
}

fn state_to(delivery: Delivery) -> i64 {
    match delivery {
        Delivery::Waiting => 0,
        Delivery::Done => 1,
        Delivery::GivenUp => 2,
        Delivery::Nobody => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::meta::open::memory;

    fn event(destination: &str, delivery: Delivery) -> NewEvent {
        NewEvent { destination: destination.to_owned(), body: b"{}".to_vec(), delivery }
    }

    #[test]
    fn the_newest_are_kept() {
        let conn = memory().unwrap();
        let now = Timestamp::from_millis(7);
        assert_eq!(insert(&conn, now, &event("a", Delivery::Waiting)).unwrap(), 0);
        for _ in 1..MAX_EVENTS {
            assert_eq!(insert(&conn, now, &event("b", Delivery::Done)).unwrap(), 0);
        }
        assert_eq!(waiting(&conn, "a", 0, 9).unwrap().len(), 1);
        assert_eq!(insert(&conn, now, &event("b", Delivery::Done)).unwrap(), 1);
        assert_eq!(insert(&conn, now, &event("b", Delivery::Done)).unwrap(), 0);
        assert_eq!(waiting(&conn, "a", 0, 9).unwrap().len(), 0);
        let kept = after(&conn, 0, usize::MAX).unwrap();
        assert_eq!((kept.len(), kept[0].sequence), (usize::try_from(MAX_EVENTS).unwrap(), 3));
    }

    #[test]
    fn what_waits_is_found_by_its_destination() {
        let conn = memory().unwrap();
        for destination in ["a", "b", "a"] {
            insert(&conn, Timestamp::from_millis(7), &event(destination, Delivery::Waiting)).unwrap();
        }
        let sequences =
            |after| -> Vec<i64> { waiting(&conn, "a", after, 9).unwrap().iter().map(|event| event.sequence).collect() };
        assert_eq!(sequences(0), [1, 3]);
        assert_eq!(sequences(1), [3]);
        set_state(&conn, 1, Delivery::Done).unwrap();
        assert_eq!(sequences(0), [3]);
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {WAITING}")).unwrap();
        let plan: String = statement.query_row(params!["a", 0, 9], |row| row.get(3)).unwrap();
        assert_eq!(plan, "SEARCH events USING INDEX events_waiting (destination=? AND sequence>?)");
    }
}
