//! `versions`: every object version with its wide columns.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::blobs::{self, BlobPlace};
use super::{
    algorithm_from, attributes_from, checksum_from, etag_from, headers_from, kind_from, kind_to, size_from, size_to,
};
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::object::{ListedObject, NewVersion, Object, Owners};
use crate::engine::version_id::VersionId;
use crate::wire::acl::Owner;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::restore::RestoreState;
use crate::wire::time::Timestamp;

const INSERT: &str = "INSERT INTO versions (id, bucket, key, modified_ms, size_bytes, etag, checksum_algorithm,
    checksum_kind, checksum, headers, extents, upload, manifest, numbered, attributes)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
/// One statement, so that the row read is the one that was current: overwriting needs no lock against it.
const CURRENT: &str = "SELECT v.modified_ms, v.size_bytes, v.etag, v.checksum_algorithm, v.checksum_kind,
    v.checksum, v.headers, v.extents, v.upload, v.id, v.numbered, v.attributes
    FROM current AS c JOIN versions AS v ON v.id = c.version WHERE c.bucket = ?1 AND c.key = ?2";
const BY_ID: &str = "SELECT v.modified_ms, v.size_bytes, v.etag, v.checksum_algorithm, v.checksum_kind,
    v.checksum, v.headers, v.extents, v.upload, v.id, v.numbered, v.attributes
    FROM versions AS v WHERE v.id = ?1";
const BY_UPLOAD: &str = "SELECT v.modified_ms, v.size_bytes, v.etag, v.checksum_algorithm, v.checksum_kind,
    v.checksum, v.headers, v.extents, v.upload, v.id, v.numbered, v.attributes, v.manifest
    FROM versions AS v WHERE v.upload = ?1";
const LISTED: &str = "SELECT size_bytes, modified_ms, etag, checksum_algorithm, checksum_kind, headers
    FROM versions WHERE id = ?1";
const ATTRIBUTES: &str = "SELECT attributes FROM versions WHERE id = ?1";
const PUT_ATTRIBUTES: &str = "UPDATE versions SET attributes = ?2 WHERE id = ?1";
const PUT_HEADERS: &str = "UPDATE versions SET headers = ?2 WHERE id = ?1";
const REMOVE: &str = "DELETE FROM versions WHERE id = ?1 RETURNING extents, upload, attributes";

/// Adds a version.
pub(crate) fn insert(conn: &Connection, id: Sequence, version_id: VersionId, version: &NewVersion) -> Result<()> {
    conn.prepare_cached(INSERT)?.execute(params![
        id,
        version.bucket,
        version.key.as_bytes(),
        version.modified.millis(),
        size_to(version.extents.size_bytes()),
        version.etag.to_bytes(),
        version.checksum.algorithm.to_db(),
        kind_to(version.checksum.kind),
        version.checksum.digest.as_bytes(),
        version.headers.to_bytes(),
        version.extents,
        version.upload.as_ref().map(|made_by| made_by.upload),
        version.upload.as_ref().map(|made_by| &made_by.manifest[..]),
        super::numbered_to(version_id),
        version.attributes.to_stored(),
    ])?;
    Ok(())
}

/// The current version of a key.
pub(crate) fn current(conn: &Connection, bucket: i64, key: &ObjectKey) -> Result<Option<Object>> {
    conn.prepare_cached(CURRENT)?
        .query_row(params![bucket, key.as_bytes()], |row| Ok(object_from(row)))
        .optional()?
        .transpose()
}

/// The current version of a key, and its bytes if they are a single small blob: one transaction, for GET.
pub(crate) fn current_with_body(
    conn: &Connection,
    bucket: i64,
    key: &ObjectKey,
) -> Result<Option<(Object, Option<Vec<u8>>)>> {
    conn.prepare_cached(CURRENT)?
        .query_row(params![bucket, key.as_bytes()], |row| Ok(object_from(row).map(|object| with_body(conn, object))))
        .optional()?
        .transpose()
}

/// A version by its row.
pub(crate) fn by_id(conn: &Connection, id: Sequence) -> Result<Option<Object>> {
    conn.prepare_cached(BY_ID)?.query_row([id], |row| Ok(object_from(row))).optional()?.transpose()
}

/// What a listing shows of a version that is not current.
pub(crate) fn listed(conn: &Connection, id: Sequence, key: ObjectKey, owners: Owners) -> Result<ListedObject> {
    let owner = owner(conn, id, owners)?;
    conn.prepare_cached(LISTED)?.query_row([id], |row| {
        let etag = row.get_ref(2)?.as_blob().unwrap_or_default();
        let headers = row.get_ref(5)?.as_blob().unwrap_or_default();
        let (size_bytes, modified) = (size_from(row.get(0)?), Timestamp::from_millis(row.get(1)?));
        let (algorithm, kind) = (row.get(3)?, row.get(4)?);
        Ok(etag_from(etag).and_then(|etag| {
            Ok(ListedObject {
                key,
                size_bytes,
                modified,
                etag,
                checksum_algorithm: algorithm_from(algorithm)?,
                checksum_kind: kind_from(kind),
                storage_class: headers_from(headers)?.storage_class,
                owner,
                restore: RestoreState::default(),
            })
        }))
    })?
}

/// What is set on a version.
pub(crate) fn attributes(conn: &Connection, id: Sequence) -> Result<ObjectAttributes> {
    let stored: Option<Vec<u8>> = conn.prepare_cached(ATTRIBUTES)?.query_row([id], |row| row.get(0))?;
    attributes_from(stored.as_deref())
}

/// Whose a version is, if that is asked for and not the bucket's owner.
pub(crate) fn owner(conn: &Connection, id: Sequence, owners: Owners) -> Result<Option<Owner>> {
    match owners {
        Owners::Read => Ok(attributes(conn, id)?.acl.map(|acl| acl.owner)),
        Owners::Left => Ok(None),
    }
}

/// Sets it.
pub(crate) fn put_attributes(conn: &Connection, id: Sequence, attributes: &ObjectAttributes) -> Result<()> {
    conn.prepare_cached(PUT_ATTRIBUTES)?.execute(params![id, attributes.to_stored()])?;
    Ok(())
}

/// Sets its headers: only a move to another class does so.
pub(crate) fn put_headers(conn: &Connection, id: Sequence, headers: &ObjectHeaders) -> Result<()> {
    conn.prepare_cached(PUT_HEADERS)?.execute(params![id, headers.to_bytes()])?;
    Ok(())
}

pub(crate) fn with_body(conn: &Connection, object: Object) -> (Object, Option<Vec<u8>>) {
    let body = object.extents.single().filter(|extent| extent.offset_bytes == 0).and_then(|extent| {
        // What cannot be read is told by whoever reads it.
        match blobs::place(conn, extent.blob) {
            Ok(BlobPlace::Inline(body)) if body.len() as u64 == object.size_bytes => Some(body),
            _ => None,
        }
    });
    (object, body)
}

/// The version that an upload became, with the fingerprint of the part list that made it.
pub(crate) fn by_upload(conn: &Connection, upload: Sequence) -> Result<Option<(Object, Vec<u8>)>> {
    conn.prepare_cached(BY_UPLOAD)?
        .query_row([upload], |row| {
            let manifest: Vec<u8> = row.get(12)?;
            Ok(object_from(row).map(|object| (object, manifest)))
        })
        .optional()?
        .transpose()
}

/// Removes a version's row and releases its bytes.
pub(crate) fn remove(conn: &Connection, id: Sequence) -> Result<()> {
    let removed = conn
        .prepare_cached(REMOVE)?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<Vec<u8>>>(2)?)))
        .optional()?;
    let Some((extents, upload, attributes)) = removed else { return Ok(()) };
    let attributes = attributes_from(attributes.as_deref())?;
    if attributes.annotations > 0 {
        super::annotations::delete_all(conn, id)?;
    }
    if attributes.restore.is_some() {
        super::restores::delete(conn, id)?;
    }
    super::releases::release(conn, &extents, upload)
}

fn object_from(row: &Row<'_>) -> Result<Object> {
    let etag = etag_from(row.get_ref(2)?.as_blob().unwrap_or_default())?;
    Ok(Object {
        modified: Timestamp::from_millis(row.get(0)?),
        size_bytes: size_from(row.get(1)?),
        checksum: checksum_from(row.get(3)?, row.get(4)?, row.get_ref(5)?.as_blob().unwrap_or_default(), &etag)?,
        etag,
        headers: headers_from(row.get_ref(6)?.as_blob().unwrap_or_default())?,
        extents: row.get(7)?,
        upload: row.get(8)?,
        version: super::version_from(row.get(9)?, row.get(10)?),
        row: row.get(9)?,
        attributes: attributes_from(row.get_ref(11)?.as_blob_or_null().unwrap_or_default())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_an_object_is_two_point_look_ups() {
        let conn = crate::engine::meta::open::memory().unwrap();
        let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {CURRENT}")).unwrap();
        let plan: Vec<String> =
            statement.query_map(params![1, b"a"], |row| row.get(3)).unwrap().map(|row| row.unwrap()).collect();
        assert_eq!(
            plan,
            ["SEARCH c USING PRIMARY KEY (bucket=? AND key=?)", "SEARCH v USING INTEGER PRIMARY KEY (rowid=?)"]
        );
    }
}
