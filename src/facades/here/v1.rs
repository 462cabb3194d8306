//! The Blob API v1: blobs by data handle, which are written once, and multipart uploads with links and ETags.

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use super::error::ApiError;
use super::parts::{self, Codings};
use super::routes::wrong_method;
use super::upload::{self, Finish, Upload};
use super::{Call, Limits, blobs, v2};
use crate::engine::error::Error;
use crate::engine::object::Deletion;
use crate::facades::reply;
use crate::http::body::Body;
use crate::wire::conditions::WriteCondition;
use crate::wire::object_key::ObjectKey;

/// `/layers/{layerId}/data/{dataHandle}`.
pub(super) async fn blob(call: Call, handle: &str) -> Result<Response<Body>, ApiError> {
    check_billing_tag(&call)?;
    let key = call.layer.handle(handle)?;
    match call.request.method {
        Method::PUT => put(call, key).await,
        Method::GET => get(&call, &key).await,
        Method::HEAD => {
            let object = blobs::open(&call, &key)?.object;
            let mut response = blobs::describe(&object, StatusCode::OK);
            insert_etag(&mut response, &object.etag.quoted());
            Ok(response)
        }
        Method::DELETE => {
            if let Some(bucket) = call.layer.bucket(&call.ground, &call.caller)? {
                let bucket = call.ground.watched(&bucket, "DeleteObject", &call.caller)?;
                call.ground.engine().delete_object(&bucket, Deletion::of(key)).await?;
            }
            Ok(reply::empty(StatusCode::ACCEPTED))
        }
        ref other => Err(wrong_method(other, "GET, HEAD, PUT, DELETE")),
    }
}

async fn put(mut call: Call, key: ObjectKey) -> Result<Response<Body>, ApiError> {
    require_length(&call)?;
    let headers = parts::put_headers(&call.request)?;
    if headers.content_type.is_none() {
        return Err(ApiError::bad_request("Content-Type is required."));
    }
    refuse_existing(&call, &key)?;
    let body = blobs::receive(&mut call, Limits::V1_MAX_PART_BYTES).await?;
    let bucket = call.layer.open_bucket(&call.ground, &call.caller).await?;
    blobs::put(&call, &bucket, key, headers, Some(WriteCondition::IfNoneMatchAny), body).await?;
    Ok(reply::empty(StatusCode::OK))
}

async fn get(call: &Call, key: &ObjectKey) -> Result<Response<Body>, ApiError> {
    let range = blobs::range(call)?;
    let opened = blobs::open(call, key)?;
    let etag = opened.object.etag.quoted();
    let known = call.request.header(header::IF_NONE_MATCH).unwrap_or_default();
    let mut response = if known.split(',').any(|known| known.trim() == etag || known.trim() == "*") {
        reply::empty(StatusCode::NOT_MODIFIED)
    } else if opened.object.size_bytes == 0 {
        reply::empty(StatusCode::NO_CONTENT)
    } else {
        blobs::show(opened, range).await?
    };
    insert_etag(&mut response, &etag);
    Ok(response)
}

/// `/layers/{layerId}/data/{dataHandle}/multiparts`.
pub(super) async fn start(mut call: Call, handle: &str) -> Result<Response<Body>, ApiError> {
    if call.request.method != Method::POST {
        return Err(wrong_method(&call.request.method, "POST"));
    }
    check_billing_tag(&call)?;
    let key = call.layer.handle(handle)?;
    let fields = parts::json(&mut call).await?;
    let headers = parts::start_headers(fields.as_ref(), Codings::Listed)?;
    refuse_existing(&call, &key)?;
    let token = upload::start(&call, &key, headers).await?;
    // Below the path that was asked, whichever base URL it has.
    let upload = format!("{}{}/{token}", call.request.base_url, call.request.path);
    let link = |href: String, method: &str| json!({ "href": href, "method": method });
    let links = json!({
        "complete": link(upload.clone(), "PUT"),
        "delete": link(upload.clone(), "DELETE"),
        "status": link(upload.clone(), "GET"),
        "uploadPart": link(format!("{upload}/parts"), "POST"),
    });
    Ok(reply::json(StatusCode::OK, &json!({ "links": links })))
}

/// `/layers/{layerId}/data/{dataHandle}/multiparts/{multiPartToken}`.
pub(super) async fn upload(mut call: Call, handle: &str, token: &str) -> Result<Response<Body>, ApiError> {
    check_billing_tag(&call)?;
    let key = call.layer.handle(handle)?;
    let find = |call: &Call| Upload::find(call, token, Some(&key));
    match call.request.method {
        Method::PUT => {
            let found = find(&call)?;
            let fields = parts::json(&mut call).await?;
            let listed = parts::listed(fields.as_ref(), "etag")?;
            let (rules, max_object_bytes) = (call.v1_rules(), Limits::V1_MAX_OBJECT_BYTES);
            let condition = Some(WriteCondition::IfNoneMatchAny);
            found.complete(&call, Finish { rules, max_object_bytes, condition, listed }).await?;
            Ok(reply::empty(StatusCode::NO_CONTENT))
        }
        Method::GET => v2::status(&find(&call)?),
        Method::DELETE => {
            find(&call)?.cancel(&call, ApiError::not_found()).await?;
            Ok(reply::empty(StatusCode::NO_CONTENT))
        }
        ref other => Err(wrong_method(other, "GET, PUT, DELETE")),
    }
}

/// `/layers/{layerId}/data/{dataHandle}/multiparts/{multiPartToken}/parts`.
pub(super) async fn part(mut call: Call, handle: &str, token: &str) -> Result<Response<Body>, ApiError> {
    if call.request.method != Method::POST {
        return Err(wrong_method(&call.request.method, "POST"));
    }
    check_billing_tag(&call)?;
    let key = call.layer.handle(handle)?;
    let found = Upload::find(&call, token, Some(&key))?;
    let row = found.row(&call)?;
    let number = parts::part_number(&call.request)?;
    require_length(&call)?;
    parts::check_part_type(&call.request, &found.content_type)?;
    let body = blobs::receive(&mut call, Limits::V1_MAX_PART_BYTES).await?;
    let part = call.ground.engine().put_part(&found.bucket, &row, number, body).await?;
    let mut response = reply::empty(StatusCode::OK);
    insert_etag(&mut response, &format!("\"{}\"", upload::id_of(&part)));
    Ok(response)
}

/// A data handle is written once.
fn refuse_existing(call: &Call, key: &ObjectKey) -> Result<(), ApiError> {
    let Some(bucket) = call.layer.bucket(&call.ground, &call.caller)? else { return Ok(()) };
    match call.ground.engine().object(&bucket, key) {
        Ok(_) => Err(ApiError::conflict()),
        Err(Error::NoSuchKey) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn require_length(call: &Call) -> Result<(), ApiError> {
    match call.request.payload.content_length() {
        Some(_) => Ok(()),
        None => Err(ApiError::bad_request("Content-Length is required.")),
    }
}

/// 4 to 16 letters and digits.
fn check_billing_tag(call: &Call) -> Result<(), ApiError> {
    match call.request.query.first("billingTag") {
        Some(tag) if !(4..=16).contains(&tag.len()) || !tag.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            Err(ApiError::bad_request("billingTag has to be 4 to 16 letters and digits."))
        }
        _ => Ok(()),
    }
}

fn insert_etag(response: &mut Response<Body>, etag: &str) {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
}
