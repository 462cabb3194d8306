//! Uploads that nobody completes: which of them a rule aborts, and aborting them.

use std::sync::Arc;

use rusqlite::Connection;

use super::walk::common_prefix;
use super::{PAGE, Pages};
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::list::{ListEntry, ListQuery, More};
use crate::engine::meta::uploads;
use crate::engine::upload::discard;
use crate::wire::lifecycle::{Calendar, LifecycleConfiguration};
use crate::wire::object_key::ObjectKey;
use crate::wire::time::Timestamp;

/// An upload to abort.
pub(super) struct UploadTask {
    key: ObjectKey,
    id: Sequence,
    /// By which rule: its place in the document.
    rule: usize,
}

/// Where a pass over the uploads of a bucket has got to.
pub(super) struct UploadWalk {
    bucket: i64,
    rules: Arc<LifecycleConfiguration>,
    calendar: Calendar,
    now: Timestamp,
    query: ListQuery,
    after: Option<Sequence>,
}

impl UploadWalk {
    pub(super) fn new(
        bucket: i64,
        rules: Arc<LifecycleConfiguration>,
        calendar: Calendar,
        now: Timestamp,
    ) -> UploadWalk {
        let query = ListQuery { prefix: common_prefix(&rules), limit: PAGE, ..ListQuery::default() };
        UploadWalk { bucket, rules, calendar, now, query, after: None }
    }
}

impl Pages for UploadWalk {
    type Task = UploadTask;

    fn page(&mut self, conn: &Connection) -> Result<(Vec<Self::Task>, More)> {
        let page = uploads::list(conn, self.bucket, &self.query, self.after)?;
        let mut tasks = Vec::new();
        for entry in page.entries {
            let ListEntry::Item(upload) = entry else { continue };
            let due = self.rules.abort(upload.key.as_str(), upload.initiated, self.calendar);
            (self.query.after, self.after) = (Some(upload.key.as_str().to_owned()), Some(upload.id));
            if let Some(due) = due.filter(|due| due.at <= self.now) {
                tasks.push(UploadTask { key: upload.key, id: upload.id, rule: due.rule });
            }
        }
        Ok((tasks, page.more))
    }
}

/// Aborts those that are still open: their keys, and the places of the rules.
pub(super) fn abort(conn: &Connection, bucket: i64, tasks: Vec<UploadTask>) -> Result<Vec<(ObjectKey, usize)>> {
    let mut aborted = Vec::new();
    for UploadTask { key, id, rule } in tasks {
        if uploads::by_id(conn, id, bucket, &key)?.is_some() {
            discard(conn, id)?;
            aborted.push((key, rule));
        }
    }
    Ok(aborted)
}
