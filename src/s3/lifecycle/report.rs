//! What answers say of a lifecycle: when an object expires, and when an upload is aborted.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>

use super::rules_of;
use crate::engine::error::Error;
use crate::engine::object::Object;
use crate::engine::version_id::VersionId;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::reply::Reply;
use crate::wire::lifecycle::Subject;
use crate::wire::object_key::ObjectKey;
use crate::wire::percent;
use crate::wire::time::Timestamp;

/// `x-amz-expiration` of a current version.
pub(crate) fn show_expiry(call: &Call, reply: Reply, key: &ObjectKey, object: &Object) -> Result<Reply> {
    let Some(rules) = rules_of(call)? else { return Ok(reply) };
    let subject = Subject {
        key: key.as_str(),
        size_bytes: object.size_bytes,
        modified: object.modified,
        class: object.headers.storage_class,
        tags: &object.attributes.tags,
    };
    Ok(match rules.expiry(&subject, call.engine().calendar()) {
        Some(due) => {
            let id = percent::encode(rules.rules[due.rule].id.as_bytes());
            reply.amz("x-amz-expiration", &format!("expiry-date=\"{}\", rule-id=\"{id}\"", due.at.http_date()))
        }
        None => reply,
    })
}

/// As [`show_expiry`], of the version that was just written, if it is still there.
pub(crate) fn show_expiry_of_written(call: &Call, reply: Reply, key: &ObjectKey, version: VersionId) -> Result<Reply> {
    if rules_of(call)?.is_none() {
        return Ok(reply);
    }
    match call.engine().object_version(call.bucket()?, key, Some(version)) {
        Ok(object) => show_expiry(call, reply, key, &object),
        Err(Error::NoSuchKey | Error::NoSuchVersion | Error::IsDeleteMarker { .. }) => Ok(reply),
        Err(error) => Err(call.says(error)),
    }
}

/// `x-amz-abort-date` and `x-amz-abort-rule-id` of an upload.
pub(crate) fn show_abort(call: &Call, reply: Reply, key: &ObjectKey, initiated: Timestamp) -> Result<Reply> {
    let Some(rules) = rules_of(call)? else { return Ok(reply) };
    Ok(match rules.abort(key.as_str(), initiated, call.engine().calendar()) {
        Some(due) => reply
            .amz("x-amz-abort-date", &due.at.http_date())
            .amz("x-amz-abort-rule-id", &percent::encode(rules.rules[due.rule].id.as_bytes())),
        None => reply,
    })
}
