//! Finding an object and reading its bytes, a range of them, or one of its parts.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::Connection;

use super::{LineKind, Object, find_line, newest_line};
use crate::engine::blobs::lease::Lease;
use crate::engine::blobs::reader::ObjectBody;
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::meta::{parts, versions};
use crate::engine::version_id::VersionId;
use crate::engine::{Core, Engine};
use crate::wire::checksum::Digest;
use crate::wire::encryption::CustomerKey;
use crate::wire::object_key::ObjectKey;
use crate::wire::versioning::Versioning;

/// An object that can be read to its end whatever happens to its key meanwhile.
pub struct OpenObject {
    /// The object.
    pub object: Object,
    core: Arc<Core>,
    pub(super) lease: Lease,
    /// A small object's bytes, read together with its row.
    body: Option<Bytes>,
    /// The key that the client brought.
    pub(super) key: Option<CustomerKey>,
}

/// A part of an object that was made by multipart upload.
#[derive(Debug, Clone)]
pub struct ObjectPart {
    /// Its place in the object, from 1.
    pub position: u16,
    /// Its first byte within the object.
    pub first_byte: u64,
    /// Its size.
    pub size_bytes: u64,
    /// Its checksum in the upload's algorithm, if one was declared.
    pub checksum: Option<Digest>,
}

/// What asking for part `n` of an object came to.
#[derive(Debug, Clone)]
pub enum PartOfObject {
    /// The object was put in one piece.
    NotMultipart,
    /// The part, and how many there are.
    Found(ObjectPart, u16),
    /// There are only so many.
    Beyond(u16),
}

impl Engine {
    /// Finds the current object of a key. Fails with [`Error::NoSuchKey`], also where a delete marker is on top.
    pub fn object(&self, bucket: &Bucket, key: &ObjectKey) -> Result<Object> {
        self.object_version(bucket, key, None).map_err(plainly_absent)
    }

    /// Finds a version of a key, or the current one. Fails with [`Error::NoSuchKey`], [`Error::NoSuchVersion`],
    /// [`Error::CurrentIsDeleteMarker`] and [`Error::IsDeleteMarker`].
    pub fn object_version(&self, bucket: &Bucket, key: &ObjectKey, version: Option<VersionId>) -> Result<Object> {
        self.read(|conn| match version {
            None => match versions::current(conn, bucket.id, key)? {
                Some(object) => Ok(object),
                None => look_closer(conn, bucket, key),
            },
            Some(version) => by_version(conn, bucket, key, version),
        })
    }

    /// Finds the current object of a key and holds on to its bytes. Fails with [`Error::NoSuchKey`], also where a delete
    /// marker is on top, and with [`Error::CustomerKeyMissing`].
    pub fn open_object(&self, bucket: &Bucket, key: &ObjectKey) -> Result<OpenObject> {
        let opened = self.open_version(bucket, key, None).map_err(plainly_absent)?;
        match opened.object.attributes.encryption.customer() {
            Some(_) => Err(Error::CustomerKeyMissing),
            None => Ok(opened),
        }
    }

    /// As [`Self::object_version`], and holds on to its bytes. Those of an object with SSE-C can be read once it has its
    /// key ([`OpenObject::with_key`]).
    pub fn open_version(&self, bucket: &Bucket, key: &ObjectKey, version: Option<VersionId>) -> Result<OpenObject> {
        // Before the look-up: what is released after this moment stays until the lease ends.
        let lease = self.0.core.leases.take();
        let (object, body) = self.read(|conn| match version {
            None => match versions::current_with_body(conn, bucket.id, key)? {
                Some(found) => Ok(found),
                None => Ok(versions::with_body(conn, look_closer(conn, bucket, key)?)),
            },
            Some(version) => Ok(versions::with_body(conn, by_version(conn, bucket, key, version)?)),
        })?;
        Ok(OpenObject { object, core: Arc::clone(&self.0.core), lease, body: body.map(Bytes::from), key: None })
    }

    /// Part number `n` of an object: its place in the completed list, not the number it was uploaded under.
    pub fn part_of_object(&self, object: &Object, n: u16) -> Result<PartOfObject> {
        let Some(count) = object.etag.part_count() else {
            return Ok(PartOfObject::NotMultipart);
        };
        if n > count {
            return Ok(PartOfObject::Beyond(count));
        }
        let Some(upload) = object.upload else { return Ok(PartOfObject::NotMultipart) };
        match self.read(|conn| parts::at_position(conn, upload, n))? {
            Some((first_byte, size_bytes, checksum)) => {
                Ok(PartOfObject::Found(ObjectPart { position: n, first_byte, size_bytes, checksum }, count))
            }
            None => Err(Error::NoSuchKey), // Deleted since it was looked up.
        }
    }

    /// The first `limit` parts of an object, in order; none if it was put in one piece.
    pub fn parts_of_object(&self, object: &Object, limit: usize) -> Result<Vec<ObjectPart>> {
        let Some(upload) = object.upload else { return Ok(Vec::new()) };
        let rows = self.read(|conn| parts::page(conn, upload, 0, limit))?;
        let mut first_byte = 0;
        Ok((1..)
            .zip(rows)
            .map(|(position, row)| {
                let part = ObjectPart { position, first_byte, size_bytes: row.size_bytes, checksum: row.checksum };
                first_byte += part.size_bytes;
                part
            })
            .collect())
    }
}

/// What there is of a key without a current object. In one transaction: versions change places.
fn look_closer(conn: &Connection, bucket: &Bucket, key: &ObjectKey) -> Result<Object> {
    if bucket.state.versioning == Versioning::Never {
        return Err(Error::NoSuchKey);
    }
    let _moment = conn.unchecked_transaction()?;
    let newest = newest_line(conn, bucket.id, key)?.ok_or(Error::NoSuchKey)?;
    match newest.kind {
        LineKind::Object => versions::by_id(conn, newest.id)?.ok_or(Error::NoSuchKey),
        LineKind::Marker => Err(Error::CurrentIsDeleteMarker { version: newest.version, modified: newest.modified }),
    }
}

fn by_version(conn: &Connection, bucket: &Bucket, key: &ObjectKey, version: VersionId) -> Result<Object> {
    let _moment = conn.unchecked_transaction()?;
    let Some((_, line)) = find_line(conn, bucket.id, key, version)? else {
        return Err(match (bucket.state.versioning, version) {
            (Versioning::Never, VersionId::Null) => Error::NoSuchKey,
            _ => Error::NoSuchVersion,
        });
    };
    match line.kind {
        LineKind::Object => versions::by_id(conn, line.id)?.ok_or(Error::NoSuchVersion),
        LineKind::Marker => Err(Error::IsDeleteMarker { version, modified: line.modified }),
    }
}

/// To whom versions are nothing, a delete marker is an object that is not there.
fn plainly_absent(error: Error) -> Error {
    match error {
        Error::CurrentIsDeleteMarker { .. } => Error::NoSuchKey,
        other => other,
    }
}

impl OpenObject {
    /// With the key that its client brought, if it is encrypted with one. The caller has seen that it is the right one.
    #[must_use]
    pub fn with_key(self, key: Option<CustomerKey>) -> OpenObject {
        OpenObject { key, ..self }
    }

    /// The object's bytes from `first_byte` on, `length_bytes` of them.
    pub fn read(self, first_byte: u64, length_bytes: u64) -> ObjectBody {
        let range = usize::try_from(first_byte).ok().zip(usize::try_from(length_bytes).ok());
        if let (Some(body), Some((first, length))) = (&self.body, range)
            && first.checked_add(length).is_some_and(|end| end <= body.len())
        {
            return ObjectBody::in_memory(self.core, self.lease, body.slice(first..first + length));
        }
        let extents = if first_byte == 0 && length_bytes == self.object.size_bytes {
            self.object.extents
        } else {
            self.object.extents.slice(first_byte, length_bytes)
        };
        match (self.object.attributes.encryption.customer(), self.key) {
            (None, _) => ObjectBody::new(self.core, self.lease, &extents),
            (Some(_), Some(key)) => ObjectBody::new(self.core, self.lease, &extents).encrypted_with(key),
            (Some(_), None) => ObjectBody::locked(self.core, self.lease, length_bytes),
        }
    }
}
