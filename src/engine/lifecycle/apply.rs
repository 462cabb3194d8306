//! Doing what a rule says to one version, if it is still what was read.

use super::LifecycleDeed;
use super::walk::{Step, Task};
use crate::engine::bucket::BucketState;
use crate::engine::error::{Error, Result};
use crate::engine::event::{Change, ChangeKind, Detail, Watch, announce, announce_gone, told_version};
use crate::engine::meta::writer::Tx;
use crate::engine::meta::{current, history, restores, versions};
use crate::engine::object::{
    self, Deletion, Line, LineKind, Place, delete, find_line, newest_line, remove_line, without_row,
};
use crate::engine::version_id::VersionId;
use crate::wire::lifecycle::LifecycleConfiguration;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::storage_class::StorageClass;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Expired(object::Deleted),
    Deleted,
    LoneMarkerRemoved,
    Moved(StorageClass),
    /// A lock keeps it.
    Locked,
    /// It is not as it was.
    Overtaken,
}

impl Outcome {
    /// What was done, if anything: to which version, where it was a task for this one.
    pub(super) fn deed(self, of: VersionId) -> Option<(VersionId, LifecycleDeed)> {
        match self {
            Outcome::Expired(object::Deleted::Marked(marker)) => Some((marker, LifecycleDeed::Marked)),
            Outcome::Expired(_) | Outcome::Deleted | Outcome::LoneMarkerRemoved => Some((of, LifecycleDeed::Deleted)),
            Outcome::Moved(class) => Some((of, LifecycleDeed::Moved(class))),
            Outcome::Locked | Outcome::Overtaken => None,
        }
    }
}

pub(super) fn apply(
    tx: &Tx<'_>,
    state: BucketState,
    bucket: i64,
    rules: &LifecycleConfiguration,
    task: &Task,
    watch: Option<&Watch>,
) -> Result<Outcome> {
    let (conn, key) = (tx.conn, &task.key);
    let found = find_line(conn, bucket, key, task.version)?.filter(|(_, line)| line.id == task.id);
    let Some((place, line)) = found else { return Ok(Outcome::Overtaken) };
    let wanted = &rules.rules[task.rule].filter.tags;
    if !wanted.is_empty() {
        let tags = versions::attributes(conn, line.id)?.tags;
        if wanted.iter().any(|(key, value)| tags.value(key) != Some(value.as_str())) {
            return Ok(Outcome::Overtaken);
        }
    }
    match task.step {
        Step::Expire if place == Place::Current => {
            delete(tx, state, bucket, &Deletion::of(key.clone()), watch).map(Outcome::Expired)
        }
        Step::Delete
            if place == Place::History && newest_line(conn, bucket, key)?.is_some_and(|top| top.id != line.id) =>
        {
            let deletion = Deletion { version: Some(task.version), ..Deletion::of(key.clone()) };
            match delete(tx, state, bucket, &deletion, watch) {
                Ok(_) => Ok(Outcome::Deleted),
                // Said before anything is changed.
                Err(Error::Locked(_)) => Ok(Outcome::Locked),
                Err(error) => Err(error),
            }
        }
        Step::RemoveLoneMarker if line.kind == LineKind::Marker && is_alone(tx, bucket, task)? => {
            remove_line(conn, bucket, key, place, &line)?;
            announce_gone(tx, watch, key, Some(line.version)).map(|()| Outcome::LoneMarkerRemoved)
        }
        Step::Move(class, from) if place == from => {
            relocate(tx, bucket, task, (place, &line), class, watch).map(|()| Outcome::Moved(class))
        }
        Step::Expire | Step::Delete | Step::RemoveLoneMarker | Step::Move(..) => Ok(Outcome::Overtaken),
    }
}

fn is_alone(tx: &Tx<'_>, bucket: i64, task: &Task) -> Result<bool> {
    Ok(current::line(tx.conn, bucket, &task.key)?.is_none() && history::is_alone(tx.conn, bucket, &task.key)?)
}

fn relocate(
    tx: &Tx<'_>,
    bucket: i64,
    task: &Task,
    (place, line): (Place, &Line),
    class: StorageClass,
    watch: Option<&Watch>,
) -> Result<()> {
    let object = versions::by_id(tx.conn, line.id)?.ok_or_else(|| without_row(line.id))?;
    let mut headers = object.headers;
    headers.storage_class = class;
    versions::put_headers(tx.conn, line.id, &headers)?;
    if object.attributes.restore.is_some() {
        let attributes = ObjectAttributes { restore: None, ..object.attributes };
        versions::put_attributes(tx.conn, line.id, &attributes)?;
        restores::delete(tx.conn, line.id)?;
    }
    if watch.is_some() {
        let version = told_version(line.version);
        let change = Change::set(ChangeKind::Set, &task.key, version, tx.next_sequence()?, tx.now());
        announce(tx, watch, &Change { etag: Some(object.etag), detail: Detail::MovedTo(class), ..change })?;
    }
    match place {
        Place::Current => current::put_storage_class(tx.conn, bucket, &task.key, class),
        Place::History => Ok(()),
    }
}
