//! Which endpoint a request is for.

use http::{Method, StatusCode};

use super::error::ApiError;
use crate::facades::facade::Request;

/// The endpoints of the Upload API, and the one of the Manage API that follows an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    StartMultipart,
    CompleteMultipart,
    AbortMultipart,
    ResumeMultipart,
    Parts { request_key: String },
    StartSingle,
    Success { request_key: String },
    CreateVideo,
}

/// The project, as it was sent, and the endpoint.
pub(super) fn find(request: &Request) -> Result<(String, Endpoint), ApiError> {
    let not_found = || ApiError::not_found("Result Not Found");
    let segments = request.segments().ok_or_else(not_found)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["api", "projects", project, rest @ ..] = segments.as_slice() else { return Err(not_found()) };
    let (method, endpoint) = match rest {
        ["uploads", "multipart"] => (Method::POST, Endpoint::StartMultipart),
        ["uploads", "multipart-complete"] => (Method::PUT, Endpoint::CompleteMultipart),
        ["uploads", "multipart-abort"] => (Method::PUT, Endpoint::AbortMultipart),
        ["uploads", "multipart-resume"] => (Method::POST, Endpoint::ResumeMultipart),
        // The list of parts is under another path than the rest: so it is documented.
        ["uploads", "url", "multipart", key, "parts"] => {
            (Method::GET, Endpoint::Parts { request_key: (*key).to_owned() })
        }
        ["uploads", "url"] => (Method::POST, Endpoint::StartSingle),
        ["uploads", "success", key] => (Method::POST, Endpoint::Success { request_key: (*key).to_owned() }),
        // An older page has `/videos/id`.
        ["videos"] | ["videos", "id"] => (Method::POST, Endpoint::CreateVideo),
        _ => return Err(not_found()),
    };
    if request.method != method {
        let error = format!("This is asked with {method}, not with {}.", request.method);
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, error));
    }
    Ok(((*project).to_owned(), endpoint))
}
