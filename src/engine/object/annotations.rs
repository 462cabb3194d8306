//! Annotations: named texts on a version, which come and go without a new version, and go with it.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html>

use bytes::Bytes;
use rusqlite::Connection;

use super::attributes::{announce_set, object_line};
use super::{Line, check_condition_on, without_row};
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::event::{ChangeKind, Detail};
use crate::engine::meta::{annotations, versions};
use crate::engine::version_id::VersionId;
use crate::engine::{Engine, require_bucket};
use crate::wire::checksum::{Algorithm, Digest};
use crate::wire::conditions::WriteCondition;
use crate::wire::etag::ETag;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::object_lock::Bypass;
use crate::wire::time::Timestamp;

/// How many a version may have.
pub const ANNOTATIONS_MAX: u16 = 1000;

/// An annotation to put.
#[derive(Debug, Clone)]
pub struct NewAnnotation {
    /// Its name.
    pub name: String,
    /// Its text: 1 byte to 1 MiB.
    pub body: Bytes,
    /// Its MD5, for the ETag.
    pub md5: [u8; 16],
    /// The algorithm of its checksum.
    pub algorithm: Algorithm,
    /// Its checksum.
    pub checksum: Digest,
}

/// An annotation as listings show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAnnotation {
    /// Its name.
    pub name: String,
    /// The size of its text.
    pub size_bytes: u64,
    /// When it was put.
    pub modified: Timestamp,
    /// The MD5 of its text.
    pub etag: ETag,
    /// The algorithm of its checksum.
    pub algorithm: Algorithm,
    /// The checksum of its text.
    pub checksum: Digest,
}

/// An annotation.
#[derive(Debug, Clone)]
pub struct Annotation {
    /// What is known of it.
    pub listed: ListedAnnotation,
    /// Its text.
    pub body: Bytes,
}

/// Whose annotations are meant.
#[derive(Debug, Clone)]
pub struct Annotated {
    /// The object's key.
    pub key: ObjectKey,
    /// The version, or the current one.
    pub version: Option<VersionId>,
    /// The ETag that the object has to have, unquoted.
    pub etag: Option<String>,
}

impl Engine {
    /// Puts an annotation, in place of one of that name. Fails with [`Error::TooManyAnnotations`], and with
    /// [`Error::CustomerKeyMissing`] where the object is encrypted with its client's key.
    pub async fn put_annotation(&self, bucket: &Bucket, of: Annotated, new: NewAnnotation) -> Result<VersionId> {
        let (id, watch) = (bucket.id, bucket.watch());
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            let line = object_line(tx.conn, id, &of.key, of.version)?;
            let mut attributes = attributes_if(tx.conn, &line, of.etag)?;
            if attributes.encryption.customer().is_some() {
                return Err(Error::CustomerKeyMissing);
            }
            if !annotations::is_there(tx.conn, line.id, &new.name)? {
                if attributes.annotations >= ANNOTATIONS_MAX {
                    return Err(Error::TooManyAnnotations);
                }
                attributes.annotations += 1;
                versions::put_attributes(tx.conn, line.id, &attributes)?;
            }
            annotations::put(tx.conn, line.id, &new, tx.now())?;
            let text = Some((new.body.len() as u64, ETag::plain(new.md5)));
            let told = Detail::Annotation { name: &new.name, text };
            announce_set(tx, watch.as_ref(), ChangeKind::Set, (&of.key, &line), |_| told)?;
            Ok(line.version)
        })
        .await
    }

    /// Reads an annotation, with the id of the version. `None`: there is none of that name.
    pub fn annotation(&self, bucket: &Bucket, of: &Annotated, name: &str) -> Result<(VersionId, Option<Annotation>)> {
        self.read(|conn| {
            let line = object_line(conn, bucket.id, &of.key, of.version)?;
            Ok((line.version, annotations::select(conn, line.id, name)?))
        })
    }

    /// Lists annotations from a name on, in the order of their names, at most `limit`.
    pub fn list_annotations(
        &self,
        bucket: &Bucket,
        of: &Annotated,
        from: &str,
        limit: usize,
    ) -> Result<(VersionId, Vec<ListedAnnotation>)> {
        self.read(|conn| {
            let line = object_line(conn, bucket.id, &of.key, of.version)?;
            Ok((line.version, annotations::page(conn, line.id, from, limit)?))
        })
    }

    /// Deletes an annotation; one that is not there is fine. Fails with [`Error::Locked`] as deleting the version would.
    pub async fn delete_annotation(
        &self,
        bucket: &Bucket,
        of: Annotated,
        name: String,
        bypass: Bypass,
    ) -> Result<VersionId> {
        let (id, watch) = (bucket.id, bucket.watch());
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            let line = object_line(tx.conn, id, &of.key, of.version)?;
            let mut attributes = attributes_if(tx.conn, &line, of.etag)?;
            if let Some(protection) = attributes.lock.protection(bypass, tx.now()) {
                return Err(Error::Locked(protection));
            }
            if annotations::delete(tx.conn, line.id, &name)? {
                attributes.annotations = attributes.annotations.saturating_sub(1);
                versions::put_attributes(tx.conn, line.id, &attributes)?;
                let told = Detail::Annotation { name: &name, text: None };
                announce_set(tx, watch.as_ref(), ChangeKind::Set, (&of.key, &line), |_| told)?;
            }
            Ok(line.version)
        })
        .await
    }
}

/// What is set on a version that has the wanted ETag, if one is wanted.
fn attributes_if(conn: &Connection, line: &Line, etag: Option<String>) -> Result<ObjectAttributes> {
    if let Some(wanted) = etag {
        let object = versions::by_id(conn, line.id)?.ok_or_else(|| without_row(line.id))?;
        check_condition_on(Some(&object), &WriteCondition::IfMatch(wanted))?;
    }
    versions::attributes(conn, line.id)
}
