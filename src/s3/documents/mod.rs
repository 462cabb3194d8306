//! Documents on a bucket, one file each: what is put is checked, stored as it is shown, and shown again. What a document
//! has of its own stands in its file (its shape, what AWS says of its content, what its absence answers); reading, storing
//! and deleting are the same for all and stand here. Those of which a bucket has many, each under an id, are
//! `configurations`.
//!
//! A document of which nothing is said to act is kept, and does nothing.

mod abac;
mod accelerate;
mod configurations;
mod cors;
mod encryption;
mod lifecycle;
mod logging;
mod metadata;
mod notification;
mod replication;
mod request_payment;
mod tagging;
mod website;

use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;

use super::call::Call;
use super::error::{Result, S3Error};
use super::intake::DigestRule;
use super::operation::{Level, Operation, Row, op};
use super::reply::Reply;
use super::target::Scope;
use crate::engine::document::DocumentName;
use crate::engine::error::Error;
use crate::engine::event::NewEvent;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, group, text};

pub(crate) use self::abac::Abac;
pub(crate) use self::accelerate::Accelerate;
pub(crate) use self::configurations::{
    Analytics, IntelligentTiering, Inventory, Metrics, delete_one, get_one, list, put_one,
};
pub(crate) use self::cors::Cors;
pub(crate) use self::encryption::Encryption;
pub(crate) use self::lifecycle::Lifecycle;
pub(crate) use self::logging::Logging;
pub(crate) use self::metadata::{
    AnnotationTable, InventoryTable, JournalTable, Metadata, MetadataTable, create, remove, show, update,
};
pub(crate) use self::notification::Notification;
pub(crate) use self::replication::Replication;
pub(crate) use self::request_payment::RequestPayment;
pub(crate) use self::tagging::Tagging;
pub(crate) use self::website::Website;

/// The tag of a filter.
const TAG: Shape = group("Tag", &[text("Key"), text("Value")]);

/// What of a bucket a rule or configuration is for; how many of these it may hold is for each to say.
const FILTER: Shape = group(
    "Filter",
    &[
        text("Prefix").optional(),
        TAG.optional(),
        group("And", &[text("Prefix").optional(), TAG.any_number()]).holding(2, usize::MAX).optional(),
    ],
);

/// The largest document, where AWS's own bound was not seen: the one of lifecycle and encryption, which was.
pub(crate) const MAX_DOCUMENT_BYTES: u64 = 2 << 20;

/// An operation's name, and the IAM action that allows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name(pub(crate) &'static str, pub(crate) &'static str);

/// A document of which a bucket has one.
pub(crate) trait Document: Sized + 'static {
    /// The query parameter that means it, and its name in the namespace `s3`.
    const SUBRESOURCE: &'static str;
    const GET: Name;
    const PUT: Name;

    /// Whether anything acts on it.
    const LEVEL: Level = Level::Stored;

    /// Whether its PUT has to come with a digest.
    const DIGEST: DigestRule = DigestRule::Optional;

    const LIMIT_BYTES: u64 = MAX_DOCUMENT_BYTES;

    /// What a bucket without one answers to GET.
    fn absent(call: &Call) -> Result<Reply>;

    /// What AWS says to a PUT before it looks at the document.
    fn admit(_call: &Call) -> Result<()> {
        Ok(())
    }

    /// Checks a document and gives it back as it is stored.
    fn accept(call: &Call, given: &Element) -> Result<String>;

    /// What others are told of a document as it is stored.
    fn told(_call: &Call, _stored: &str) -> Result<Vec<NewEvent>> {
        Ok(Vec::new())
    }

    /// The answer to a PUT that is stored.
    fn stored(_stored: &str) -> Reply {
        Reply::ok()
    }

    /// The answer to GET.
    fn shown(_call: &Call, stored: String) -> Result<Reply> {
        Ok(Reply::xml(stored))
    }
}

/// A document that can be deleted.
pub(crate) trait Deletable: Document {
    const DELETE: Name;
}

/// GET of a document.
pub(crate) const fn get<D: Document>() -> Row {
    op::<Get<D>>(Method::GET, Scope::Bucket).query(const { &[D::SUBRESOURCE] })
}

/// PUT of a document.
pub(crate) const fn put<D: Document>() -> Row {
    op::<Put<D>>(Method::PUT, Scope::Bucket).query(const { &[D::SUBRESOURCE] })
}

/// DELETE of a document.
pub(crate) const fn delete<D: Deletable>() -> Row {
    op::<Delete<D>>(Method::DELETE, Scope::Bucket).query(const { &[D::SUBRESOURCE] })
}

/// `GetBucket…`
struct Get<D>(PhantomData<fn() -> D>);

/// `PutBucket…`
struct Put<D>(PhantomData<fn() -> D>);

/// `DeleteBucket…`
struct Delete<D>(PhantomData<fn() -> D>);

impl<D: Document> Operation for Get<D> {
    const NAME: &'static str = D::GET.0;
    const ACTION: &'static str = D::GET.1;
    const LEVEL: Level = D::LEVEL;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(Get(PhantomData))
    }

    async fn run(self, call: Call) -> Result<Reply> {
        match read(&call, D::SUBRESOURCE)? {
            Some(stored) => D::shown(&call, stored),
            None => D::absent(&call),
        }
    }
}

impl<D: Document> Operation for Put<D> {
    const NAME: &'static str = D::PUT.0;
    const ACTION: &'static str = D::PUT.1;
    const LEVEL: Level = D::LEVEL;

    fn parse(call: &Call) -> Result<Self> {
        D::admit(call)?;
        Ok(Put(PhantomData))
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let given = receive(&mut call, D::LIMIT_BYTES, D::DIGEST).await?;
        let stored = D::accept(&call, &given)?;
        let reply = D::stored(&stored);
        let (told, body) = (D::told(&call, &stored)?, stored.into_bytes());
        let (engine, bucket, name) = (call.engine(), call.bucket()?, named(D::SUBRESOURCE));
        let put = if told.is_empty() {
            engine.put_document(bucket, name, body).await
        } else {
            engine.put_document_and_events(bucket, name, body, told).await
        };
        put.map_err(|error| call.says(error))?;
        Ok(reply)
    }
}

impl<D: Deletable> Operation for Delete<D> {
    const NAME: &'static str = D::DELETE.0;
    const ACTION: &'static str = D::DELETE.1;
    const LEVEL: Level = D::LEVEL;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(Delete(PhantomData))
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let deleted = call.engine().delete_document(call.bucket()?, named(D::SUBRESOURCE));
        deleted.await.map_err(|error| call.says(error))?;
        Ok(Reply::no_content())
    }
}

/// A document's name in S3's namespace.
fn named(name: &str) -> DocumentName<'_> {
    DocumentName { namespace: "s3", name }
}

/// What is stored under a name, if anything is.
fn read(call: &Call, name: &str) -> Result<Option<String>> {
    match call.engine().document(call.bucket()?, named(name)) {
        Ok(stored) => String::from_utf8(stored).map(Some).map_err(S3Error::internal),
        Err(Error::NoSuchDocument) => Ok(None),
        Err(error) => Err(call.says(error)),
    }
}

/// The document that a request brings, as XML.
async fn receive(call: &mut Call, limit_bytes: u64, digest: DigestRule) -> Result<Element> {
    let body = call.document(limit_bytes, digest).await?;
    Element::parse(&body).map_err(|_| Code::MalformedXml.into())
}

/// A document in its shape: `MalformedXML` if it has another. The client is not told why; the log is.
fn fit(shape: &Shape, given: &Element) -> Result<Element> {
    shape.read(given).map_err(|misfit| {
        tracing::info!("{} refused: {misfit}", given.name);
        Code::MalformedXml.into()
    })
}

/// The refusal of a document that is not there, where AWS names the bucket in it.
fn missing(call: &Call, code: Code) -> Result<Reply> {
    Err(code.with("BucketName", &call.bucket()?.name))
}

/// An id for a rule that was put without one, in the form of AWS's own: a UUID in base64.
fn generated_id() -> String {
    STANDARD.encode(uuid::Uuid::new_v4().to_string())
}

/// The bucket's name in an ARN of a bucket: `arn:aws:s3:::name`.
fn bucket_of_arn(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (scheme, partition, service, region, account, name) = (next(), next(), next(), next(), next(), next());
    let is_bucket = scheme == "arn" && partition.starts_with("aws") && service == "s3" && region.is_empty();
    (is_bucket && account.is_empty() && !name.is_empty()).then_some(name)
}
