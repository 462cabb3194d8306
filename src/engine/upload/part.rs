//! Storing a part: from a body that has arrived, or from the bytes of an object.

use rusqlite::Connection;

use super::{Part, UploadRow};
use crate::engine::Engine;
use crate::engine::blobs::writer::Sealed;
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::ids::Sequence;
use crate::engine::meta::{blobs, parts, uploads};
use crate::engine::object::{CopySource, CrcWanted, etag_of, take_up};
use crate::wire::checksum::Algorithm;
use crate::wire::object_key::ObjectKey;
use crate::wire::part::PartNumber;

impl Engine {
    /// Stores a part, replacing the one of its number. Fails with [`Error::NoSuchUpload`] when the upload has ended
    /// meanwhile; the body is discarded then, and a part of that number stays as it was. With SSE-C, the body has been
    /// written with the client's key.
    pub async fn put_part(
        &self,
        bucket: &Bucket,
        upload: &UploadRow,
        number: PartNumber,
        body: Sealed,
    ) -> Result<Part> {
        let (bucket_id, id, key) = (bucket.id, upload.id, upload.key.clone());
        let etag = etag_of(&upload.attributes.encryption, body.digests().md5);
        let checksum = match upload.checksum {
            Some(declared) => Some(body.digests().get(declared.algorithm).ok_or_else(|| Error::Bug {
                what: "a part's checksum is the one its upload declared, computed as it was written".to_owned(),
            })?),
            None => None,
        };
        self.transact_with(body, move |tx, body| {
            require_open(tx.conn, bucket_id, &key, id)?;
            let digests = body.digests();
            let part = Part {
                number,
                size_bytes: body.size_bytes(),
                modified: tx.now(),
                md5: etag.bytes(),
                crc64: digests.crc64,
                checksum,
                extents: body.commit_row(tx.conn)?,
            };
            replace(tx.conn, id, &part)?;
            Ok(part)
        })
        .await
    }

    /// Stores a part made of an object's bytes, which are shared, not copied, unless they have to be encrypted otherwise.
    pub async fn copy_part(
        &self,
        bucket: &Bucket,
        upload: &UploadRow,
        number: PartNumber,
        source: CopySource,
    ) -> Result<Part> {
        let (bucket_id, id, key) = (bucket.id, upload.id, upload.key.clone());
        let declared = upload.checksum;
        let algorithm = declared.map_or(Algorithm::Crc64Nvme, |declared| declared.algorithm);
        if source.is_encrypted_anew() {
            let body = self.write_anew(source, algorithm).await?;
            return self.put_part(bucket, upload, number, body).await;
        }
        let encryption = &upload.attributes.encryption;
        let digests = self.copy_digests(&source, CrcWanted::Too(algorithm), encryption).await?;
        let etag = etag_of(encryption, digests.md5);
        let extents = source.extents;
        self.transact_with(source.lease, move |tx, lease| {
            require_open(tx.conn, bucket_id, &key, id)?;
            take_up(tx.conn, lease, &extents)?;
            let part = Part {
                number,
                size_bytes: extents.size_bytes(),
                modified: tx.now(),
                md5: etag.bytes(),
                crc64: digests.crc64,
                checksum: declared.map(|_| digests.checksum),
                extents,
            };
            replace(tx.conn, id, &part)?;
            Ok(part)
        })
        .await
    }
}

fn require_open(conn: &Connection, bucket: i64, key: &ObjectKey, upload: Sequence) -> Result<()> {
    uploads::by_id(conn, upload, bucket, key)?.map(drop).ok_or(Error::NoSuchUpload)
}

fn replace(conn: &Connection, upload: Sequence, part: &Part) -> Result<()> {
    if let Some(replaced) = parts::extents(conn, upload, part.number)? {
        blobs::drop_refs(conn, &replaced)?;
    }
    parts::put(conn, upload, part)
}
