//! Which dialect gets a request, by its host and path; and the answers that belong to no dialect. Not the routing inside
//! a dialect.

use http::{HeaderMap, Method, Response, StatusCode, Uri, header};

use crate::http::body::Body;
use crate::http::domains::{Addressed, Domains};

/// Paths under this belong to Staves itself: no bucket's name starts with `_`. On the endpoint's hosts only, since in a
/// virtual-hosted request every path is a key.
const RESERVED: &str = "/_staves/";
const HEALTH: &str = "/_staves/health";

/// The dialect that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// "Are you there?"
    Health,
    /// Reserved, but nothing is there.
    Nothing,
    /// S3: all the rest.
    S3,
}

/// Decides where requests go.
#[derive(Debug, Clone)]
pub(super) struct Router {
    domains: Domains,
}

impl Router {
    /// `domains` are those under which buckets are hosts.
    pub(super) fn new(domains: &[String]) -> Router {
        Router { domains: Domains::new(domains) }
    }

    pub(super) fn route(&self, uri: &Uri, headers: &HeaderMap) -> Route {
        let path = uri.path();
        if !path.starts_with(RESERVED) {
            return Route::S3;
        }
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if matches!(self.domains.addressed(host), Addressed::Bucket(_)) {
            return Route::S3;
        }
        if path == HEALTH { Route::Health } else { Route::Nothing }
    }
}

/// Answers a request that is for no dialect.
pub(super) fn answer(route: Route, method: &Method) -> Response<Body> {
    let (status, json) = match route {
        Route::Health if !matches!(*method, Method::GET | Method::HEAD) => {
            (StatusCode::METHOD_NOT_ALLOWED, serde_json::json!({ "error": "ask with GET or HEAD" }))
        }
        Route::Health => (StatusCode::OK, serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })),
        Route::Nothing | Route::S3 => {
            (StatusCode::NOT_FOUND, serde_json::json!({ "error": format!("nothing is here; there is {HEALTH}") }))
        }
    };
    let text = json.to_string();
    let length = text.len();
    let mut response = Response::new(if method == Method::HEAD { Body::empty() } else { Body::from(text) });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(host: &str, path: &str) -> Route {
        let router = Router::new(&["localhost".to_owned(), "Example.test".to_owned()]);
        let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        router.route(&path.parse().unwrap(), &headers)
    }

    #[test]
    fn the_endpoint_answers_for_itself() {
        for host in [
            "localhost",
            "localhost:9000",
            "127.0.0.1:9000",
            "[::1]:9000",
            "s3.localhost",
            "staves",
            "example.TEST",
            "s3.eu-west-1.example.test:9000",
        ] {
            assert_eq!(route(host, "/_staves/health"), Route::Health, "{host}");
            assert_eq!(route(host, "/_staves/healthy"), Route::Nothing, "{host}");
            assert_eq!(route(host, "/bucket/_staves/health"), Route::S3, "{host}");
        }
    }

    #[test]
    fn in_a_bucket_every_path_is_a_key() {
        for host in
            ["b.localhost", "b.localhost:9000", "b.s3.localhost", "b.s3.eu-west-1.example.test", "B.Example.test."]
        {
            assert_eq!(route(host, "/_staves/health"), Route::S3, "{host}");
        }
    }

    #[test]
    fn health_is_for_reading() {
        assert_eq!(answer(Route::Health, &Method::GET).status(), 200);
        let head = answer(Route::Health, &Method::HEAD);
        assert_eq!((head.status().as_u16(), head.body().length_bytes()), (200, Some(0)));
        assert_eq!(answer(Route::Health, &Method::PUT).status(), 405);
        assert_eq!(answer(Route::Nothing, &Method::GET).status(), 404);
    }
}
