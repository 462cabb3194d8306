//! Documents: what a dialect keeps about a bucket, opaque to the engine.

use super::bucket::Bucket;
use super::error::{Error, Result};
use super::meta::documents;
use super::{Engine, require_bucket};

/// Names a document: a dialect's namespace and a name in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentName {
    /// The dialect, such as `s3`.
    pub namespace: &'static str,
    /// The document, such as `cors`.
    pub name: &'static str,
}

impl Engine {
    /// A bucket's document. Fails with [`Error::NoSuchDocument`].
    pub fn document(&self, bucket: &Bucket, name: DocumentName) -> Result<Vec<u8>> {
        self.read(|conn| documents::select(conn, bucket.id, name.namespace, name.name))?.ok_or(Error::NoSuchDocument)
    }

    /// Stores or replaces a bucket's document.
    pub async fn put_document(&self, bucket: &Bucket, name: DocumentName, body: Vec<u8>) -> Result<()> {
        let id = bucket.id;
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            documents::upsert(tx.conn, id, name.namespace, name.name, &body)
        })
        .await
    }

    /// Deletes a bucket's document; one that does not exist is fine.
    pub async fn delete_document(&self, bucket: &Bucket, name: DocumentName) -> Result<()> {
        let id = bucket.id;
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            documents::delete(tx.conn, id, name.namespace, name.name)
        })
        .await
    }
}
