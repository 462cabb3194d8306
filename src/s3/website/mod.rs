//! Buckets as websites, on hosts of their own: index and error documents, redirects, and pages for errors. Objects are read
//! by `GetObject` and `HeadObject` as by any caller without credentials. What the configuration says is in
//! `wire/website.rs`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/WebsiteEndpoints.html>

mod page;

use std::sync::Arc;

use http::header::{AUTHORIZATION, HOST, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};

use self::page::Ids;
use super::error::{Result, S3Error};
use super::logging::Observed;
use super::reply::Reply;
use super::request::Head;
use super::service::Service;
use super::target::Target;
use super::{auth, cors, route};
use crate::engine::bucket::Bucket;
use crate::engine::document::DocumentName;
use crate::engine::error::Error;
use crate::http::body::{Body, Payload};
use crate::http::connection::Connection;
use crate::http::request_id::{HostId, RequestId};
use crate::s3::engine_error::{Named, s3_error};
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;
use crate::wire::object_key::{InvalidKey, MAX_KEY_BYTES, ObjectKey};
use crate::wire::percent;
use crate::wire::query::Query;
use crate::wire::website::{Asked, Website};
use crate::wire::xml::Element;

const WEBSITE: DocumentName<'static> = DocumentName { namespace: "s3", name: "website" };

/// Where an object says that a page is instead.
const REDIRECT_LOCATION: &str = "x-amz-website-redirect-location";

/// Where AWS sends those who name no bucket.
const NO_BUCKET: &str = "https://aws.amazon.com/s3/";

/// Answers a request to a website's host; whatever goes wrong is a page. `site` is the bucket's name, if one is named.
pub(super) async fn answer(
    service: &Service,
    site: Option<&str>,
    request: Parts,
    connection: &Connection,
    (request_id, host_id): (&RequestId, &HostId),
    observed: Option<Arc<Observed>>,
) -> Reply {
    let ids = Ids { request: request_id, host: host_id };
    let method = request.method.clone();
    let Some(site) = site else { return page::redirect(StatusCode::MOVED_PERMANENTLY, NO_BUCKET) };
    if let Some(observed) = &observed {
        let raw_key = request.uri.path().trim_start_matches('/');
        observed.website(&request.method, &percent::decode_path(raw_key).unwrap_or_else(|_| raw_key.to_owned()));
    }
    let visit = Visit { service, site, request, connection, request_id, host_id, observed };
    let reply = match visit.answer().await {
        Ok(reply) => reply,
        Err(failed) => visit.failed(&failed, &ids).await,
    };
    if method == Method::HEAD { without_body(reply) } else { reply }
}

struct Visit<'a> {
    service: &'a Service,
    site: &'a str,
    request: Parts,
    connection: &'a Connection,
    request_id: &'a RequestId,
    host_id: &'a HostId,
    observed: Option<Arc<Observed>>,
}

/// What went wrong, and how far the request had come.
struct Failed {
    error: S3Error,
    /// Once the bucket's configuration and a key are known, they have a say in what is shown.
    stage: Option<(Website, String)>,
}

/// What a request for an object takes over from the visitor's.
enum Conditions {
    Kept,
    /// An error document is shown whole.
    Dropped,
}

impl From<S3Error> for Failed {
    fn from(error: S3Error) -> Failed {
        Failed { error, stage: None }
    }
}

impl Visit<'_> {
    async fn answer(&self) -> std::result::Result<Reply, Failed> {
        if self.request.method == Method::OPTIONS {
            let raw_path = self.raw_path();
            let target = Target::Bucket { bucket: self.site.to_owned() };
            let headers = self.request.headers.clone();
            return Ok(cors::preflight(
                self.service.shared(),
                &self.head(&Method::OPTIONS, target, headers, raw_path)?,
            )?);
        }
        if !matches!(self.request.method, Method::GET | Method::HEAD) {
            let error = Code::MethodNotAllowed.with("Method", &self.request.method).with("ResourceType", "OBJECT");
            return Err(error.header(http::header::ALLOW, "GET, HEAD").into());
        }
        let bucket = self.bucket()?;
        let website = self.website(&bucket)?;
        if let Some(redirect) = &website.redirect_all {
            return Ok(page::redirect(status(redirect.status), &redirect.to(self.asked())));
        }
        let raw_key = self.asked().raw_key;
        let asked_key = percent::decode_path(raw_key).map_err(|_| Code::InvalidUri.with("URI", self.raw_path()))?;
        if let Some(rule) = website.rule_for(&asked_key) {
            return Ok(page::redirect(status(rule.redirect.status), &rule.location(self.asked(), &asked_key)));
        }
        let is_folder = asked_key.is_empty() || asked_key.ends_with('/');
        let full = if is_folder { format!("{asked_key}{}", website.index_suffix) } else { asked_key.clone() };
        let read = match object_key(&full) {
            Ok(key) => self.read(&key, Conditions::Kept).await,
            Err(error) => Err(error),
        };
        let error = match read {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        // Also those who may not see what is there are sent on.
        if !is_folder && self.is_folder(&bucket, &full, &website)? {
            let location = format!("/{raw_key}/");
            let found = page::redirect(StatusCode::FOUND, &location);
            return Ok(found.amz("x-amz-error-code", "Found").amz("x-amz-error-message", "Resource Found"));
        }
        Err(Failed { error, stage: Some((website, asked_key)) })
    }

    /// What is shown of an error: where a rule sends its visitors, the website's document, or a page.
    async fn failed(&self, failed: &Failed, ids: &Ids<'_>) -> Reply {
        let error = &failed.error;
        if let Some(source) = error.source() {
            tracing::error!(request_id = self.request_id.as_str(), error = %source, "internal error");
        }
        let error_status = error.code().status();
        let Some((website, key)) = &failed.stage else { return page::of_error(error, None, ids) };
        if let Some(rule) = website.rule_for_error(key, error_status) {
            return page::redirect(status(rule.redirect.status), &rule.location(self.asked(), key));
        }
        let Some(error_key) = website.error_key.as_deref().filter(|_| (400..500).contains(&error_status)) else {
            return page::of_error(error, None, ids);
        };
        let shown = match object_key(error_key) {
            Ok(key) => self.read(&key, Conditions::Dropped).await,
            Err(error) => Err(error),
        };
        match shown {
            // An error document that is somewhere else.
            Ok(reply) if reply.status == StatusCode::MOVED_PERMANENTLY => reply,
            Ok(reply) => page::with_error(reply.status(status(error_status)), error),
            Err(nested) => page::of_error(error, Some(&nested), ids),
        }
    }

    fn bucket(&self) -> Result<Bucket> {
        let missing = || Code::NoSuchBucket.with("BucketName", self.site);
        let name = BucketName::parse(self.site).map_err(|_| missing())?;
        let named = Named { bucket: Some(&name), ..Named::default() };
        self.service.shared().engine.bucket(&name).map_err(|error| s3_error(error, named))
    }

    fn website(&self, bucket: &Bucket) -> Result<Website> {
        let missing = || Code::NoSuchWebsiteConfiguration.with("BucketName", &bucket.name);
        match self.service.shared().engine.document(bucket, WEBSITE) {
            Ok(stored) => Website::parse(&Element::parse(&stored).map_err(S3Error::internal)?).ok_or_else(missing),
            Err(Error::NoSuchDocument) => Err(missing()),
            Err(error) => Err(s3_error(error, Named { bucket: Some(&bucket.name), ..Named::default() })),
        }
    }

    /// Whether there is an index where there is no object: the visitor forgot the slash.
    fn is_folder(&self, bucket: &Bucket, key: &str, website: &Website) -> Result<bool> {
        let exists = |key: &str| match ObjectKey::parse(key.to_owned()) {
            Ok(key) => match self.service.shared().engine.object(bucket, &key) {
                Ok(_) => Ok(true),
                Err(Error::NoSuchKey | Error::CurrentIsDeleteMarker { .. }) => Ok(false),
                Err(error) => Err(s3_error(error, Named { bucket: Some(&bucket.name), ..Named::default() })),
            },
            Err(_) => Ok(false),
        };
        Ok(!exists(key)? && exists(&format!("{key}/{}", website.index_suffix))?)
    }

    /// Reads an object as a visitor does: without credentials. An object that is somewhere else is a redirect.
    async fn read(&self, key: &ObjectKey, conditions: Conditions) -> Result<Reply> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.request.headers {
            let conditional = [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE].contains(name);
            let dropped = matches!(conditions, Conditions::Dropped) && conditional;
            if *name != AUTHORIZATION && !name.as_str().starts_with("x-amz-") && !dropped {
                headers.append(name.clone(), value.clone());
            }
        }
        let target = Target::Object { bucket: self.site.to_owned(), key: key.clone() };
        let head = self.head(&self.request.method, target, headers, self.raw_path())?;
        let authenticated = auth::authenticate(self.service.shared(), &head)?;
        let row = route::route(&head)?;
        let mut reply = self.service.operate(row, head, authenticated, Payload::empty(), self.observed.clone()).await?;
        match reply.headers.remove(REDIRECT_LOCATION) {
            Some(location) => {
                let location = String::from_utf8_lossy(location.as_bytes());
                Ok(page::redirect(StatusCode::MOVED_PERMANENTLY, &location))
            }
            None => Ok(reply),
        }
    }

    fn head(&self, method: &Method, target: Target, headers: HeaderMap, raw_path: &str) -> Result<Head> {
        Ok(Head {
            method: method.clone(),
            raw_path: raw_path.to_owned(),
            query: Query::parse("").map_err(|_| Code::InvalidUri)?,
            headers,
            target,
            connection: *self.connection,
            request_id: *self.request_id,
            host_id: *self.host_id,
            now: self.service.shared().engine.clock().now(),
        })
    }

    fn raw_path(&self) -> &str {
        self.request.uri.path()
    }

    fn asked(&self) -> Asked<'_> {
        let host = self.request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        Asked {
            protocol: self.connection.scheme.as_str(),
            host,
            raw_key: self.raw_path().strip_prefix('/').unwrap_or(self.raw_path()),
            raw_query: self.request.uri.query().unwrap_or_default(),
        }
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::MOVED_PERMANENTLY)
}

fn object_key(key: &str) -> Result<ObjectKey> {
    ObjectKey::parse(key.to_owned()).map_err(|invalid| match invalid {
        InvalidKey::TooLong { size_bytes } => {
            Code::KeyTooLongError.with("Size", size_bytes).with("MaxSizeAllowed", MAX_KEY_BYTES)
        }
        InvalidKey::Empty | InvalidKey::Nul => Code::InvalidUri.with("URI", key),
    })
}

/// The answer to a HEAD: the length of a page would be there, and nothing of it.
fn without_body(mut reply: Reply) -> Reply {
    if let Some(length_bytes) = reply.body.length_bytes().filter(|length_bytes| *length_bytes > 0) {
        reply = reply.length_only(length_bytes);
    }
    reply.body = Body::empty();
    reply
}
