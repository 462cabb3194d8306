//! Whether a bucket keeps versions: the document of `PutBucketVersioning`. Not the versions.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html>; the errors were seen on AWS.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error_codes::Code;
use super::xml::{Declaration, Element, ShapeError, XmlWriter};

/// The largest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 1024;

/// The versioning state of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Versioning {
    /// Never set: there are no versions. A bucket cannot come back to this.
    #[default]
    Never,
    /// Every write makes a version.
    Enabled,
    /// A write replaces the version `null`; other versions stay.
    Suspended,
}

/// The document: the state, and what it says of MFA delete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersioningConfiguration {
    /// `Status`.
    pub versioning: Versioning,
    /// `MfaDelete`, if it was ever given.
    pub mfa_delete: Option<MfaDelete>,
}

/// Whether deleting versions takes a code from a device. It never does here; who says so is told so again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MfaDelete {
    /// It does not.
    Disabled,
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersioningProblem {
    /// The document is not of the schema.
    Shape(ShapeError),
    /// There is no `Status`.
    NoStatus,
    /// `MfaDelete` is to be enabled. Staves has no devices to ask for a code.
    MfaDelete,
}

impl Versioning {
    /// AWS's name, unless it was never set.
    pub fn status(self) -> Option<&'static str> {
        match self {
            Versioning::Never => None,
            Versioning::Enabled => Some("Enabled"),
            Versioning::Suspended => Some("Suspended"),
        }
    }
}

impl MfaDelete {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            MfaDelete::Disabled => "Disabled",
        }
    }
}

impl VersioningConfiguration {
    /// Reads the document: its state is [`Versioning::Enabled`] or [`Versioning::Suspended`].
    pub fn parse(document: &Element) -> Result<VersioningConfiguration, VersioningProblem> {
        document.expect_root("VersioningConfiguration")?;
        document.expect_only(&["Status", "MfaDelete"])?;
        let status = document.at_most_one("Status")?;
        let mfa_delete = match document.at_most_one("MfaDelete")? {
            None => None,
            Some(mfa) => match mfa.leaf_text()? {
                "Disabled" => Some(MfaDelete::Disabled),
                "Enabled" => return Err(VersioningProblem::MfaDelete),
                _ => return Err(mfa.wrong_text().into()),
            },
        };
        let Some(status) = status else { return Err(VersioningProblem::NoStatus) };
        let versioning = match status.leaf_text()? {
            "Enabled" => Versioning::Enabled,
            "Suspended" => Versioning::Suspended,
            _ => return Err(status.wrong_text().into()),
        };
        Ok(VersioningConfiguration { versioning, mfa_delete })
    }

    /// The document of `GetBucketVersioning`.
    pub fn to_xml(self) -> String {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("VersioningConfiguration")
            .optional("Status", self.versioning.status())
            .optional("MfaDelete", self.mfa_delete.map(MfaDelete::name))
            .close();
        xml.finish()
    }
}

impl VersioningProblem {
    /// `MalformedXML`, `IllegalVersioningConfigurationException` or `NotImplemented`.
    pub fn code(&self) -> Code {
        match self {
            VersioningProblem::Shape(_) => Code::MalformedXml,
            VersioningProblem::NoStatus => Code::IllegalVersioningConfigurationException,
            VersioningProblem::MfaDelete => Code::NotImplemented,
        }
    }

    /// S3's sentence; of [`VersioningProblem::MfaDelete`] ours, in the manner of S3's.
    pub fn message(&self) -> &'static str {
        match self {
            VersioningProblem::MfaDelete => "The element MfaDelete implies functionality that is not implemented",
            other => other.code().message(),
        }
    }
}

impl From<ShapeError> for VersioningProblem {
    fn from(error: ShapeError) -> VersioningProblem {
        VersioningProblem::Shape(error)
    }
}

impl fmt::Display for VersioningProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersioningProblem::Shape(error) => error.fmt(f),
            other => f.write_str(other.message()),
        }
    }
}

impl std::error::Error for VersioningProblem {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(inner: &str) -> Result<VersioningConfiguration, VersioningProblem> {
        let document = format!("<VersioningConfiguration>{inner}</VersioningConfiguration>");
        VersioningConfiguration::parse(&Element::parse(document.as_bytes()).unwrap())
    }

    #[test]
    fn the_document() {
        for versioning in [Versioning::Enabled, Versioning::Suspended] {
            for mfa_delete in [None, Some(MfaDelete::Disabled)] {
                let given = VersioningConfiguration { versioning, mfa_delete };
                let root = Element::parse(given.to_xml().as_bytes()).unwrap();
                assert_eq!(VersioningConfiguration::parse(&root), Ok(given));
            }
        }
        let other_order = parse("<MfaDelete>Disabled</MfaDelete><Status>Enabled</Status>").unwrap();
        let root = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
        assert!(other_order.to_xml().ends_with(&format!(
            "{root}<Status>Enabled</Status><MfaDelete>Disabled</MfaDelete></VersioningConfiguration>"
        )));
        assert_eq!(
            VersioningConfiguration::default().to_xml(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"></VersioningConfiguration>"
        );
    }

    #[test]
    fn what_is_refused() {
        for inner in [
            "<Status>enabled</Status>",
            "<Status>Disabled</Status>",
            "<Status/>",
            "<Status>Enabled</Status><Status>Enabled</Status>",
            "<Status>Enabled</Status><MfaDelete>yes</MfaDelete>",
            "<State>Enabled</State>",
        ] {
            assert_eq!(parse(inner).unwrap_err().code(), Code::MalformedXml, "{inner}");
        }
        let empty = parse("").unwrap_err();
        assert_eq!(empty.code(), Code::IllegalVersioningConfigurationException);
        assert_eq!(empty.message(), "The Versioning element must be specified");
        let mfa = parse("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>").unwrap_err();
        assert_eq!(mfa.code(), Code::NotImplemented);
        assert_eq!(mfa.message(), "The element MfaDelete implies functionality that is not implemented");
        let other = Element::parse(b"<Versioning/>").unwrap();
        assert_eq!(VersioningConfiguration::parse(&other).unwrap_err().code(), Code::MalformedXml);
    }
}
