//! Completing an upload: the listed parts, in order, become an object. No bytes are moved.

use std::collections::HashSet;

use rusqlite::Connection;

use super::create::top;
use super::rules::{PartRules, are_consecutive};
use super::{PARTS_MAX, Part, UploadChecksum, UploadRow};
use crate::engine::bucket::{Bucket, BucketState};
use crate::engine::error::{Error, Result};
use crate::engine::event::{Watch, announce};
use crate::engine::extent::ExtentList;
use crate::engine::ids::{Sequence, UploadId};
use crate::engine::limits::Limits;
use crate::engine::meta::writer::Tx;
use crate::engine::meta::{blobs, parts, uploads, versions};
use crate::engine::object::{MadeBy, NewVersion, Object, check_condition, install};
use crate::engine::open::MultipartOrder;
use crate::engine::version_id::VersionId;
use crate::engine::{Engine, require_bucket};
use crate::wire::checksum::{Algorithm, Checksum, ChecksumKind, combine_crc, composite};
use crate::wire::conditions::{Condition, WriteCondition};
use crate::wire::encryption::Encryption;
use crate::wire::etag::ETag;
use crate::wire::object_key::ObjectKey;
use crate::wire::part::{ListedPart, PartList, PartNumber};
use crate::wire::time::Timestamp;

/// What a client asks when it completes an upload.
#[derive(Debug, Clone)]
pub struct Completion {
    /// The parts of the object, in order.
    pub parts: PartList,
    /// A checksum of the whole object, to be compared.
    pub checksum: Option<GivenChecksum>,
    /// The checksum's kind, if the client named one: it has to be the upload's.
    pub checksum_kind: Option<ChecksumKind>,
    /// The object's size, to be compared.
    pub size_bytes: Option<u64>,
    /// A condition on the key's current version.
    pub condition: Option<WriteCondition>,
    /// What the dialect asks of the parts.
    pub rules: PartRules,
}

/// A checksum of the whole object as the client wrote it.
#[derive(Debug, Clone)]
pub struct GivenChecksum {
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Base64, with `-N` if it is composite.
    pub value: String,
}

/// The completed object.
#[derive(Debug, Clone)]
pub struct Completed {
    /// Its ETag.
    pub etag: ETag,
    /// Its checksum; `None` when this completion repeats an earlier one (AWS leaves it out then).
    pub checksum: Option<Checksum>,
    /// Its Last-Modified.
    pub modified: Timestamp,
    /// Its id.
    pub version: VersionId,
    /// The checksum that the upload was declared with; `None` also when this completion repeats an earlier one.
    pub declared: Option<UploadChecksum>,
    /// How it is encrypted.
    pub encryption: Encryption,
}

impl Engine {
    /// Completes an upload. Repeating it with the same list gives the same answer as long as the object it made is
    /// there. Whatever fails leaves upload, parts and the current object as they were.
    pub async fn complete_upload(
        &self,
        bucket: &Bucket,
        key: &ObjectKey,
        id: &UploadId,
        completion: Completion,
    ) -> Result<Completed> {
        let sequence = self.issued(bucket, key, id)?;
        let job = Job {
            bucket: bucket.id,
            key: key.clone(),
            upload: sequence,
            completion,
            limits: self.0.limits.clone(),
            order: self.0.multipart_order,
            watch: bucket.watch(),
        };
        self.transact(move |tx| job.run(tx)).await
    }
}

struct Job {
    bucket: i64,
    key: ObjectKey,
    upload: Sequence,
    completion: Completion,
    limits: Limits,
    order: MultipartOrder,
    watch: Option<Watch>,
}

impl Job {
    /// The order of these steps is the specification: the first that fails decides the answer.
    fn run(self, tx: &Tx<'_>) -> Result<Completed> {
        let asked = &self.completion;
        let manifest = asked.parts.fingerprint();

        // 1. The upload is open, or was completed with this very list: then the answer is the same again.
        let state = require_bucket(tx.conn, self.bucket)?;
        let Some(upload) = uploads::by_id(tx.conn, self.upload, self.bucket, &self.key)? else {
            return replay(tx.conn, self.upload, manifest);
        };
        // 2. The kind of checksum, if named, is the upload's.
        let declared_kind = upload.checksum.map(|checksum| checksum.kind);
        if asked.checksum_kind.is_some() && asked.checksum_kind != declared_kind {
            return Err(Error::ChecksumKindMismatch { declared: declared_kind });
        }
        // 3. The list is in an order that the dialect takes.
        asked.rules.check_order(asked.parts.parts())?;
        // 4. What is listed of each uploaded part agrees with it: ETag first, then its checksum.
        let stored = parts::page(tx.conn, upload.id, 0, PARTS_MAX)?;
        let chosen = match_parts(asked.parts.parts(), &stored, upload.checksum)?;
        // 5. The checksum of the whole agrees. It is asked before whether a part is missing, as on AWS.
        let checksum = object_checksum(asked.parts.parts(), &chosen, upload.checksum)?;
        check_given(asked, upload.checksum, &checksum)?;
        // 6. Every listed part was uploaded.
        let chosen = all_found(asked.parts.parts(), chosen)?;
        // 7. Numbers are such as the dialect takes; an upload with a declared checksum has parts 1 to N.
        asked.rules.check_numbers(&chosen)?;
        if upload.checksum.is_some() && !are_consecutive(&chosen) {
            return Err(Error::PartsNotConsecutive);
        }
        // 8. Sizes: each part but the last, the whole as the client said, the whole as allowed.
        self.check_sizes(&chosen)?;
        // 9. The condition holds, and nothing came between initiation and now.
        self.check_condition(tx.conn, state, &upload)?;
        // 10. The object takes over the parts and their bytes in order; parts that are not listed go.
        let etag = ETag::multipart(chosen.iter().map(|part| part.md5));
        let mut extents = ExtentList::default();
        for part in &chosen {
            extents.append(&part.extents);
        }
        drop_unlisted(tx.conn, upload.id, &stored, &chosen)?;
        number_in_order(tx.conn, upload.id, &chosen)?;
        uploads::delete(tx.conn, upload.id)?;
        let (id, modified) = match self.order {
            MultipartOrder::Initiation => (upload.id, upload.initiated),
            MultipartOrder::Completion => (tx.next_sequence()?, tx.now()),
        };
        let encryption = upload.attributes.encryption.clone();
        let version = NewVersion {
            bucket: self.bucket,
            key: upload.key,
            modified,
            etag,
            checksum,
            headers: upload.headers,
            attributes: upload.attributes,
            extents,
            upload: Some(MadeBy { upload: upload.id, manifest }),
        };
        let made = version;
        let version = install(tx.conn, state, id, &made)?;
        announce(tx, self.watch.as_ref(), &made.as_change(version, id, tx.now()))?;
        Ok(Completed { etag, checksum: Some(checksum), modified, version, declared: upload.checksum, encryption })
    }

    fn check_sizes(&self, chosen: &[&Part]) -> Result<()> {
        self.completion.rules.check_sizes(chosen)?;
        let computed_bytes: u64 = chosen.iter().map(|part| part.size_bytes).sum();
        if let Some(given_bytes) = self.completion.size_bytes.filter(|given| *given != computed_bytes) {
            return Err(Error::ObjectSizeMismatch { given_bytes, computed_bytes });
        }
        let max_size_bytes = self.limits.max_object_size_bytes;
        if computed_bytes > max_size_bytes {
            return Err(Error::ObjectTooLarge { size_bytes: computed_bytes, max_size_bytes });
        }
        Ok(())
    }

    fn check_condition(&self, conn: &Connection, state: BucketState, upload: &UploadRow) -> Result<()> {
        let Some(condition) = &self.completion.condition else { return Ok(()) };
        check_condition(conn, self.bucket, &self.key, Some(condition))?;
        if top(conn, state, self.bucket, &self.key)? == upload.base_version {
            return Ok(());
        }
        Err(Error::ConditionalConflict {
            condition: match condition {
                WriteCondition::IfNoneMatchAny => Condition::IfNoneMatch,
                WriteCondition::IfMatch(_) => Condition::IfMatch,
            },
        })
    }
}

fn replay(conn: &Connection, upload: Sequence, manifest: [u8; 32]) -> Result<Completed> {
    match versions::by_upload(conn, upload)? {
        Some((object, made_from)) if made_from == manifest => {
            let Object { etag, modified, version, attributes, .. } = object;
            Ok(Completed { etag, checksum: None, modified, version, declared: None, encryption: attributes.encryption })
        }
        _ => Err(Error::NoSuchUpload),
    }
}

/// Pairs the list with the stored parts, which are in number order; `None` where a part was not uploaded.
fn match_parts<'p>(
    listed: &[ListedPart],
    stored: &'p [Part],
    declared: Option<UploadChecksum>,
) -> Result<Vec<Option<&'p Part>>> {
    let mut chosen = Vec::with_capacity(listed.len());
    for want in listed {
        let part = stored.binary_search_by_key(&want.number, |part| part.number).ok().map(|found| &stored[found]);
        check_listed_checksums(want, declared)?;
        if let Some(part) = part {
            check_part(want, part)?;
        }
        chosen.push(part);
    }
    Ok(chosen)
}

/// What the list says of a part's checksum suits the upload.
fn check_listed_checksums(want: &ListedPart, declared: Option<UploadChecksum>) -> Result<()> {
    match (declared, want.checksums.first()) {
        (None, Some(_)) => Err(invalid_part(want)),
        (Some(declared), Some((algorithm, _))) if *algorithm != declared.algorithm => {
            Err(Error::PartChecksumOfOtherAlgorithm { number: want.number, algorithm: *algorithm })
        }
        (Some(declared), None) if declared.kind == ChecksumKind::Composite => {
            Err(Error::PartChecksumMissing { number: want.number, algorithm: declared.algorithm })
        }
        (None, None) | (Some(_), _) => Ok(()),
    }
}

fn check_part(want: &ListedPart, part: &Part) -> Result<()> {
    if want.etag != ETag::plain(part.md5).to_hex() {
        return Err(invalid_part(want));
    }
    match (want.checksums.first(), &part.checksum) {
        (Some((_, listed)), Some(stored)) if *listed == stored.to_base64() => Ok(()),
        (None, _) => Ok(()),
        _ => Err(invalid_part(want)),
    }
}

fn invalid_part(want: &ListedPart) -> Error {
    Error::InvalidPart { number: want.number, etag: want.etag.clone() }
}

fn all_found<'p>(listed: &[ListedPart], chosen: Vec<Option<&'p Part>>) -> Result<Vec<&'p Part>> {
    listed.iter().zip(chosen).map(|(want, part)| part.ok_or_else(|| invalid_part(want))).collect()
}

/// The object's checksum: composite from the parts', or of the whole, combined from the parts' without reading a byte.
/// Uploads that declared none get a CRC64NVME of the whole.
fn object_checksum(
    listed: &[ListedPart],
    chosen: &[Option<&Part>],
    declared: Option<UploadChecksum>,
) -> Result<Checksum> {
    let bug = || Error::Bug { what: "every part has the checksum that its upload declared".to_owned() };
    let found = chosen.iter().flatten();
    let (algorithm, kind) = declared
        .map_or((Algorithm::Crc64Nvme, ChecksumKind::FullObject), |declared| (declared.algorithm, declared.kind));
    if kind == ChecksumKind::Composite {
        let digests = found.map(|part| part.checksum.ok_or_else(bug)).collect::<Result<Vec<_>>>()?;
        let digest = composite(algorithm, digests);
        return Ok(Checksum { algorithm, kind, digest, parts: u16::try_from(listed.len()).ok() });
    }
    let parts = found
        .map(|part| {
            let digest = if algorithm == Algorithm::Crc64Nvme { Some(part.crc64) } else { part.checksum };
            Ok((digest.ok_or_else(bug)?, part.size_bytes))
        })
        .collect::<Result<Vec<_>>>()?;
    let digest = combine_crc(algorithm, parts.into_iter()).ok_or_else(bug)?;
    Ok(Checksum { algorithm, kind, digest, parts: None })
}

/// Compares the checksum that the client gave for the whole. One that the upload did not declare is ignored; a
/// `FULL_OBJECT` one counts only together with its kind.
fn check_given(asked: &Completion, declared: Option<UploadChecksum>, computed: &Checksum) -> Result<()> {
    let (Some(given), Some(declared)) = (&asked.checksum, declared) else { return Ok(()) };
    let named = declared.kind == ChecksumKind::Composite || asked.checksum_kind == Some(declared.kind);
    if named && given.algorithm == declared.algorithm && given.value == computed.header_value() {
        return Ok(());
    }
    Err(Error::ObjectChecksumMismatch { algorithm: given.algorithm })
}

fn drop_unlisted(conn: &Connection, upload: Sequence, stored: &[Part], chosen: &[&Part]) -> Result<()> {
    if stored.len() == chosen.len() {
        return Ok(());
    }
    let listed: HashSet<_> = chosen.iter().map(|part| part.number).collect();
    for part in stored.iter().filter(|part| !listed.contains(&part.number)) {
        blobs::drop_refs(conn, &part.extents)?;
        parts::delete_one(conn, upload, part.number)?;
    }
    Ok(())
}

/// Parts of an object are found by the order of their numbers: where the list had another, they are numbered anew.
fn number_in_order(conn: &Connection, upload: Sequence, chosen: &[&Part]) -> Result<()> {
    if chosen.is_sorted_by(|a, b| a.number < b.number) {
        return Ok(());
    }
    for part in chosen {
        parts::delete_one(conn, upload, part.number)?;
    }
    for (number, part) in (1..).map_while(PartNumber::new).zip(chosen) {
        parts::put(conn, upload, &Part { number, ..(*part).clone() })?;
    }
    Ok(())
}
