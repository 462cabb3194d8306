//! Server-side copies: the new object shares the source's blobs, so that no bytes move.
//!
//! Bytes are read only where the answer needs a digest that is not known: the MD5 of a multipart object, or a checksum
//! of another algorithm. They are read and written anew where they are to be encrypted with another key, or with none.

use std::sync::Arc;

use rusqlite::Connection;

use super::{NewVersion, OpenObject, PutObject, Written, check_condition, etag_of, install};
use crate::engine::blobs::digests::{Digesting, Digests, WantedDigests};
use crate::engine::blobs::lease::Lease;
use crate::engine::blobs::reader::ObjectBody;
use crate::engine::blobs::writer::Sealed;
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::event::announce;
use crate::engine::extent::ExtentList;
use crate::engine::ids::Sequence;
use crate::engine::meta::annotations;
use crate::engine::meta::blobs::{self, Revival};
use crate::engine::meta::writer::OnCommit;
use crate::engine::{Engine, require_bucket};
use crate::wire::checksum::{Algorithm, Checksum, ChecksumKind, Digest};
use crate::wire::conditions::WriteCondition;
use crate::wire::encryption::{CustomerKey, Encryption};
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;

/// The object that a copy makes.
#[derive(Debug, Clone)]
pub struct CopyObject {
    /// Under which key.
    pub key: ObjectKey,
    /// With which headers: the source's, or new ones.
    pub headers: ObjectHeaders,
    /// With which tags, under which lock (a bucket's default retention comes to it), and how encrypted.
    pub attributes: ObjectAttributes,
    /// Which checksum to keep.
    pub checksum: Algorithm,
    /// A condition on the destination's current version.
    pub condition: Option<WriteCondition>,
}

/// The bytes that a copy takes: all of an object, or a range of it.
pub struct CopySource {
    pub(crate) extents: ExtentList,
    pub(crate) lease: Lease,
    /// Digests known without reading: only of a whole object.
    md5: Option<[u8; 16]>,
    checksum: Option<Checksum>,
    /// The version whose annotations come with them.
    annotations_of: Option<Sequence>,
    /// What the bytes are encrypted with.
    key: Option<CustomerKey>,
    /// What the copy's are to be encrypted with.
    new_key: Option<CustomerKey>,
}

/// The digests of what a copy takes.
pub(crate) struct CopyDigests {
    pub(crate) md5: [u8; 16],
    pub(crate) checksum: Digest,
    pub(crate) crc64: Digest,
}

/// Which digests a copy has to have; the MD5 always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrcWanted {
    /// A part needs its CRC64NVME too, for the object it may become.
    Too(Algorithm),
    /// An object needs only its checksum.
    OnlyOf(Algorithm),
}

impl OpenObject {
    /// All of the object as the source of a copy.
    pub fn into_copy_source(self) -> CopySource {
        let object = &self.object;
        let etag_is_md5 = object.etag.part_count().is_none() && object.attributes.encryption.etag_is_md5();
        let md5 = etag_is_md5.then(|| object.etag.bytes());
        let checksum = Some(object.checksum).filter(|checksum| checksum.kind == ChecksumKind::FullObject);
        let annotations_of = (object.attributes.annotations > 0).then_some(object.row);
        let (extents, lease) = (self.object.extents, self.lease);
        CopySource { extents, lease, md5, checksum, annotations_of, key: self.key, new_key: None }
    }

    /// A range of the object as the source of a copy.
    pub fn into_copy_range(self, first_byte: u64, length_bytes: u64) -> CopySource {
        if first_byte == 0 && length_bytes == self.object.size_bytes {
            return self.into_copy_source();
        }
        let extents = self.object.extents.slice(first_byte, length_bytes);
        CopySource {
            extents,
            lease: self.lease,
            md5: None,
            checksum: None,
            annotations_of: None,
            key: self.key,
            new_key: None,
        }
    }
}

impl CopySource {
    /// What the copy is to be encrypted with, with SSE-C; without, its bytes are stored as they are.
    #[must_use]
    pub fn encrypted_with(self, key: Option<CustomerKey>) -> CopySource {
        CopySource { new_key: key, ..self }
    }

    /// Without the annotations of what is copied.
    #[must_use]
    pub fn without_annotations(self) -> CopySource {
        CopySource { annotations_of: None, ..self }
    }

    pub(crate) fn is_encrypted_anew(&self) -> bool {
        self.key != self.new_key
    }
}

impl OnCommit for Lease {
    /// The lease has to last until the new references are committed; then it may end.
    fn committed(self) {}
}

/// One more reference for each extent of a copy's source.
pub(crate) fn take_up(conn: &Connection, lease: &Lease, extents: &ExtentList) -> Result<()> {
    match blobs::add_refs(conn, extents)? {
        Revival::Some => lease.revives(),
        Revival::None => {}
    }
    Ok(())
}

impl Engine {
    /// Makes an object from another one's bytes. The source is as it was when it was opened.
    pub async fn copy_object(&self, bucket: &Bucket, source: CopySource, copy: CopyObject) -> Result<Written> {
        if source.is_encrypted_anew() {
            let body = self.write_anew(source, copy.checksum).await?;
            let CopyObject { key, headers, attributes, checksum, condition } = copy;
            return self.put_object(bucket, PutObject { key, headers, attributes, checksum, condition }, body).await;
        }
        let (id, watch) = (bucket.id, bucket.watch());
        let wanted = CrcWanted::OnlyOf(copy.checksum);
        let digests = self.copy_digests(&source, wanted, &copy.attributes.encryption).await?;
        let (extents, annotations_of) = (source.extents, source.annotations_of);
        self.transact_with(source.lease, move |tx, lease| {
            let state = require_bucket(tx.conn, id)?;
            check_condition(tx.conn, id, &copy.key, copy.condition.as_ref())?;
            take_up(tx.conn, lease, &extents)?;
            // They may have gone meanwhile: what is there now is copied.
            let annotations = annotations_of.map_or(Ok(0), |version| annotations::count(tx.conn, version))?;
            let attributes = ObjectAttributes { annotations, ..copy.attributes };
            let version = NewVersion {
                bucket: id,
                key: copy.key,
                modified: tx.now(),
                etag: etag_of(&attributes.encryption, digests.md5),
                checksum: Checksum {
                    algorithm: copy.checksum,
                    kind: ChecksumKind::FullObject,
                    digest: digests.checksum,
                    parts: None,
                },
                headers: copy.headers,
                attributes: state.retain(attributes, tx.now()),
                extents,
                upload: None,
            };
            let order = tx.next_sequence()?;
            // Before the source may be replaced by its own copy.
            if let Some(from) = annotations_of {
                annotations::copy(tx.conn, from, order, tx.now())?;
            }
            let version_id = install(tx.conn, state, order, &version)?;
            announce(tx, watch.as_ref(), &version.as_change(version_id, order, tx.now()))?;
            Ok(Written::of(&version, version_id))
        })
        .await
    }

    /// The bytes of a copy, encrypted with another key than they were.
    pub(crate) async fn write_anew(&self, source: CopySource, checksum: Algorithm) -> Result<Sealed> {
        let wanted = WantedDigests { checksum: Some(checksum), ..WantedDigests::default() };
        let mut writer = self.blob_writer_for(wanted, source.new_key.as_ref())?;
        let mut body = ObjectBody::new(Arc::clone(&self.0.core), source.lease, &source.extents);
        if let Some(key) = source.key {
            body = body.encrypted_with(key);
        }
        while let Some(piece) = body.next().await {
            writer.write(piece?).await?;
        }
        writer.seal().await
    }

    /// The digests of a copy's bytes: the known ones, or computed by reading. The MD5 is one that nobody asks for where the
    /// copy's ETag is none.
    pub(crate) async fn copy_digests(
        &self,
        source: &CopySource,
        wanted: CrcWanted,
        encryption: &Encryption,
    ) -> Result<CopyDigests> {
        let (CrcWanted::Too(algorithm) | CrcWanted::OnlyOf(algorithm)) = wanted;
        let known = |algorithm: Algorithm| match (&source.checksum, source.md5) {
            (Some(checksum), _) if checksum.algorithm == algorithm => Some(checksum.digest),
            (_, Some(md5)) if algorithm == Algorithm::Md5 => Digest::from_slice(&md5),
            _ => None,
        };
        let crc64 = match known(Algorithm::Crc64Nvme) {
            None => self.read(|conn| blobs::crc64_of(conn, &source.extents))?,
            known => known,
        };
        let checksum = if algorithm == Algorithm::Crc64Nvme { crc64 } else { known(algorithm) };
        let md5 = source.md5.or_else(|| (!encryption.etag_is_md5()).then_some([0; 16]));
        if let (Some(md5), Some(checksum)) = (md5, checksum) {
            match (crc64, wanted) {
                (Some(crc64), _) => return Ok(CopyDigests { md5, checksum, crc64 }),
                (None, CrcWanted::OnlyOf(_)) => return Ok(CopyDigests { md5, crc64: checksum, checksum }),
                (None, CrcWanted::Too(_)) => {}
            }
        }
        let digests = self.read_digests(source, algorithm).await?;
        let checksum =
            digests.get(algorithm).ok_or_else(|| Error::Bug { what: "a wanted digest is computed".to_owned() })?;
        Ok(CopyDigests { md5: digests.md5, checksum, crc64: digests.crc64 })
    }

    async fn read_digests(&self, source: &CopySource, algorithm: Algorithm) -> Result<Digests> {
        // A lease of its own: the source's is needed until the commit.
        let lease = self.0.core.leases.take();
        let mut body = ObjectBody::new(Arc::clone(&self.0.core), lease, &source.extents);
        if let Some(key) = &source.key {
            body = body.encrypted_with(key.clone());
        }
        let mut digesting = Digesting::new(WantedDigests { checksum: Some(algorithm), ..WantedDigests::default() });
        while let Some(piece) = body.next().await {
            digesting.update(&piece?);
            tokio::task::yield_now().await;
        }
        Ok(digesting.finish())
    }
}
