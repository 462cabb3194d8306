//! What a facade is to the server, and what a request is to a facade.

use std::net::IpAddr;

use http::header::AsHeaderName;
use http::{HeaderMap, Method, Response};

use crate::http::body::{Body, Payload};
use crate::http::origin::Origin;
use crate::wire::percent;
use crate::wire::query::Query;

/// A product's API.
#[async_trait::async_trait]
pub(crate) trait Facade: Send + Sync {
    /// Answers a request. Every answer is the product's own, errors included.
    async fn handle(&self, request: Request) -> Response<Body>;

    /// The product's answer to what is a bug in Staves.
    fn internal_error(&self) -> Response<Body>;

    /// What it does besides answering, from the start on until it is dropped. Nothing, unless it says so.
    async fn run(&self) {}
}

/// A request, with the product's own path.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The product's path as it was sent: it starts with `/`, and is still percent-encoded.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    /// The address of the client, or of the last proxy before it.
    pub(crate) peer: IpAddr,
    /// The address by which the client came: S3 is there too.
    pub(crate) origin: Origin,
    /// The URL of the facade's root by that address, without a slash at the end.
    pub(crate) base_url: String,
}

impl Request {
    /// A header's value, if it is text.
    pub(crate) fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The segments of the path, decoded. `None` if one of them is not UTF-8. The path `/` has none; a slash at the end is
    /// an empty segment.
    pub(crate) fn segments(&self) -> Option<Vec<String>> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        if path.is_empty() {
            return Some(Vec::new());
        }
        path.split('/').map(|segment| percent::decode_path(segment).ok()).collect()
    }
}
