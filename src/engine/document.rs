//! Documents: what a dialect keeps about a bucket, or about itself, opaque to the engine.

use super::bucket::Bucket;
use super::error::{Error, Result};
use super::meta::documents;
use super::meta::writer::Tx;
use super::{Engine, require_bucket};
use crate::wire::time::Timestamp;

/// Names a document: a dialect's namespace and a name in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentName<'a> {
    /// The dialect, such as `s3`.
    pub namespace: &'static str,
    /// The document, such as `cors`.
    pub name: &'a str,
}

/// Whose document it is.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'a> {
    /// A bucket's: it goes with the bucket.
    Bucket(&'a Bucket),
    /// The dialect's own.
    Dialect,
}

/// What [`Engine::change_document`] shall make of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Keep,
    /// Store this, or replace what is there.
    Put(Vec<u8>),
    /// Delete it.
    Delete,
}

/// A page of documents, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentQuery {
    /// Only names that start with this.
    pub prefix: String,
    /// Only names after this one.
    pub after: String,
    /// At most so many.
    pub limit: usize,
}

impl<'a> From<&'a Bucket> for Owner<'a> {
    fn from(bucket: &'a Bucket) -> Owner<'a> {
        Owner::Bucket(bucket)
    }
}

impl Owner<'_> {
    /// The bucket's id; no bucket has 0.
    fn id(self) -> i64 {
        match self {
            Owner::Bucket(bucket) => bucket.id,
            Owner::Dialect => 0,
        }
    }
}

impl Engine {
    /// A document. Fails with [`Error::NoSuchDocument`].
    pub fn document<'a>(&self, owner: impl Into<Owner<'a>>, name: DocumentName<'_>) -> Result<Vec<u8>> {
        let owner = owner.into().id();
        self.read(|conn| documents::select(conn, owner, name.namespace, name.name))?.ok_or(Error::NoSuchDocument)
    }

    /// Whether any bucket has a document of this name. It looks through all buckets' documents: for the start.
    pub fn any_bucket_has(&self, name: DocumentName<'_>) -> Result<bool> {
        self.read(|conn| documents::any_bucket_has(conn, name.namespace, name.name))
    }

    /// A page of an owner's documents in a namespace: their names and bodies.
    pub async fn list_documents<'a>(
        &self,
        owner: impl Into<Owner<'a>>,
        namespace: &'static str,
        query: DocumentQuery,
    ) -> Result<Vec<(String, Vec<u8>)>> {
        let owner = owner.into().id();
        self.read_pages(move |conn| {
            let DocumentQuery { prefix, after, limit } = &query;
            documents::page(conn, owner, namespace, prefix, after, *limit)
        })
        .await
    }

    /// Stores or replaces a document.
    pub async fn put_document<'a>(
        &self,
        owner: impl Into<Owner<'a>>,
        name: DocumentName<'_>,
        body: Vec<u8>,
    ) -> Result<()> {
        self.change_document(owner, name, |_, _| (Change::Put(body), ())).await
    }

    /// Deletes a document; one that does not exist is fine.
    pub async fn delete_document<'a>(&self, owner: impl Into<Owner<'a>>, name: DocumentName<'_>) -> Result<()> {
        self.change_document(owner, name, |_, _| (Change::Delete, ())).await
    }

    /// Looks at a document (`None`: there is none) and changes it, with nobody between: of those that ask at the same
    /// time, each sees what the one before has made of it. `change` is told the time of the transaction, and runs on the
    /// writer's thread: it should be short. What it returns beside the change is the answer, once that is committed.
    pub async fn change_document<'a, T: Send + 'static>(
        &self,
        owner: impl Into<Owner<'a>>,
        name: DocumentName<'_>,
        change: impl FnOnce(Option<&[u8]>, Timestamp) -> (Change, T) + Send + 'static,
    ) -> Result<T> {
        let (owner, namespace, name) = (owner.into().id(), name.namespace, name.name.to_owned());
        self.transact(move |tx| {
            require_owner(tx, owner)?;
            let before = documents::select(tx.conn, owner, namespace, &name)?;
            let (change, answer) = change(before.as_deref(), tx.now());
            if owner != 0 && change != Change::Keep {
                tx.buckets_change();
            }
            match change {
                Change::Keep => {}
                Change::Put(body) => documents::upsert(tx.conn, owner, namespace, &name, &body)?,
                Change::Delete => documents::delete(tx.conn, owner, namespace, &name)?,
            }
            Ok(answer)
        })
        .await
    }
}

fn require_owner(tx: &Tx<'_>, owner: i64) -> Result<()> {
    if owner == 0 { Ok(()) } else { require_bucket(tx.conn, owner).map(drop) }
}
