//! `DeleteObject`. A key that does not exist is a success, unless the request has a condition.

use http::header::IF_MATCH;

use super::version_id::{VersionAsked, check_null_version};
use super::write_conditions;
use crate::engine::object::Deletion;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::conditions::WriteCondition;
use crate::wire::error_codes::Code;

/// Conditions of directory buckets, and one that AWS does not have here: to overlook one would delete what the client
/// meant to keep.
const REFUSED_CONDITIONS: [&str; 3] = ["x-amz-if-match-size", "x-amz-if-match-last-modified-time", "if-none-match"];

/// A key to delete.
pub(crate) struct DeleteObject {
    version: VersionAsked,
    condition: Option<WriteCondition>,
}

impl Operation for DeleteObject {
    const NAME: &'static str = "DeleteObject";
    const ACTION: &'static str = "s3:DeleteObject";

    fn parse(call: &Call) -> Result<Self> {
        let head = &call.head;
        let version = check_null_version(head.query.first("versionId"))?;
        if let Some(name) = REFUSED_CONDITIONS.into_iter().find(|name| head.headers.contains_key(*name)) {
            return Err(S3Error::header_not_implemented(name));
        }
        Ok(DeleteObject { version, condition: if_match(head)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        let key = call.head.key()?.clone();
        match (&self.version, &self.condition) {
            // A version that was never there is deleted already, but meets no condition.
            (VersionAsked::Absent(_), None) => {}
            (VersionAsked::Absent(_), Some(_)) => return Err(Code::NoSuchKey.with("Key", &key)),
            (VersionAsked::Current | VersionAsked::Null, condition) => {
                let deletion = Deletion { key, condition: condition.clone() };
                call.engine().delete_object(&bucket, deletion).await.map_err(|error| call.says(error))?;
            }
        }
        let reply = Reply::no_content();
        Ok(match self.version.id() {
            Some(id) => reply.amz("x-amz-version-id", id),
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
