//! The headers that show an object, or what a write came to.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, EXPIRES,
    LAST_MODIFIED,
};
use http::{HeaderName, HeaderValue};

use crate::engine::object::Object;
use crate::s3::encryption;
use crate::s3::reply::Reply;
use crate::wire::checksum::Checksum;
use crate::wire::encryption::CustomerKey;
use crate::wire::etag::ETag;
use crate::wire::metadata::{encode_header_value, to_latin1};
use crate::wire::storage_class::StorageClass;
use crate::wire::time::Timestamp;

/// What S3 shows of an object that was stored without a type.
const DEFAULT_CONTENT_TYPE: &str = "binary/octet-stream";

/// The ETag, quoted.
pub(super) fn etag(reply: Reply, etag: &ETag) -> Reply {
    reply.header(ETAG, &etag.quoted())
}

/// A checksum with its kind.
pub(super) fn checksum(reply: Reply, checksum: &Checksum) -> Reply {
    reply
        .amz(checksum.algorithm.header_name(), &checksum.header_value())
        .amz("x-amz-checksum-type", checksum.kind.name())
}

/// `Last-Modified`.
pub(super) fn last_modified(reply: Reply, modified: Timestamp) -> Reply {
    reply.header(LAST_MODIFIED, &modified.http_date())
}

/// Everything that GET and HEAD show but length, range and checksum. `key` is the client's own, with SSE-C.
pub(super) fn describe(object: &Object, key: Option<&CustomerKey>) -> Reply {
    let headers = &object.headers;
    let reply = etag(last_modified(Reply::ok(), object.modified), &object.etag);
    let mut reply =
        encryption::show(reply, &object.attributes.encryption, key).header(ACCEPT_RANGES, "bytes").optional(
            HeaderName::from_static("x-amz-website-redirect-location"),
            headers.website_redirect_location.as_deref(),
        );
    let content = [
        (CONTENT_TYPE, Some(headers.content_type.as_deref().unwrap_or(DEFAULT_CONTENT_TYPE))),
        (CONTENT_ENCODING, headers.content_encoding.as_deref()),
        (CONTENT_LANGUAGE, headers.content_language.as_deref()),
        (CONTENT_DISPOSITION, headers.content_disposition.as_deref()),
        (CACHE_CONTROL, headers.cache_control.as_deref()),
        (EXPIRES, headers.expires.as_deref()),
    ];
    for (name, text) in content {
        if let Some(value) = text.and_then(content_value) {
            reply.headers.insert(name, value);
        }
    }
    if headers.storage_class != StorageClass::default() {
        reply = reply.amz("x-amz-storage-class", headers.storage_class.name());
    }
    let attributes = &object.attributes;
    if !attributes.tags.is_empty() {
        reply = reply.amz("x-amz-tagging-count", &attributes.tags.len().to_string());
    }
    for (name, value) in attributes.lock.headers() {
        reply = reply.amz(name, &value);
    }
    let mut missing = 0_u32;
    for (name, value) in &headers.user {
        let shown = HeaderName::try_from(format!("x-amz-meta-{name}"));
        if let (Ok(name), Ok(value)) = (shown, HeaderValue::try_from(encode_header_value(value))) {
            reply.headers.insert(name, value);
        } else {
            missing += 1;
        }
    }
    if missing > 0 {
        // What no header can say: line breaks, from a form or an encoded word.
        reply = reply.amz("x-amz-missing-meta", &missing.to_string());
    }
    reply
}

/// What a client gets to see of a content header: the bytes that it was sent as. What came by another API than S3's may
/// have characters beyond ISO 8859-1, and is UTF-8.
fn content_value(text: &str) -> Option<HeaderValue> {
    if text.is_ascii() {
        return HeaderValue::from_str(text).ok();
    }
    let bytes = to_latin1(text).unwrap_or_else(|| text.as_bytes().to_owned());
    HeaderValue::from_bytes(&bytes).ok()
}
