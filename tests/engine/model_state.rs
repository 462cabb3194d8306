//! The model that the engine is compared with: maps in memory, and S3's rules as plainly as they can be written.

use std::collections::BTreeMap;

use staves::engine::bucket::Bucket;
use staves::engine::ids::UploadId;
use staves::engine::list::{ListEntry, ListQuery, More};
use staves::engine::upload::UploadChecksum;
use staves::wire::conditions::WriteCondition;
use staves::wire::etag::ETag;

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

pub(crate) struct House {
    pub(crate) handle: Bucket,
    pub(crate) objects: BTreeMap<String, Object>,
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
    /// The current object's place when it was initiated.
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
        house.objects.insert(key.to_owned(), Object { bytes, etag, order, made_by: None });
        etag
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
        let existing = self.object(&upload.bucket, &upload.key).map(|object| object.order);
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
        if existing.is_none_or(|existing| existing < object.order) {
            self.buckets.get_mut(&bucket).unwrap().objects.insert(key, object);
        }
        self.uploads[at].stage = Stage::Completed(claim.clone(), etag);
        Ok(etag)
    }

    /// What repeating a completion comes to.
    pub(crate) fn replay(&self, at: usize, claim: &Claim) -> Result<ETag, &'static str> {
        let upload = &self.uploads[at];
        let made = self.object(&upload.bucket, &upload.key).and_then(|object| object.made_by.as_ref());
        match &upload.stage {
            Stage::Completed(first, etag) if first == claim && made.is_some_and(|(by, _)| *by == at) => Ok(*etag),
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
