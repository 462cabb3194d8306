//! Conditional requests: what `If-Match` and its relatives decide about an object. Pure logic: how a failed condition is
//! answered, and which write conditions are refused outright, is decided where requests are parsed.

use super::etag::ETag;
use super::time::Timestamp;

/// The conditions of a read, or (under the `x-amz-copy-source-if-…` headers) of the source of a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the fields are the headers")]
pub struct ReadConditions {
    if_match: Option<ETagList>,
    if_none_match: Option<ETagList>,
    if_modified_since: Option<Timestamp>,
    if_unmodified_since: Option<Timestamp>,
}

/// What the conditions say about the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// They hold: answer as if there were none.
    Proceed,
    /// The client has it already: 304 for a read, 412 for a copy.
    NotModified {
        /// The condition that decided.
        condition: Condition,
    },
    /// 412 `PreconditionFailed`.
    Failed {
        /// The condition that decided.
        condition: Condition,
    },
}

/// One of the four conditions of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the names of the headers")]
pub enum Condition {
    IfMatch,
    IfNoneMatch,
    IfModifiedSince,
    IfUnmodifiedSince,
}

/// The condition of a write (`PutObject`, `CopyObject`'s destination, `CompleteMultipartUpload`). At most one is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteCondition {
    /// `If-None-Match: *`: there must be no current object.
    IfNoneMatchAny,
    /// `If-Match`: the current object's `ETag` must equal this one (as the client sent it, without quotes).
    IfMatch(String),
}

/// The value of `If-Match` or `If-None-Match`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ETagList {
    Any,
    /// Without quotes and `W/`. Empty for an empty header: nothing matches.
    Tags(Vec<String>),
}

impl ReadConditions {
    /// Takes the header values. Dates that cannot be parsed and an empty `If-None-Match` count as absent; an empty
    /// `If-Match` is a condition that nothing meets.
    pub fn parse(
        if_match: Option<&str>,
        if_none_match: Option<&str>,
        if_modified_since: Option<&str>,
        if_unmodified_since: Option<&str>,
    ) -> ReadConditions {
        ReadConditions {
            if_match: if_match.map(ETagList::parse),
            if_none_match: if_none_match.map(ETagList::parse).filter(|list| !list.is_empty()),
            if_modified_since: if_modified_since.and_then(Timestamp::parse_http_date),
            if_unmodified_since: if_unmodified_since.and_then(Timestamp::parse_http_date),
        }
    }

    /// Whether there is anything to evaluate.
    pub fn is_empty(&self) -> bool {
        *self == ReadConditions::default()
    }

    /// Decides for an object that exists (that it does not exist beats every condition).
    ///
    /// As RFC 9110 §13.2.2 orders it: `If-Match` hides `If-Unmodified-Since`, `If-None-Match` hides `If-Modified-Since`.
    /// A date of `If-Modified-Since` in the future is ignored.
    pub fn evaluate(&self, etag: &ETag, last_modified_unix_seconds: i64, now_unix_seconds: i64) -> ReadOutcome {
        match (&self.if_match, self.if_unmodified_since) {
            (Some(list), _) if !list.matches(etag) => return ReadOutcome::Failed { condition: Condition::IfMatch },
            (None, Some(date)) if last_modified_unix_seconds > date.secs() => {
                return ReadOutcome::Failed { condition: Condition::IfUnmodifiedSince };
            }
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since) {
            (Some(list), _) if list.matches(etag) => ReadOutcome::NotModified { condition: Condition::IfNoneMatch },
            (None, Some(date)) if date.secs() <= now_unix_seconds && last_modified_unix_seconds <= date.secs() => {
                ReadOutcome::NotModified { condition: Condition::IfModifiedSince }
            }
            _ => ReadOutcome::Proceed,
        }
    }
}

impl Condition {
    /// The header's name as the `Condition` element of an error shows it.
    pub fn header_name(self) -> &'static str {
        match self {
            Condition::IfMatch => "If-Match",
            Condition::IfNoneMatch => "If-None-Match",
            Condition::IfModifiedSince => "If-Modified-Since",
            Condition::IfUnmodifiedSince => "If-Unmodified-Since",
        }
    }

    /// The same for the source of a copy; AWS mixes the cases like this.
    pub fn copy_source_name(self) -> &'static str {
        match self {
            Condition::IfMatch => "x-amz-copy-source-If-Match",
            Condition::IfNoneMatch => "x-amz-copy-source-If-None-Match",
            Condition::IfModifiedSince => "x-amz-copy-source-If-Modified-Since",
            Condition::IfUnmodifiedSince => "x-amz-copy-source-If-Unmodified-Since",
        }
    }
}

impl WriteCondition {
    /// The header's name as the `Condition` element of an error shows it.
    pub fn header_name(&self) -> &'static str {
        match self {
            WriteCondition::IfNoneMatchAny => Condition::IfNoneMatch.header_name(),
            WriteCondition::IfMatch(_) => Condition::IfMatch.header_name(),
        }
    }
}

impl ETagList {
    /// Splits at commas: S3's tags are hex and contain none, so that a quoted tag cut in two could not have matched.
    fn parse(header: &str) -> ETagList {
        let mut tags = Vec::new();
        for item in header.split(',').map(str::trim) {
            match item {
                "*" => return ETagList::Any,
                "" => {}
                _ => {
                    let tag = item.strip_prefix("W/").unwrap_or(item);
                    let tag = tag.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(tag);
                    tags.push(tag.to_owned());
                }
            }
        }
        ETagList::Tags(tags)
    }

    fn is_empty(&self) -> bool {
        matches!(self, ETagList::Tags(tags) if tags.is_empty())
    }

    fn matches(&self, etag: &ETag) -> bool {
        match self {
            ETagList::Any => true,
            ETagList::Tags(tags) => tags.iter().any(|tag| ETag::parse(tag).as_ref() == Some(etag)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"d41d8cd98f00b204e9800998ecf8427e\"";
    const OTHER: &str = "\"00000000000000000000000000000000\"";
    const BEFORE: &str = "Wed, 21 Oct 2015 07:27:59 GMT";
    const EQUAL: &str = "Wed, 21 Oct 2015 07:28:00 GMT";
    const AFTER: &str = "Wed, 21 Oct 2015 07:28:01 GMT";
    const FUTURE: &str = "Wed, 21 Oct 2099 07:28:00 GMT";
    const MODIFIED: i64 = 1_445_412_480;

    const PASS: ReadOutcome = ReadOutcome::Proceed;

    fn failed(condition: Condition) -> ReadOutcome {
        ReadOutcome::Failed { condition }
    }

    fn unchanged(condition: Condition) -> ReadOutcome {
        ReadOutcome::NotModified { condition }
    }

    fn evaluate(headers: [Option<&str>; 4]) -> ReadOutcome {
        let [if_match, if_none_match, if_modified_since, if_unmodified_since] = headers;
        ReadConditions::parse(if_match, if_none_match, if_modified_since, if_unmodified_since).evaluate(
            &ETag::parse(TAG).unwrap(),
            MODIFIED,
            MODIFIED + 1000,
        )
    }

    #[test]
    fn each_header_alone() {
        use Condition::{IfMatch, IfModifiedSince, IfNoneMatch, IfUnmodifiedSince};
        let unquoted = TAG.trim_matches('"');
        let (weak, list) = (format!("W/{TAG}"), format!("{OTHER} , {TAG}"));
        for matching in [TAG, unquoted, &weak, &list, "*"] {
            assert_eq!(evaluate([Some(matching), None, None, None]), PASS, "{matching}");
            assert_eq!(evaluate([None, Some(matching), None, None]), unchanged(IfNoneMatch), "{matching}");
        }
        let multipart = format!("{unquoted}-1");
        for other in [OTHER, "x", "\"*\"", &multipart] {
            assert_eq!(evaluate([Some(other), None, None, None]), failed(IfMatch), "{other}");
            assert_eq!(evaluate([None, Some(other), None, None]), PASS, "{other}");
        }
        let dates = [
            (BEFORE, PASS, failed(IfUnmodifiedSince)),
            (EQUAL, unchanged(IfModifiedSince), PASS),
            (AFTER, unchanged(IfModifiedSince), PASS),
            (FUTURE, PASS, PASS),
            ("yesterday", PASS, PASS),
            ("", PASS, PASS),
        ];
        for (date, modified, unmodified) in dates {
            assert_eq!(evaluate([None, None, Some(date), None]), modified, "{date}");
            assert_eq!(evaluate([None, None, None, Some(date)]), unmodified, "{date}");
        }
    }

    #[test]
    fn empty_tags() {
        assert_eq!(evaluate([Some(""), None, None, None]), failed(Condition::IfMatch));
        assert_eq!(evaluate([None, Some(""), None, None]), PASS);
        // An ignored If-None-Match hides nothing.
        assert_eq!(evaluate([None, Some(" "), Some(EQUAL), None]), unchanged(Condition::IfModifiedSince));
        assert!(ReadConditions::parse(None, Some(""), Some("junk"), None).is_empty());
    }

    #[test]
    fn combinations() {
        use Condition::{IfMatch, IfNoneMatch};
        assert_eq!(evaluate([Some(TAG), None, None, Some(BEFORE)]), PASS);
        assert_eq!(evaluate([Some(OTHER), None, None, Some(AFTER)]), failed(IfMatch));
        assert_eq!(evaluate([None, Some(OTHER), Some(AFTER), None]), PASS);
        assert_eq!(evaluate([None, Some(TAG), Some(BEFORE), None]), unchanged(IfNoneMatch));
        assert_eq!(evaluate([Some(TAG), Some(TAG), None, None]), unchanged(IfNoneMatch));
        assert_eq!(evaluate([Some(OTHER), Some(TAG), None, None]), failed(IfMatch));
        assert_eq!(evaluate([None, None, None, None]), PASS);
    }

    #[test]
    fn names() {
        assert_eq!(Condition::IfUnmodifiedSince.header_name(), "If-Unmodified-Since");
        assert_eq!(Condition::IfNoneMatch.copy_source_name(), "x-amz-copy-source-If-None-Match");
        assert_eq!(WriteCondition::IfNoneMatchAny.header_name(), "If-None-Match");
        assert_eq!(WriteCondition::IfMatch(String::new()).header_name(), "If-Match");
    }
}
