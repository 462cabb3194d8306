//! The model that the engine is compared with: maps in memory, and S3's rules as plainly as they can be written.

use std::collections::BTreeMap;

use staves::engine::bucket::Bucket;
use staves::engine::ids::UploadId;
use staves::engine::list::{ListEntry, ListQuery, More};
use staves::engine::upload::UploadChecksum;
use staves::engine::version_id::VersionId;
use staves::wire::conditions::WriteCondition;
use staves::wire::etag::ETag;
use staves::wire::versioning::Versioning;

use super::support::md5;

/// Least size of a part that is not the last, in the model's engine.
pub(crate) const MIN_PART_BYTES: usize = 4;

#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: ETag,
    /// Its place in the order of things: a multipart object has its upload's.
    pub(crate) order: u64,
    /// The upload that made it, and the sizes of its parts.
    pub(crate) made_by: Option<(usize, Vec<usize>)>,
}

/// A version of a key, or, without an object, a delete marker.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) order: u64,
    pub(crate) object: Option<Object>,
    /// As the engine answered it; what was written without versioning is `null`.
    pub(crate) id: Option<VersionId>,
}

pub(crate) struct House {
    pub(crate) handle: Bucket,
    pub(crate) versioning: Versioning,
    /// What each key has on top, if that is an object: follows from `lines`.
    pub(crate) objects: BTreeMap<String, Object>,
    /// Of each key, the oldest first.
    pub(crate) lines: BTreeMap<String, Vec<Line>>,
}

impl House {
    pub(crate) fn new(handle: Bucket) -> House {
        House { handle, versioning: Versioning::Never, objects: BTreeMap::new(), lines: BTreeMap::new() }
    }

    fn top(&self, key: &str) -> Option<u64> {
        Some(self.lines.get(key)?.last()?.order)
    }

    /// Adds a line in its place. Of two with the id `null` the later stays.
    fn add(&mut self, key: &str, order: u64, object: Option<Object>) {
        let lines = self.lines.entry(key.to_owned()).or_default();
        let id = if self.versioning == Versioning::Enabled { None } else { Some(VersionId::Null) };
        let existing = lines.iter().position(|line| line.id == Some(VersionId::Null)).filter(|_| id.is_some());
        match existing {
            Some(at) if lines[at].order > order => {}
            existing => {
                existing.map(|at| lines.remove(at));
                lines.push(Line { order, object, id });
                lines.sort_by_key(|line| line.order);
            }
        }
        self.refresh(key);
    }

    /// Takes a line away for good: whether it was a delete marker.
    pub(crate) fn remove(&mut self, key: &str, id: VersionId) -> Option<bool> {
        let lines = self.lines.get_mut(key)?;
        let at = lines.iter().position(|line| line.id == Some(id))?;
        let line = lines.remove(at);
        self.refresh(key);
        Some(line.object.is_none())
    }

    fn refresh(&mut self, key: &str) {
        match self.lines.get(key).map(Vec::as_slice) {
            None | Some([]) => {
                self.lines.remove(key);
                self.objects.remove(key);
            }
            Some([.., Line { object: Some(object), .. }]) => drop(self.objects.insert(key.to_owned(), object.clone())),
            Some(_) => drop(self.objects.remove(key)),
        }
    }

    /// The engine has said which id a line has.
    pub(crate) fn learn(&mut self, key: &str, order: u64, id: VersionId) {
        let Some(line) = self.lines.get_mut(key).and_then(|lines| lines.iter_mut().find(|line| line.order == order))
        else {
            return; // Superseded at once.
        };
        match line.id {
            Some(known) => assert_eq!(known, id),
            None => line.id = Some(id),
        }
        assert_eq!(line.id == Some(VersionId::Null), self.versioning != Versioning::Enabled);
    }
}

/// A list that completes an upload: numbers, with the bytes that each is claimed to have.
pub(crate) type Claim = Vec<(u16, Vec<u8>)>;

#[derive(Clone, PartialEq)]
pub(crate) enum Stage {
    Open,
    Completed(Claim, ETag),
    Gone,
}

#[derive(Clone)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) id: UploadId,
    pub(crate) order: u64,
    /// What was on top when it was initiated.
    pub(crate) base: Option<u64>,
    pub(crate) checksum: Option<UploadChecksum>,
    pub(crate) parts: BTreeMap<u16, Vec<u8>>,
    pub(crate) stage: Stage,
}

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) buckets: BTreeMap<String, House>,
    pub(crate) uploads: Vec<Upload>,
    order: u64,
}

impl Model {
    pub(crate) fn next_order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<&Object> {
        self.buckets.get(bucket)?.objects.get(key)
    }

    /// All keys of all buckets that hold an object.
    pub(crate) fn places(&self) -> Vec<(String, String)> {
        self.buckets
            .iter()
            .flat_map(|(bucket, house)| house.objects.keys().map(|key| (bucket.clone(), key.clone())))
            .collect()
    }

    pub(crate) fn open_uploads(&self) -> Vec<usize> {
        (0..self.uploads.len()).filter(|&at| self.uploads[at].stage == Stage::Open).collect()
    }

    /// The refusal that a write's condition means, by the name of the engine's error.
    pub(crate) fn refusal(&self, bucket: &str, key: &str, condition: Option<&WriteCondition>) -> Option<&'static str> {
        match (condition?, self.object(bucket, key)) {
            (WriteCondition::IfNoneMatchAny, Some(_)) => Some("PreconditionFailed"),
            (WriteCondition::IfMatch(_), None) => Some("NoSuchKey"),
            (WriteCondition::IfMatch(wanted), Some(object)) if *wanted != object.etag.to_hex() => {
                Some("PreconditionFailed")
            }
            _ => None,
        }
    }

    pub(crate) fn put(&mut self, bucket: &str, key: &str, bytes: Vec<u8>) -> ETag {
        let etag = ETag::plain(md5(&bytes));
        let order = self.next_order();
        let house = self.buckets.get_mut(bucket).unwrap();
        house.add(key, order, Some(Object { bytes, etag, order, made_by: None }));
        etag
    }

    /// The order of what came last.
    pub(crate) fn last_order(&self) -> u64 {
        self.order
    }

    pub(crate) fn delete(&mut self, bucket: &str, key: &str) {
        let order = self.next_order();
        let house = self.buckets.get_mut(bucket).unwrap();
        match house.versioning {
            Versioning::Never => drop(house.remove(key, VersionId::Null)),
            Versioning::Enabled | Versioning::Suspended => house.add(key, order, None),
        }
    }

    /// What is on top of a key, delete markers included.
    pub(crate) fn top(&self, bucket: &str, key: &str) -> Option<u64> {
        self.buckets.get(bucket)?.top(key)
    }

    pub(crate) fn delete_bucket(&mut self, bucket: &str) {
        self.buckets.remove(bucket);
        for upload in self.uploads.iter_mut().filter(|upload| upload.bucket == bucket) {
            upload.stage = Stage::Gone;
        }
    }

    /// What completing an open upload comes to: the refusal's name, or the new object's tag.
    pub(crate) fn complete(
        &mut self,
        at: usize,
        claim: &Claim,
        condition: Option<&WriteCondition>,
    ) -> Result<ETag, &'static str> {
        let upload = &self.uploads[at];
        if !claim.is_sorted_by(|a, b| a.0 < b.0) {
            return Err("PartsOutOfOrder");
        }
        if claim.iter().any(|(n, bytes)| upload.parts.get(n) != Some(bytes)) {
            return Err("InvalidPart");
        }
        if upload.checksum.is_some() && !(1..).zip(claim).all(|(n, part)| part.0 == n) {
            return Err("PartsNotConsecutive");
        }
        if claim[..claim.len() - 1].iter().any(|(_, bytes)| bytes.len() < MIN_PART_BYTES) {
            return Err("PartTooSmall");
        }
        if let Some(refusal) = self.refusal(&upload.bucket, &upload.key, condition) {
            return Err(refusal);
        }
        let existing = self.top(&upload.bucket, &upload.key);
        if condition.is_some() && existing != upload.base {
            return Err("ConditionalConflict");
        }
        let etag = ETag::multipart(claim.iter().map(|(_, bytes)| md5(bytes)));
        let object = Object {
            bytes: claim.iter().flat_map(|(_, bytes)| bytes.clone()).collect(),
            etag,
            order: upload.order,
            made_by: Some((at, claim.iter().map(|(_, bytes)| bytes.len()).collect())),
        };
        let (bucket, key) = (upload.bucket.clone(), upload.key.clone());
        self.buckets.get_mut(&bucket).unwrap().add(&key, object.order, Some(object));
        self.uploads[at].stage = Stage::Completed(claim.clone(), etag);
        Ok(etag)
    }

    /// What repeating a completion comes to.
    pub(crate) fn replay(&self, at: usize, claim: &Claim) -> Result<ETag, &'static str> {
        let upload = &self.uploads[at];
        let lines = self.buckets.get(&upload.bucket).and_then(|house| house.lines.get(&upload.key));
        let made = lines.into_iter().flatten().filter_map(|line| line.object.as_ref()?.made_by.as_ref());
        match &upload.stage {
            Stage::Completed(first, etag) if first == claim && made.clone().any(|(by, _)| *by == at) => Ok(*etag),
            _ => Err("NoSuchUpload"),
        }
    }
}

/// A page of a listing over `lines` in order, each with its key; several lines may share one. Goes on after the line
/// that `is_after` accepts.
pub(crate) fn page<T: Clone>(
    lines: &[(String, T)],
    query: &ListQuery,
    is_after: impl Fn(&str, &T) -> bool,
) -> (Vec<ListEntry<T>>, More) {
    let mut entries: Vec<ListEntry<T>> = Vec::new();
    for (key, item) in lines {
        let Some(rest) = key.strip_prefix(&query.prefix) else { continue };
        let rolled = (!query.delimiter.is_empty()).then(|| rest.find(&query.delimiter)).flatten();
        let entry = match rolled {
            Some(found) => {
                ListEntry::CommonPrefix(key[..query.prefix.len() + found + query.delimiter.len()].to_owned())
            }
            None => ListEntry::Item(item.clone()),
        };
        let is_shown = match (&entry, &query.after) {
            (_, None) => true,
            (ListEntry::CommonPrefix(prefix), Some(after)) => prefix > after && !after.starts_with(prefix.as_str()),
            (ListEntry::Item(item), Some(_)) => is_after(key, item),
        };
        let is_repeated = match (&entry, entries.last()) {
            (ListEntry::CommonPrefix(prefix), Some(ListEntry::CommonPrefix(last))) => prefix == last,
            _ => false,
        };
        if !is_shown || is_repeated {
            continue;
        }
        if entries.len() == query.limit {
            return (entries, More::Follows);
        }
        entries.push(entry);
    }
    (entries, More::Ended)
}
