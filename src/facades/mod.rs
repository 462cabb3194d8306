//! Further upload APIs on the same engine: each turns a product's HTTP into engine calls, as `s3` does for AWS's. None of
//! them uses another, or S3's dialect.
//!
//! What they share stands in this folder; each has a folder of its own, and a line in `FACADES`.

mod arcgis;
mod cors;
mod credentials;
mod facade;
mod geolens;
mod gjirafa;
mod ground;
mod here;
mod intake;
mod options;
mod reply;
mod storage;
mod token;

use std::sync::Arc;

use http::{Method, Response};

use self::cors::Cors;
use self::facade::Facade;
use self::ground::Ground;
use crate::http::body::{Body, Payload};
use crate::http::connection::Connection;
use crate::http::origin::Origin;
use crate::wire::query::Query;

pub use self::cors::OriginPattern;
pub use self::ground::{Config, Upstream};
pub use self::options::{FacadeOption, OptionError, Options};

/// A facade's line in the table.
struct Entry {
    /// Its name in paths and settings.
    name: &'static str,
    /// The product, for people.
    product: &'static str,
    /// What can be set, with defaults.
    options: &'static [FacadeOption],
    /// Makes it.
    open: fn(Ground) -> Result<Arc<dyn Facade>, OptionError>,
}

/// All facades. A fifth is a folder and a line here.
const FACADES: [Entry; 4] = [
    Entry { name: "gjirafa", product: "Gjirafa VP uploads", options: gjirafa::OPTIONS, open: gjirafa::open },
    Entry { name: "here", product: "HERE Blob API", options: here::OPTIONS, open: here::open },
    Entry { name: "geolens", product: "GeoLens ingest", options: geolens::OPTIONS, open: geolens::open },
    Entry { name: "arcgis", product: "ArcGIS uploads", options: arcgis::OPTIONS, open: arcgis::open },
];

/// The names of all facades.
pub fn names() -> impl Iterator<Item = &'static str> {
    FACADES.iter().map(|entry| entry.name)
}

/// The facades that are switched on.
pub struct Facades {
    open: Vec<Open>,
    cors: Cors,
    public_url: Option<String>,
}

struct Open {
    name: &'static str,
    product: &'static str,
    facade: Arc<dyn Facade>,
}

/// Under which path a facade was addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mount {
    /// `/_staves/<name>` on S3's port.
    Prefix,
    /// The root of a port of its own.
    Root,
}

/// One of the facades that are switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FacadeId(usize);

impl Facades {
    /// Opens all facades but those that are switched off.
    pub fn open(config: Config) -> Result<Facades, OptionError> {
        for name in config.off.iter().chain(&config.named).chain(config.options.facades()) {
            if !names().any(|known| known == name) {
                return Err(OptionError::unknown_facade(name));
            }
        }
        let cors = Cors::new(config.cors_origins.clone());
        let public_url = config.public_url.clone();
        let shared = ground::Shared::new(config)?;
        let mut open = Vec::new();
        for entry in FACADES.iter().filter(|entry| !shared.config.off.iter().any(|off| off == entry.name)) {
            let options = shared.config.options.of(entry.name, entry.options)?;
            let facade = (entry.open)(Ground::new(Arc::clone(&shared), entry.name, options))?;
            open.push(Open { name: entry.name, product: entry.product, facade });
        }
        Ok(Facades { open, cors, public_url })
    }

    /// The product that a facade is for, for people.
    pub fn product(&self, id: FacadeId) -> &'static str {
        self.open[id.0].product
    }

    /// The names and ids of those that are on.
    pub fn ids(&self) -> impl Iterator<Item = (&'static str, FacadeId)> {
        self.open.iter().enumerate().map(|(index, open)| (open.name, FacadeId(index)))
    }

    /// What facades do besides answering, until it is dropped.
    pub async fn run(&self) {
        let running = self.open.iter().map(|open| {
            let facade = Arc::clone(&open.facade);
            async move { facade.run().await }
        });
        futures_util::future::join_all(running).await;
    }

    /// Answers a request.
    pub async fn handle(
        &self,
        id: FacadeId,
        mount: Mount,
        request: http::Request<Payload>,
        connection: &Connection,
    ) -> Response<Body> {
        let Open { name, facade, .. } = &self.open[id.0];
        let (head, payload) = request.into_parts();
        let origin = Origin::of(connection, &head.headers, self.public_url.as_deref());
        let asked = self.cors.asked(&head, &origin);
        if let Some(answer) = asked.preflight(&head).or_else(|| asked.refusal(&head.method)) {
            return answer;
        }
        let is_head = head.method == Method::HEAD;
        let prefix = match mount {
            Mount::Prefix => format!("/_staves/{name}"),
            Mount::Root => String::new(),
        };
        let raw_path = head.uri.path();
        let path = raw_path.strip_prefix(&prefix).filter(|path| path.starts_with('/')).unwrap_or("/").to_owned();
        // The public URL leads to S3's port: under it is the prefix, but not the root of another port.
        let base_url = match mount {
            Mount::Prefix => format!("{origin}{prefix}"),
            Mount::Root => Origin::of(connection, &head.headers, None).to_string(),
        };
        let request = facade::Request {
            base_url,
            query: Query::parse_lossy(head.uri.query().unwrap_or_default()),
            method: head.method,
            headers: head.headers,
            peer: connection.peer.ip(),
            path,
            origin,
            payload,
        };
        let (method, path) = (request.method.clone(), request.path.clone());
        let mut response = to_its_end(Arc::clone(facade), request).await;
        tracing::debug!(facade = name, %method, path, status = response.status().as_u16(), "answered");
        asked.decorate(response.headers_mut());
        if is_head {
            *response.body_mut() = Body::empty();
        }
        response
    }

    /// The product's own words for a bug in Staves.
    pub fn internal_error(&self, id: FacadeId) -> Response<Body> {
        self.open[id.0].facade.internal_error()
    }
}

/// Answers, also if the client goes meanwhile: between an upload and the note of it, a request must not end. One that waits
/// for bytes ends by itself, since no more come.
async fn to_its_end(facade: Arc<dyn Facade>, request: facade::Request) -> Response<Body> {
    let words = Arc::clone(&facade);
    match tokio::spawn(async move { facade.handle(request).await }).await {
        Ok(response) => response,
        // The server has a net for panics, and a log of them.
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_stopping) => words.internal_error(),
    }
}
