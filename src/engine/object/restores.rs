//! Telling what becomes of restores: that the copy of an archived object can be read, and that it is gone. Both come by time
//! alone, so that somebody has to look. What a restore is, the attributes say, and nothing here changes that.

use super::without_row;
use crate::engine::bucket::Bucket;
use crate::engine::error::Result;
use crate::engine::event::{Change, ChangeKind, Detail, Watch, announce, told_version};
use crate::engine::ids::Sequence;
use crate::engine::meta::restores::{self, Next};
use crate::engine::meta::versions;
use crate::engine::meta::writer::Tx;
use crate::engine::{Engine, require_bucket};
use crate::wire::bucket_name::BucketName;
use crate::wire::object_key::ObjectKey;

/// A restore of which something is to be told.
#[derive(Debug, Clone)]
pub struct DueRestore {
    pub(crate) version: Sequence,
    /// The object's bucket.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
}

impl Engine {
    /// Restores that are completed, or of which the copy is gone, and that was not told yet: the longest due first, at most
    /// `limit`.
    pub fn due_restores(&self, limit: usize) -> Result<Vec<DueRestore>> {
        let now = self.clock().now();
        self.read(|conn| restores::due(conn, now, limit))
    }

    /// Tells it to whom the bucket, as it is given here, is watched by. What is not as it was is left.
    pub async fn tell_restores(&self, bucket: &Bucket, due: Vec<DueRestore>) -> Result<()> {
        let (id, watch) = (bucket.id, bucket.watch());
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            due.iter().try_for_each(|due| tell(tx, watch.as_ref(), due))
        })
        .await
    }
}

fn tell(tx: &Tx<'_>, watch: Option<&Watch>, due: &DueRestore) -> Result<()> {
    let Some(next) = restores::next(tx.conn, due.version, tx.now())? else { return Ok(()) };
    let object = versions::by_id(tx.conn, due.version)?.ok_or_else(|| without_row(due.version))?;
    let restore = object.attributes.restore;
    // An object that comes back from a tier of INTELLIGENT_TIERING stays.
    let expires = restore
        .map(|restore| restore.expires)
        .filter(|expires| restore.is_some_and(|restore| *expires > restore.completes));
    let kind = match next {
        Next::Completed => ChangeKind::Restored,
        Next::Expired => ChangeKind::RestoreExpired,
    };
    if watch.is_some() {
        let change = Change::set(kind, &due.key, told_version(object.version), tx.next_sequence()?, tx.now());
        let detail = Detail::Restore { class: object.headers.storage_class, expires };
        announce(
            tx,
            watch,
            &Change { etag: Some(object.etag), size_bytes: Some(object.size_bytes), detail, ..change },
        )?;
    }
    match (next, expires) {
        (Next::Completed, Some(expires)) => restores::set_told(tx.conn, due.version, expires),
        (Next::Completed, None) | (Next::Expired, _) => restores::delete(tx.conn, due.version),
    }
}
