//! Errors in the product's words: problem documents, FastAPI's arrays of refused fields, and its two plain answers for
//! paths and methods that are not there.

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::settings::ValidationErrors;
use crate::engine::error::Error;
use crate::facades::reply;
use crate::facades::storage::StorageError;
use crate::http::body::Body;

/// A refusal.
#[derive(Debug)]
pub(super) enum ApiError {
    /// A problem document.
    Problem { status: StatusCode, detail: String },
    /// 401: a problem document, and how to authenticate.
    Unauthorized { detail: &'static str, challenge: &'static str },
    /// 422: what is wrong with the fields of the request.
    Invalid(Vec<Invalid>),
    /// No such path.
    NoRoute,
    /// The path is there, for this method.
    WrongMethod(&'static str),
}

/// One thing that is wrong with a request, as FastAPI says it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Invalid {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Where: `body` or `path`, then field names and indexes.
    pub(super) loc: Vec<Value>,
    pub(super) msg: String,
    /// What was sent.
    pub(super) input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ctx: Option<Value>,
}

/// Assembling or freezing failed: for the client it is one.
pub(super) const COMPLETION_FAILED: &str =
    "Upload completion failed — the upload session may have expired. Please try again.";

impl ApiError {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> ApiError {
        ApiError::Problem { status, detail: detail.into() }
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(super) fn forbidden(detail: &str) -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, detail)
    }

    pub(super) fn not_found(detail: &str) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, detail)
    }

    /// 422 for what a file is, and not for a field.
    pub(super) fn unprocessable(detail: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(super) fn internal() -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
    }

    /// The storage failed while an upload was put together.
    pub(super) fn completion_failed(reason: &StorageError) -> ApiError {
        tracing::warn!(%reason, "geolens: an upload could not be put together");
        ApiError::new(StatusCode::BAD_GATEWAY, COMPLETION_FAILED)
    }

    /// Whether a request was refused for what the client sent.
    pub(super) fn detail_if_unprocessable(&self) -> Option<&str> {
        match self {
            ApiError::Problem { status: StatusCode::UNPROCESSABLE_ENTITY, detail } => Some(detail),
            _ => None,
        }
    }

    pub(super) fn response(&self, style: ValidationErrors) -> Response<Body> {
        match self {
            ApiError::Problem { status, detail } => problem(*status, detail),
            ApiError::Unauthorized { detail, challenge } => {
                let mut response = problem(StatusCode::UNAUTHORIZED, detail);
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
                response
            }
            ApiError::Invalid(errors) => match style {
                ValidationErrors::Array => reply::json(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "detail": errors })),
                ValidationErrors::Problem => {
                    let sentences: Vec<String> = errors.iter().map(Invalid::sentence).collect();
                    problem(StatusCode::UNPROCESSABLE_ENTITY, &sentences.join("; "))
                }
            },
            ApiError::NoRoute => reply::json(StatusCode::NOT_FOUND, &json!({ "detail": "Not Found" })),
            ApiError::WrongMethod(allowed) => {
                let plain = json!({ "detail": "Method Not Allowed" });
                let mut response = reply::json(StatusCode::METHOD_NOT_ALLOWED, &plain);
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
                response
            }
        }
    }
}

impl Invalid {
    /// As the product's server writes it: `body.parts.0.etag: Field required`.
    fn sentence(&self) -> String {
        let loc: Vec<String> =
            self.loc.iter().map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect();
        format!("{}: {}", loc.join("."), self.msg)
    }
}

fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    let body = json!({ "type": "about:blank", "title": title(status), "status": status.as_u16(), "detail": detail });
    reply::json_as(status, "application/problem+json", &body)
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        410 => "Gone",
        413 => "Payload Too Large",
        422 => "Validation Error",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Error",
    }
}

/// Whatever the storage did not do, where the product has no other words for it.
impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> ApiError {
        tracing::error!(%error, "geolens: the storage failed");
        ApiError::new(StatusCode::BAD_GATEWAY, "Storage service unavailable")
    }
}

/// A job or a dataset could not be read or written.
impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        tracing::error!(%error, "geolens: a record could not be read or written");
        match error {
            Error::Closed | Error::OutOfSpace => {
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "Service temporarily unavailable")
            }
            _ => ApiError::internal(),
        }
    }
}
