//! Which dialect gets a request, by its host and path; and the answers that belong to no dialect. Not the routing inside
//! a dialect.

use http::{HeaderMap, Method, Response, StatusCode, Uri, header};

use crate::facades::{self, FacadeId, Mount};
use crate::http::body::Body;
use crate::http::domains::{Addressed, Domains};

/// Paths under this belong to Staves itself: no bucket's name starts with `_`. On the endpoint's hosts only, since in a
/// virtual-hosted request every path is a key.
const RESERVED: &str = "/_staves/";
const HEALTH: &str = "/_staves/health";
const CONTROL: &str = "control";

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// To a dialect.
    Dialect(Dialect),
    /// To Staves itself.
    Own(Own),
}

/// What Staves answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Own {
    /// "Are you there?"
    Health,
    /// Reserved, but nothing is there.
    Nothing,
}

/// One of the APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// All that is not another's.
    S3,
    /// What tests and tools ask of Staves itself.
    Control,
    /// A facade.
    Facade(FacadeId, Mount),
}

/// Decides where the requests of one port go.
#[derive(Debug, Clone)]
pub(super) struct Router {
    domains: Domains,
    facades: Vec<(&'static str, FacadeId)>,
    root: Option<FacadeId>,
}

impl Router {
    /// For S3's port. `domains` are those under which buckets are hosts.
    pub(super) fn new(domains: Domains, facades: Vec<(&'static str, FacadeId)>) -> Router {
        Router { domains, facades, root: None }
    }

    /// For the port of a facade of its own.
    pub(super) fn of_facade(&self, id: FacadeId) -> Router {
        Router { root: Some(id), ..self.clone() }
    }

    pub(super) fn route(&self, uri: &Uri, headers: &HeaderMap) -> Route {
        let path = uri.path();
        if let Some(id) = self.root {
            // The presigned URLs that a facade hands out lead to the address by which it was asked.
            let is_s3 = is_presigned(uri.query().unwrap_or_default());
            return match path {
                HEALTH => Route::Own(Own::Health),
                _ if is_s3 => Route::Dialect(Dialect::S3),
                _ => Route::Dialect(Dialect::Facade(id, Mount::Root)),
            };
        }
        let Some(reserved) = path.strip_prefix(RESERVED) else { return Route::Dialect(Dialect::S3) };
        let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if matches!(self.domains.addressed(host), Addressed::Bucket(_) | Addressed::Website(_)) {
            return Route::Dialect(Dialect::S3);
        }
        let name = reserved.split('/').next().unwrap_or_default();
        match self.facades.iter().find(|(facade, _)| *facade == name) {
            Some((_, id)) => Route::Dialect(Dialect::Facade(*id, Mount::Prefix)),
            None if path == HEALTH => Route::Own(Own::Health),
            None if name == CONTROL => Route::Dialect(Dialect::Control),
            None => Route::Own(Own::Nothing),
        }
    }
}

/// Whether a query carries a signature of S3's.
fn is_presigned(query: &str) -> bool {
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    has("X-Amz-Signature") || (has("Signature") && has("AWSAccessKeyId"))
}

/// Answers a request that is for no dialect.
pub(super) fn answer(own: Own, method: &Method) -> Response<Body> {
    let (status, json) = match own {
        Own::Health if !matches!(*method, Method::GET | Method::HEAD) => {
            (StatusCode::METHOD_NOT_ALLOWED, serde_json::json!({ "error": "ask with GET or HEAD" }))
        }
        Own::Health => (StatusCode::OK, serde_json::json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })),
        Own::Nothing => {
            let facades: Vec<String> = facades::names().map(|name| format!("{RESERVED}{name}/")).collect();
            let error = format!(
                "nothing is here; there are {HEALTH}, {RESERVED}{CONTROL}/events and, unless switched off, {}",
                facades.join(", ")
            );
            (StatusCode::NOT_FOUND, serde_json::json!({ "error": error }))
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
        let domains = Domains::new(&["Example.test".to_owned()]).with_websites(&["web.localhost".to_owned()]);
        let router = Router::new(domains, Vec::new());
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
            assert_eq!(route(host, "/_staves/health"), Route::Own(Own::Health), "{host}");
            assert_eq!(route(host, "/_staves/healthy"), Route::Own(Own::Nothing), "{host}");
            assert_eq!(route(host, "/bucket/_staves/health"), Route::Dialect(Dialect::S3), "{host}");
        }
    }

    #[test]
    fn in_a_bucket_every_path_is_a_key() {
        for host in [
            "b.localhost",
            "b.localhost:9000",
            "b.web.localhost",
            "b.s3.localhost",
            "b.s3.eu-west-1.example.test",
            "B.Example.test.",
        ] {
            assert_eq!(route(host, "/_staves/health"), Route::Dialect(Dialect::S3), "{host}");
        }
    }

    #[test]
    fn health_is_for_reading() {
        assert_eq!(answer(Own::Health, &Method::GET).status(), 200);
        let head = answer(Own::Health, &Method::HEAD);
        assert_eq!((head.status().as_u16(), head.body().length_bytes()), (200, Some(0)));
        assert_eq!(answer(Own::Health, &Method::PUT).status(), 405);
        assert_eq!(answer(Own::Nothing, &Method::GET).status(), 404);
    }

    #[test]
    fn presigned_urls_are_told_apart() {
        for query in ["X-Amz-Signature=a", "a=b&X-Amz-Signature=c", "AWSAccessKeyId=a&Expires=1&Signature=b"] {
            assert!(is_presigned(query), "{query}");
        }
        for query in ["", "x-amz-signature=a", "Signature=b", "q=X-Amz-Signature"] {
            assert!(!is_presigned(query), "{query}");
        }
    }
}
