//! STUB of the S3 dialect, to be replaced: only what the server calls.
#![expect(missing_docs, clippy::unused_async, reason = "a stub")]

use std::path::Path;
use std::sync::Arc;

use crate::engine::Engine;
use crate::http::body::{Body, Payload};
use crate::http::connection::Connection;
use crate::http::identity::Identities;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegionRule {
    #[default]
    Any,
    Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthMode {
    #[default]
    On,
    Off,
}

#[derive(Debug, Clone)]
pub struct Config {
    pub region: String,
    pub region_rule: RegionRule,
    pub auth: AuthMode,
    pub domains: Vec<String>,
    pub host_aliases: Vec<String>,
    pub identities: Arc<Identities>,
    pub public_url: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Service;

impl Service {
    pub fn new(_engine: Engine, _config: Config) -> Service {
        Service
    }

    pub async fn handle(&self, _request: http::Request<Payload>, _connection: &Connection) -> http::Response<Body> {
        let mut response = http::Response::new(Body::from("STUB"));
        *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
        response
    }

    /// Creates a bucket of the default identity; one that it has already is fine.
    pub async fn create_bucket_for(&self, _name: &str) -> Result<(), String> {
        Ok(())
    }

    /// Stores a file as an object of the default identity; returns its size.
    pub async fn put_file(&self, _bucket: &str, _key: &str, _type: &str, path: &Path) -> Result<u64, String> {
        std::fs::metadata(path).map(|m| m.len()).map_err(|error| error.to_string())
    }
}
