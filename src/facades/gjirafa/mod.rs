//! Gjirafa VP's Upload API: a control plane that hands out presigned S3 URLs, takes none of the bytes itself, and puts the
//! parts together at the end. Not its other APIs, but for the one that makes a video of an upload.
//!
//! Source: the pages under <https://vp.gjirafa.tech/documentation/> (Upload API, and Manage API for videos).
//!
//! What the documentation leaves open, and is assumed here:
//!
//! 1. The key stands in `Authorization`, alone or after `Bearer`: the scheme is nowhere said.
//! 2. `contentLength` is a number or a string in every request: the pages have both.
//! 3. A refused duplicate is 400.
//! 4. An error's body is the same envelope, with `success` false and sentences in `errors`; `result` is null.
//! 5. Parts follow S3's rules: 5 MiB at least but for the last, 10,000 at most, listed in ascending order.
//! 6. Resuming returns URLs of the parts that were not uploaded yet.
//! 7. A project exists once somebody uploads to it, and belongs to the account that was first. Letters of its id count
//!    alike in both cases, since its bucket is named after it.
//! 8. Completing again with the same parts is true again. A completed upload can be neither aborted nor resumed (400); an
//!    aborted one is not found (404), but aborting it again is true again.
//! 9. `downloadPath` is a presigned URL that is good for seven days, where the product's blobs are public.
//! 10. A video id is a `v` and 31 hexadecimal digits.
//! 11. Unknown fields of a request are ignored.

mod error;
mod record;
mod routes;
mod single;
mod uploads;
mod wire;

use std::sync::Arc;

use http::{Response, StatusCode, header};
use serde_json::Value;

use self::error::ApiError;
use self::record::Project;
use self::routes::Endpoint;
use super::facade::{Facade, Request};
use super::ground::Ground;
use super::options::{FacadeOption, OptionError};
use crate::http::body::{Body, CollectError};
use crate::http::identity::Identity;

pub(super) const OPTIONS: &[FacadeOption] = &[];

/// A completion of 10,000 parts is some 700 KB.
const MAX_BODY_BYTES: u64 = 4 << 20;

#[expect(clippy::unnecessary_wraps, reason = "the table's signature: other facades have options that can be wrong")]
pub(super) fn open(ground: Ground) -> Result<Arc<dyn Facade>, OptionError> {
    Ok(Arc::new(Gjirafa { ground }))
}

struct Gjirafa {
    ground: Ground,
}

/// A request that may be served: who asks, and for which project.
struct Call<'a> {
    ground: &'a Ground,
    caller: Arc<Identity>,
    project: Project,
    request: Request,
}

/// What an endpoint has to say: the envelope's `result` and its `messages`.
struct Outcome {
    result: Value,
    messages: Vec<String>,
}

#[async_trait::async_trait]
impl Facade for Gjirafa {
    async fn handle(&self, request: Request) -> Response<Body> {
        match self.answer(request).await {
            Ok(outcome) => wire::success(&outcome.result, &outcome.messages),
            Err(error) => error.response(),
        }
    }

    fn internal_error(&self) -> Response<Body> {
        ApiError::internal().response()
    }
}

impl Gjirafa {
    async fn answer(&self, request: Request) -> Result<Outcome, ApiError> {
        let (project, endpoint) = routes::find(&request)?;
        let caller = self.caller(&request)?;
        let project = Project::of(&self.ground, &project, &caller)?;
        let call = Call { ground: &self.ground, caller, project, request };
        match endpoint {
            Endpoint::StartMultipart => uploads::start(call).await,
            Endpoint::CompleteMultipart => uploads::complete(call).await,
            Endpoint::AbortMultipart => uploads::abort(call).await,
            Endpoint::ResumeMultipart => uploads::resume(call).await,
            Endpoint::Parts { request_key } => uploads::parts(&call, &request_key).await,
            Endpoint::StartSingle => single::start(call).await,
            Endpoint::Success { request_key } => single::success(&call, &request_key).await,
            Endpoint::CreateVideo => single::create_video(&call).await,
        }
    }

    fn caller(&self, request: &Request) -> Result<Arc<Identity>, ApiError> {
        let credentials = self.ground.credentials();
        if let Some(anyone) = credentials.anyone() {
            return Ok(Arc::clone(anyone));
        }
        let sent = request.header(header::AUTHORIZATION).map(str::trim).filter(|sent| !sent.is_empty());
        let sent =
            sent.ok_or_else(|| ApiError::unauthorized("The Authorization header with an API key is missing."))?;
        // Assumption 1.
        let bearer = sent.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let key = bearer.map_or(sent, |(_, key)| key.trim());
        let caller = credentials.by_secret(key);
        caller.cloned().ok_or_else(|| ApiError::unauthorized("The API key is not valid."))
    }
}

impl Call<'_> {
    /// The request's JSON object.
    async fn json(&mut self) -> Result<serde_json::Map<String, Value>, ApiError> {
        let payload = std::mem::replace(&mut self.request.payload, crate::http::body::Payload::empty());
        let body = payload.collect(MAX_BODY_BYTES).await.map_err(|error| match error {
            CollectError::TooLarge { limit_bytes } => {
                ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is larger than {limit_bytes} bytes."))
            }
            CollectError::Payload(_) => ApiError::bad_request("The body did not arrive whole."),
        })?;
        match serde_json::from_slice(&body) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Err(ApiError::bad_request("The body has to be a JSON object.")),
            Err(error) => Err(ApiError::bad_request(format!("The body is not valid JSON: {error}."))),
        }
    }
}

impl From<Value> for Outcome {
    fn from(result: Value) -> Outcome {
        Outcome { result, messages: Vec::new() }
    }
}
