//! Documents of which a bucket has many, each under an id: analytics, intelligent tiering, inventory and metrics. Kept;
//! nothing is analysed, listed or measured, and what is tiered is seen to in `s3/archive_tiers`.

mod analytics;
mod intelligent_tiering;
mod inventory;
mod metrics;

use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;

use super::{MAX_DOCUMENT_BYTES, Name, bucket_of_arn, fit, named, read, receive};
use crate::engine::document::{Change, DocumentQuery};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::{Level, Operation, Row, op};
use crate::s3::reply::Reply;
use crate::s3::target::Scope;
use crate::wire::error_codes::Code;
use crate::wire::xml::schema::{Shape, document};
use crate::wire::xml::{Declaration, Element, XmlWriter};

pub(crate) use self::analytics::Analytics;
pub(crate) use self::intelligent_tiering::IntelligentTiering;
pub(crate) use self::inventory::Inventory;
pub(crate) use self::metrics::Metrics;

/// How many of a kind a bucket may have.
const MAX_CONFIGURATIONS: usize = 1000;

const MAX_PER_PAGE: usize = 100;

/// The longest id, in characters. It consists of letters, digits, periods, dashes and underscores.
const MAX_ID_CHARS: usize = 64;

/// A kind of configuration.
pub(crate) trait Configuration: 'static {
    /// The query parameter that means it; stored under `<it>/<id>`.
    const SUBRESOURCE: &'static str;
    const GET: Name;
    const LIST: Name;
    const PUT: Name;
    const DELETE: Name;
    const LEVEL: Level = Level::Stored;

    /// The root of the list.
    const LIST_ROOT: &'static str;

    const SHAPE: Shape;

    /// What AWS says when the id in the document is not that of the request. For analytics, intelligent tiering and metrics
    /// this was recorded, though there is a code of its own, which inventory has.
    const MISMATCH: Code = Code::MalformedXml;

    /// What AWS says to a document before it looks at its shape.
    fn admit(_given: &Element) -> Result<()> {
        Ok(())
    }

    /// What AWS says of a document beyond its shape.
    fn check(_configuration: &Element) -> Result<()> {
        Ok(())
    }
}

/// GET of one.
pub(crate) const fn get_one<C: Configuration>() -> Row {
    op::<Get<C>>(Method::GET, Scope::Bucket).query(const { &[C::SUBRESOURCE, "id"] })
}

/// GET of all.
pub(crate) const fn list<C: Configuration>() -> Row {
    op::<List<C>>(Method::GET, Scope::Bucket).query(const { &[C::SUBRESOURCE] })
}

/// PUT of one.
pub(crate) const fn put_one<C: Configuration>() -> Row {
    op::<Put<C>>(Method::PUT, Scope::Bucket).query(const { &[C::SUBRESOURCE] })
}

/// DELETE of one.
pub(crate) const fn delete_one<C: Configuration>() -> Row {
    op::<Delete<C>>(Method::DELETE, Scope::Bucket).query(const { &[C::SUBRESOURCE] })
}

/// One, by its id.
struct Get<C>(String, PhantomData<fn() -> C>);

/// A page of all.
struct List<C> {
    /// The id after which it starts, and the token that said so.
    after: Option<(String, String)>,
    kind: PhantomData<fn() -> C>,
}

/// A new one, or another in its place.
struct Put<C>(String, PhantomData<fn() -> C>);

/// No more of one.
struct Delete<C>(String, PhantomData<fn() -> C>);

impl<C: Configuration> Operation for Get<C> {
    const NAME: &'static str = C::GET.0;
    const ACTION: &'static str = C::GET.1;
    const LEVEL: Level = C::LEVEL;

    fn parse(call: &Call) -> Result<Self> {
        Ok(Get(call.head.query.first("id").unwrap_or_default().to_owned(), PhantomData))
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let stored = read(&call, &stored_name::<C>(&self.0))?;
        stored.map(Reply::xml).ok_or_else(|| Code::NoSuchConfiguration.into())
    }
}

impl<C: Configuration> Operation for List<C> {
    const NAME: &'static str = C::LIST.0;
    const ACTION: &'static str = C::LIST.1;
    const LEVEL: Level = C::LEVEL;

    fn parse(call: &Call) -> Result<Self> {
        let Some(token) = call.head.query.first("continuation-token") else {
            return Ok(List { after: None, kind: PhantomData });
        };
        let id = URL_SAFE_NO_PAD.decode(token).ok().and_then(|id| String::from_utf8(id).ok());
        // An empty one is the beginning.
        let id = id.filter(|id| token.is_empty() || is_id(id)).ok_or(Code::MalformedContinuationToken)?;
        Ok(List { after: Some((id, token.to_owned())), kind: PhantomData })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let (after, token) = self.after.unzip();
        let after = after.map(|id| stored_name::<C>(&id)).unwrap_or_default();
        let mut page = all::<C>(&call, after, MAX_PER_PAGE + 1).await?;
        let is_truncated = page.len() > MAX_PER_PAGE;
        page.truncate(MAX_PER_PAGE);
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns(C::LIST_ROOT);
        for (_, stored) in &page {
            xml.element(&Element::parse(stored).map_err(S3Error::internal)?);
        }
        xml.text("IsTruncated", if is_truncated { "true" } else { "false" });
        xml.optional("ContinuationToken", token.as_deref());
        if let (true, Some((name, _))) = (is_truncated, page.last()) {
            let id = name.split_once('/').map_or(name.as_str(), |(_, id)| id);
            xml.text("NextContinuationToken", &URL_SAFE_NO_PAD.encode(id));
        }
        xml.close();
        Ok(Reply::xml(xml.finish()))
    }
}

impl<C: Configuration> Operation for Put<C> {
    const NAME: &'static str = C::PUT.0;
    const ACTION: &'static str = C::PUT.1;
    const LEVEL: Level = C::LEVEL;

    fn parse(call: &Call) -> Result<Self> {
        Ok(Put(id(call)?, PhantomData))
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let given = receive(&mut call, MAX_DOCUMENT_BYTES, DigestRule::Optional).await?;
        C::admit(&given)?;
        let configuration = fit(&C::SHAPE, &given)?;
        let id = configuration.child_text("Id").unwrap_or_default();
        if !is_id(id) {
            return Err(Code::MalformedXml.into());
        }
        if id != self.0 {
            return Err(C::MISMATCH.into());
        }
        C::check(&configuration)?;
        let name = stored_name::<C>(&self.0);
        // Those that come at the same time may exceed the limit together: it is for orientation, nothing rests on it.
        if read(&call, &name)?.is_none()
            && all::<C>(&call, String::new(), MAX_CONFIGURATIONS).await?.len() == MAX_CONFIGURATIONS
        {
            return Err(Code::TooManyConfigurations.into());
        }
        let put = call.engine().put_document(call.bucket()?, named(&name), document(&configuration).into_bytes());
        put.await.map_err(|error| call.says(error))?;
        Ok(Reply::no_content())
    }
}

impl<C: Configuration> Operation for Delete<C> {
    const NAME: &'static str = C::DELETE.0;
    const ACTION: &'static str = C::DELETE.1;
    const LEVEL: Level = C::LEVEL;

    fn parse(call: &Call) -> Result<Self> {
        Ok(Delete(id(call)?, PhantomData))
    }

    /// One that does not exist is not fine here (recorded from AWS).
    async fn run(self, call: Call) -> Result<Reply> {
        let name = stored_name::<C>(&self.0);
        let deleted =
            call.engine().change_document(call.bucket()?, named(&name), |before, _| (Change::Delete, before.is_some()));
        if deleted.await.map_err(|error| call.says(error))? {
            Ok(Reply::no_content())
        } else {
            Err(Code::NoSuchConfiguration.into())
        }
    }
}

fn stored_name<C: Configuration>(id: &str) -> String {
    format!("{}/{id}", C::SUBRESOURCE)
}

/// The first configurations after a stored name, in the order of their ids.
async fn all<C: Configuration>(call: &Call, after: String, limit: usize) -> Result<Vec<(String, Vec<u8>)>> {
    let query = DocumentQuery { prefix: stored_name::<C>(""), after, limit };
    call.engine().list_documents(call.bucket()?, "s3", query).await.map_err(|error| call.says(error))
}

/// The id that a PUT or DELETE has to name. (Without one, AWS answers 500 to a PUT of an inventory; that is not followed.)
fn id(call: &Call) -> Result<String> {
    let id = call.head.query.first("id").filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| Code::InvalidConfigurationId.into())
}

fn is_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !id.is_empty() && id.len() <= MAX_ID_CHARS && id.bytes().all(is_allowed)
}

/// The ARN of the bucket to which something is exported.
fn check_destination(arn: &str) -> Result<()> {
    match bucket_of_arn(arn) {
        Some(_) => Ok(()),
        None => Err(Code::InvalidS3DestinationBucket.into()),
    }
}
