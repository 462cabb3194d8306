//! What tests and tools ask of Staves itself, under `/_staves/control/`: JSON, for whoever has the secret key. No API of
//! another product, and nothing that S3 has.

mod events;
mod reply;

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use subtle::ConstantTimeEq as _;

use self::reply::{Refusal, error};
use crate::engine::Engine;
use crate::http::body::{Body, Payload};
use crate::http::identity::{AuthMode, Identities};
use crate::wire::query::Query;

const PREFIX: &str = "/_staves/control";

/// The control API on an engine. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    engine: Engine,
    identities: Arc<Identities>,
    auth: AuthMode,
}

impl Service {
    /// For an engine. Whoever asks has to bring the secret key of the default identity, unless nobody has to.
    pub fn new(engine: Engine, identities: Arc<Identities>, auth: AuthMode) -> Service {
        Service { engine, identities, auth }
    }

    /// Answers a request.
    pub async fn handle(&self, request: Request<Payload>) -> Response<Body> {
        let (head, payload) = request.into_parts();
        drop(payload);
        let query = Query::parse_lossy(head.uri.query().unwrap_or_default());
        let answered = self.answer(&head.method, head.uri.path(), &query, &head.headers).await;
        let mut response = answered.unwrap_or_else(|refusal| error(&refusal));
        if head.method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }

    async fn answer(
        &self,
        method: &Method,
        path: &str,
        query: &Query,
        headers: &HeaderMap,
    ) -> Result<Response<Body>, Refusal> {
        if !self.knows_the_secret(headers) {
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "bring the secret key: Authorization: Bearer <secret key>",
            ));
        }
        match (path.strip_prefix(PREFIX).unwrap_or(path), method) {
            ("/events", &Method::GET | &Method::HEAD) => events::show(&self.engine, query).await,
            ("/events", _) => Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "ask with GET or HEAD")),
            _ => Err(Refusal::new(StatusCode::NOT_FOUND, "nothing is here; there is /_staves/control/events")),
        }
    }

    /// What is here is about all accounts: it is for the identity that Staves itself acts as.
    fn knows_the_secret(&self, headers: &HeaderMap) -> bool {
        if self.auth == AuthMode::Off {
            return true;
        }
        let sent = headers.get(AUTHORIZATION).map(http::HeaderValue::as_bytes).unwrap_or_default();
        let (scheme, token) = sent.split_at_checked(7).unwrap_or_default();
        let secret = self.identities.default_identity().secret_key.expose().as_bytes();
        scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(token.ct_eq(secret))
    }
}

/// The answer to a bug in Staves.
pub fn internal_error() -> Response<Body> {
    error(&Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "a bug in Staves: its log says where"))
}
