//! Answers that several facades make: JSON, and none at all.

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::http::body::Body;

/// An answer of JSON, of the type `application/json`.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    json_as(status, "application/json", value)
}

/// An answer of JSON under another media type.
pub(crate) fn json_as(status: StatusCode, media_type: &'static str, value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(bytes) => text(status, media_type, bytes),
        Err(error) => {
            tracing::error!(%error, "bug: an answer could not be written as JSON");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// An answer of some text.
pub(crate) fn text(status: StatusCode, media_type: &'static str, text: impl Into<Vec<u8>>) -> Response<Body> {
    let text = text.into();
    let length = text.len();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    response
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
