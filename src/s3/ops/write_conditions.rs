//! Conditions on writes: `If-None-Match: *` and `If-Match: <etag>`, one at a time. Everything else is refused by name,
//! as AWS refuses it.

use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::wire::conditions::WriteCondition;

const UNACCEPTED: &str = "We don't accept the provided value of";

/// Reads the condition of `PutObject`, `CopyObject` or `CompleteMultipartUpload`.
pub(super) fn parse(head: &Head) -> Result<Option<WriteCondition>> {
    match (head.header_filled("if-match"), head.header_filled("if-none-match")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(S3Error::header_not_implemented("If-Match,If-None-Match")
            .with("additionalMessage", "Multiple conditional request headers present in the request")),
        (None, Some(value)) if value == "*" => Ok(Some(WriteCondition::IfNoneMatchAny)),
        (None, Some(_)) => Err(unaccepted("If-None-Match")),
        (Some(value), None) if value == "*" => Err(unaccepted("If-Match")),
        (Some(value), None) => Ok(Some(WriteCondition::IfMatch(unquoted(&value)))),
    }
}

fn unaccepted(header: &'static str) -> S3Error {
    S3Error::header_not_implemented(header)
        .with("additionalMessage", format!("{UNACCEPTED} {header} header for this API"))
}

/// An ETag as it is compared: without quotes.
pub(super) fn unquoted(etag: &str) -> String {
    let etag = etag.trim();
    etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"')).unwrap_or(etag).to_owned()
}
