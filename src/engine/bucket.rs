//! Buckets: make, find, list, delete.

use std::any::Any;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::document::DocumentName;
use super::error::{Error, Result};
use super::list::More;
use super::meta::{buckets, current, documents, uploads};
use super::upload::discard;
use super::{Engine, require_bucket};
use crate::wire::bucket_name::BucketName;
use crate::wire::time::Timestamp;

/// A bucket as it was when it was looked up. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket(Arc<BucketRow>);

/// What is known of a bucket.
#[derive(Debug)]
pub struct BucketRow {
    /// This incarnation: a bucket that is deleted and made again has another.
    pub(crate) id: i64,
    /// Its name.
    pub name: BucketName,
    /// The 12-digit account that owns it.
    pub account: String,
    /// The region it was made in.
    pub region: String,
    /// When.
    pub created: Timestamp,
    /// What a dialect has made of the bucket's documents: gone when any of them changes, as all of this is then looked up
    /// anew.
    derived: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Bucket {
    pub(crate) fn new(id: i64, name: BucketName, account: String, region: String, created: Timestamp) -> Bucket {
        Bucket(Arc::new(BucketRow { id, name, account, region, created, derived: OnceLock::new() }))
    }

    /// What a dialect has made of the bucket's documents, if it has since one of them changed.
    pub fn derived<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.0.derived.get()?).downcast().ok()
    }

    /// Keeps what a dialect has made of the bucket's documents. There is room for one value.
    pub fn derive<T: Send + Sync + 'static>(&self, made: Arc<T>) {
        // Of several requests that make it at the same time, the first is as good as any.
        let _ = self.0.derived.set(made);
    }
}

impl Deref for Bucket {
    type Target = BucketRow;

    fn deref(&self) -> &BucketRow {
        &self.0
    }
}

/// Which buckets to list.
#[derive(Debug, Clone)]
pub struct BucketQuery {
    /// Whose.
    pub account: String,
    /// Only names that begin with it.
    pub prefix: String,
    /// Only names after it.
    pub after: String,
    /// How many at most.
    pub limit: usize,
}

impl Engine {
    /// Makes a bucket. Fails with [`Error::BucketExists`] when the name is taken, by whomever.
    pub async fn create_bucket(&self, name: &BucketName, account: &str, region: &str) -> Result<Bucket> {
        self.create_bucket_with(name, account, region, Vec::new()).await
    }

    /// As [`Self::create_bucket`], with documents that are there from the start.
    pub async fn create_bucket_with(
        &self,
        name: &BucketName,
        account: &str,
        region: &str,
        documents: Vec<(DocumentName<'static>, Vec<u8>)>,
    ) -> Result<Bucket> {
        let (name, account, region) = (name.clone(), account.to_owned(), region.to_owned());
        self.transact(move |tx| {
            if let Some(existing) = buckets::by_name(tx.conn, &name)? {
                return Err(Error::BucketExists { account: existing.account.clone() });
            }
            let created = tx.now();
            let id = buckets::insert(tx.conn, &name, &account, &region, created)?;
            for (document, body) in &documents {
                documents::upsert(tx.conn, id, document.namespace, document.name, body)?;
            }
            tx.buckets_change();
            Ok(Bucket::new(id, name, account, region, created))
        })
        .await
    }

    /// Finds a bucket by name.
    pub fn bucket(&self, name: &BucketName) -> Result<Bucket> {
        self.0.core.buckets.find(name, || self.read(|conn| buckets::by_name(conn, name)))
    }

    /// A page of an account's buckets, in name order.
    pub async fn list_buckets(&self, query: BucketQuery) -> Result<(Vec<Bucket>, More)> {
        self.read_pages(move |conn| {
            let mut page =
                buckets::page(conn, &query.account, &query.prefix, &query.after, query.limit.saturating_add(1))?;
            let more = if page.len() > query.limit && query.limit > 0 { More::Follows } else { More::Ended };
            page.truncate(query.limit);
            Ok((page, more))
        })
        .await
    }

    /// Deletes an empty bucket with its documents. Open uploads do not keep it: they end with it.
    pub async fn delete_bucket(&self, bucket: &Bucket) -> Result<()> {
        let id = bucket.id;
        self.transact(move |tx| {
            require_bucket(tx.conn, id)?;
            if current::any(tx.conn, id)? {
                return Err(Error::BucketNotEmpty);
            }
            for upload in uploads::of_bucket(tx.conn, id)? {
                discard(tx.conn, upload)?;
            }
            documents::delete_all(tx.conn, id)?;
            tx.buckets_change();
            buckets::delete(tx.conn, id)
        })
        .await
    }
}
