//! Listing all versions of all keys: the rows of `current` and of `history`, merged in the order of keys, the newest of a
//! key first. It has no table of its own.

use std::ops::ControlFlow;

use rusqlite::{Connection, Row, params};

use super::{current, history, key_from, versions};
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::list::{ListPage, Next, SkipScan};
use crate::engine::object::{
    Latest, Line, LineKind, ListedMarker, ListedVersion, Owners, VersionQuery, find_line, newest_line,
};
use crate::engine::version_id::VersionId;
use crate::wire::object_key::ObjectKey;

/// Where a page goes on within a key: after the version of this id.
struct Within {
    key: Vec<u8>,
    after: Sequence,
    newest: Option<Sequence>,
}

/// The table of the next row.
#[derive(Clone, Copy)]
enum From {
    Current,
    History,
}

/// A page of versions. To be called in a transaction: both tables have to be of one moment.
pub(crate) fn list(conn: &Connection, bucket: i64, query: &VersionQuery) -> Result<ListPage<ListedVersion>> {
    let mut scan = SkipScan::new(&query.keys);
    let within = within(conn, bucket, query, &scan)?;
    let (mut from, mut from_age) = match &within {
        Some(within) => (within.key.clone(), 1 - within.after.0),
        None => (scan.start(), i64::MIN),
    };
    let mut current_rows = conn.prepare_cached(current::FROM_KEY)?;
    let mut history_rows = conn.prepare_cached(history::FROM_KEY)?;
    'seek: loop {
        let mut objects = current_rows.query(params![bucket, from])?;
        let mut lines = history_rows.query(params![bucket, from, from_age])?;
        let (mut object, mut line) = (objects.next()?, lines.next()?);
        // The key of the line before, whose lines that follow are not its newest.
        let mut last_key = Vec::new();
        loop {
            // An object that is current is newer than what else there is of its key.
            let (row, source) = match (object, line) {
                (Some(object), Some(line)) if key_of(object, From::Current) > key_of(line, From::History) => {
                    (line, From::History)
                }
                (Some(object), _) => (object, From::Current),
                (None, Some(line)) => (line, From::History),
                (None, None) => break 'seek,
            };
            let key = key_of(row, source);
            let resumed = within.as_ref().filter(|within| within.key == key);
            let step = match source {
                // It was on the page before.
                From::Current if resumed.is_some_and(|within| current::id_of(row) >= within.after) => {
                    ControlFlow::Continue(())
                }
                From::Current => scan.row(key, || current_version(conn, row, query.owners))?,
                From::History => {
                    let found = history::line_from(row)?;
                    let is_newest = match resumed {
                        Some(within) => within.newest == Some(found.id),
                        None => last_key != key,
                    };
                    let latest = if is_newest { Latest::Yes } else { Latest::No };
                    scan.row(key, || past_version(conn, key, &found, latest, query.owners))?
                }
            };
            match step {
                ControlFlow::Break(Next::Done) => break 'seek,
                ControlFlow::Break(Next::Seek(key)) => {
                    (from, from_age) = (key, i64::MIN);
                    continue 'seek;
                }
                ControlFlow::Continue(()) => {}
            }
            if last_key != key {
                last_key = key.to_vec();
            }
            match source {
                From::Current => object = objects.next()?,
                From::History => line = lines.next()?,
            }
        }
    }
    Ok(scan.finish())
}

/// A marker inside a rolled-up prefix skips it, and one of a version that is not there skips its key.
fn within(
    conn: &Connection,
    bucket: i64,
    query: &VersionQuery,
    scan: &SkipScan<'_, ListedVersion>,
) -> Result<Option<Within>> {
    let (Some(marker), Some(version)) = (&query.keys.after, query.after_version) else { return Ok(None) };
    let Ok(key) = ObjectKey::parse(marker.clone()) else { return Ok(None) };
    if !marker.starts_with(&query.keys.prefix) || scan.rolls_up(marker) {
        return Ok(None);
    }
    let after = match version {
        VersionId::Numbered(id) => Some(id),
        VersionId::Null => find_line(conn, bucket, &key, version)?.map(|(_, line)| line.id),
    };
    let newest = newest_line(conn, bucket, &key)?.map(|line| line.id);
    Ok(after.map(|after| Within { key: key.as_bytes().to_vec(), after, newest }))
}

fn key_of<'r>(row: &'r Row<'_>, source: From) -> &'r [u8] {
    let column = match source {
        From::Current => 0,
        From::History => 4,
    };
    row.get_ref(column).ok().and_then(|value| value.as_blob().ok()).unwrap_or_default()
}

fn current_version(conn: &Connection, row: &Row<'_>, owners: Owners) -> Result<ListedVersion> {
    let version = super::version_from(current::id_of(row), row.get(8)?);
    Ok(ListedVersion::Object { object: current::listed_from(conn, row, owners)?, version, latest: Latest::Yes })
}

fn past_version(conn: &Connection, key: &[u8], line: &Line, latest: Latest, owners: Owners) -> Result<ListedVersion> {
    let key = key_from(key.to_vec())?;
    Ok(match line.kind {
        LineKind::Object => ListedVersion::Object {
            object: versions::listed(conn, line.id, key, owners)?,
            version: line.version,
            latest,
        },
        LineKind::Marker => {
            ListedVersion::Marker(ListedMarker { key, version: line.version, modified: line.modified, latest })
        }
    })
}
