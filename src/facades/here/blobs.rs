//! Reading and writing whole objects: what both versions have in common.

use http::{HeaderValue, Response, StatusCode, header};

use super::Call;
use super::digest::{self, Announced};
use super::error::ApiError;
use crate::engine::blobs::writer::Sealed;
use crate::engine::bucket::Bucket;
use crate::engine::object::{Object, OpenObject, PutObject};
use crate::facades::intake;
use crate::facades::reply;
use crate::http::body::Body;
use crate::wire::conditions::WriteCondition;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_key::ObjectKey;
use crate::wire::range::ByteRange;

/// What is shown of an object that was stored without a type. Assumption 7.
const DEFAULT_TYPE: &str = "application/octet-stream";

/// Takes the body in and compares its digest.
pub(super) async fn receive(call: &mut Call, limit_bytes: u64) -> Result<Sealed, ApiError> {
    let announced = Announced::parse(call.request.header(digest::HEADER))?;
    let wanted = digest::wanted(announced.as_ref());
    let body = intake::body(call.ground.engine(), &mut call.request.payload, limit_bytes, wanted).await?;
    digest::check(announced.as_ref(), body.digests())?;
    Ok(body)
}

/// Stores a body that has arrived.
pub(super) async fn put(
    call: &Call,
    bucket: &Bucket,
    key: ObjectKey,
    headers: ObjectHeaders,
    condition: Option<WriteCondition>,
    body: Sealed,
) -> Result<(), ApiError> {
    let bucket = call.ground.watched(bucket, "PutObject", &call.caller)?;
    let put = PutObject { condition, ..PutObject::new(key, headers) };
    call.ground.engine().put_object(&bucket, put, body).await?;
    Ok(())
}

/// The object of a key.
pub(super) fn open(call: &Call, key: &ObjectKey) -> Result<OpenObject, ApiError> {
    let bucket = call.layer.bucket(&call.ground, &call.caller)?.ok_or_else(ApiError::not_found)?;
    Ok(call.ground.engine().open_object(&bucket, key)?)
}

/// The headers that show an object.
pub(super) fn describe(object: &Object, status: StatusCode) -> Response<Body> {
    let mut response = reply::empty(status);
    let headers = response.headers_mut();
    let text = |text: &str| HeaderValue::from_str(text).ok();
    let content_type = object.headers.content_type.as_deref().and_then(text);
    headers.insert(header::CONTENT_TYPE, content_type.unwrap_or(HeaderValue::from_static(DEFAULT_TYPE)));
    if let Some(coding) = object.headers.content_encoding.as_deref().and_then(text) {
        headers.insert(header::CONTENT_ENCODING, coding);
    }
    if let Some(modified) = text(&object.modified.http_date()) {
        headers.insert(header::LAST_MODIFIED, modified);
    }
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_LENGTH, object.size_bytes.into());
    response
}

/// The one range that is asked for, in the header or as `range=`.
pub(super) fn range(call: &Call) -> Result<Option<ByteRange>, ApiError> {
    let sent = call.request.header(header::RANGE).or_else(|| call.request.query.first("range"));
    let Some(sent) = sent.filter(|sent| !sent.trim().is_empty()) else { return Ok(None) };
    ByteRange::parse(sent.trim()).map(Some).ok_or_else(|| {
        ApiError::bad_request(format!("The range is {sent:?}: it has to be a single one such as bytes=0-1048575."))
    })
}

/// The object, or the range of it.
pub(super) async fn show(opened: OpenObject, range: Option<ByteRange>) -> Result<Response<Body>, ApiError> {
    let size_bytes = opened.object.size_bytes;
    let Some(range) = range else {
        let mut response = describe(&opened.object, StatusCode::OK);
        *response.body_mut() = body_of(opened, 0, size_bytes).await?;
        return Ok(response);
    };
    let (first, last) = range.resolve(size_bytes).map_err(|_| ApiError::not_satisfiable())?;
    let mut response = describe(&opened.object, StatusCode::PARTIAL_CONTENT);
    let length_bytes = last - first + 1;
    response.headers_mut().insert(header::CONTENT_LENGTH, length_bytes.into());
    if let Ok(shown) = HeaderValue::from_str(&format!("bytes {first}-{last}/{size_bytes}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, shown);
    }
    *response.body_mut() = body_of(opened, first, length_bytes).await?;
    Ok(response)
}

async fn body_of(opened: OpenObject, first_byte: u64, length_bytes: u64) -> Result<Body, ApiError> {
    let body = Body::object(opened.read(first_byte, length_bytes)).await;
    body.map_err(|error| crate::engine::error::Error::Io(error).into())
}
