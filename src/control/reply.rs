//! Answers in JSON.

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use crate::engine::error::Error;
use crate::http::body::Body;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Refusal {
        Refusal { status, message: message.into() }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        match error {
            Error::Closed => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping"),
            error => {
                tracing::error!(%error, "internal error");
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the server's log says what happened")
            }
        }
    }
}

/// A success.
pub(super) fn json(text: String) -> Response<Body> {
    response(StatusCode::OK, text)
}

/// A refusal.
pub(super) fn error(refusal: &Refusal) -> Response<Body> {
    let mut response = response(refusal.status, serde_json::json!({ "error": refusal.message }).to_string());
    let headers = response.headers_mut();
    match refusal.status {
        StatusCode::METHOD_NOT_ALLOWED => headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD")),
        StatusCode::UNAUTHORIZED => headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        _ => None,
    };
    response
}

fn response(status: StatusCode, text: String) -> Response<Body> {
    let length = text.len();
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
