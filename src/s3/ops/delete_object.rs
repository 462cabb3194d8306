//! `DeleteObject`. A key that does not exist is a success, unless the request has a condition.

use http::header::IF_MATCH;

use super::version_id;
use super::{object_lock, write_conditions};
use crate::engine::object::{Deleted, Deletion};
use crate::engine::version_id::VersionId;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::conditions::WriteCondition;
use crate::wire::error_codes::Code;
use crate::wire::object_lock::Bypass;

const VERSION_ID: &str = "x-amz-version-id";
const DELETE_MARKER: &str = "x-amz-delete-marker";

/// Conditions of directory buckets, and one that AWS does not have here: to overlook one would delete what the client
/// meant to keep.
const REFUSED_CONDITIONS: [&str; 3] = ["x-amz-if-match-size", "x-amz-if-match-last-modified-time", "if-none-match"];

/// A key to delete.
pub(crate) struct DeleteObject {
    version: Option<VersionId>,
    condition: Option<WriteCondition>,
    bypass: Bypass,
}

impl Operation for DeleteObject {
    const NAME: &'static str = "DeleteObject";
    const ACTION: &'static str = "s3:DeleteObject";

    fn parse(call: &Call) -> Result<Self> {
        let head = &call.head;
        let version = version_id::of(head)?;
        if let Some(name) = REFUSED_CONDITIONS.into_iter().find(|name| head.headers.contains_key(*name)) {
            return Err(S3Error::header_not_implemented(name));
        }
        Ok(DeleteObject { version, condition: if_match(head)?, bypass: object_lock::bypass_of_deletion(call)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let key = call.head.key()?.clone();
        let version = self.version;
        let deletion = Deletion { key, version, condition: self.condition, bypass: self.bypass };
        let deleted = call.engine().delete_object(call.bucket()?, deletion).await.map_err(|error| call.says(error))?;
        let reply = Reply::no_content();
        // Either the version that was named, or the marker that was made.
        let (reply, shown) = match deleted {
            Deleted::Gone => (reply, version),
            Deleted::Unmarked => (reply.amz(DELETE_MARKER, "true"), version),
            Deleted::Marked(marker) => (reply.amz(DELETE_MARKER, "true"), Some(marker)),
        };
        Ok(match shown {
            Some(version) => reply.amz(VERSION_ID, &version.to_string()),
            None => reply,
        })
    }
}

fn if_match(head: &Head) -> Result<Option<WriteCondition>> {
    let mut sent = head.headers.get_all(IF_MATCH).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(S3Error::invalid_request("Only one If-Match header is allowed"));
    }
    let text = String::from_utf8_lossy(value.as_bytes());
    match text.trim() {
        "" => Err(S3Error::invalid_argument(Code::InvalidArgument.message(), "If-Match", "")),
        tag => Ok(Some(write_conditions::if_match(tag))),
    }
}
