//! Reading a bucket page by page, and seeing what is due. Nothing is changed in here.

use std::sync::Arc;

use rusqlite::Connection;

use super::{PAGE, Pages};
use crate::engine::bucket::Bucket;
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::list::{ListEntry, ListQuery, More};
use crate::engine::meta::{history, listed_versions, versions};
use crate::engine::object::{
    Latest, ListedMarker, ListedObject, ListedVersion, Owners, Place, VersionQuery, find_line,
};
use crate::engine::version_id::VersionId;
use crate::wire::lifecycle::{Calendar, LifecycleConfiguration, RuleStatus, Subject, Succession};
use crate::wire::object_key::ObjectKey;
use crate::wire::storage_class::StorageClass;
use crate::wire::tagging::TagSet;
use crate::wire::time::Timestamp;
use crate::wire::versioning::Versioning;

/// Something to do to a version.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) key: ObjectKey,
    pub(super) version: VersionId,
    pub(super) id: Sequence,
    /// Of an object.
    pub(super) size_bytes: Option<u64>,
    pub(super) step: Step,
    /// By which rule: its place in the document.
    pub(super) rule: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The current version expires.
    Expire,
    /// A noncurrent version or delete marker goes.
    Delete,
    /// A delete marker goes that is all there is.
    RemoveLoneMarker,
    /// A version moves, as long as it is where it was.
    Move(StorageClass, Place),
}

/// Where a pass has got to.
pub(super) struct Walk {
    bucket: i64,
    versioning: Versioning,
    rules: Arc<LifecycleConfiguration>,
    calendar: Calendar,
    now: Timestamp,
    query: VersionQuery,
    /// The line before.
    above: Option<Above>,
}

/// What is newer than the next line of a key.
struct Above {
    key: ObjectKey,
    /// When the line directly above was made.
    modified: Timestamp,
    /// How many noncurrent lines there are above.
    noncurrent: u32,
}

impl Walk {
    pub(super) fn new(bucket: &Bucket, rules: Arc<LifecycleConfiguration>, calendar: Calendar, now: Timestamp) -> Walk {
        let keys = ListQuery { prefix: common_prefix(&rules), limit: PAGE, ..ListQuery::default() };
        Walk {
            bucket: bucket.id,
            versioning: bucket.state.versioning,
            rules,
            calendar,
            now,
            query: VersionQuery { keys, after_version: None, owners: Owners::Left },
            above: None,
        }
    }

    fn object(
        &mut self,
        conn: &Connection,
        object: &ListedObject,
        version: VersionId,
        latest: Latest,
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        let (key, size_bytes) = (object.key.as_str(), object.size_bytes);
        let asks_for_tags = self.rules.asks_for_tags(key, size_bytes);
        let tags = if asks_for_tags { self.tags(conn, &object.key, version)? } else { TagSet::default() };
        let class = object.storage_class;
        let subject = Subject { key, size_bytes, modified: object.modified, class, tags: &tags };
        let (rules, calendar, now) = (Arc::clone(&self.rules), self.calendar, self.now);
        let mut steps = Vec::new();
        match latest {
            Latest::Yes => {
                let expiry = rules.expiry(&subject, calendar).filter(|due| due.at <= now);
                // What only gets a delete marker on top moves all the same.
                if expiry.is_none() || self.versioning != Versioning::Never {
                    let to = rules.move_of_current(&subject, calendar, now);
                    steps.extend(to.map(|due| (due.rule, Step::Move(due.what, Place::Current))));
                }
                steps.extend(expiry.map(|due| (due.rule, Step::Expire)));
                self.step_on(object.key.clone(), object.modified, Latest::Yes);
            }
            Latest::No => {
                let Some(succession) = self.step_on(object.key.clone(), object.modified, Latest::No) else {
                    return Ok(());
                };
                let expiry = rules.noncurrent_expiry(&subject, succession, calendar).filter(|due| due.at <= now);
                if let Some(due) = expiry {
                    steps.push((due.rule, Step::Delete));
                } else {
                    let to = rules.move_of_noncurrent(&subject, succession, calendar, now);
                    steps.extend(to.map(|due| (due.rule, Step::Move(due.what, Place::History))));
                }
            }
        }
        self.push(conn, (&object.key, version, Some(size_bytes)), &steps, tasks)
    }

    fn marker(&mut self, conn: &Connection, marker: &ListedMarker, tasks: &mut Vec<Task>) -> Result<()> {
        let (key, calendar, now) = (marker.key.as_str(), self.calendar, self.now);
        let succession = self.step_on(marker.key.clone(), marker.modified, marker.latest);
        let due = match (marker.latest, succession) {
            (Latest::Yes, _) => {
                let due = self.rules.lone_marker_removal(key, marker.modified, calendar);
                let is_due = due.is_some_and(|due| due.at <= now);
                if !is_due || !history::is_alone(conn, self.bucket, &marker.key)? {
                    return Ok(());
                }
                due.map(|due| (due.rule, Step::RemoveLoneMarker))
            }
            (Latest::No, Some(succession)) => {
                let due = self.rules.noncurrent_marker_expiry(key, succession, calendar);
                due.filter(|due| due.at <= now).map(|due| (due.rule, Step::Delete))
            }
            (Latest::No, None) => None,
        };
        self.push(conn, (&marker.key, marker.version, None), due.as_slice(), tasks)
    }

    /// Notes a line, and says how it came to be noncurrent, if it is: `None` where that is not known, because the line above
    /// has come or gone since it was read. The next pass will know.
    fn step_on(&mut self, key: ObjectKey, modified: Timestamp, latest: Latest) -> Option<Succession> {
        let above = self.above.take().filter(|above| above.key == key && latest == Latest::No);
        let succession = above.map(|above| Succession { since: above.modified, newer: above.noncurrent });
        let noncurrent = match (latest, succession) {
            (Latest::Yes, _) => 0,
            (Latest::No, known) => known.map_or(0, |known| known.newer).saturating_add(1),
        };
        self.above = Some(Above { key, modified, noncurrent });
        succession
    }

    fn push(
        &self,
        conn: &Connection,
        (key, version, size_bytes): (&ObjectKey, VersionId, Option<u64>),
        steps: &[(usize, Step)],
        tasks: &mut Vec<Task>,
    ) -> Result<()> {
        if steps.is_empty() {
            return Ok(());
        }
        if let Some(id) = self.line_id(conn, key, version)? {
            tasks.extend(steps.iter().map(|(rule, step)| Task {
                key: key.clone(),
                version,
                id,
                size_bytes,
                step: *step,
                rule: *rule,
            }));
        }
        Ok(())
    }

    fn tags(&self, conn: &Connection, key: &ObjectKey, version: VersionId) -> Result<TagSet> {
        match self.line_id(conn, key, version)? {
            Some(id) => Ok(versions::attributes(conn, id)?.tags),
            None => Ok(TagSet::default()),
        }
    }

    fn line_id(&self, conn: &Connection, key: &ObjectKey, version: VersionId) -> Result<Option<Sequence>> {
        match version {
            VersionId::Numbered(id) => Ok(Some(id)),
            VersionId::Null => Ok(find_line(conn, self.bucket, key, version)?.map(|(_, line)| line.id)),
        }
    }
}

impl Pages for Walk {
    type Task = Task;

    fn page(&mut self, conn: &Connection) -> Result<(Vec<Self::Task>, More)> {
        let _moment = conn.unchecked_transaction()?;
        let page = listed_versions::list(conn, self.bucket, &self.query)?;
        let mut tasks = Vec::new();
        let mut last = None;
        for entry in page.entries {
            let ListEntry::Item(version) = entry else { continue };
            last = Some(match version {
                ListedVersion::Object { object, version, latest } => {
                    self.object(conn, &object, version, latest, &mut tasks)?;
                    (object.key, version)
                }
                ListedVersion::Marker(marker) => {
                    self.marker(conn, &marker, &mut tasks)?;
                    (marker.key, marker.version)
                }
            });
        }
        let Some((key, version)) = last.filter(|_| page.more == More::Follows) else {
            return Ok((tasks, More::Ended));
        };
        // By its sequence: whatever becomes of the version itself, the next page begins after it.
        self.query.after_version = self.line_id(conn, &key, version)?.map(VersionId::Numbered);
        self.query.keys.after = Some(key.as_str().to_owned());
        Ok((tasks, More::Follows))
    }
}

/// What all keys begin with that any rule is for.
pub(super) fn common_prefix(rules: &LifecycleConfiguration) -> String {
    let enabled = rules.rules.iter().filter(|rule| rule.status == RuleStatus::Enabled);
    let prefixes = enabled.map(|rule| rule.filter.prefix.clone().unwrap_or_default());
    prefixes
        .reduce(|a, b| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect())
        .unwrap_or_default()
}
