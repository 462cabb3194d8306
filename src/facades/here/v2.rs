//! The Blob API v2: objects by key, and multipart uploads with tokens and part ids.

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use super::error::ApiError;
use super::parts::{self, Codings};
use super::routes::wrong_method;
use super::upload::{self, Finish, State, Upload};
use super::{Call, Limits, blobs};
use crate::engine::object::{CopyObject, Deletion};
use crate::engine::upload::{Part, UploadRow};
use crate::facades::reply;
use crate::http::body::Body;
use crate::wire::checksum::Algorithm;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::part::PartNumber;
use crate::wire::range::CopyRange;

/// How long the URL of `storageLayerAccess` is good for. Assumption 9.
const REDIRECT_SECONDS: u32 = 3600;

/// `/layers/{layerId}/keys/{key}`.
pub(super) async fn object(mut call: Call, key: &str) -> Result<Response<Body>, ApiError> {
    let key = call.layer.key(key)?;
    match call.request.method {
        Method::POST => {
            let fields = parts::json(&mut call).await?;
            let headers = parts::start_headers(fields.as_ref(), Codings::Any)?;
            let token = upload::start(&call, &key, headers).await?;
            Ok(reply::json(StatusCode::OK, &json!({ "multipartToken": token })))
        }
        Method::PUT => match call.request.query.first("source").map(str::to_owned) {
            Some(source) => copy(&call, &source, key).await,
            None => put(call, key).await,
        },
        Method::GET => get(&call, &key).await,
        Method::HEAD => Ok(blobs::describe(&blobs::open(&call, &key)?.object, StatusCode::OK)),
        Method::DELETE => {
            if let Some(bucket) = call.layer.bucket(&call.ground, &call.caller)? {
                let bucket = call.ground.watched(&bucket, "DeleteObject", &call.caller)?;
                call.ground.engine().delete_object(&bucket, Deletion::of(key)).await?;
            }
            Ok(reply::empty(StatusCode::ACCEPTED))
        }
        ref other => Err(wrong_method(other, "GET, HEAD, POST, PUT, DELETE")),
    }
}

async fn put(mut call: Call, key: ObjectKey) -> Result<Response<Body>, ApiError> {
    let headers = parts::put_headers(&call.request)?;
    let limit_bytes = call.limits.max_put_bytes;
    // Before the bytes: somebody else's catalog should not take them in.
    call.layer.bucket(&call.ground, &call.caller)?;
    let body = blobs::receive(&mut call, limit_bytes).await?;
    let bucket = call.layer.open_bucket(&call.ground, &call.caller).await?;
    blobs::put(&call, &bucket, key, headers, None, body).await?;
    Ok(reply::empty(StatusCode::OK))
}

async fn copy(call: &Call, source: &str, key: ObjectKey) -> Result<Response<Body>, ApiError> {
    let source = call.layer.key(source)?;
    if call.request.payload.content_length() != Some(0) {
        return Err(ApiError::bad_request("A copy has no body: its bytes are those of the source."));
    }
    let opened = blobs::open(call, &source)?;
    let bucket = call.layer.open_bucket(&call.ground, &call.caller).await?;
    let headers = opened.object.headers.clone();
    // Its tags go with it, and its lock does not, as in S3.
    let tags = opened.object.attributes.tags.clone();
    let attributes = ObjectAttributes { tags, ..ObjectAttributes::default() };
    let copy = CopyObject { key, headers, attributes, checksum: Algorithm::Crc64Nvme, condition: None };
    let bucket = call.ground.watched(&bucket, "CopyObject", &call.caller)?;
    call.ground.engine().copy_object(&bucket, opened.into_copy_source(), copy).await?;
    Ok(reply::empty(StatusCode::OK))
}

async fn get(call: &Call, key: &ObjectKey) -> Result<Response<Body>, ApiError> {
    let range = blobs::range(call)?;
    match call.request.query.first("accessType").filter(|sent| !sent.is_empty()) {
        None | Some("inlineAccess") => blobs::show(blobs::open(call, key)?, range).await,
        Some("storageLayerAccess") => {
            blobs::open(call, key)?;
            let (origin, bucket) = (&call.request.origin, call.layer.bucket_name());
            let url = call.ground.presigned_get(origin, bucket, key.as_str(), REDIRECT_SECONDS, &call.caller);
            let mut response = reply::empty(StatusCode::TEMPORARY_REDIRECT);
            let location = HeaderValue::from_str(&url).map_err(|_| ApiError::internal())?;
            response.headers_mut().insert(header::LOCATION, location);
            Ok(response)
        }
        Some(other) => Err(ApiError::bad_request(format!(
            "accessType is {other:?}: it has to be inlineAccess or storageLayerAccess."
        ))),
    }
}

/// `/layers/{layerId}/keysMultipart/{multipartToken}`.
pub(super) async fn upload(mut call: Call, token: &str) -> Result<Response<Body>, ApiError> {
    match call.request.method {
        Method::PUT => {
            let found = Upload::find(&call, token, None)?;
            let fields = parts::json(&mut call).await?;
            let listed = parts::listed(fields.as_ref(), "id")?;
            let (rules, max_object_bytes) = (call.v2_rules(), Limits::V2_MAX_OBJECT_BYTES);
            found.complete(&call, Finish { rules, max_object_bytes, condition: None, listed }).await?;
            Ok(reply::empty(StatusCode::NO_CONTENT))
        }
        Method::GET => status(&Upload::find(&call, token, None)?),
        Method::DELETE => {
            let completed = ApiError::bad_request("The upload was completed: it cannot be cancelled.");
            Upload::find(&call, token, None)?.cancel(&call, completed).await?;
            Ok(reply::empty(StatusCode::ACCEPTED))
        }
        ref other => Err(wrong_method(other, "GET, PUT, DELETE")),
    }
}

/// The status of an upload, which there is once it was completed. Assumption 6.
pub(super) fn status(upload: &Upload) -> Result<Response<Body>, ApiError> {
    match upload.state {
        State::Completed => Ok(reply::json(StatusCode::OK, &json!({ "status": "completed" }))),
        State::Open | State::Cancelled => Err(ApiError::not_found()),
    }
}

/// `/layers/{layerId}/keysMultipart/{multipartToken}/parts`.
pub(super) async fn part(mut call: Call, token: &str) -> Result<Response<Body>, ApiError> {
    if call.request.method != Method::POST {
        return Err(wrong_method(&call.request.method, "POST"));
    }
    let found = Upload::find(&call, token, None)?;
    let row = found.row(&call)?;
    let number = parts::part_number(&call.request)?;
    let part = if let Some(source) = call.request.query.first("source").map(str::to_owned) {
        copy_part(&call, &found, &row, number, &source).await?
    } else {
        parts::check_part_type(&call.request, &found.content_type)?;
        let limit_bytes = call.limits.max_part_bytes;
        let body = blobs::receive(&mut call, limit_bytes).await?;
        call.ground.engine().put_part(&found.bucket, &row, number, body).await?
    };
    Ok(reply::json(StatusCode::OK, &json!({ "id": upload::id_of(&part) })))
}

/// A range of an object as a part: both ends given, on multiples of 1 MiB but for the end of the source.
async fn copy_part(
    call: &Call,
    upload: &Upload,
    row: &UploadRow,
    number: PartNumber,
    source: &str,
) -> Result<Part, ApiError> {
    let source = call.layer.key(source)?;
    if call.request.payload.content_length() != Some(0) {
        return Err(ApiError::bad_request("The copy of a part has no body: its bytes are those of the source."));
    }
    let sent = call.request.header(header::RANGE).or_else(|| call.request.query.first("range"));
    let range = CopyRange::parse(sent.unwrap_or_default().trim()).map_err(|_| {
        ApiError::bad_request("The copy of a part needs a range such as bytes=0-1048575, with both ends.")
    })?;
    let opened = blobs::open(call, &source)?;
    let size_bytes = opened.object.size_bytes;
    if range.last() >= size_bytes {
        return Err(ApiError::not_satisfiable());
    }
    let (first, length_bytes) = (range.first(), range.last() - range.first() + 1);
    let multiple = call.limits.part_multiple_bytes.max(1);
    if !first.is_multiple_of(multiple) {
        return Err(ApiError::bad_request(format!("The range has to begin at a multiple of {multiple} bytes.")));
    }
    if length_bytes > call.limits.max_part_bytes {
        return Err(ApiError::too_large());
    }
    let source = opened.into_copy_range(first, length_bytes);
    Ok(call.ground.engine().copy_part(&upload.bucket, row, number, source).await?)
}
