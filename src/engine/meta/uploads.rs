//! `uploads`: open multipart uploads.

use std::ops::ControlFlow;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{algorithm_from, attributes_from, headers_from, key_from, kind_from, kind_to};
use crate::engine::error::Result;
use crate::engine::ids::Sequence;
use crate::engine::list::{ListPage, ListQuery, Next, SkipScan};
use crate::engine::upload::{UploadChecksum, UploadRow};
use crate::wire::object_key::ObjectKey;
use crate::wire::time::Timestamp;

const INSERT: &str = "INSERT INTO uploads (id, bucket, key, initiated_ms, base_version, checksum_algorithm,
    checksum_kind, headers, initiator, attributes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
const BY_ID: &str = "SELECT id, key, initiated_ms, base_version, checksum_algorithm, checksum_kind, headers, initiator,
    attributes FROM uploads WHERE id = ?1 AND bucket = ?2 AND key = ?3";
const DELETE: &str = "DELETE FROM uploads WHERE id = ?1";
const FROM_KEY: &str =
    "SELECT id, key, initiated_ms, base_version, checksum_algorithm, checksum_kind, headers, initiator, attributes
    FROM uploads WHERE bucket = ?1 AND (key, id) >= (?2, ?3) ORDER BY key, id";
const OF_BUCKET: &str = "SELECT id FROM uploads WHERE bucket = ?1";

pub(crate) fn insert(conn: &Connection, bucket: i64, upload: &UploadRow) -> Result<()> {
    conn.prepare_cached(INSERT)?.execute(params![
        upload.id,
        bucket,
        upload.key.as_bytes(),
        upload.initiated.millis(),
        upload.base_version,
        upload.checksum.map(|checksum| checksum.algorithm.to_db()),
        upload.checksum.map(|checksum| kind_to(checksum.kind)),
        upload.headers.to_bytes(),
        upload.initiator,
        upload.attributes.to_stored(),
    ])?;
    Ok(())
}

/// An open upload.
pub(crate) fn by_id(conn: &Connection, id: Sequence, bucket: i64, key: &ObjectKey) -> Result<Option<UploadRow>> {
    conn.prepare_cached(BY_ID)?
        .query_row(params![id, bucket, key.as_bytes()], |row| Ok(upload_from(row)))
        .optional()?
        .transpose()
}

pub(crate) fn delete(conn: &Connection, id: Sequence) -> Result<()> {
    conn.prepare_cached(DELETE)?.execute([id])?;
    Ok(())
}

/// The open uploads of a bucket, in no order.
pub(crate) fn of_bucket(conn: &Connection, bucket: i64) -> Result<Vec<Sequence>> {
    let mut statement = conn.prepare_cached(OF_BUCKET)?;
    Ok(statement.query_map([bucket], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// A page of open uploads by key, then initiation. `after_upload` goes on within the key `query.after`.
pub(crate) fn list(
    conn: &Connection,
    bucket: i64,
    query: &ListQuery,
    after_upload: Option<Sequence>,
) -> Result<ListPage<UploadRow>> {
    let mut scan = SkipScan::new(query);
    let (mut from, mut from_id) = match (&query.after, after_upload) {
        // A marker inside a rolled-up prefix skips it, whichever upload it names.
        (Some(key), Some(after)) if key.starts_with(&query.prefix) && !scan.rolls_up(key) => {
            (key.clone().into_bytes(), after.0 + 1)
        }
        _ => (scan.start(), 0),
    };
    let mut statement = conn.prepare_cached(FROM_KEY)?;
    'seek: loop {
        let mut rows = statement.query(params![bucket, from, from_id])?;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(1)?.as_blob().unwrap_or_default();
            match scan.row(key, || upload_from(row))? {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(Next::Done) => break 'seek,
                ControlFlow::Break(Next::Seek(key)) => {
                    (from, from_id) = (key, 0);
                    continue 'seek;
                }
            }
        }
        break;
    }
    Ok(scan.finish())
}

fn upload_from(row: &Row<'_>) -> Result<UploadRow> {
    let algorithm: Option<i64> = row.get(4)?;
    let kind: Option<i64> = row.get(5)?;
    Ok(UploadRow {
        id: row.get(0)?,
        key: key_from(row.get(1)?)?,
        initiated: Timestamp::from_millis(row.get(2)?),
        base_version: row.get(3)?,
        checksum: match (algorithm, kind) {
            (Some(algorithm), Some(kind)) => {
                Some(UploadChecksum { algorithm: algorithm_from(algorithm)?, kind: kind_from(kind) })
            }
            _ => None,
        },
        headers: headers_from(row.get_ref(6)?.as_blob().unwrap_or_default())?,
        initiator: row.get(7)?,
        attributes: attributes_from(row.get_ref(8)?.as_blob_or_null().unwrap_or_default())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_seeks_in_the_index() {
        let conn = crate::engine::meta::open::memory().unwrap();
        let plan: String =
            conn.query_row(&format!("EXPLAIN QUERY PLAN {FROM_KEY}"), params![1, b"a", 0], |row| row.get(3)).unwrap();
        assert_eq!(plan, "SEARCH uploads USING INDEX uploads_by_key (bucket=? AND key>?)");
    }
}
