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
use crate::wire::metadata::encode_header_value;
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
    let mut reply = encryption::show(reply, &object.attributes.encryption, key)
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_TYPE, headers.content_type.as_deref().unwrap_or(DEFAULT_CONTENT_TYPE))
        .optional(CONTENT_ENCODING, headers.content_encoding.as_deref())
        .optional(CONTENT_LANGUAGE, headers.content_language.as_deref())
        .optional(CONTENT_DISPOSITION, headers.content_disposition.as_deref())
        .optional(CACHE_CONTROL, headers.cache_control.as_deref())
        .optional(EXPIRES, headers.expires.as_deref())
        .optional(
            HeaderName::from_static("x-amz-website-redirect-location"),
            headers.website_redirect_location.as_deref(),
        );
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
    for (name, value) in &headers.user {
        let shown = HeaderName::try_from(format!("x-amz-meta-{name}"));
        if let (Ok(name), Ok(value)) = (shown, HeaderValue::try_from(encode_header_value(value))) {
            reply.headers.insert(name, value);
        }
    }
    reply
}
