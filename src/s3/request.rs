//! A request as the dialect sees it: its head parsed once, its body apart.

use http::{HeaderMap, HeaderName, Method};

use super::error::{Result, S3Error};
use super::target::Target;
use crate::http::connection::Connection;
use crate::http::request_id::{HostId, RequestId};
use crate::wire::metadata::encode_header_value;
use crate::wire::object_key::ObjectKey;
use crate::wire::query::Query;
use crate::wire::sigv4;
use crate::wire::time::Timestamp;

/// The head of a request.
pub(crate) struct Head {
    pub(crate) method: Method,
    /// As sent: not decoded, not normalised.
    pub(crate) raw_path: String,
    pub(crate) query: Query,
    /// As sent, and, once the request is authenticated, with what a presigned URL carries in its query.
    pub(crate) headers: HeaderMap,
    pub(crate) target: Target,
    pub(crate) connection: Connection,
    pub(crate) request_id: RequestId,
    pub(crate) host_id: HostId,
    pub(crate) now: Timestamp,
}

impl Head {
    /// A header's value as text, if it was sent. Bytes that are not UTF-8 are read as ISO 8859-1. A header that was sent
    /// several times is one list (RFC 9110, section 5.3): a second condition or checksum must not go unseen.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all(name).iter().map(|value| text_of(value.as_bytes()));
        values.reduce(|list, value| list + "," + &value)
    }

    /// A header's value, trimmed; an empty one counts as not sent.
    pub(crate) fn header_filled(&self, name: &str) -> Option<String> {
        self.header(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// The object key of a request that is routed to an object.
    pub(crate) fn key(&self) -> Result<&ObjectKey> {
        self.target.key().ok_or_else(|| S3Error::internal("an operation on an object was routed without a key"))
    }

    /// The request as signatures see it.
    pub(crate) fn signable(&self) -> sigv4::Request<'_> {
        sigv4::Request {
            method: self.method.as_str(),
            raw_path: &self.raw_path,
            raw_query: self.query.raw(),
            headers: &self.headers,
        }
    }

    /// Takes over headers that a presigned URL carries in its query: the JavaScript and Java SDKs put them there.
    pub(crate) fn hoist(&mut self, hoisted: Vec<(String, String)>) {
        for (name, value) in hoisted {
            // A query is UTF-8, metadata in a header is not: it goes in as a client's own header would have to say it.
            let value = if name.starts_with("x-amz-meta-") { encode_header_value(&value) } else { value };
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value.parse())
                && !self.headers.contains_key(&name)
            {
                self.headers.insert(name, value);
            }
        }
    }
}

fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}
