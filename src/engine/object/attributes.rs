//! What is set on a version: read with the object, changed here.

use rusqlite::Connection;

use super::Object;
use super::lines::{Line, LineKind, find_line, newest_line, without_row};
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::event::{Change, ChangeKind, Detail, Watch, announce, told_version};
use crate::engine::meta::writer::Tx;
use crate::engine::meta::{restores, versions};
use crate::engine::version_id::VersionId;
use crate::engine::{Engine, require_bucket};
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::time::Timestamp;

impl Engine {
    /// Changes what is set on a version, or on the current one, with nobody between. `change` is told the time of the
    /// transaction, and runs on the writer's thread: it should be short. What it refuses stays as it was. Returns the id
    /// of the version, and what `change` says.
    pub async fn change_attributes<T: Send + 'static>(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<VersionId>,
        change: impl FnOnce(&mut ObjectAttributes, Timestamp) -> Result<T> + Send + 'static,
    ) -> Result<(VersionId, T)> {
        let (id, key, watch) = (bucket.id, key.clone(), bucket.watch());
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            let line = object_line(tx.conn, id, &key, version)?;
            let mut attributes = versions::attributes(tx.conn, line.id)?;
            let (before, restore) = (watch.as_ref().map(|_| attributes.clone()), attributes.restore);
            let said = change(&mut attributes, tx.now())?;
            versions::put_attributes(tx.conn, line.id, &attributes)?;
            restores::follow(tx.conn, line.id, restore, attributes.restore)?;
            if let Some(before) = before {
                let kind = if before == attributes { ChangeKind::SetAgain } else { ChangeKind::Set };
                announce_set(tx, watch.as_ref(), kind, (&key, &line), |object| {
                    if restore == attributes.restore {
                        return Detail::None;
                    }
                    Detail::Restore { class: object.headers.storage_class, expires: None }
                })?;
            }
            Ok((line.version, said))
        })
        .await
    }
}

/// Tells that something was set on a version.
pub(super) fn announce_set<'a>(
    tx: &Tx<'_>,
    watch: Option<&Watch>,
    kind: ChangeKind,
    (key, line): (&'a ObjectKey, &Line),
    detail: impl FnOnce(&Object) -> Detail<'a>,
) -> Result<()> {
    if watch.is_none() {
        return Ok(());
    }
    let object = versions::by_id(tx.conn, line.id)?.ok_or_else(|| without_row(line.id))?;
    let change = Change::set(kind, key, told_version(line.version), tx.next_sequence()?, tx.now());
    announce(tx, watch, &Change { etag: Some(object.etag), detail: detail(&object), ..change })
}

/// The line of a version, or of the current one, which has to be an object.
pub(super) fn object_line(conn: &Connection, bucket: i64, key: &ObjectKey, version: Option<VersionId>) -> Result<Line> {
    let line = match version {
        None => newest_line(conn, bucket, key)?.ok_or(Error::NoSuchKey)?,
        Some(version) => find_line(conn, bucket, key, version)?.ok_or(Error::NoSuchVersion)?.1,
    };
    match (line.kind, version) {
        (LineKind::Object, _) => Ok(line),
        (LineKind::Marker, None) => {
            Err(Error::CurrentIsDeleteMarker { version: line.version, modified: line.modified })
        }
        (LineKind::Marker, Some(_)) => Err(Error::IsDeleteMarker { version: line.version, modified: line.modified }),
    }
}
