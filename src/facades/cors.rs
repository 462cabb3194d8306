//! Which pages of other origins may use the facades, and the buckets that they make. By default those on this machine and
//! on the host that the client came by: what any page on the web could use with the well-known default credentials would
//! be open to the web.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request};

use super::reply;
use crate::engine::Engine;
use crate::engine::bucket::Bucket;
use crate::engine::document::DocumentName;
use crate::engine::error::{Error, Result};
use crate::http::body::Body;
use crate::http::origin::Origin;
use crate::wire::bucket_name::BucketName;
use crate::wire::xml::{Declaration, XmlWriter};

/// Where S3's dialect finds a bucket's CORS configuration.
const BUCKET_CORS: DocumentName<'static> = DocumentName { namespace: "s3", name: "cors" };
/// What pages read besides the simple headers.
const EXPOSED: &str =
    "ETag, Location, Content-Disposition, Content-Length, Content-Range, Retry-After, X-Correlation-ID";
/// What pages may do in the buckets that facades make.
pub(super) const BUCKET_METHODS: [&str; 4] = ["GET", "HEAD", "PUT", "POST"];
const METHODS: &str = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

/// An origin, or several by one `*`, as in S3's CORS rules: `https://app.example.com`, `https://*.example.com`, `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginPattern(String);

impl OriginPattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> std::result::Result<OriginPattern, String> {
        let shaped = text == "*" || text.starts_with("http://") || text.starts_with("https://");
        if shaped
            && text.matches('*').count() <= 1
            && !text.ends_with('/')
            && text.bytes().all(|b| b.is_ascii_graphic())
        {
            return Ok(OriginPattern(text.to_owned()));
        }
        Err(format!("{text:?} is no origin; write https://app.example.com, https://*.example.com or *"))
    }

    fn matches(&self, origin: &str) -> bool {
        match self.0.split_once('*') {
            None => self.0 == origin,
            Some((start, end)) => {
                origin.len() >= start.len() + end.len() && origin.starts_with(start) && origin.ends_with(end)
            }
        }
    }
}

pub(super) struct Cors {
    allowed: Vec<OriginPattern>,
}

/// What a request's origin may do.
pub(super) enum Asked {
    /// No page of another origin asks.
    Nothing,
    /// The page may: this is its origin.
    Granted(HeaderValue),
    /// The page may not.
    Refused(String),
}

impl Cors {
    pub(super) fn new(allowed: Vec<OriginPattern>) -> Cors {
        Cors { allowed }
    }

    pub(super) fn asked(&self, head: &request::Parts, came_by: &Origin) -> Asked {
        let Some(sent) = head.headers.get(header::ORIGIN) else { return Asked::Nothing };
        let text = sent.to_str().unwrap_or_default();
        let host = |authority: &str| authority.rsplit_once(':').map_or(authority, |(name, _)| name).to_owned();
        let same_host = Origin::parse(text).is_some_and(|origin| host(origin.authority()) == host(came_by.authority()));
        if same_host || is_on_this_machine(text) || self.allowed.iter().any(|pattern| pattern.matches(text)) {
            Asked::Granted(sent.clone())
        } else {
            Asked::Refused(text.to_owned())
        }
    }
}

impl Asked {
    /// The answer to a preflight, if the request is one.
    pub(super) fn preflight(&self, head: &request::Parts) -> Option<Response<Body>> {
        if head.method != Method::OPTIONS || !head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        match self {
            Asked::Nothing => {}
            Asked::Refused(origin) => {
                tracing::warn!(origin, "a page of this origin may not use the facades; allow it with --cors-origin");
            }
            Asked::Granted(_) => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
                if let Some(asked) = head.headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
                    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
                }
                headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
                self.decorate(headers);
            }
        }
        Some(response)
    }

    /// The answer to a page that may not use the facades and would change something. Browsers send forms of any page
    /// without a preflight, and forms carry tokens: the well-known default ones, too.
    pub(super) fn refusal(&self, method: &Method) -> Option<Response<Body>> {
        let Asked::Refused(origin) = self else { return None };
        if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return None;
        }
        tracing::warn!(origin, "a page of this origin may not use the facades; allow it with --cors-origin");
        let words = "pages of this origin may not use this server; allow them with --cors-origin\n";
        Some(reply::text(StatusCode::FORBIDDEN, "text/plain; charset=utf-8", words))
    }

    /// Adds to an answer what lets the page read it.
    pub(super) fn decorate(&self, headers: &mut HeaderMap) {
        let Asked::Granted(origin) = self else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

/// Whether a page comes from this machine: `localhost`, a name under it, or a loopback address.
fn is_on_this_machine(origin: &str) -> bool {
    let Some(origin) = Origin::parse(origin) else { return false };
    let authority = origin.authority();
    if authority == "[::1]" || authority.starts_with("[::1]:") {
        return true;
    }
    let host = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}

/// The bucket of that name, made unless it is there, with a CORS configuration for the pages that may use the facades. One
/// of another account is [`Error::BucketExists`].
pub(super) async fn open_bucket(
    engine: &Engine,
    name: &BucketName,
    account: &str,
    region: &str,
    allowed: &[OriginPattern],
) -> Result<Bucket> {
    let bucket = match engine.bucket(name) {
        Err(Error::NoSuchBucket) => match engine.create_bucket(name, account, region).await {
            Ok(bucket) => {
                engine.put_document(&bucket, BUCKET_CORS, bucket_document(allowed)).await?;
                bucket
            }
            // Somebody else was faster.
            Err(Error::BucketExists { .. }) => engine.bucket(name)?,
            Err(error) => return Err(error),
        },
        found => found?,
    };
    if bucket.account == account { Ok(bucket) } else { Err(Error::BucketExists { account: bucket.account.clone() }) }
}

/// Pages of which origins may use the buckets that facades make, as S3's rules write it.
pub(super) fn bucket_origins(allowed: &[OriginPattern]) -> Vec<String> {
    let local = ["localhost", "127.0.0.1", "[::1]"];
    let local = local.iter().flat_map(|host| ["http", "https"].map(|scheme| format!("{scheme}://{host}")));
    let local = local.flat_map(|origin| [origin.clone(), format!("{origin}:*")]);
    local.chain(allowed.iter().map(|pattern| pattern.0.clone())).collect()
}

/// The CORS configuration of buckets that facades make, as S3 keeps it: presigned URLs are used by pages.
fn bucket_document(allowed: &[OriginPattern]) -> Vec<u8> {
    let mut xml = XmlWriter::new(Declaration::Yes);
    xml.open_ns("CORSConfiguration");
    xml.open("CORSRule");
    xml.text("AllowedHeader", "*");
    for method in BUCKET_METHODS {
        xml.text("AllowedMethod", method);
    }
    for origin in bucket_origins(allowed) {
        xml.text("AllowedOrigin", &origin);
    }
    xml.text("ExposeHeader", "ETag");
    xml.close();
    xml.close();
    xml.finish().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::cors::{CorsConfiguration, CorsDecision};
    use crate::wire::xml::Element;

    #[test]
    fn pages_of_this_machine_and_named_ones() {
        let cors = Cors::new(vec![OriginPattern::parse("https://*.example.com").unwrap()]);
        let asked = |origin: &str| {
            let request = http::Request::builder().header("origin", origin).body(()).unwrap();
            let came_by = Origin::parse("http://staves.test:9000").unwrap();
            matches!(cors.asked(&request.into_parts().0, &came_by), Asked::Granted(_))
        };
        for origin in [
            "http://localhost:3000",
            "https://localhost",
            "http://127.0.0.1:5173",
            "http://[::1]:80",
            "http://app.localhost:1",
            "http://staves.test:3000",
            "https://a.example.com",
        ] {
            assert!(asked(origin), "{origin}");
        }
        for origin in ["https://evil.test", "null", "http://localhost.evil.test", "http://a.example.com", ""] {
            assert!(!asked(origin), "{origin}");
        }
    }

    #[test]
    fn patterns() {
        for good in ["*", "http://a", "https://*.b:1"] {
            assert!(OriginPattern::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "http://a/", "http://*.*", "http://a b"] {
            assert!(OriginPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn buckets_are_open_to_the_same_pages() {
        let document = bucket_document(&[OriginPattern::parse("https://app.test").unwrap()]);
        let document = CorsConfiguration::parse(&Element::parse(&document).unwrap()).unwrap();
        let decide = |origin| matches!(document.decide(origin, "PUT", &["content-type"]), CorsDecision::Allowed(_));
        assert!(decide("http://localhost:3000") && decide("https://127.0.0.1") && decide("https://app.test"));
        assert!(!decide("https://evil.test"));
    }
}
