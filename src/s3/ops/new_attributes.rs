//! What the headers of a request set on the object that it makes: tags, Object Lock, ACL. Not what is stored with it for
//! good, which is `stored_headers`.

use super::acl_headers;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::integrity::Integrity;
use crate::s3::request::Head;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_lock::{DATE_HEADER, HOLD_HEADER, MODE_HEADER, ObjectLock};
use crate::wire::tagging::TagSet;

/// The header of an object's tags.
const TAGGING: &str = "x-amz-tagging";

/// Reads and checks all of it.
pub(super) fn parse(call: &Call) -> Result<ObjectAttributes> {
    let (tags, lock, acl) = (tags(&call.head)?, lock(call)?, acl_headers::of_new_object(call)?);
    Ok(ObjectAttributes { tags, lock, acl, ..ObjectAttributes::default() })
}

/// `x-amz-tagging`.
pub(super) fn tags(head: &Head) -> Result<TagSet> {
    match head.header(TAGGING) {
        None => Ok(TagSet::default()),
        Some(sent) => Ok(TagSet::parse_header(sent.trim())?),
    }
}

/// `x-amz-object-lock-*`, which only a bucket with Object Lock takes. The sentence is MinIO's transcription of AWS's, which
/// differs from the one of the operations on objects that are there.
pub(super) fn lock(call: &Call) -> Result<ObjectLock> {
    let head = &call.head;
    let (mode, date, hold) = (head.header(MODE_HEADER), head.header(DATE_HEADER), head.header(HOLD_HEADER));
    if mode.is_none() && date.is_none() && hold.is_none() {
        return Ok(ObjectLock::default());
    }
    if call.bucket()?.state.object_lock.is_none() {
        return Err(S3Error::invalid_request("Bucket is missing ObjectLockConfiguration"));
    }
    Ok(ObjectLock::parse_headers(mode.as_deref(), date.as_deref(), hold.as_deref(), head.now)?)
}

/// Bytes that are going to be locked have to come with a digest; the bucket's own retention counts.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>; the sentence was seen on AWS.
pub(super) fn require_digest(call: &Call, lock: ObjectLock, integrity: &Integrity, request: &str) -> Result<()> {
    let Some(configuration) = call.bucket()?.state.object_lock else { return Ok(()) };
    let locked = !lock.is_empty() || configuration.default_retention.is_some();
    if !locked || integrity.md5.is_some() || integrity.checksum.is_some() {
        return Ok(());
    }
    Err(S3Error::invalid_request(format!(
        "Content-MD5 OR x-amz-checksum- HTTP header is required for {request} requests with Object Lock parameters"
    )))
}
