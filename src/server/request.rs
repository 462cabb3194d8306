//! One request on its way to a dialect and back: the target's form, the route, and the net under panics. Not the
//! connection it came by.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;

use super::route::{self, Dialect, Route, Router};
use crate::control;
use crate::engine::clock::Clock;
use crate::facades::Facades;
use crate::http::body::{Body, Payload};
use crate::http::connection::Connection;
use crate::http::request_id::{HostId, RequestId};
use crate::s3;

/// What answers requests: all dialects in earnest, something simpler in the tests of the listeners.
pub(super) trait Dialects: Send + Sync + 'static {
    fn handle(
        &self,
        dialect: Dialect,
        request: Request<Payload>,
        connection: &Connection,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// A dialect's words for a bug in Staves; `None` for S3's, which come with ids for the log.
    fn internal_error(&self, dialect: Dialect) -> Option<Response<Body>>;
}

/// S3, the facades, and Staves's own.
pub(super) struct AllDialects {
    pub(super) s3: s3::Service,
    pub(super) control: control::Service,
    pub(super) facades: Arc<Facades>,
}

impl Dialects for AllDialects {
    async fn handle(&self, dialect: Dialect, request: Request<Payload>, connection: &Connection) -> Response<Body> {
        match dialect {
            Dialect::S3 => self.s3.handle(request, connection).await,
            Dialect::Control => Box::pin(self.control.handle(request)).await,
            // Boxed, so that what S3 is asked does not carry the room for it.
            Dialect::Facade(id, mount) => Box::pin(self.facades.handle(id, mount, request, connection)).await,
        }
    }

    fn internal_error(&self, dialect: Dialect) -> Option<Response<Body>> {
        match dialect {
            Dialect::S3 => None,
            Dialect::Control => Some(control::internal_error()),
            Dialect::Facade(id, _) => Some(self.facades.internal_error(id)),
        }
    }
}

/// Everything that answering needs besides the request.
pub(super) struct Answerer<D> {
    pub(super) dialects: Arc<D>,
    pub(super) router: Router,
    pub(super) idle_timeout: Duration,
    /// Answers are dated by it.
    pub(super) clock: Clock,
}

impl<D: Dialects> Answerer<D> {
    pub(super) async fn answer(self: Arc<Self>, connection: Connection, request: Request<Incoming>) -> Response<Body> {
        let (mut head, incoming) = request.into_parts();
        to_origin_form(&mut head);
        let dialect = match self.router.route(&head.uri, &head.headers) {
            Route::Dialect(dialect) => dialect,
            Route::Own(own) => return route::answer(own, &head.method),
        };
        let payload = Payload::new(incoming, &head.headers, self.idle_timeout);
        let unasked = payload.unasked();
        let (method, path) = (head.method.clone(), head.uri.clone());
        let handling = self.dialects.handle(dialect, Request::from_parts(head, payload), &connection);
        let mut response = match without_panic(handling).await {
            Ok(response) => response,
            Err(reason) => after_panic(&method, &path, &reason, self.dialects.internal_error(dialect)),
        };
        // The system's time hyper writes by itself. SDKs set their clocks by this header: it has to be the server's own.
        if let Clock::Fixed(_) = self.clock
            && let Ok(date) = HeaderValue::from_str(&self.clock.now().http_date())
        {
            response.headers_mut().insert(header::DATE, date);
        }
        if unasked.is_left_waiting() {
            // hyper closes such a connection, but does not say so: botocore would use it again, and sometimes in time.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A target in absolute form names its host, and that one counts (RFC 9112, section 3.2.2). Dialects see origin form only.
fn to_origin_form(head: &mut http::request::Parts) {
    if let Some(authority) = head.uri.authority() {
        // `user@` is no part of a host.
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        if let Ok(value) = HeaderValue::from_str(host)
            && head.headers.get(header::HOST) != Some(&value)
        {
            head.headers.insert(header::HOST, value);
        }
    } else if head.uri.scheme().is_none() && head.uri.path_and_query().is_some() {
        return;
    }
    let target = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    head.uri = Uri::from(target);
}

/// Runs a future to its end, or to its panic.
async fn without_panic<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned()))),
    })
    .await
}

/// A panic is a bug in Staves: the client gets the dialect's own words for that, and the log says where to look.
fn after_panic(method: &Method, uri: &Uri, reason: &str, words: Option<Response<Body>>) -> Response<Body> {
    let (request_id, host_id) = (RequestId::random(), HostId::random());
    tracing::error!(%request_id, %method, path = uri.path(), reason, "bug: a request panicked");
    if let Some(response) = words {
        return response;
    }
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code><Message>We encountered an internal \
         error. Please try again.</Message><RequestId>{request_id}</RequestId><HostId>{host_id}</HostId></Error>"
    );
    let mut response = Response::new(if method == Method::HEAD { Body::empty() } else { Body::from(xml) });
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    headers.insert("x-amz-request-id", request_id.header_value());
    headers.insert("x-amz-id-2", host_id.header_value());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin_form(target: &str, host: Option<&str>) -> (String, Option<String>) {
        let mut request = Request::builder().uri(target);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        to_origin_form(&mut head);
        let host = head.headers.get(header::HOST).map(|value| value.to_str().unwrap().to_owned());
        (head.uri.to_string(), host)
    }

    #[test]
    fn absolute_targets_become_origin_form_and_their_host_counts() {
        assert_eq!(origin_form("/a?b", Some("h")), ("/a?b".into(), Some("h".into())));
        assert_eq!(origin_form("http://x:1/a%20b?c=/d", Some("h")), ("/a%20b?c=/d".into(), Some("x:1".into())));
        assert_eq!(origin_form("http://u@x:1", None), ("/".into(), Some("x:1".into())));
        assert_eq!(origin_form("*", Some("h")), ("*".into(), Some("h".into())));
        assert_eq!(origin_form("x:1", Some("h")), ("/".into(), Some("x:1".into())));
    }

    #[tokio::test]
    async fn a_panic_becomes_an_error_with_its_words() {
        let number = 7;
        assert_eq!(without_panic(async { 1 }).await, Ok(1));
        assert_eq!(without_panic(async { assert_eq!(number, 7, "never") }).await, Ok(()));
        let panicked = without_panic(async { panic!("number {number}") }).await;
        assert_eq!(panicked, Err::<(), _>("number 7".to_owned()));
        assert_eq!(after_panic(&Method::GET, &Uri::from_static("/"), "x", None).status(), 500);
    }
}
