//! Listing open uploads, and the parts of one.

use super::{Part, UploadRow};
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::engine::error::{Error, Result};
use crate::engine::ids::{Sequence, UploadId};
use crate::engine::list::{ListPage, ListQuery, More};
use crate::engine::meta::{parts, uploads};
use crate::wire::object_key::ObjectKey;

/// Which uploads to list.
#[derive(Debug, Clone, Default)]
pub struct UploadQuery {
    /// By key; `after` names a key.
    pub keys: ListQuery,
    /// Goes on after this upload of the key `after`.
    pub after_upload: Option<UploadId>,
}

impl Engine {
    /// A page of a bucket's open uploads: by key, those of one key by initiation.
    ///
    /// Fails with [`Error::InvalidUploadMarker`] when `after_upload` was never an upload of the key `after`.
    pub async fn list_uploads(&self, bucket: &Bucket, query: UploadQuery) -> Result<ListPage<UploadRow>> {
        let (id, after) = (bucket.id, self.upload_marker(bucket, &query)?);
        self.read_pages(move |conn| uploads::list(conn, id, &query.keys, after)).await
    }

    /// Whether [`Engine::list_uploads`] would go on after `after_upload`: without listing, for callers who may not.
    pub fn check_upload_marker(&self, bucket: &Bucket, query: &UploadQuery) -> Result<()> {
        self.upload_marker(bucket, query).map(drop)
    }

    fn upload_marker(&self, bucket: &Bucket, query: &UploadQuery) -> Result<Option<Sequence>> {
        let Some((upload, key)) = query.after_upload.as_ref().zip(query.keys.after.as_ref()) else { return Ok(None) };
        let key = ObjectKey::parse(key.clone()).map_err(|_| Error::InvalidUploadMarker)?;
        self.issued(bucket, &key, upload).map(Some).map_err(|_| Error::InvalidUploadMarker)
    }

    /// The parts of an upload in number order, after number `after` (0: from the first).
    pub async fn list_parts(&self, upload: &UploadRow, after: u16, limit: usize) -> Result<(Vec<Part>, More)> {
        let id = upload.id;
        self.read_pages(move |conn| {
            let mut page = parts::page(conn, id, after, limit.saturating_add(1))?;
            let more = if page.len() > limit && limit > 0 { More::Follows } else { More::Ended };
            page.truncate(limit);
            Ok((page, more))
        })
        .await
    }
}
