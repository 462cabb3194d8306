//! Errors in the product's envelope, and what the storage's conditions are in its words.

use http::{Response, StatusCode};

use super::wire;
use crate::engine::error::Error;
use crate::facades::storage::StorageError;
use crate::http::body::Body;

/// A refusal: its status, and sentences for `errors`.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    errors: Vec<String>,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> ApiError {
        ApiError { status, errors: vec![error.into()] }
    }

    pub(super) fn bad_request(error: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, error)
    }

    /// All that is wrong with the fields of a request.
    pub(super) fn bad_fields(errors: Vec<String>) -> ApiError {
        ApiError { status: StatusCode::BAD_REQUEST, errors }
    }

    pub(super) fn unauthorized(error: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, error)
    }

    pub(super) fn forbidden() -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, "The API key has no access to this project.")
    }

    /// The documentation's "Result Not Found".
    pub(super) fn not_found(error: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, error)
    }

    pub(super) fn internal() -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    /// The documentation's 503; what is behind it is for the log.
    fn unavailable(reason: &str) -> ApiError {
        tracing::error!(reason, "gjirafa: the storage failed");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "Backend Fetch Failed")
    }

    pub(super) fn response(&self) -> Response<Body> {
        wire::failure(self.status, &self.errors)
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> ApiError {
        match error {
            StorageError::NoSuchBucket | StorageError::NoSuchKey | StorageError::NoSuchUpload => {
                ApiError::not_found("Result Not Found")
            }
            StorageError::BucketTaken => ApiError::forbidden(),
            StorageError::InvalidPart(Some(number)) => ApiError::bad_request(format!(
                "Part {number} was not uploaded, or its eTag is not the one that its upload was answered with."
            )),
            StorageError::InvalidPart(None) => ApiError::bad_request(
                "A part was not uploaded, or its eTag is not the one that its upload was answered with.",
            ),
            StorageError::PartsOutOfOrder => {
                ApiError::bad_request("The parts have to be listed by ascending partNumber, each once.")
            }
            StorageError::PartTooSmall => {
                ApiError::bad_request("A part other than the last is smaller than the least size of a part.")
            }
            StorageError::TooLarge => ApiError::bad_request("The file is too large."),
            StorageError::Intake(error) => ApiError::bad_request(format!("The body did not arrive: {error:?}")),
            StorageError::Unavailable(reason) => ApiError::unavailable(&reason),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        match error {
            Error::Closed | Error::OutOfSpace => ApiError::unavailable(&error.to_string()),
            error => {
                tracing::error!(%error, "gjirafa: a record could not be read or written");
                ApiError::internal()
            }
        }
    }
}
