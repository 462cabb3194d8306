//! Which endpoint a request is for. Every path is served as it is and under `/api`, as the product's proxy does.

use http::Method;
use uuid::Uuid;

use super::error::{ApiError, Invalid};
use crate::facades::facade::Request;

/// The endpoints, with the ids of their paths as they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Login,
    Refresh,
    UploadConfig,
    Upload,
    StartPresigned,
    CompletePresigned { job: String },
    Preview { job: String },
    Commit { job: String },
    Job { job: String },
    Retry { job: String },
    StartReupload { dataset: String },
    CompleteReupload { dataset: String, job: String },
    PreviewReupload { dataset: String, job: String },
    CommitReupload { dataset: String, job: String },
}

pub(super) fn find(request: &Request) -> Result<Endpoint, ApiError> {
    let segments = request.segments().ok_or(ApiError::NoRoute)?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let path = segments.strip_prefix(&["api"]).unwrap_or(&segments);
    let own = |text: &str| text.to_owned();
    let (method, endpoint) = match path {
        ["auth", "login"] | ["auth", "login", ""] => (Method::POST, Endpoint::Login),
        ["auth", "refresh"] | ["auth", "refresh", ""] => (Method::POST, Endpoint::Refresh),
        ["ingest", "upload", "config"] => (Method::GET, Endpoint::UploadConfig),
        ["ingest", "upload"] => (Method::POST, Endpoint::Upload),
        ["ingest", "upload", "presigned"] => (Method::POST, Endpoint::StartPresigned),
        ["ingest", "upload", "presigned", job, "complete"] => {
            (Method::POST, Endpoint::CompletePresigned { job: own(job) })
        }
        ["ingest", "preview", job] => (Method::POST, Endpoint::Preview { job: own(job) }),
        ["ingest", "commit", job] => (Method::POST, Endpoint::Commit { job: own(job) }),
        ["jobs", job] => (Method::GET, Endpoint::Job { job: own(job) }),
        ["jobs", job, "retry"] => (Method::POST, Endpoint::Retry { job: own(job) }),
        ["datasets", dataset, "reupload", "presigned"] => {
            (Method::POST, Endpoint::StartReupload { dataset: own(dataset) })
        }
        ["datasets", dataset, "reupload", "presigned", job, "complete"] => {
            (Method::POST, Endpoint::CompleteReupload { dataset: own(dataset), job: own(job) })
        }
        ["datasets", dataset, "reupload", job, "preview"] => {
            (Method::POST, Endpoint::PreviewReupload { dataset: own(dataset), job: own(job) })
        }
        ["datasets", dataset, "reupload", job, "commit"] => {
            (Method::POST, Endpoint::CommitReupload { dataset: own(dataset), job: own(job) })
        }
        _ => return Err(ApiError::NoRoute),
    };
    if request.method == method {
        return Ok(endpoint);
    }
    Err(ApiError::WrongMethod(if method == Method::GET { "GET" } else { "POST" }))
}

/// An id of the path; what is wrong with it goes to `errors`.
pub(super) fn id(name: &'static str, sent: &str, errors: &mut Vec<Invalid>) -> Option<Uuid> {
    match Uuid::parse_str(sent) {
        Ok(id) => Some(id),
        Err(error) => {
            errors.push(Invalid {
                kind: "uuid_parsing",
                loc: vec!["path".into(), name.into()],
                msg: format!("Input should be a valid UUID, {error}"),
                input: sent.into(),
                ctx: Some(serde_json::json!({ "error": error.to_string() })),
            });
            None
        }
    }
}
