//! The way of every request through the dialect, and what every answer carries.

use std::sync::Arc;

use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HOST, SERVER};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use super::auth::{self, Authenticated, PayloadMode};
use super::call::Call;
use super::cors::CrossOrigin;
use super::error::{Result, S3Error};
use super::features::Copies;
use super::logging::{Logs, Observed};
use super::operation::{BodyRule, Encrypts, Handler, Row};
use super::reply::Reply;
use super::request::Head;
use super::signing_keys::SigningKeys;
use super::target::Target;
use super::{Config, Shared, access, cors, encryption, features, logging, route, website};
use crate::engine::Engine;
use crate::http::body::{Body, Payload};
use crate::http::connection::Connection;
use crate::http::domains::{Addressed, Domains};
use crate::http::request_id::{HostId, RequestId};
use crate::wire::error_codes::Code;
use crate::wire::object_key::ObjectKey;
use crate::wire::query::Query;
use crate::wire::xml::{Declaration, XmlWriter};

/// S3's own bound on a request's header section.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html>
const MAX_HEADER_SECTION_BYTES: usize = 8 << 10;

/// What tells where the bucket is also to whom it denies the rest.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>; that listings do, SDKs of AWS rely on.
const TELL_REGION: [&str; 3] = ["HeadBucket", "ListObjects", "ListObjectsV2"];

/// The S3 dialect on an engine. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    shared: Arc<Shared>,
}

impl Service {
    /// Serves an engine.
    pub fn new(engine: Engine, config: Config) -> Service {
        let domains = Domains::new(&config.domains).with_websites(&config.website_domains);
        let logs = Logs::new(&engine, config.log_delivery);
        let signing_keys = SigningKeys::default();
        Service { shared: Arc::new(Shared { engine, config, domains, signing_keys, logs }) }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Answers a request. Whatever goes wrong is an answer too.
    pub async fn handle(&self, request: Request<Payload>, connection: &Connection) -> Response<Body> {
        let (request_id, host_id) = (RequestId::random(), HostId::random());
        let (parts, payload) = request.into_parts();
        let method = parts.method.clone();
        // A preflight has its headers already.
        let cross_origin = CrossOrigin::of(&method, &parts.headers).filter(|_| method != Method::OPTIONS);
        let observed = self.shared.logs.observe(&self.shared, &parts, connection);
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let (mut response, bucket, error_code) = match self.shared.domains.addressed(host) {
            Addressed::Website(site) => {
                let ids = (&request_id, &host_id);
                let watched = observed.clone();
                // Boxed, so that what the endpoint is asked does not carry the room for it.
                let page = Box::pin(website::answer(self, site.as_deref(), parts, connection, ids, watched)).await;
                let code = page.headers.get("x-amz-error-code").and_then(|code| code.to_str().ok());
                let code = code.filter(|_| !page.status.is_redirection()).map(str::to_owned);
                (success(page), site, code)
            }
            addressed => {
                let (result, bucket) = match self.head(parts, addressed, connection, (request_id, host_id)) {
                    Ok(head) => self.answer(head, payload, observed.clone()).await,
                    Err(error) => (Err(error), None),
                };
                match result {
                    Ok(reply) => (success(reply), bucket, None),
                    Err(error) => {
                        let code = observed.as_ref().map(|_| error.code().as_str().to_owned());
                        (failure(&error, &method, &request_id, &host_id), bucket, code)
                    }
                }
            }
        };
        if let (Some(cross_origin), Some(bucket)) = (cross_origin, &bucket) {
            cors::decorate(&self.shared, bucket, &cross_origin, response.headers_mut());
        }
        let own = response.headers_mut();
        own.insert("x-amz-request-id", request_id.header_value());
        own.insert("x-amz-id-2", host_id.header_value());
        own.insert(SERVER, HeaderValue::from_static("AmazonS3"));
        if let (Some(observed), Some(bucket)) = (observed, bucket) {
            return logging::log(&self.shared, &observed, &bucket, error_code, (&request_id, &host_id), response);
        }
        response
    }

    fn head(
        &self,
        parts: http::request::Parts,
        addressed: Addressed,
        connection: &Connection,
        (request_id, host_id): (RequestId, HostId),
    ) -> Result<Head> {
        let section: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if section > MAX_HEADER_SECTION_BYTES {
            return Err(Code::RequestHeaderSectionTooLarge.with("MaxSizeAllowed", MAX_HEADER_SECTION_BYTES));
        }
        let raw_path = parts.uri.path().to_owned();
        let query = Query::parse(parts.uri.query().unwrap_or_default())
            .map_err(|_| Code::InvalidUri.with("URI", parts.uri.to_string()))?;
        let target = Target::of(addressed, &raw_path)?;
        Ok(Head {
            method: parts.method,
            raw_path,
            query,
            headers: parts.headers,
            target,
            connection: *connection,
            request_id,
            host_id,
            now: self.shared.engine.clock().now(),
        })
    }

    /// The answer, and the bucket that the request named.
    async fn answer(
        &self,
        head: Head,
        payload: Payload,
        observed: Option<Arc<Observed>>,
    ) -> (Result<Reply>, Option<String>) {
        let bucket = head.target.bucket().map(str::to_owned);
        if let Some(observed) = &observed {
            observed.key(head.target.key().map(ObjectKey::as_str), head.query.first("versionId"));
            // Also a request that is refused before it is routed has a name.
            if let Ok(row) = route::route(&head) {
                observed.row(row);
            }
        }
        if head.method == Method::OPTIONS {
            return (cors::preflight(&self.shared, &head), bucket);
        }
        let (request_id, method, path) = (head.request_id, head.method.clone(), head.raw_path.clone());
        let result = self.call(head, payload, observed).await;
        let status = result.as_ref().map(|reply| reply.status.as_u16());
        tracing::debug!(request_id = request_id.as_str(), %method, path, ?status);
        (result, bucket)
    }

    async fn call(&self, mut head: Head, payload: Payload, observed: Option<Arc<Observed>>) -> Result<Reply> {
        let mut authenticated = auth::authenticate(&self.shared, &head)?;
        head.hoist(std::mem::take(&mut authenticated.hoisted));
        if let Some(observed) = &observed {
            observed.caller(&authenticated.principal);
        }
        let row = route::route(&head)?;
        if let Some(observed) = &observed {
            observed.row(row);
        }
        self.operate(row, head, authenticated, payload, observed).await.map_err(|error| row.declared(error))
    }

    /// Runs a row's operation, if the caller may.
    pub(super) async fn operate(
        &self,
        row: &Row,
        head: Head,
        authenticated: Authenticated,
        payload: Payload,
        observed: Option<Arc<Observed>>,
    ) -> Result<Reply> {
        let Handler::Run { before_access, run, body } = row.handler else {
            return Err(row.refusal());
        };
        let found_bucket = access::find_bucket(&self.shared.engine, row, &head.target)?;
        let mut call = Call {
            shared: Arc::clone(&self.shared),
            head,
            principal: authenticated.principal,
            found_bucket,
            payload,
            payload_mode: authenticated.payload_mode,
            observed,
        };
        before_access(&call)?;
        access::decide(row, &call).map_err(|denied| match &call.found_bucket {
            Some(bucket) if TELL_REGION.contains(&row.name) => auth::tell_region(denied, bucket),
            _ => denied,
        })?;
        call.watch(row.name)?;
        if body == BodyRule::Document && matches!(call.payload_mode, PayloadMode::Chunked { .. }) {
            return Err(S3Error::invalid_request("The value of x-amz-content-sha256 header is invalid."));
        }
        features::refuse_absent(Copies::of(row), &call.head)?;
        if row.encrypts == Encrypts::Nothing {
            encryption::refuse_elsewhere(&call.head)?;
        }
        run(call).await
    }
}

fn success(reply: Reply) -> Response<Body> {
    let mut response = Response::new(reply.body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

fn failure(error: &S3Error, method: &Method, request_id: &RequestId, host_id: &HostId) -> Response<Body> {
    if let Some(source) = error.source() {
        tracing::error!(request_id = request_id.as_str(), error = %source, "internal error");
    }
    let status = StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let bodiless = *method == Method::HEAD || status == StatusCode::NOT_MODIFIED;
    if status != StatusCode::NOT_MODIFIED {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    }
    if bodiless {
        // Without this a HEAD would claim a length of 0, which AWS does not.
        response.headers_mut().remove(CONTENT_LENGTH);
    } else {
        *response.body_mut() = Body::full(error_document(error, request_id, host_id));
    }
    for (name, value) in error.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    if status == StatusCode::METHOD_NOT_ALLOWED && !response.headers().contains_key(ALLOW) {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, PUT, POST, DELETE"));
    }
    response
}

fn error_document(error: &S3Error, request_id: &RequestId, host_id: &HostId) -> String {
    let mut xml = XmlWriter::new(match error.declaration() {
        Declaration::Yes => Declaration::Yes,
        Declaration::No => Declaration::No,
    });
    xml.open("Error").text("Code", error.code().as_str()).text("Message", error.message());
    for (name, value) in error.fields() {
        xml.text(name, value);
    }
    xml.text("RequestId", request_id.as_str()).text("HostId", host_id.as_str()).close();
    xml.finish()
}
