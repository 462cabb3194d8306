//! What is set on a version: read with the object, changed here.

use super::lines::{LineKind, find_line, newest_line};
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::event::{Change, ChangeKind, announce, told_version};
use crate::engine::meta::versions;
use crate::engine::version_id::VersionId;
use crate::engine::{Engine, require_bucket};
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::time::Timestamp;

impl Engine {
    /// Changes what is set on a version, or on the current one, with nobody between. `change` is told the time of the
    /// transaction, and runs on the writer's thread: it should be short. What it refuses stays as it was. Returns the id
    /// of the version.
    pub async fn change_attributes(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        version: Option<VersionId>,
        change: impl FnOnce(&mut ObjectAttributes, Timestamp) -> Result<()> + Send + 'static,
    ) -> Result<VersionId> {
        let (id, key, watch) = (bucket.id, key.clone(), bucket.watch());
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            let line = match version {
                None => newest_line(tx.conn, id, &key)?.ok_or(Error::NoSuchKey)?,
                Some(version) => find_line(tx.conn, id, &key, version)?.ok_or(Error::NoSuchVersion)?.1,
            };
            match (line.kind, version) {
                (LineKind::Object, _) => {}
                (LineKind::Marker, None) => return Err(Error::CurrentIsDeleteMarker { version: line.version }),
                (LineKind::Marker, Some(_)) => {
                    return Err(Error::IsDeleteMarker { version: line.version, modified: line.modified });
                }
            }
            let mut attributes = versions::attributes(tx.conn, line.id)?;
            change(&mut attributes, tx.now())?;
            versions::put_attributes(tx.conn, line.id, &attributes)?;
            if watch.is_some() {
                let etag = versions::by_id(tx.conn, line.id)?.map(|object| object.etag);
                let version = told_version(line.version);
                let (kind, order, time) = (ChangeKind::Set, tx.next_sequence()?.0, tx.now());
                let change = Change { kind, key: &key, version, etag, size_bytes: None, order, time };
                announce(tx, watch.as_ref(), &change)?;
            }
            Ok(line.version)
        })
        .await
    }
}
