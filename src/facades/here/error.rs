//! Errors as the Blob API answers them: JSON for what is wrong with a request or with the server, in v2; nothing but the
//! status for all else.

use http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;

use crate::engine::error::Error;
use crate::facades::intake::IntakeError;
use crate::facades::reply;
use crate::http::body::Body;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    status: StatusCode,
    message: String,
    allow: Option<&'static str>,
}

/// What of an error is in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// v2: JSON for 400 and 5xx.
    Json,
    /// v1: nothing.
    Empty,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> ApiError {
        ApiError { status, message: message.into(), allow: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn unauthorized() -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "")
    }

    pub(super) fn forbidden() -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, "")
    }

    pub(super) fn not_found() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "")
    }

    pub(super) fn conflict() -> ApiError {
        ApiError::new(StatusCode::CONFLICT, "")
    }

    pub(super) fn too_large() -> ApiError {
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "")
    }

    pub(super) fn not_satisfiable() -> ApiError {
        ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "")
    }

    pub(super) fn wrong_method(method: &Method, allowed: &'static str) -> ApiError {
        let message = format!("{method} is not among the methods {allowed}.");
        ApiError { allow: Some(allowed), ..ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    }

    pub(super) fn internal() -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The server's log says what happened.")
    }

    pub(super) fn response(&self, shape: Shape, correlation_id: &str) -> Response<Body> {
        let told = self.status == StatusCode::BAD_REQUEST || self.status.is_server_error();
        let mut response = if shape == Shape::Json && told {
            let title = match self.status {
                StatusCode::BAD_REQUEST => "Input data failed validation",
                status => status.canonical_reason().unwrap_or("Error"),
            };
            let mut body = json!({
                "title": title,
                "status": self.status.as_u16(),
                "message": self.message,
                "correlationId": correlation_id,
            });
            if self.status == StatusCode::BAD_REQUEST {
                body["code"] = json!("E215101");
            }
            reply::json(self.status, &body)
        } else {
            reply::empty(self.status)
        };
        if let Some(allow) = self.allow {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        match error {
            Error::NoSuchBucket
            | Error::NoSuchKey
            | Error::NoSuchVersion
            | Error::CurrentIsDeleteMarker { .. }
            | Error::IsDeleteMarker { .. }
            | Error::NoSuchUpload => ApiError::not_found(),
            Error::BucketExists { .. } | Error::Locked(_) | Error::TooManyAnnotations | Error::CustomerKeyMissing => {
                ApiError::forbidden()
            }
            Error::InvalidPart { number, .. } => {
                ApiError::bad_request(format!("Part {number} was not uploaded, or its id is another."))
            }
            Error::PartsOutOfOrder | Error::PartListedTwice { .. } => {
                ApiError::bad_request("A part number stands in the list more than once.")
            }
            Error::PartsNotConsecutive => ApiError::bad_request("Part numbers have to be consecutive, from 1."),
            Error::PartTooSmall { number, size_bytes, min_size_bytes, .. } => ApiError::bad_request(format!(
                "Part {number} has {size_bytes} bytes: each part but the last has at least {min_size_bytes}."
            )),
            Error::PartNotMultiple { number, size_bytes, multiple_of_bytes } => ApiError::bad_request(format!(
                "Part {number} has {size_bytes} bytes: each part but the last is a multiple of {multiple_of_bytes}."
            )),
            Error::ObjectTooLarge { max_size_bytes, .. } => {
                ApiError::bad_request(format!("The object would be larger than {max_size_bytes} bytes."))
            }
            // The one condition that is asked for: a data handle that exists.
            Error::PreconditionFailed { .. } | Error::ConditionalConflict { .. } => ApiError::conflict(),
            Error::OutOfSpace | Error::Closed => {
                ApiError::new(StatusCode::SERVICE_UNAVAILABLE, format!("The server cannot do that now: {error}."))
            }
            Error::BucketNotEmpty { .. }
            | Error::LockKeepsVersioning
            | Error::LockNeedsVersioning
            | Error::InvalidUploadMarker
            | Error::PartChecksumMissing { .. }
            | Error::PartChecksumOfOtherAlgorithm { .. }
            | Error::ChecksumKindMismatch { .. }
            | Error::ObjectChecksumMismatch { .. }
            | Error::ObjectSizeMismatch { .. }
            | Error::NoSuchDocument
            | Error::Corrupt { .. }
            | Error::Database(_)
            | Error::Io(_)
            | Error::CommitFailed { .. }
            | Error::Bug { .. } => {
                tracing::error!(%error, "here: a request failed");
                ApiError::internal()
            }
        }
    }
}

impl From<IntakeError> for ApiError {
    fn from(error: IntakeError) -> ApiError {
        match error {
            IntakeError::TooLarge { .. } => ApiError::too_large(),
            IntakeError::Payload(error) => ApiError::bad_request(format!("The body did not arrive whole: {error}.")),
            IntakeError::Form(reason) => ApiError::bad_request(reason),
            IntakeError::Engine(error) => error.into(),
        }
    }
}
