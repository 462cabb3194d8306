//! Aborting an upload.

use super::discard;
use crate::engine::bucket::Bucket;
use crate::engine::error::Result;
use crate::engine::ids::UploadId;
use crate::engine::meta::uploads;
use crate::engine::{Engine, require_bucket};
use crate::wire::object_key::ObjectKey;

/// What an abort came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aborted {
    /// This one ended the upload.
    Now,
    /// It had ended before, completed or aborted.
    Before,
}

impl Engine {
    /// Aborts an upload. Aborting again, or after it was completed, changes nothing and succeeds; an id that was never
    /// issued for this key is [`crate::engine::error::Error::NoSuchUpload`].
    pub async fn abort_upload(&self, bucket: &Bucket, key: &ObjectKey, id: &UploadId) -> Result<Aborted> {
        let (bucket_id, sequence, key) = (bucket.id, self.issued(bucket, key, id)?, key.clone());
        self.transact(move |tx| {
            require_bucket(tx.conn, bucket_id)?;
            match uploads::by_id(tx.conn, sequence, bucket_id, &key)? {
                Some(upload) => discard(tx.conn, upload.id).map(|()| Aborted::Now),
                None => Ok(Aborted::Before),
            }
        })
        .await
    }
}
