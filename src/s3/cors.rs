//! Cross-origin requests: the preflight's answer, and the headers that actual answers carry.

use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue, Method};

use super::Shared;
use super::error::{Result, S3Error};
use super::reply::Reply;
use super::request::Head;
use crate::engine::document::DocumentName;
use crate::wire::bucket_name::BucketName;
use crate::wire::cors::{CorsConfiguration, CorsDecision, CorsGrant, requested_headers};
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;

/// A bucket's CORS configuration.
pub(crate) const CORS: DocumentName<'static> = DocumentName { namespace: "s3", name: "cors" };

const NOT_CONFIGURED: &str = "the bucket has no configuration, so no page may use it; give it one by PutBucketCors";

/// Answers an OPTIONS request, which needs no signature.
pub(crate) fn preflight(shared: &Shared, head: &Head) -> Result<Reply> {
    let Some(origin) = head.header("origin") else {
        return Err(Code::BadRequest.says("Insufficient information. Origin request header needed."));
    };
    let method = head.header("access-control-request-method").unwrap_or_else(|| "OPTIONS".to_owned());
    let forbidden = |message: &'static str, resource: &'static str| -> S3Error {
        Code::AccessForbidden.says(message).with("Method", &method).with("ResourceType", resource)
    };
    let bucket = head.target.bucket().and_then(|name| BucketName::parse(name).ok());
    let Some(bucket) = bucket.and_then(|name| shared.engine.bucket(&name).ok()) else {
        return Err(forbidden("CORSResponse: Bucket not found", "BUCKET"));
    };
    let Some(configuration) = configuration(shared, &bucket.name) else {
        log_refusal(bucket.name.as_str(), &origin, &method, &[NOT_CONFIGURED.to_owned()]);
        return Err(forbidden("CORSResponse: CORS is not enabled for this bucket.", "BUCKET"));
    };
    let asked = head.header("access-control-request-headers").unwrap_or_default();
    match configuration.decide(&origin, &method, &requested_headers(&asked)) {
        CorsDecision::Allowed(grant) => {
            let mut reply = Reply::ok();
            put_headers(&grant, &mut reply.headers);
            Ok(reply)
        }
        CorsDecision::Refused(reasons) => {
            log_refusal(bucket.name.as_str(), &origin, &method, &reasons);
            let resource = if head.target.key().is_some() { "OBJECT" } else { "BUCKET" };
            Err(Code::AccessForbidden.with("Method", &method).with("ResourceType", resource))
        }
    }
}

/// What of a page's request decides whether the page may see the answer.
pub(crate) struct CrossOrigin {
    origin: String,
    /// `Access-Control-Request-Method` if it is sent, whatever the request's own method (seen on AWS).
    method: String,
    headers: String,
}

impl CrossOrigin {
    /// `None` for a request that no page of another origin made: it has no `Origin`.
    pub(crate) fn of(method: &Method, request: &HeaderMap) -> Option<CrossOrigin> {
        let text = |name: HeaderName| request.get(name).and_then(|value| value.to_str().ok());
        Some(CrossOrigin {
            origin: text(ORIGIN)?.to_owned(),
            method: text(ACCESS_CONTROL_REQUEST_METHOD).unwrap_or(method.as_str()).to_owned(),
            headers: text(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default().to_owned(),
        })
    }
}

/// Adds to an actual answer what the bucket's configuration grants. A request that no rule matches is answered all the
/// same, without these headers: keeping the answer from the page is the browser's part.
pub(crate) fn decorate(shared: &Shared, bucket: &str, request: &CrossOrigin, response: &mut HeaderMap) {
    let Some(configuration) = BucketName::parse(bucket).ok().and_then(|name| configuration(shared, &name)) else {
        return;
    };
    let CrossOrigin { origin, method, headers } = request;
    match configuration.decide(origin, method, &requested_headers(headers)) {
        CorsDecision::Allowed(grant) => put_headers(&grant, response),
        CorsDecision::Refused(reasons) => log_refusal(bucket, origin, method, &reasons),
    }
}

fn configuration(shared: &Shared, bucket: &BucketName) -> Option<CorsConfiguration> {
    let bucket = shared.engine.bucket(bucket).ok()?;
    let stored = shared.engine.document(&bucket, CORS).ok()?;
    Element::parse(&stored).ok().and_then(|root| CorsConfiguration::parse(&root).ok())
}

fn put_headers(grant: &CorsGrant, headers: &mut HeaderMap) {
    for (name, value) in grant.headers() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
}

fn log_refusal(bucket: &str, origin: &str, method: &str, reasons: &[String]) {
    for reason in reasons {
        tracing::info!(bucket, origin, method, "CORS: {reason}");
    }
}
