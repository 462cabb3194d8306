//! Putting an object whose bytes have arrived.

use super::{NewVersion, Written, check_condition, etag_of, install};
use crate::engine::blobs::writer::Sealed;
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::event::announce;
use crate::engine::{Engine, require_bucket};
use crate::wire::checksum::{Algorithm, Checksum, ChecksumKind};
use crate::wire::conditions::WriteCondition;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;

/// An object to put.
#[derive(Debug, Clone)]
pub struct PutObject {
    /// Under which key.
    pub key: ObjectKey,
    /// With which headers.
    pub headers: ObjectHeaders,
    /// With which tags, under which lock (a bucket's default retention comes to it), and how encrypted. With SSE-C, the
    /// body has been written with the client's key.
    pub attributes: ObjectAttributes,
    /// Which checksum to keep; it must have been asked of the blob writer.
    pub checksum: Algorithm,
    /// A condition on the key's current version.
    pub condition: Option<WriteCondition>,
}

impl PutObject {
    /// An object of which nothing is asked beside its headers: with S3's default checksum, and with nothing set on it.
    pub fn new(key: ObjectKey, headers: ObjectHeaders) -> PutObject {
        let (attributes, checksum) = (ObjectAttributes::default(), Algorithm::Crc64Nvme);
        PutObject { key, headers, attributes, checksum, condition: None }
    }
}

impl Engine {
    /// Puts an object: from the commit on it is what its key names. On failure the body is discarded.
    pub async fn put_object(&self, bucket: &Bucket, put: PutObject, body: Sealed) -> Result<Written> {
        let (id, watch) = (bucket.id, bucket.watch());
        let digest = body.digests().get(put.checksum).ok_or_else(|| Error::Bug {
            what: "an object's checksum is one that was computed as it was written".to_owned(),
        })?;
        self.transact_checked_first(body, move |tx, body| {
            let state = require_bucket(tx.conn, id)?;
            check_condition(tx.conn, id, &put.key, put.condition.as_ref())?;
            let version = NewVersion {
                bucket: id,
                modified: tx.now(),
                etag: etag_of(&put.attributes.encryption, body.digests().md5),
                checksum: Checksum { algorithm: put.checksum, kind: ChecksumKind::FullObject, digest, parts: None },
                extents: body.commit_row(tx.conn)?,
                key: put.key,
                headers: put.headers,
                attributes: state.retain(put.attributes, tx.now()),
                upload: None,
            };
            let order = tx.next_sequence()?;
            let version_id = install(tx.conn, state, order, &version)?;
            announce(tx, watch.as_ref(), &version.as_change(version_id, order, tx.now()))?;
            Ok(Written::of(&version, version_id))
        })
        .await
    }

    /// Whether a write's condition holds now. The write itself checks again: this only spares the body.
    pub fn check_condition(&self, bucket: &Bucket, key: &ObjectKey, condition: &WriteCondition) -> Result<()> {
        self.read(|conn| check_condition(conn, bucket.id, key, Some(condition)))
    }
}
