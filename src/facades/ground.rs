//! What every facade stands on: the engine, who may call, its options, the storage of control planes. Each gets one of its
//! own, under its own name.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cors::OriginPattern;
use super::credentials::Credentials;
use super::options::{FacadeOptions, OptionError, Options};
use super::storage::{EngineStorage, Storage};
use super::token::Tokens;
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::engine::document::{Change, DocumentName, DocumentQuery, Owner};
use crate::engine::error::{Error, Result as EngineResult};
use crate::engine::event::Watcher;
use crate::http::identity::{AuthMode, Identities, Identity, Secret};
use crate::http::origin::Origin;
use crate::wire::bucket_name::BucketName;
use crate::wire::time::Timestamp;

/// How the facades are set up.
#[derive(Clone)]
pub struct Config {
    /// Where everything is kept.
    pub engine: Engine,
    /// Has what is done in buckets told to whom they tell it.
    pub watcher: Arc<dyn Watcher>,
    /// Who may call.
    pub identities: Arc<Identities>,
    /// Whether callers have to say who they are.
    pub auth: AuthMode,
    /// The region that presigned URLs are for.
    pub region: String,
    /// The address to put into URLs, if it is not the one that the client came by.
    pub public_url: Option<String>,
    /// The names of facades that are switched off.
    pub off: Vec<String>,
    /// All names that the settings mention: they have to be those of facades.
    pub named: Vec<String>,
    /// What was set for each facade.
    pub options: Options,
    /// The S3 endpoint that control planes put objects on, if it is not this server.
    pub upstream: Option<Upstream>,
    /// Pages of which other origins may use the facades, besides those on this machine.
    pub cors_origins: Vec<OriginPattern>,
}

/// An S3 endpoint behind this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Where it is: `http://host:port` or `https://host:port`.
    pub url: String,
    /// The address by which clients reach it, for presigned URLs, if it is another.
    pub public_url: Option<String>,
    /// Its region.
    pub region: String,
    /// Who asks there.
    pub access_key: String,
    /// What requests are signed with there.
    pub secret_key: Secret,
}

/// What all facades share.
pub(super) struct Shared {
    pub(super) config: Config,
    credentials: Credentials,
    tokens: Tokens,
    storage: Arc<dyn Storage>,
}

impl Shared {
    pub(super) fn new(config: Config) -> Result<Arc<Shared>, OptionError> {
        let storage: Arc<dyn Storage> = match &config.upstream {
            None => Arc::new(EngineStorage::new(&config)),
            #[cfg(feature = "upstream")]
            Some(upstream) => Arc::new(super::storage::UpstreamStorage::new(&config, upstream)?),
            #[cfg(not(feature = "upstream"))]
            Some(_) => return Err(OptionError::no_upstream()),
        };
        Ok(Arc::new(Shared {
            credentials: Credentials::new(Arc::clone(&config.identities), config.auth),
            tokens: Tokens::new(Arc::clone(&config.identities)),
            storage,
            config,
        }))
    }
}

/// One facade's part of what they share.
#[derive(Clone)]
pub(crate) struct Ground {
    shared: Arc<Shared>,
    name: &'static str,
    options: Arc<FacadeOptions>,
}

impl Ground {
    pub(super) fn new(shared: Arc<Shared>, name: &'static str, options: FacadeOptions) -> Ground {
        Ground { shared, name, options: Arc::new(options) }
    }

    /// The engine: for facades that carry bytes themselves, and for documents.
    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.config.engine
    }

    /// Where control planes put objects: the engine, or an S3 endpoint behind Staves.
    pub(crate) fn storage(&self) -> &dyn Storage {
        self.shared.storage.as_ref()
    }

    /// Who may call, by the keys and passwords they send.
    pub(crate) fn credentials(&self) -> &Credentials {
        &self.shared.credentials
    }

    /// The tokens that this facade gives out.
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.shared.tokens
    }

    /// The values of the facade's options.
    pub(crate) fn options(&self) -> &FacadeOptions {
        &self.options
    }

    /// The engine's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.engine().clock().now()
    }

    /// The bucket of that name, made with the caller's account as its owner unless it is there. A bucket of another account
    /// is [`Error::BucketExists`]. Pages of the origins that may use the facades may use it, too.
    pub(crate) async fn bucket(&self, name: &BucketName, caller: &Identity) -> EngineResult<Bucket> {
        let config = &self.shared.config;
        let Config { engine, region, cors_origins, .. } = config;
        super::cors::open_bucket(engine, name, &caller.account, region, cors_origins).await
    }

    /// The bucket, of which it is told what is done with it for the caller: the same as this operation of S3's does.
    pub(crate) fn watched(&self, bucket: &Bucket, operation: &'static str, caller: &Identity) -> EngineResult<Bucket> {
        self.shared.config.watcher.watch(bucket.clone(), operation, &caller.account)
    }

    /// A presigned URL of S3's for `GET` of an object of the engine, at the address that the client came by.
    pub(crate) fn presigned_get(
        &self,
        origin: &Origin,
        bucket: &BucketName,
        key: &str,
        expires_seconds: u32,
        caller: &Identity,
    ) -> String {
        let signing = super::storage::Signing {
            method: "GET",
            origin,
            bucket,
            key,
            query: &[],
            content_type: None,
            expires_seconds,
        };
        super::storage::presigned(&signing, caller, &self.shared.config.region, self.now())
    }

    /// A document of this facade, on a bucket or its own.
    pub(crate) fn document<'a, T: DeserializeOwned>(
        &self,
        owner: impl Into<Owner<'a>>,
        name: &str,
    ) -> EngineResult<Option<T>> {
        match self.engine().document(owner, self.named(name)) {
            Ok(bytes) => parse(&bytes).map(Some),
            Err(Error::NoSuchDocument) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Documents whose names start with `prefix`, after the name `after`, at most `limit` of them.
    pub(crate) async fn list_documents<'a, T: DeserializeOwned>(
        &self,
        owner: impl Into<Owner<'a>>,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> EngineResult<Vec<(String, T)>> {
        let query = DocumentQuery { prefix: prefix.to_owned(), after: after.to_owned(), limit };
        let page = self.engine().list_documents(owner, self.name, query).await?;
        page.into_iter().map(|(name, body)| Ok((name, parse(&body)?))).collect()
    }

    /// Stores or replaces a document.
    pub(crate) async fn put_document<'a, T: Serialize>(
        &self,
        owner: impl Into<Owner<'a>>,
        name: &str,
        document: &T,
    ) -> EngineResult<()> {
        self.engine().put_document(owner, self.named(name), write(document)?).await
    }

    /// Looks at a document and changes it, with nobody between. `change` gets what is there and the time, may alter it
    /// (`None`: no document), and its answer comes back when that is committed. What it leaves as it was is not written.
    pub(crate) async fn change_document<'a, T, R>(
        &self,
        owner: impl Into<Owner<'a>>,
        name: &str,
        change: impl FnOnce(&mut Option<T>, Timestamp) -> R + Send + 'static,
    ) -> EngineResult<R>
    where
        T: DeserializeOwned + Serialize + Send + 'static,
        R: Send + 'static,
    {
        let changed = move |before: Option<&[u8]>, now: Timestamp| {
            let mut document: Option<T> = match before.map(parse).transpose() {
                Ok(document) => document,
                Err(error) => return (Change::Keep, Err(error)),
            };
            let answer = change(&mut document, now);
            let Some(document) = document else {
                return (if before.is_some() { Change::Delete } else { Change::Keep }, Ok(answer));
            };
            match write(&document) {
                Ok(bytes) if before == Some(bytes.as_slice()) => (Change::Keep, Ok(answer)),
                Ok(bytes) => (Change::Put(bytes), Ok(answer)),
                Err(error) => (Change::Keep, Err(error)),
            }
        };
        self.engine().change_document(owner, self.named(name), changed).await?
    }

    /// Deletes a document; one that does not exist is fine.
    pub(crate) async fn delete_document<'a>(&self, owner: impl Into<Owner<'a>>, name: &str) -> EngineResult<()> {
        self.engine().delete_document(owner, self.named(name)).await
    }

    fn named<'n>(&self, name: &'n str) -> DocumentName<'n> {
        DocumentName { namespace: self.name, name }
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> EngineResult<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::Corrupt { what: format!("a facade's document: {error}") })
}

fn write<T: Serialize>(document: &T) -> EngineResult<Vec<u8>> {
    serde_json::to_vec(document).map_err(|error| Error::Bug { what: format!("a document can be written: {error}") })
}
