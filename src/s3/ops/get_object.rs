//! `GetObject` and `HeadObject`: an object, a range of it, or one of its parts; with its bytes or without.

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_RANGE, CONTENT_TYPE, EXPIRES,
};
use http::{HeaderName, HeaderValue, StatusCode};

use super::version_id;
use super::{multipart, object_reply, restore_object};
use crate::engine::object::{Object, ObjectPart, OpenObject, PartOfObject};
use crate::engine::version_id::VersionId;
use crate::http::body::Body;
use crate::s3::auth::Principal;
use crate::s3::call::Call;
use crate::s3::encryption::{KeyOf, key_for_reading};
use crate::s3::error::{Result, S3Error};
use crate::s3::lifecycle;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::checksum::{Checksum, ChecksumKind};
use crate::wire::conditions::{ReadConditions, ReadOutcome};
use crate::wire::encryption::CustomerKey;
use crate::wire::error_codes::Code;
use crate::wire::metadata::to_latin1;
use crate::wire::object_key::ObjectKey;
use crate::wire::part::PartNumber;
use crate::wire::range::ByteRange;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub(crate) struct GetObject(Read);

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
pub(crate) struct HeadObject(Read);

/// What both read from the request.
struct Read {
    key: ObjectKey,
    version: Option<VersionId>,
    conditions: ReadConditions,
    view: View,
    checksum_mode: ChecksumMode,
    overrides: Vec<(HeaderName, HeaderValue)>,
}

/// What of the object is meant.
enum View {
    Whole,
    Range(ByteRange, String),
    Part(PartNumber),
}

#[derive(Clone, Copy)]
enum ChecksumMode {
    Enabled,
    Absent,
}

impl Operation for GetObject {
    const NAME: &'static str = "GetObject";
    const ACTION: &'static str = "s3:GetObject";

    fn before_access(call: &Call) -> Result<()> {
        refuse_anonymous_overrides(call)
    }

    fn parse(call: &Call) -> Result<Self> {
        Read::parse(call).map(GetObject)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let opened = self.0.open(&call)?;
        let key = key_for_reading(&call, KeyOf::Object, &opened.object.attributes.encryption)?;
        if let Some(reply) = self.0.decide(&call, &opened.object)? {
            return Ok(reply);
        }
        restore_object::require_readable(&call, call.bucket()?, &self.0.key, &opened.object).await?;
        let shown = self.0.show(&call, &opened.object, key.as_ref())?;
        let mut reply = shown.reply;
        let bytes = opened.with_key(key).read(shown.first_byte, shown.length_bytes);
        reply.body = Body::object(bytes).await.map_err(S3Error::internal)?;
        Ok(reply)
    }
}

impl Operation for HeadObject {
    const NAME: &'static str = "HeadObject";
    const ACTION: &'static str = "s3:GetObject";

    fn before_access(call: &Call) -> Result<()> {
        refuse_anonymous_overrides(call)
    }

    fn parse(call: &Call) -> Result<Self> {
        Read::parse(call).map(HeadObject)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let object = self.0.look_up(&call)?;
        let key = key_for_reading(&call, KeyOf::Object, &object.attributes.encryption)?;
        if let Some(reply) = self.0.decide(&call, &object)? {
            return Ok(reply);
        }
        let shown = self.0.show(&call, &object, key.as_ref())?;
        let reply = restore_object::show_tier(&call, shown.reply, &object).await?;
        Ok(reply.length_only(shown.length_bytes))
    }
}

/// The answer but for its bytes, and which bytes they are.
struct Shown {
    reply: Reply,
    first_byte: u64,
    length_bytes: u64,
}

impl Read {
    fn parse(call: &Call) -> Result<Read> {
        let head = &call.head;
        Ok(Read {
            key: head.key()?.clone(),
            version: version_id::of(head)?,
            view: view(head)?,
            conditions: ReadConditions::parse(
                head.header("if-match").as_deref(),
                head.header("if-none-match").as_deref(),
                head.header("if-modified-since").as_deref(),
                head.header("if-unmodified-since").as_deref(),
            ),
            checksum_mode: match head.header("x-amz-checksum-mode") {
                Some(mode) if mode.eq_ignore_ascii_case("ENABLED") => ChecksumMode::Enabled,
                _ => ChecksumMode::Absent,
            },
            overrides: overrides(head)?,
        })
    }

    fn open(&self, call: &Call) -> Result<OpenObject> {
        call.engine().open_version(call.bucket()?, &self.key, self.version).map_err(|error| call.says(error))
    }

    /// As [`Self::open`], for an answer without bytes.
    fn look_up(&self, call: &Call) -> Result<Object> {
        call.engine().object_version(call.bucket()?, &self.key, self.version).map_err(|error| call.says(error))
    }

    /// The conditions' verdict: an answer, if they end the request here.
    fn decide(&self, call: &Call, object: &Object) -> Result<Option<Reply>> {
        if self.conditions.is_empty() {
            return Ok(None);
        }
        match self.conditions.evaluate(&object.etag, object.modified.secs(), call.head.now.secs()) {
            ReadOutcome::Proceed => Ok(None),
            ReadOutcome::NotModified { .. } => {
                let reply = object_reply::etag(Reply::ok().status(StatusCode::NOT_MODIFIED), &object.etag);
                Ok(Some(object_reply::last_modified(reply, object.modified)))
            }
            ReadOutcome::Failed { condition } => {
                Err(Code::PreconditionFailed.with("Condition", condition.header_name()))
            }
        }
    }

    fn show(&self, call: &Call, object: &Object, key: Option<&CustomerKey>) -> Result<Shown> {
        let mut reply = version_id::show(object_reply::describe(object, key), call.bucket()?, object.version);
        reply = restore_object::show(call, reply, object);
        if self.version.is_none() {
            reply = lifecycle::show_expiry(call, reply, &self.key, object)?;
        }
        let (mut first_byte, mut length_bytes) = (0, object.size_bytes);
        // Shown for what is all of the object, and for a part that has one of its own.
        let mut checksum = Some(object.checksum);
        match &self.view {
            View::Whole => {}
            View::Range(range, sent) => {
                let (first, last) = range.resolve(object.size_bytes).map_err(|_| {
                    Code::InvalidRange.with("RangeRequested", sent).with("ActualObjectSize", object.size_bytes)
                })?;
                (first_byte, length_bytes) = (first, last - first + 1);
                reply = partial(reply, first_byte, length_bytes, object.size_bytes);
                checksum = checksum.filter(|_| length_bytes == object.size_bytes);
            }
            View::Part(number) => match part(call, object, *number)? {
                Some((part, count)) => {
                    (first_byte, length_bytes) = (part.first_byte, part.size_bytes);
                    reply = partial(reply, first_byte, length_bytes, object.size_bytes)
                        .amz("x-amz-mp-parts-count", &count.to_string());
                    checksum = part_checksum(object, &part);
                }
                None => reply = partial(reply, 0, object.size_bytes, object.size_bytes),
            },
        }
        let checksum = checksum.filter(|_| object.attributes.encryption.shows_checksum());
        if let (ChecksumMode::Enabled, Some(checksum)) = (self.checksum_mode, checksum) {
            reply = object_reply::checksum(reply, &checksum);
        }
        for (name, value) in &self.overrides {
            reply.headers.insert(name, value.clone());
        }
        Ok(Shown { reply, first_byte, length_bytes })
    }
}

/// The part, and how many there are; `None` for part 1 of an object that was put in one piece.
fn part(call: &Call, object: &Object, number: PartNumber) -> Result<Option<(ObjectPart, u16)>> {
    let found = call.engine().part_of_object(object, number.get()).map_err(|error| call.says(error))?;
    let beyond =
        |count: u16| Code::InvalidPartNumber.with("PartNumberRequested", number.get()).with("ActualPartCount", count);
    match found {
        PartOfObject::Found(part, count) => Ok(Some((part, count))),
        PartOfObject::NotMultipart if number.get() == 1 => Ok(None),
        PartOfObject::NotMultipart => Err(beyond(1)),
        PartOfObject::Beyond(count) => Err(beyond(count)),
    }
}

/// A part shows its own checksum where the object's is composite; else the object's, if the part is all of it.
fn part_checksum(object: &Object, part: &ObjectPart) -> Option<Checksum> {
    match object.checksum.kind {
        ChecksumKind::Composite => part.checksum.map(|digest| Checksum {
            algorithm: object.checksum.algorithm,
            kind: ChecksumKind::Composite,
            digest,
            parts: None,
        }),
        ChecksumKind::FullObject => Some(object.checksum).filter(|_| part.size_bytes == object.size_bytes),
    }
}

fn partial(reply: Reply, first_byte: u64, length_bytes: u64, size_bytes: u64) -> Reply {
    let reply = reply.status(StatusCode::PARTIAL_CONTENT);
    // No range describes no bytes: an empty object's part 1 has none.
    match (first_byte + length_bytes).checked_sub(1).filter(|_| length_bytes > 0) {
        Some(last) => reply.header(CONTENT_RANGE, &format!("bytes {first_byte}-{last}/{size_bytes}")),
        None => reply,
    }
}

fn view(head: &Head) -> Result<View> {
    let range = head.header("range");
    match (head.query.first("partNumber"), range) {
        (Some(_), Some(_)) => {
            Err(S3Error::invalid_request("Cannot specify both Range header and partNumber query parameter"))
        }
        (Some(number), None) => multipart::part_number(number).map(View::Part),
        (None, Some(sent)) => Ok(ByteRange::parse(&sent).map_or(View::Whole, |range| View::Range(range, sent))),
        (None, None) => Ok(View::Whole),
    }
}

/// Query parameters that replace what the object says of itself. Of several that are bad the first is named: that
/// `response-cache-control` comes before `response-content-disposition` was seen on AWS.
const OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-content-type", CONTENT_TYPE),
    ("response-expires", EXPIRES),
];

/// What an answer says is up to those who sign, whatever else is public. Said before access is denied: taken so, since
/// the sentence would otherwise only be heard of public objects.
fn refuse_anonymous_overrides(call: &Call) -> Result<()> {
    let anonymous = matches!(call.principal, Principal::Anonymous);
    if anonymous && OVERRIDES.iter().any(|(parameter, _)| call.head.query.has(parameter)) {
        return Err(S3Error::invalid_request(
            "Request specific response headers cannot be used for anonymous GET requests.",
        ));
    }
    Ok(())
}

fn overrides(head: &Head) -> Result<Vec<(HeaderName, HeaderValue)>> {
    let mut found = Vec::new();
    for (parameter, header) in OVERRIDES {
        if let Some(value) = head.query.first(parameter) {
            let value = to_latin1(value).and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()).ok_or_else(|| {
                let message = "Header value cannot be represented using ISO-8859-1.";
                S3Error::invalid_argument(message, parameter, value)
            })?;
            found.push((header, value));
        }
    }
    Ok(found)
}
