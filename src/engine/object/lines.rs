//! The versions of a key, as a stack: objects and delete markers in the order of their sequences, the newest on top. On top
//! an object is current, and stands in `current`; everything else stands in `history`. Here is what happens when one comes
//! or goes.

use rusqlite::Connection;

use super::{NewVersion, Object};
use crate::engine::bucket::BucketState;
use crate::engine::error::{Error, Result};
use crate::engine::ids::Sequence;
use crate::engine::meta::current::{self, Shown};
use crate::engine::meta::{history, releases, versions};
use crate::engine::version_id::VersionId;
use crate::wire::object_key::ObjectKey;
use crate::wire::time::Timestamp;
use crate::wire::versioning::Versioning;

/// A version of a key, or a delete marker, as far as its place matters.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) id: Sequence,
    pub(crate) kind: LineKind,
    pub(crate) version: VersionId,
    pub(crate) modified: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    Object,
    Marker,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Current,
    History,
}

/// Adds a version in its place by sequence. One of the id `null` takes the place of the other of that id; if that one is
/// the later, the new one is superseded at once, and its bytes are released.
pub(crate) fn install(conn: &Connection, state: BucketState, id: Sequence, new: &NewVersion) -> Result<VersionId> {
    let (bucket, key) = (new.bucket, &new.key);
    let version = VersionId::given(state.versioning, id);
    let current = current::line(conn, bucket, key)?;
    if state.versioning == Versioning::Never {
        // There is one version at most: nothing stands in `history`.
        if current.as_ref().is_some_and(|existing| existing.id > id) {
            supersede(conn, new)?;
            return Ok(version);
        }
        if let Some(existing) = current {
            versions::remove(conn, existing.id)?;
        }
        versions::insert(conn, id, version, new)?;
        make_current(conn, id, version, new)?;
        return Ok(version);
    }
    if version == VersionId::Null
        && let Some((place, existing)) = find_line(conn, bucket, key, VersionId::Null)?
    {
        if existing.id > id {
            supersede(conn, new)?;
            return Ok(version);
        }
        remove_line(conn, bucket, key, place, &existing)?;
    }
    versions::insert(conn, id, version, new)?;
    if newest_line(conn, bucket, key)?.is_some_and(|newest| newest.id > id) {
        let line = Line { id, kind: LineKind::Object, version, modified: new.modified };
        history::insert(conn, bucket, key, &line)?;
        return Ok(version);
    }
    step_down(conn, bucket, key)?;
    make_current(conn, id, version, new)?;
    Ok(version)
}

/// Puts a delete marker on top. One of the id `null` takes the place of the version of that id.
pub(crate) fn mark(
    conn: &Connection,
    state: BucketState,
    (bucket, key): (i64, &ObjectKey),
    id: Sequence,
    modified: Timestamp,
) -> Result<VersionId> {
    let version = VersionId::given(state.versioning, id);
    if version == VersionId::Null
        && let Some((place, existing)) = find_line(conn, bucket, key, VersionId::Null)?
    {
        remove_line(conn, bucket, key, place, &existing)?;
    }
    step_down(conn, bucket, key)?;
    history::insert(conn, bucket, key, &Line { id, kind: LineKind::Marker, version, modified })?;
    Ok(version)
}

/// Finds a version or delete marker by its id.
pub(crate) fn find_line(
    conn: &Connection,
    bucket: i64,
    key: &ObjectKey,
    version: VersionId,
) -> Result<Option<(Place, Line)>> {
    if let Some(current) = current::line(conn, bucket, key)?
        && current.version == version
    {
        return Ok(Some((Place::Current, current)));
    }
    Ok(history::line(conn, bucket, key, version)?.map(|line| (Place::History, line)))
}

/// What is on top.
pub(crate) fn newest_line(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<Option<Line>> {
    match current::line(conn, bucket, key)? {
        Some(current) => Ok(Some(current)),
        None => history::newest(conn, bucket, key),
    }
}

/// Takes a line away, with its bytes. What then is on top is for [`step_up`] to see to.
pub(crate) fn remove_line(conn: &Connection, bucket: i64, key: &ObjectKey, place: Place, line: &Line) -> Result<()> {
    match place {
        Place::Current => current::delete(conn, bucket, key)?,
        Place::History => history::delete(conn, bucket, key, line.id)?,
    }
    match line.kind {
        LineKind::Object => versions::remove(conn, line.id),
        LineKind::Marker => Ok(()),
    }
}

/// Makes an object current that has come to be on top.
pub(crate) fn step_up(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<()> {
    if current::line(conn, bucket, key)?.is_some() {
        return Ok(());
    }
    let Some(line) = history::newest(conn, bucket, key)?.filter(|line| line.kind == LineKind::Object) else {
        return Ok(());
    };
    let object = versions::by_id(conn, line.id)?.ok_or_else(|| without_row(line.id))?;
    history::delete(conn, bucket, key, line.id)?;
    let Object { size_bytes, modified, etag, checksum, .. } = &object;
    let shown = Shown {
        size_bytes: *size_bytes,
        modified: *modified,
        etag,
        checksum,
        storage_class: object.headers.storage_class,
    };
    current::upsert(conn, (bucket, key), line.id, line.version, &shown)
}

/// What is wrong where a line of an object has no version.
pub(crate) fn without_row(id: Sequence) -> Error {
    Error::Corrupt { what: format!("version {} has a place and no row", id.0) }
}

/// Makes room on top.
fn step_down(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<()> {
    let Some(current) = current::line(conn, bucket, key)? else { return Ok(()) };
    current::delete(conn, bucket, key)?;
    history::insert(conn, bucket, key, &current)
}

fn make_current(conn: &Connection, id: Sequence, version: VersionId, new: &NewVersion) -> Result<()> {
    let shown = Shown {
        size_bytes: new.extents.size_bytes(),
        modified: new.modified,
        etag: &new.etag,
        checksum: &new.checksum,
        storage_class: new.headers.storage_class,
    };
    current::upsert(conn, (new.bucket, &new.key), id, version, &shown)
}

fn supersede(conn: &Connection, new: &NewVersion) -> Result<()> {
    releases::release(conn, &new.extents, new.upload.as_ref().map(|made_by| made_by.upload))
}
