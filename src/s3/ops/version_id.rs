//! The version id that a request names.

use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::engine::version_id::VersionId;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::error_codes::Code;
use crate::wire::object_key::ObjectKey;
use crate::wire::versioning::Versioning;

/// The length of the ids that AWS issues, and Staves.
const VERSION_ID_CHARS: usize = 32;

/// Which version of a key is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VersionAsked {
    /// None is named: the current one.
    Current,
    /// One that may be there.
    Version(VersionId),
    /// An id that could have been issued, but not here.
    Absent(String),
}

impl VersionAsked {
    /// Judges a version id as it was sent (`versionId` of a query or of a copy source). Fails for one that no S3 issues.
    pub(crate) fn parse(version_id: Option<&str>) -> Result<VersionAsked> {
        let Some(text) = version_id else { return Ok(VersionAsked::Current) };
        if let Some(version) = VersionId::parse(text) {
            return Ok(VersionAsked::Version(version));
        }
        match text {
            // What others issued is unknown here, and not malformed: so AWS was seen to answer.
            text if is_well_formed(text) => Ok(VersionAsked::Absent(text.to_owned())),
            // AWS's sentence by hearsay: it was not seen on the wire.
            "" => Err(S3Error::invalid_argument("Version id cannot be the empty string", "versionId", "")),
            text => Err(S3Error::invalid_argument("Invalid version id specified", "versionId", text)),
        }
    }

    /// That of a request.
    pub(crate) fn of(head: &Head) -> Result<VersionAsked> {
        VersionAsked::parse(head.query.first("versionId"))
    }

    /// For operations on a version that has to be there: a version that cannot be is 404 `NoSuchVersion`.
    pub(crate) fn known(&self, key: &ObjectKey) -> Result<Option<VersionId>> {
        match self {
            VersionAsked::Current => Ok(None),
            VersionAsked::Version(version) => Ok(Some(*version)),
            VersionAsked::Absent(id) => Err(Code::NoSuchVersion.with("Key", key).with("VersionId", id)),
        }
    }
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

fn is_well_formed(id: &str) -> bool {
    id.len() == VERSION_ID_CHARS
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_null_absent_or_bad() {
        let issued = "3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH";
        assert_eq!(VersionAsked::parse(None).unwrap(), VersionAsked::Current);
        assert_eq!(VersionAsked::parse(Some("null")).unwrap(), VersionAsked::Version(VersionId::Null));
        assert_eq!(VersionAsked::parse(Some(issued)).unwrap(), VersionAsked::Absent(issued.to_owned()));
        for bad in ["", "x", "NULL", "3HL4kqtJlcpXroDTDmJ/rmSpXd3dIbrH"] {
            assert_eq!(VersionAsked::parse(Some(bad)).unwrap_err().code(), Code::InvalidArgument, "{bad}");
        }
        let key = ObjectKey::parse("k".to_owned()).unwrap();
        let error = VersionAsked::Absent(issued.to_owned()).known(&key).unwrap_err();
        assert_eq!(error.code(), Code::NoSuchVersion);
    }
}
