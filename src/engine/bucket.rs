//! Buckets: make, find, list, delete.

use std::any::Any;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::document::DocumentName;
use super::error::{Error, Result};
use super::event::Watch;
use super::list::More;
use super::meta::{buckets, current, documents, history, uploads};
use super::upload::discard;
use super::{Engine, require_bucket};
use crate::wire::bucket_name::BucketName;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_lock::ObjectLockConfiguration;
use crate::wire::time::Timestamp;
use crate::wire::versioning::Versioning;

/// A bucket as it was when it was looked up. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    row: Arc<BucketRow>,
    /// Who is told of what is done with this handle.
    watch: Option<Watch>,
}

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
    /// What it does with versions.
    pub state: BucketState,
    /// What a dialect has made of the bucket's documents, a value of each type: gone when any of them changes, as all of
    /// this is then looked up anew.
    derived: [OnceLock<Derived>; DERIVED_MAX],
}

type Derived = Arc<dyn Any + Send + Sync>;

/// So many types at most. One too many is made anew each time.
const DERIVED_MAX: usize = 8;

/// What a bucket does with versions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BucketState {
    /// Whether it makes versions.
    pub versioning: Versioning,
    /// Its Object Lock, if it has one; once it has, it keeps it.
    pub object_lock: Option<ObjectLockConfiguration>,
}

/// A bucket to make.
#[derive(Debug, Clone)]
pub struct NewBucket {
    /// Its name.
    pub name: BucketName,
    /// The 12-digit account that owns it.
    pub account: String,
    /// The region it is made in.
    pub region: String,
    /// What it does with versions.
    pub state: BucketState,
    /// The documents it is made with: names and bodies.
    pub documents: Vec<(DocumentName<'static>, Vec<u8>)>,
}

impl BucketState {
    /// What is set on a new version: if its request brings no retention, the bucket's own.
    pub(crate) fn retain(self, mut attributes: ObjectAttributes, from: Timestamp) -> ObjectAttributes {
        if let Some(default) = self.object_lock.and_then(|lock| lock.default_retention)
            && attributes.lock.retention.is_none()
        {
            attributes.lock.retention = Some(default.starting(from));
        }
        attributes
    }

    fn with_versioning(self, versioning: Versioning) -> Result<BucketState> {
        match (versioning, self.object_lock) {
            (Versioning::Never | Versioning::Suspended, Some(_)) => Err(Error::LockKeepsVersioning),
            _ => Ok(BucketState { versioning, ..self }),
        }
    }
}

impl Bucket {
    pub(crate) fn new(
        id: i64,
        name: BucketName,
        account: String,
        region: String,
        created: Timestamp,
        state: BucketState,
    ) -> Bucket {
        let row = BucketRow { id, name, account, region, created, state, derived: Default::default() };
        Bucket { row: Arc::new(row), watch: None }
    }

    pub(crate) fn with_watch(&self, watch: Watch) -> Bucket {
        Bucket { row: Arc::clone(&self.row), watch: Some(watch) }
    }

    pub(crate) fn watch(&self) -> Option<Watch> {
        self.watch.clone()
    }

    /// What a dialect has made of the bucket's documents, if it has since one of them changed.
    pub fn derived<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.row.derived.iter().map_while(OnceLock::get).find_map(|made| Arc::clone(made).downcast().ok())
    }

    /// Keeps what a dialect has made of the bucket's documents.
    pub fn derive<T: Send + Sync + 'static>(&self, made: Arc<T>) {
        let mut made: Derived = made;
        for place in &self.row.derived {
            match place.set(made) {
                Ok(()) => return,
                // Of several requests that make it at the same time, the first is as good as any.
                Err(_) if place.get().is_some_and(|known| known.is::<T>()) => return,
                Err(back) => made = back,
            }
        }
    }
}

impl Deref for Bucket {
    type Target = BucketRow;

    fn deref(&self) -> &BucketRow {
        &self.row
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
        let (name, account, region) = (name.clone(), account.to_owned(), region.to_owned());
        let new = NewBucket { name, account, region, state: BucketState::default(), documents: Vec::new() };
        self.create_new_bucket(new).await
    }

    /// As [`Self::create_bucket`], with all that a bucket can be made with.
    pub async fn create_new_bucket(&self, new: NewBucket) -> Result<Bucket> {
        self.transact(move |tx| {
            if let Some(existing) = buckets::by_name(tx.conn, &new.name)? {
                return Err(Error::BucketExists { account: existing.account.clone() });
            }
            let created = tx.now();
            let id = buckets::insert(tx.conn, &new, created)?;
            for (name, body) in &new.documents {
                documents::upsert(tx.conn, id, name.namespace, name.name, body)?;
            }
            tx.buckets_change();
            Ok(Bucket::new(id, new.name, new.account, new.region, created, new.state))
        })
        .await
    }

    /// Enables or suspends versioning. Fails with [`Error::LockKeepsVersioning`].
    pub async fn put_versioning(&self, bucket: &Bucket, versioning: Versioning) -> Result<()> {
        self.change_state(bucket, move |state| state.with_versioning(versioning)).await
    }

    /// As [`Engine::put_versioning`], and stores a document in the same transaction.
    pub async fn put_versioning_and_document(
        &self,
        bucket: &Bucket,
        versioning: Versioning,
        name: DocumentName<'static>,
        body: Vec<u8>,
    ) -> Result<()> {
        let id = bucket.id;
        self.transact(move |tx| {
            let state = require_bucket(tx.conn, id)?.with_versioning(versioning)?;
            tx.buckets_change();
            buckets::put_state(tx.conn, id, state)?;
            documents::upsert(tx.conn, id, name.namespace, name.name, &body)
        })
        .await
    }

    /// Turns Object Lock on, or sets its default retention. Fails with [`Error::LockNeedsVersioning`].
    pub async fn put_object_lock(&self, bucket: &Bucket, lock: ObjectLockConfiguration) -> Result<()> {
        self.change_state(bucket, move |state| match state.versioning {
            Versioning::Enabled => Ok(BucketState { object_lock: Some(lock), ..state }),
            Versioning::Never | Versioning::Suspended => Err(Error::LockNeedsVersioning),
        })
        .await
    }

    async fn change_state(
        &self,
        bucket: &Bucket,
        change: impl FnOnce(BucketState) -> Result<BucketState> + Send + 'static,
    ) -> Result<()> {
        let id = bucket.id;
        self.transact(move |tx| {
            let state = change(require_bucket(tx.conn, id)?)?;
            tx.buckets_change();
            buckets::put_state(tx.conn, id, state)
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
            let BucketState { versioning, .. } = require_bucket(tx.conn, id)?;
            if current::any(tx.conn, id)? || history::any(tx.conn, id)? {
                return Err(Error::BucketNotEmpty { versioning });
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
