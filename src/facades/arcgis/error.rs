//! What can be wrong with a request, in ArcGIS's codes and our words: ArcGIS's own texts are documented for missing tokens
//! only. Not how an error is written: `answer` does that.

use crate::engine::error::Error;
use crate::facades::intake::IntakeError;
use crate::http::form::FormError;

/// An error of the API. Nothing has been changed when one is returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArcError {
    /// ArcGIS's code: an HTTP status, 498 or 499.
    pub(super) code: u16,
    /// What is wrong, and what to do.
    pub(super) message: String,
}

/// Source: <https://developers.arcgis.com/rest/enterprise-administration/server/operationresponse/>
const TOKEN_MISSING: &str =
    "Unauthorized access.Token not found. You can generate a token using the 'generateToken' operation.";

impl ArcError {
    fn new(code: u16, message: impl Into<String>) -> ArcError {
        ArcError { code, message: message.into() }
    }

    /// Something is wrong with a parameter: which, and what it should be.
    pub(super) fn bad_request(message: impl Into<String>) -> ArcError {
        ArcError::new(400, message)
    }

    pub(super) fn missing(parameter: &str) -> ArcError {
        ArcError::bad_request(format!("'{parameter}' is missing: the operation needs it."))
    }

    pub(super) fn given_twice(parameter: &str) -> ArcError {
        ArcError::bad_request(format!("'{parameter}' is given more than once."))
    }

    pub(super) fn too_long(parameter: &str, max_bytes: usize) -> ArcError {
        ArcError::bad_request(format!("'{parameter}' is too long: at most {max_bytes} bytes are taken."))
    }

    pub(super) fn token_missing() -> ArcError {
        ArcError::new(499, TOKEN_MISSING)
    }

    /// A POST with its token in the URL only.
    pub(super) fn token_in_url() -> ArcError {
        ArcError::new(499, format!("{TOKEN_MISSING} A POST carries its token in the body, not in the URL."))
    }

    /// Esri's clients look for the words `Invalid Token`.
    pub(super) fn token_invalid() -> ArcError {
        ArcError::new(498, "Invalid Token.")
    }

    pub(super) fn token_expired() -> ArcError {
        ArcError::new(498, "Invalid Token. It has expired; generate another.")
    }

    pub(super) fn token_bound(to: &str) -> ArcError {
        ArcError::new(498, format!("Invalid Token. It was generated for another {to}."))
    }

    pub(super) fn bad_login() -> ArcError {
        ArcError::bad_request("Invalid username or password.")
    }

    pub(super) fn nothing_here(path: &str) -> ArcError {
        ArcError::new(404, format!("Could not find resource or operation '{path}' on the system."))
    }

    pub(super) fn bad_context(context: &str) -> ArcError {
        ArcError::new(
            404,
            format!(
                "'{context}' is no context: use 1 to 56 letters, digits, '-' and '_', with a letter or digit at both ends."
            ),
        )
    }

    pub(super) fn wrong_method(method: &str) -> ArcError {
        ArcError::new(405, format!("Method not allowed: send {method}."))
    }

    pub(super) fn no_such_item(id: &str) -> ArcError {
        ArcError::new(404, format!("Could not find uploaded item '{id}'."))
    }

    pub(super) fn not_committed(id: &str) -> ArcError {
        ArcError::bad_request(format!("Item '{id}' is not committed yet: there is nothing to download."))
    }

    pub(super) fn already_committed(id: &str) -> ArcError {
        ArcError::bad_request(format!("Item '{id}' is committed: its parts cannot be changed any more."))
    }

    pub(super) fn part_not_uploaded(name: &str) -> ArcError {
        ArcError::bad_request(format!("Part '{name}' has not been uploaded."))
    }

    pub(super) fn no_parts(id: &str) -> ArcError {
        ArcError::bad_request(format!("No part of item '{id}' has been uploaded."))
    }

    pub(super) fn others_context(context: &str) -> ArcError {
        ArcError::new(403, format!("The uploads of the context '{context}' belong to another account."))
    }

    /// The engine's conditions that no request of this API can be blamed for: the log says what happened.
    fn internal(what: &dyn std::fmt::Display) -> ArcError {
        tracing::error!(error = %what, "a request failed");
        ArcError::new(500, "Internal server error: see the server's log.")
    }
}

impl From<Error> for ArcError {
    fn from(error: Error) -> ArcError {
        match error {
            Error::ObjectTooLarge { max_size_bytes, .. } => {
                ArcError::bad_request(format!("The item would be larger than {max_size_bytes} bytes."))
            }
            Error::PartListedTwice { number } => {
                ArcError::bad_request(format!("'parts' names part {number} more than once."))
            }
            Error::OutOfSpace => ArcError::new(507, "The disk is full."),
            Error::Closed => ArcError::new(503, "The server is shutting down."),
            // A bucket, an upload or an object that goes while a request runs is told by the item; what is left are
            // conditions of other dialects.
            Error::NoSuchBucket
            | Error::BucketExists { .. }
            | Error::BucketNotEmpty { .. }
            | Error::CurrentIsDeleteMarker { .. }
            | Error::IsDeleteMarker { .. }
            | Error::Locked(_)
            | Error::TooManyAnnotations
            | Error::CustomerKeyMissing
            | Error::LockKeepsVersioning
            | Error::LockNeedsVersioning
            | Error::NoSuchKey
            | Error::NoSuchVersion
            | Error::NoSuchUpload
            | Error::InvalidUploadMarker
            | Error::PartsOutOfOrder
            | Error::InvalidPart { .. }
            | Error::PartTooSmall { .. }
            | Error::PartNotMultiple { .. }
            | Error::PartsNotConsecutive
            | Error::PartChecksumMissing { .. }
            | Error::PartChecksumOfOtherAlgorithm { .. }
            | Error::ChecksumKindMismatch { .. }
            | Error::ObjectChecksumMismatch { .. }
            | Error::ObjectSizeMismatch { .. }
            | Error::PreconditionFailed { .. }
            | Error::ConditionalConflict { .. }
            | Error::NoSuchDocument
            | Error::Corrupt { .. }
            | Error::Database(_)
            | Error::Io(_)
            | Error::CommitFailed { .. }
            | Error::Bug { .. } => ArcError::internal(&error),
        }
    }
}

impl From<FormError> for ArcError {
    fn from(error: FormError) -> ArcError {
        match error {
            FormError::NotAForm(content_type) => ArcError::new(
                415,
                format!(
                    "The body is of the type '{content_type}': send application/x-www-form-urlencoded or \
                     multipart/form-data."
                ),
            ),
            FormError::Malformed(reason) => ArcError::bad_request(format!("The form cannot be read: {reason}.")),
            FormError::TooLarge { limit_bytes } => {
                ArcError::new(413, format!("A field of the form is longer than {limit_bytes} bytes."))
            }
            FormError::Payload(error) => ArcError::bad_request(format!("The form cannot be read: {error}.")),
        }
    }
}

impl From<IntakeError> for ArcError {
    fn from(error: IntakeError) -> ArcError {
        match error {
            IntakeError::TooLarge { limit_bytes } => {
                ArcError::new(413, format!("The file is larger than {limit_bytes} bytes."))
            }
            IntakeError::Payload(error) => ArcError::from(FormError::Payload(error)),
            IntakeError::Form(reason) => ArcError::from(FormError::Malformed(reason)),
            IntakeError::Engine(error) => error.into(),
        }
    }
}
