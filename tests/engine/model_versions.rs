//! The model's steps that have to do with versions: versioning is set, keys and versions are deleted, all of them listed.

use staves::engine::list::{ListEntry, More};
use staves::engine::object::{Deleted, Deletion, Latest, ListedVersion, Owners, VersionQuery};
use staves::engine::version_id::VersionId;
use staves::wire::conditions::WriteCondition;
use staves::wire::etag::ETag;
use staves::wire::object_key::ObjectKey;
use staves::wire::versioning::Versioning;

use super::model::{Run, outcome};
use super::model_state::page;
use super::support::key;

type Lines = [(String, (u64, VersionId, Option<ETag>, bool))];

fn order_of(lines: &Lines, id: VersionId, key: &ObjectKey) -> Option<u64> {
    lines.iter().find(|(name, line)| name == key.as_str() && line.1 == id).map(|(_, line)| line.0)
}

/// Id, tag if it is an object, and whether it is the latest.
fn shown(entry: &ListEntry<ListedVersion>) -> ListEntry<(VersionId, Option<ETag>, bool)> {
    match entry {
        ListEntry::CommonPrefix(prefix) => ListEntry::CommonPrefix(prefix.clone()),
        ListEntry::Item(ListedVersion::Object { object, version, latest }) => {
            ListEntry::Item((*version, Some(object.etag), *latest == Latest::Yes))
        }
        ListEntry::Item(ListedVersion::Marker(marker)) => {
            ListEntry::Item((marker.version, None, marker.latest == Latest::Yes))
        }
    }
}

impl Run {
    pub(super) fn learn(&mut self, bucket: &str, key: &str, order: u64, id: VersionId) {
        self.model.buckets.get_mut(bucket).unwrap().learn(key, order, id);
    }

    pub(super) async fn set_versioning(&mut self) {
        let Some(name) = self.some_bucket() else { return };
        let versioning = if self.dice.below(3) == 0 { Versioning::Suspended } else { Versioning::Enabled };
        let house = self.model.buckets.get_mut(&name).unwrap();
        self.engine.put_versioning(&house.handle, versioning).await.unwrap();
        house.versioning = versioning;
        // As every request does, for the handle tells what to expect where nothing is found.
        house.handle = self.engine.bucket(&house.handle.name).unwrap();
    }

    pub(super) async fn delete(&mut self) {
        let Some(name) = self.some_bucket() else { return };
        let count = 1 + self.dice.below(3);
        let mut deletions = Vec::new();
        let mut expected = Vec::new();
        // In one request no key twice: what it marks has an id only afterwards.
        let mut keys: Vec<String> = Vec::new();
        for _ in 0..count {
            let what = self.some_key();
            if keys.contains(&what) {
                continue;
            }
            let (version, condition) = (self.some_version(&name, &what), self.some_condition(&name, &what));
            let condition = condition.filter(|it| matches!(it, WriteCondition::IfMatch(_)) && version.is_none());
            let refusal = self.model.refusal(&name, &what, condition.as_ref());
            expected.push(match (refusal, version) {
                (Some(refusal), _) => Err(refusal.to_owned()),
                (None, Some(version)) => Ok(self.model.buckets.get_mut(&name).unwrap().remove(&what, version)),
                (None, None) => {
                    self.model.delete(&name, &what);
                    Ok(None)
                }
            });
            deletions.push(Deletion { condition, version, ..Deletion::of(key(&what)) });
            keys.push(what);
        }
        let orders: Vec<u64> = keys.iter().map(|key| self.model.top(&name, key).unwrap_or(0)).collect();
        let handle = &self.model.buckets[&name].handle;
        let outcomes = if deletions.len() == 1 {
            vec![self.engine.delete_object(handle, deletions[0].clone()).await]
        } else {
            self.engine.delete_objects(handle, deletions.clone()).await.unwrap()
        };
        assert_eq!(outcomes.len(), expected.len());
        for (at, found) in outcomes.into_iter().enumerate() {
            match (outcome(found, |deleted| deleted), &expected[at]) {
                (Ok(Deleted::Marked(id)), Ok(None)) if deletions[at].version.is_none() => {
                    self.learn(&name, &keys[at], orders[at], id);
                }
                (Ok(Deleted::Gone), Ok(None | Some(false))) | (Ok(Deleted::Unmarked), Ok(Some(true))) => {}
                (found, expected) => assert_eq!(found.map(|_| None), *expected),
            }
        }
    }

    /// Of every third deletion, a version: one that is there, `null`, or one of another key.
    fn some_version(&mut self, bucket: &str, key: &str) -> Option<VersionId> {
        let house = &self.model.buckets[bucket];
        let lines = |key: &str| house.lines.get(key).into_iter().flatten().filter_map(|line| line.id);
        let own: Vec<VersionId> = lines(key).collect();
        let others: Vec<VersionId> = house.lines.keys().flat_map(|key| lines(key)).collect();
        match self.dice.below(9) {
            0 | 1 => self.dice.pick(&own).copied(),
            2 => self.dice.pick(&others).copied(),
            3 => Some(VersionId::Null),
            _ => None,
        }
    }

    pub(super) async fn list_versions(&mut self) {
        let Some(name) = self.some_bucket() else { return };
        let mut query = VersionQuery { keys: self.some_query(), after_version: None, owners: Owners::Left };
        let house = &self.model.buckets[&name];
        let mut lines = Vec::new();
        for (key, versions) in &house.lines {
            for (at, line) in versions.iter().rev().enumerate() {
                let etag = line.object.as_ref().map(|object| object.etag);
                lines.push((key.clone(), (line.order, line.id.unwrap(), etag, at == 0)));
            }
        }
        let mut after_order = None;
        loop {
            let found = self.engine.list_versions(&house.handle, query.clone()).await.unwrap();
            let after = query.keys.after.clone().unwrap_or_default();
            let (expected, more) = page(&lines, &query.keys, |key, line| {
                key > after.as_str() || (key == after && after_order.is_some_and(|order| line.0 < order))
            });
            let entries: Vec<_> = found.entries.iter().map(shown).collect();
            let wanted: Vec<_> = expected
                .iter()
                .map(|entry| match entry {
                    ListEntry::Item((_, id, etag, latest)) => ListEntry::Item((*id, *etag, *latest)),
                    ListEntry::CommonPrefix(prefix) => ListEntry::CommonPrefix(prefix.clone()),
                })
                .collect();
            assert_eq!((entries, found.more), (wanted, more), "{query:?}");
            let Some(last) = found.entries.last().filter(|_| more == More::Follows) else { return };
            (query.keys.after, query.after_version, after_order) = match last {
                ListEntry::CommonPrefix(prefix) => (Some(prefix.clone()), None, None),
                ListEntry::Item(ListedVersion::Object { object, version, .. }) => {
                    (Some(object.key.as_str().to_owned()), Some(*version), order_of(&lines, *version, &object.key))
                }
                ListEntry::Item(ListedVersion::Marker(marker)) => {
                    let order = order_of(&lines, marker.version, &marker.key);
                    (Some(marker.key.as_str().to_owned()), Some(marker.version), order)
                }
            };
        }
    }
}
