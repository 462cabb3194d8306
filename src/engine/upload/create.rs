//! Initiating an upload, and finding an open one.

use rusqlite::Connection;

use super::{UploadChecksum, UploadRow};
use crate::engine::bucket::{Bucket, BucketState};
use crate::engine::error::{Error, Result};
use crate::engine::ids::{Sequence, UploadId};
use crate::engine::meta::{current, uploads};
use crate::engine::object::newest_line;
use crate::engine::{Engine, require_bucket};
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::versioning::Versioning;

/// An upload to initiate. All of it is frozen here: completing changes nothing of it.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// The key that the object will have.
    pub key: ObjectKey,
    /// Its headers.
    pub headers: ObjectHeaders,
    /// Its tags, and its lock; a bucket's default retention comes to it, from the initiation on.
    pub attributes: ObjectAttributes,
    /// Its checksum, if one is declared.
    pub checksum: Option<UploadChecksum>,
    /// The account that initiates it.
    pub initiator: String,
}

/// The newest version of a key, delete markers included: 0 if there is none.
pub(super) fn top(conn: &Connection, state: BucketState, bucket: i64, key: &ObjectKey) -> Result<i64> {
    let line = match state.versioning {
        Versioning::Never => current::line(conn, bucket, key)?,
        Versioning::Enabled | Versioning::Suspended => newest_line(conn, bucket, key)?,
    };
    Ok(line.map_or(0, |line| line.id.0))
}

impl Engine {
    /// Initiates an upload.
    pub async fn create_upload(&self, bucket: &Bucket, new: NewUpload) -> Result<UploadId> {
        let (id, secret) = (bucket.id, self.0.secret.clone());
        self.transact(move |tx| {
            let state = require_bucket(tx.conn, id)?;
            let base_version = top(tx.conn, state, id, &new.key)?;
            let row = UploadRow {
                id: tx.next_sequence()?,
                key: new.key,
                initiated: tx.now(),
                base_version,
                checksum: new.checksum,
                headers: new.headers,
                attributes: state.retain(new.attributes, tx.now()),
                initiator: new.initiator,
            };
            uploads::insert(tx.conn, id, &row)?;
            Ok(secret.issue(id, row.key.as_bytes(), row.id))
        })
        .await
    }

    /// Finds an open upload. Fails with [`Error::NoSuchUpload`] for an id of another key or bucket, one that has ended,
    /// and one that was never issued.
    pub fn upload(&self, bucket: &Bucket, key: &ObjectKey, id: &UploadId) -> Result<UploadRow> {
        let sequence = self.issued(bucket, key, id)?;
        self.read(|conn| uploads::by_id(conn, sequence, bucket.id, key))?.ok_or(Error::NoSuchUpload)
    }

    /// The id of an open upload of this bucket.
    pub fn upload_id(&self, bucket: &Bucket, upload: &UploadRow) -> UploadId {
        self.0.secret.issue(bucket.id, upload.key.as_bytes(), upload.id)
    }

    /// Whether the upload is open or was once: only an id that was never issued here fails.
    pub(super) fn issued(&self, bucket: &Bucket, key: &ObjectKey, id: &UploadId) -> Result<Sequence> {
        self.0.secret.verify(bucket.id, key, id).ok_or(Error::NoSuchUpload)
    }
}
