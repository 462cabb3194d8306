//! API Lookup: where the Blob API's versions are, which SDKs ask before anything else.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::facades::facade::Request;
use crate::facades::reply;
use crate::http::body::Body;
use crate::wire::percent;

/// Of a catalog, the blob APIs at the address that the client came by. Of the platform, there are none.
pub(super) fn answer(request: &Request, catalog: Option<&str>, only: Option<&(String, String)>) -> Response<Body> {
    let versions = if catalog.is_some() { vec!["v1", "v2"] } else { Vec::new() };
    let entry = |version: &str| {
        let catalog = percent::encode(catalog.unwrap_or_default().as_bytes()).replace("%3A", ":");
        json!({
            "api": "blob",
            "version": version,
            "baseURL": format!("{}/blobstore/{version}/catalogs/{catalog}", request.base_url),
            "parameters": {},
        })
    };
    let asked = |version: &&str| match only {
        Some((api, wanted)) => api == "blob" && wanted == version,
        None => true,
    };
    let found: Vec<Value> = versions.iter().filter(|version| asked(version)).map(|version| entry(version)).collect();
    let mut response = reply::json(StatusCode::OK, &found);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
    response
}
