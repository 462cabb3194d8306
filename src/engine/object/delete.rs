//! Deleting objects, one or many in one transaction: whole keys, or versions of them.

use super::lines::{LineKind, find_line, mark, remove_line, step_up};
use super::{check_condition, check_condition_on};
use crate::engine::bucket::{Bucket, BucketState};
use crate::engine::error::{Error, Result};
use crate::engine::event::{Change, ChangeKind, Watch, announce, announce_gone, told_version};
use crate::engine::ids::Sequence;
use crate::engine::meta::writer::Tx;
use crate::engine::meta::{current, versions};
use crate::engine::version_id::VersionId;
use crate::engine::{Engine, require_bucket};
use crate::wire::conditions::WriteCondition;
use crate::wire::object_key::ObjectKey;
use crate::wire::object_lock::Bypass;
use crate::wire::versioning::Versioning;

/// A key, or a version of it, to delete.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// The key; one that does not exist is fine.
    pub key: ObjectKey,
    /// The version that is to be gone for good. Without one, a bucket with versioning puts a delete marker on top.
    pub version: Option<VersionId>,
    /// A condition on the version, or on the current one; with it, what does not exist is [`Error::NoSuchKey`].
    pub condition: Option<WriteCondition>,
    /// Whether a retention under governance holds the version.
    pub bypass: Bypass,
}

/// What a deletion came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// There is no such object, or none any more.
    Gone,
    /// The key has a delete marker on top.
    Marked(VersionId),
    /// The version that was named was a delete marker, and is gone.
    Unmarked,
}

impl Deletion {
    /// Of a key, unconditionally.
    pub fn of(key: ObjectKey) -> Deletion {
        Deletion { key, version: None, condition: None, bypass: Bypass::None }
    }
}

impl Engine {
    /// Deletes a key, or a version of it.
    pub async fn delete_object(&self, bucket: &Bucket, deletion: Deletion) -> Result<Deleted> {
        let (id, watch) = (bucket.id, bucket.watch());
        self.transact(move |tx| {
            let state = require_bucket(tx.conn, id)?;
            delete(tx, state, id, &deletion, watch.as_ref())
        })
        .await
    }

    /// Deletes many. Each has its own outcome; only a failure of the store fails them all.
    pub async fn delete_objects(&self, bucket: &Bucket, deletions: Vec<Deletion>) -> Result<Vec<Result<Deleted>>> {
        let (id, watch) = (bucket.id, bucket.watch());
        self.transact(move |tx| {
            let state = require_bucket(tx.conn, id)?;
            let mut outcomes = Vec::with_capacity(deletions.len());
            for deletion in &deletions {
                outcomes.push(match delete(tx, state, id, deletion, watch.as_ref()) {
                    // Refusals come before anything of that key is changed.
                    outcome @ (Ok(_) | Err(Error::NoSuchKey | Error::PreconditionFailed { .. } | Error::Locked(_))) => {
                        outcome
                    }
                    Err(error) => return Err(error),
                });
            }
            Ok(outcomes)
        })
        .await
    }
}

/// Deletes a key, or a version of it. What is refused is said before anything is changed.
pub(crate) fn delete(
    tx: &Tx<'_>,
    state: BucketState,
    bucket: i64,
    deletion: &Deletion,
    watch: Option<&Watch>,
) -> Result<Deleted> {
    if let Some(version) = deletion.version {
        let deleted = delete_version(tx, state, bucket, deletion, version)?;
        return match deleted {
            // What was not there has not gone.
            None => Ok(Deleted::Gone),
            Some(deleted) => {
                announce_gone(tx, watch, &deletion.key, Some(version))?;
                Ok(deleted)
            }
        };
    }
    check_condition(tx.conn, bucket, &deletion.key, deletion.condition.as_ref())?;
    if state.versioning == Versioning::Never {
        if let Some(line) = current::line(tx.conn, bucket, &deletion.key)? {
            current::delete(tx.conn, bucket, &deletion.key)?;
            versions::remove(tx.conn, line.id)?;
            announce_gone(tx, watch, &deletion.key, None)?;
        }
        return Ok(Deleted::Gone);
    }
    let order = tx.next_sequence()?;
    let marker = mark(tx.conn, state, (bucket, &deletion.key), order, tx.now())?;
    let gone = Change::gone(&deletion.key, told_version(marker), order, tx.now());
    announce(tx, watch, &Change { kind: ChangeKind::Marked, ..gone })?;
    Ok(Deleted::Marked(marker))
}

fn delete_version(
    tx: &Tx<'_>,
    state: BucketState,
    bucket: i64,
    deletion: &Deletion,
    version: VersionId,
) -> Result<Option<Deleted>> {
    let (conn, key) = (tx.conn, &deletion.key);
    let found = find_line(conn, bucket, key, version)?;
    let object = found.as_ref().filter(|(_, line)| line.kind == LineKind::Object);
    if let Some(condition) = &deletion.condition {
        let object = object.map(|(_, line)| versions::by_id(conn, line.id)).transpose()?.flatten();
        check_condition_on(object.as_ref(), condition)?;
    }
    let Some((place, line)) = &found else { return Ok(None) };
    if object.is_some() && state.object_lock.is_some() {
        check_lock(tx, line.id, deletion.bypass)?;
    }
    remove_line(conn, bucket, key, *place, line)?;
    step_up(conn, bucket, key)?;
    Ok(Some(match line.kind {
        LineKind::Object => Deleted::Gone,
        LineKind::Marker => Deleted::Unmarked,
    }))
}

fn check_lock(tx: &Tx<'_>, id: Sequence, bypass: Bypass) -> Result<()> {
    let lock = versions::attributes(tx.conn, id)?.lock;
    lock.protection(bypass, tx.now()).map_or(Ok(()), |protection| Err(Error::Locked(protection)))
}
