//! Headers of features that do not exist here. They are refused by name: to take a request without one would be a silent
//! 200. What an operation makes of its own headers is said where it is parsed.

use super::error::{Result, S3Error};
use super::operation::Row;
use super::request::Head;
use super::table::COPY_SOURCE;
use crate::wire::object_lock::{DATE_HEADER, HOLD_HEADER, MODE_HEADER};

/// The range of a copy's source: of `UploadPartCopy` only.
pub(crate) const COPY_SOURCE_RANGE: &str = "x-amz-copy-source-range";

/// Refused whatever their value.
const REFUSED: [&str; 4] =
    ["x-amz-if-match-initiated-time", "x-amz-write-offset-bytes", "x-amz-rename-source", "x-amz-mfa"];

/// Refused with everything that begins like this but what is known here, so that what AWS adds to a feature is refused too.
const REFUSED_FAMILIES: [&str; 1] = ["x-amz-object-lock-"];

const KNOWN: [&str; 3] = [MODE_HEADER, DATE_HEADER, HOLD_HEADER];

/// What an operation copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copies {
    Nothing,
    Objects,
    /// Also of a part of an object.
    Ranges,
}

impl Copies {
    pub(crate) fn of(row: &Row) -> Copies {
        match row.header {
            Some(COPY_SOURCE) if row.query.contains(&"partNumber") => Copies::Ranges,
            Some(COPY_SOURCE) => Copies::Objects,
            _ => Copies::Nothing,
        }
    }
}

/// Refuses a request that asks for what is not there.
pub(crate) fn refuse_absent(copies: Copies, head: &Head) -> Result<()> {
    refuse_stray_copy_source(copies, head)?;
    let asks = |name: &&str| {
        REFUSED.contains(name)
            || (REFUSED_FAMILIES.iter().any(|family| name.starts_with(family)) && !KNOWN.contains(name))
    };
    if let Some(name) = head.headers.keys().map(http::HeaderName::as_str).find(asks) {
        return Err(S3Error::header_not_implemented(name));
    }
    Ok(())
}

/// A copy source on anything but a copy: the client meant another operation than the one it would get. And a range of it
/// on what takes none: the client would get more than it meant.
fn refuse_stray_copy_source(copies: Copies, head: &Head) -> Result<()> {
    match head.header(COPY_SOURCE) {
        Some(sent) if copies == Copies::Nothing => {
            let message = "You can only specify a copy source header for copy requests.";
            return Err(S3Error::invalid_argument(message, COPY_SOURCE, sent));
        }
        _ => {}
    }
    if copies != Copies::Ranges && head.headers.contains_key(COPY_SOURCE_RANGE) {
        return Err(S3Error::header_not_implemented(COPY_SOURCE_RANGE));
    }
    Ok(())
}
