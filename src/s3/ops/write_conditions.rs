//! Conditions on writes: `If-None-Match: *` and `If-Match: <etag>`, one at a time. Everything else is refused by name,
//! as AWS refuses it.

use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::wire::conditions::WriteCondition;

const UNACCEPTED: &str = "We don't accept the provided value of";

/// Reads the condition of `PutObject`, `CopyObject` or `CompleteMultipartUpload`.
pub(super) fn parse(head: &Head) -> Result<Option<WriteCondition>> {
    // As on reads, an empty If-Match is a condition that nothing meets, and an empty If-None-Match is none.
    let if_match_sent = head.header("if-match").map(|value| value.trim().to_owned());
    match (if_match_sent, head.header_filled("if-none-match")) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(S3Error::header_not_implemented("If-Match,If-None-Match")
            .with("additionalMessage", "Multiple conditional request headers present in the request")),
        (None, Some(value)) if value == "*" => Ok(Some(WriteCondition::IfNoneMatchAny)),
        (None, Some(_)) => Err(unaccepted("If-None-Match")),
        (Some(value), None) if value == "*" => Err(unaccepted("If-Match")),
        (Some(value), None) => Ok(Some(if_match(&value))),
    }
}

/// The condition that `If-Match` sets with `*` or one tag, quoted or not. A weak tag or a list is none that S3 issues, and
/// so matches nothing.
pub(super) fn if_match(sent: &str) -> WriteCondition {
    let tag = unquoted(sent);
    // A quoted asterisk is a tag, not the wildcard.
    WriteCondition::IfMatch(if tag == "*" { sent.to_owned() } else { tag })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_with_or_without_quotes() {
        let tag = |sent| match if_match(sent) {
            WriteCondition::IfMatch(tag) => tag,
            WriteCondition::IfNoneMatchAny => unreachable!("only If-Match"),
        };
        assert_eq!(tag("\"abc\""), "abc");
        assert_eq!(tag("abc"), "abc");
        assert_eq!(tag("*"), "*");
        assert_eq!(tag("\"*\""), "\"*\"");
        assert_eq!(tag("W/\"abc\""), "W/\"abc\"");
    }
}
