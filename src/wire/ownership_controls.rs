//! Who owns what is put into a bucket, and whether ACLs count there: the document of `PutBucketOwnershipControls` and the
//! header `x-amz-object-ownership`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error_codes::Code;
use super::xml::{Declaration, Element, ShapeError, XmlWriter};

/// The largest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 2048;

/// The setting of a bucket. New buckets have the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ObjectOwnership {
    /// ACLs are off: the bucket's owner owns every object.
    #[default]
    BucketOwnerEnforced,
    /// The bucket's owner owns what is put with `bucket-owner-full-control`, the writer everything else.
    BucketOwnerPreferred,
    /// The writer owns the object.
    ObjectWriter,
}

/// Why a setting is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnershipProblem {
    /// The document is not of the schema, which has exactly one rule.
    Shape(ShapeError),
    /// `x-amz-object-ownership` is none of the three. This is the value as sent.
    UnknownHeader(String),
}

impl ObjectOwnership {
    /// Every setting.
    pub const ALL: [ObjectOwnership; 3] =
        [ObjectOwnership::BucketOwnerEnforced, ObjectOwnership::BucketOwnerPreferred, ObjectOwnership::ObjectWriter];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            ObjectOwnership::BucketOwnerEnforced => "BucketOwnerEnforced",
            ObjectOwnership::BucketOwnerPreferred => "BucketOwnerPreferred",
            ObjectOwnership::ObjectWriter => "ObjectWriter",
        }
    }

    /// Reads the document. The structure allows several rules, S3 one.
    pub fn parse(document: &Element) -> Result<ObjectOwnership, OwnershipProblem> {
        document.expect_root("OwnershipControls")?;
        document.expect_only(&["Rule"])?;
        let rule = document.exactly_one("Rule")?;
        rule.expect_only(&["ObjectOwnership"])?;
        let element = rule.exactly_one("ObjectOwnership")?;
        Ok(named(element.leaf_text()?).ok_or_else(|| element.wrong_text())?)
    }

    /// Reads `x-amz-object-ownership` of `CreateBucket`.
    pub fn parse_header(value: &str) -> Result<ObjectOwnership, OwnershipProblem> {
        named(value).ok_or_else(|| OwnershipProblem::UnknownHeader(value.to_owned()))
    }

    /// Whether ACLs grant anything in such a bucket.
    pub fn acls_count(self) -> bool {
        self != ObjectOwnership::BucketOwnerEnforced
    }

    /// The document of `GetBucketOwnershipControls`.
    pub fn to_xml(self) -> String {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("OwnershipControls").open("Rule").text("ObjectOwnership", self.name()).close().close();
        xml.finish()
    }
}

fn named(name: &str) -> Option<ObjectOwnership> {
    ObjectOwnership::ALL.into_iter().find(|ownership| ownership.name() == name)
}

impl fmt::Display for ObjectOwnership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl OwnershipProblem {
    /// `MalformedXML` or `InvalidArgument`.
    pub fn code(&self) -> Code {
        match self {
            OwnershipProblem::Shape(_) => Code::MalformedXml,
            OwnershipProblem::UnknownHeader(_) => Code::InvalidArgument,
        }
    }

    /// S3's sentence.
    pub fn message(&self) -> String {
        match self {
            OwnershipProblem::Shape(_) => Code::MalformedXml.message().to_owned(),
            OwnershipProblem::UnknownHeader(value) => format!("Invalid x-amz-object-ownership header: {value}"),
        }
    }

    /// The extra elements of the error. That the argument comes without its value was seen on AWS.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            OwnershipProblem::Shape(_) => Vec::new(),
            OwnershipProblem::UnknownHeader(_) => vec![("ArgumentName", "x-amz-object-ownership".to_owned())],
        }
    }
}

impl From<ShapeError> for OwnershipProblem {
    fn from(error: ShapeError) -> OwnershipProblem {
        OwnershipProblem::Shape(error)
    }
}

impl fmt::Display for OwnershipProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OwnershipProblem::Shape(error) => error.fmt(f),
            OwnershipProblem::UnknownHeader(value) => {
                write!(f, "x-amz-object-ownership {value:?} is none of {}", names().join(", "))
            }
        }
    }
}

impl std::error::Error for OwnershipProblem {}

fn names() -> [&'static str; 3] {
    ObjectOwnership::ALL.map(ObjectOwnership::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(inner: &str) -> Result<ObjectOwnership, OwnershipProblem> {
        let document = format!("<OwnershipControls>{inner}</OwnershipControls>");
        ObjectOwnership::parse(&Element::parse(document.as_bytes()).unwrap())
    }

    #[test]
    fn the_document_and_the_header() {
        for ownership in ObjectOwnership::ALL {
            let root = Element::parse(ownership.to_xml().as_bytes()).unwrap();
            assert_eq!(ObjectOwnership::parse(&root), Ok(ownership));
            assert_eq!(ObjectOwnership::parse_header(ownership.name()), Ok(ownership));
        }
        assert_eq!(
            ObjectOwnership::ObjectWriter.to_xml(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <OwnershipControls xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
             <ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>"
        );
        assert!(!ObjectOwnership::default().acls_count() && ObjectOwnership::ObjectWriter.acls_count());
    }

    /// What AWS answered, by `LocalStack`'s recordings of February 2026.
    #[test]
    fn what_aws_refuses() {
        let rule = |name: &str| format!("<Rule><ObjectOwnership>{name}</ObjectOwnership></Rule>");
        for inner in [
            rule("BucketOwnerPreferred") + &rule("ObjectWriter"),
            rule("RandomValue"),
            rule("objectwriter"),
            rule(""),
            String::new(),
            "<Rule/>".to_owned(),
            "<Rule>ObjectWriter</Rule>".to_owned(),
            rule("ObjectWriter").replace("Rule", "Rules"),
        ] {
            let problem = parse(&inner).unwrap_err();
            assert_eq!((problem.code(), problem.fields()), (Code::MalformedXml, vec![]), "{inner}");
        }
        for value in ["RandomValue", ""] {
            let problem = ObjectOwnership::parse_header(value).unwrap_err();
            assert_eq!(problem.code(), Code::InvalidArgument);
            assert_eq!(problem.message(), format!("Invalid x-amz-object-ownership header: {value}"));
            assert_eq!(problem.fields(), [("ArgumentName", "x-amz-object-ownership".to_owned())]);
        }
    }
}
