//! The version id that a request names.

use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::engine::version_id::VersionId;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::versioning::Versioning;

/// Judges a version id as it was sent (`versionId` of a query or of a copy source); `None` when none was. An id that was
/// not issued, by this server or another, is as bad as any other text, even one that differs in a few characters only:
/// so AWS was seen to answer.
pub(crate) fn parse(sent: Option<&str>) -> Result<Option<VersionId>> {
    let Some(text) = sent else { return Ok(None) };
    match VersionId::parse(text) {
        Some(version) => Ok(Some(version)),
        // AWS's sentence by hearsay: it was not seen on the wire.
        None if text.is_empty() => {
            Err(S3Error::invalid_argument("Version id cannot be the empty string", "versionId", ""))
        }
        None => Err(S3Error::invalid_argument("Invalid version id specified", "versionId", text)),
    }
}

/// That of a request.
pub(crate) fn of(head: &Head) -> Result<Option<VersionId>> {
    parse(head.query.first("versionId"))
}

/// For operations that make a version: none can be named.
pub(crate) fn refuse_version_id(head: &Head) -> Result<()> {
    match head.query.first("versionId") {
        None => Ok(()),
        Some(sent) => Err(S3Error::invalid_argument("This operation does not accept a version-id.", "versionId", sent)),
    }
}

/// Of operations on what is set on an object: a delete marker on top is refused as one that is named by its id.
pub(super) fn refuse_marker(call: &Call, error: Error) -> S3Error {
    call.says(match error {
        Error::CurrentIsDeleteMarker { version, modified } => Error::IsDeleteMarker { version, modified },
        error => error,
    })
}

/// The version that was read or changed: shown where the bucket has or had versioning.
pub(crate) fn show(reply: Reply, bucket: &Bucket, version: VersionId) -> Reply {
    match bucket.state.versioning {
        Versioning::Never => reply,
        Versioning::Enabled | Versioning::Suspended => reply.amz("x-amz-version-id", &version.to_string()),
    }
}

/// The version that was made. One that is `null` is not shown: seen so for `PutObject` in a suspended bucket, which
/// `CopyObject` shows.
pub(crate) fn show_new(reply: Reply, version: VersionId) -> Reply {
    match version {
        VersionId::Null => reply,
        VersionId::Numbered(_) => reply.amz("x-amz-version-id", &version.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::Sequence;
    use crate::wire::error_codes::Code;

    #[test]
    fn ids_are_null_issued_or_bad() {
        let issued = VersionId::Numbered(Sequence(1)).to_string();
        assert_eq!(parse(None).unwrap(), None);
        assert_eq!(parse(Some("null")).unwrap(), Some(VersionId::Null));
        assert_eq!(parse(Some(&issued)).unwrap(), Some(VersionId::Numbered(Sequence(1))));
        let altered = format!("{}ABCD", &issued[..28]);
        for bad in ["", "x", "NULL", "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH", &altered] {
            assert_eq!(parse(Some(bad)).unwrap_err().code(), Code::InvalidArgument, "{bad}");
        }
    }
}
