//! `x-amz-copy-source`: which object a copy reads, whether the caller may, and under which conditions.

use super::restore_object;
use super::version_id;
use crate::engine::error::Error;
use crate::engine::object::{Object, OpenObject};
use crate::engine::version_id::VersionId;
use crate::s3::access::{self, Demand};
use crate::s3::call::Call;
use crate::s3::encryption::{KeyOf, key_for_reading};
use crate::s3::engine_error::{Named, s3_error};
use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::s3::table::COPY_SOURCE;
use crate::wire::bucket_name::BucketName;
use crate::wire::conditions::{ReadConditions, ReadOutcome};
use crate::wire::error_codes::Code;
use crate::wire::object_key::ObjectKey;
use crate::wire::percent;

/// The most that one copy takes. Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
const MAX_COPY_BYTES: u64 = 5 << 30;

/// A parsed source.
pub(super) struct CopySourceName {
    pub(super) bucket: BucketName,
    pub(super) key: ObjectKey,
    /// `versionId`, if one was named.
    pub(super) version: Option<String>,
}

impl CopySourceName {
    /// Reads the header: `[/]bucket/key[?versionId=v]`, percent-encoded, where `+` is a space. AWS was seen to take the
    /// whole URL of an object, too, in path style: its scheme and host do not count.
    pub(super) fn parse(head: &Head) -> Result<CopySourceName> {
        let sent = head.header(COPY_SOURCE).unwrap_or_default();
        let (path, version) = match sent.split_once("?versionId=") {
            Some((path, version)) => (path, Some(version.to_owned())),
            None => (sent.as_str(), None),
        };
        let decoded = percent::decode_query(path)
            .map_err(|_| S3Error::invalid_argument("Invalid copy source encoding", COPY_SOURCE, &sent))?;
        let path = without_origin(&decoded);
        let path = path.strip_prefix('/').unwrap_or(path);
        // AWS shows the header's name as the argument's value here (recorded so).
        let bad_key = || S3Error::invalid_argument("Invalid copy source object key", COPY_SOURCE, COPY_SOURCE);
        let (bucket, key) = path.split_once('/').ok_or_else(bad_key)?;
        let bucket = BucketName::parse(bucket)
            .map_err(|_| S3Error::invalid_argument("Invalid copy source bucket name", COPY_SOURCE, &sent))?;
        let key = ObjectKey::parse(key.to_owned()).map_err(|_| bad_key())?;
        Ok(CopySourceName { bucket, key, version })
    }

    /// Opens the source for its reader. A source that is not there is said before conditions are looked at.
    pub(super) async fn open(&self, call: &Call) -> Result<OpenObject> {
        let (bucket, key, version_id) = (Some(&self.bucket), Some(&self.key), self.version.as_deref());
        let named = Named { bucket, key, version_id, ..Named::default() };
        let says = |error: Error| match error {
            Error::CurrentIsDeleteMarker { .. } => s3_error(Error::NoSuchKey, named),
            Error::IsDeleteMarker { .. } => S3Error::invalid_request(
                "The source of a copy request may not specifically refer to a delete marker by version id.",
            ),
            error => s3_error(error, named),
        };
        let bucket = call.engine().bucket(&self.bucket).map_err(says)?;
        if let Some(observed) = &call.observed {
            observed.copies(self.bucket.as_str(), self.key.as_str(), version_id);
        }
        access::expected_owner(&call.head, "x-amz-source-expected-bucket-owner", &bucket)?;
        access::require(call, &Demand::on_object("s3:GetObject", &bucket, &self.key, version_id))?;
        let version = version_id::parse(version_id)?;
        let opened = call.engine().open_version(&bucket, &self.key, version).map_err(says);
        let opened = opened.map_err(|error| access::hide_absence(call, &bucket, Some(&self.key), error))?;
        let customer_key = key_for_reading(call, KeyOf::CopySource, &opened.object.attributes.encryption)?;
        check_conditions(&call.head, &opened.object)?;
        restore_object::require_readable(call, &bucket, &self.key, &opened.object).await?;
        if let Some(observed) = &call.observed {
            observed.reads_copied(opened.object.size_bytes);
        }
        Ok(opened.with_key(customer_key))
    }
}

/// What follows scheme and host in a URL; all of what is none.
fn without_origin(source: &str) -> &str {
    let after_scheme = ["http://", "https://"].iter().find_map(|scheme| source.strip_prefix(scheme));
    after_scheme.and_then(|url| url.split_once('/')).map_or(source, |(_host, path)| path)
}

impl CopySourceName {
    /// What is copied beside the bytes, tags and annotations, has to be readable by an action of its own.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    pub(super) fn require(&self, call: &Call, action: &'static str) -> Result<()> {
        let bucket = call.engine().bucket(&self.bucket).map_err(|error| call.says(error))?;
        let version = self.version.as_deref();
        access::require(call, &Demand::on_object(action, &bucket, &self.key, version))
    }

    /// The version that was copied, for `x-amz-copy-source-version-id`: the one that was named, or a current one that is
    /// not `null`.
    pub(super) fn shown_version(&self, object: &Object) -> Option<String> {
        match (&self.version, object.version) {
            (Some(named), _) => Some(named.clone()),
            (None, VersionId::Numbered(_)) => Some(object.version.to_string()),
            (None, VersionId::Null) => None,
        }
    }
}

fn check_conditions(head: &Head, object: &Object) -> Result<()> {
    let header = |name: &str| head.header(&format!("{COPY_SOURCE}-{name}"));
    let conditions = ReadConditions::parse(
        header("if-match").as_deref(),
        header("if-none-match").as_deref(),
        header("if-modified-since").as_deref(),
        header("if-unmodified-since").as_deref(),
    );
    match conditions.evaluate(&object.etag, object.modified.secs(), head.now.secs()) {
        ReadOutcome::Proceed => Ok(()),
        ReadOutcome::NotModified { condition } | ReadOutcome::Failed { condition } => {
            Err(Code::PreconditionFailed.with("Condition", condition.copy_source_name()))
        }
    }
}

/// A source that is too large for one copy is refused.
pub(super) fn check_size(size_bytes: u64) -> Result<()> {
    if size_bytes <= MAX_COPY_BYTES {
        return Ok(());
    }
    Err(S3Error::invalid_request(format!(
        "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_COPY_BYTES}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_gibibytes_are_not_too_many() {
        check_size(5 << 30).unwrap();
        let message =
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120";
        assert_eq!(check_size((5 << 30) + 1).unwrap_err().message(), message);
    }
}
