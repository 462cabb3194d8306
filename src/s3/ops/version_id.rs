//! The version id that a request names. Buckets here have no versioning: a key has the one version `null`.

use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::wire::error_codes::Code;
use crate::wire::object_key::ObjectKey;

/// The length of the ids that AWS issues.
const VERSION_ID_CHARS: usize = 32;

/// Which version of a key is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VersionAsked {
    /// None is named: the current one.
    Current,
    /// `null`: the one there is.
    Null,
    /// An id that could have been issued, but not here.
    Absent(String),
}

/// Judges a version id as it was sent (`versionId` of a query or of a copy source). Fails for one that no S3 issues.
pub(crate) fn check_null_version(version_id: Option<&str>) -> Result<VersionAsked> {
    match version_id {
        None => Ok(VersionAsked::Current),
        Some("null") => Ok(VersionAsked::Null),
        Some(id) if is_well_formed(id) => Ok(VersionAsked::Absent(id.to_owned())),
        // AWS's sentence by hearsay: it was not seen on the wire.
        Some("") => Err(S3Error::invalid_argument("Version id cannot be the empty string", "versionId", "")),
        Some(id) => Err(S3Error::invalid_argument("Invalid version id specified", "versionId", id)),
    }
}

/// For operations that make a version: none can be named.
pub(crate) fn refuse_version_id(head: &Head) -> Result<()> {
    match head.query.first("versionId") {
        None => Ok(()),
        Some(sent) => Err(S3Error::invalid_argument("This operation does not accept a version-id.", "versionId", sent)),
    }
}

impl VersionAsked {
    /// For operations that read: a version that is not there is 404 `NoSuchVersion`.
    pub(crate) fn readable(&self, key: &ObjectKey) -> Result<()> {
        match self {
            VersionAsked::Current | VersionAsked::Null => Ok(()),
            VersionAsked::Absent(id) => Err(Code::NoSuchVersion.with("Key", key).with("VersionId", id)),
        }
    }

    /// The id as it was sent.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            VersionAsked::Current => None,
            VersionAsked::Null => Some("null"),
            VersionAsked::Absent(id) => Some(id),
        }
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
        assert_eq!(check_null_version(None).unwrap(), VersionAsked::Current);
        assert_eq!(check_null_version(Some("null")).unwrap(), VersionAsked::Null);
        assert_eq!(check_null_version(Some(issued)).unwrap(), VersionAsked::Absent(issued.to_owned()));
        for bad in ["", "x", "NULL", "3HL4kqtJlcpXroDTDmJ/rmSpXd3dIbrH"] {
            assert_eq!(check_null_version(Some(bad)).unwrap_err().code(), Code::InvalidArgument, "{bad}");
        }
        let key = ObjectKey::parse("k".to_owned()).unwrap();
        let error = VersionAsked::Absent(issued.to_owned()).readable(&key).unwrap_err();
        assert_eq!(error.code(), Code::NoSuchVersion);
    }
}
