//! A bucket's public access block: four switches, and their document. What "public" means is said by `acl` and `policy`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PublicAccessBlockConfiguration.html>

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error_codes::Code;
use super::xml::{Declaration, Element, ShapeError, XmlWriter};

/// The largest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 2_097_152;

const ROOT: &str = "PublicAccessBlockConfiguration";
const BLOCK_PUBLIC_ACLS: &str = "BlockPublicAcls";
const IGNORE_PUBLIC_ACLS: &str = "IgnorePublicAcls";
const BLOCK_PUBLIC_POLICY: &str = "BlockPublicPolicy";
const RESTRICT_PUBLIC_BUCKETS: &str = "RestrictPublicBuckets";
const ALL: [&str; 4] = [BLOCK_PUBLIC_ACLS, IGNORE_PUBLIC_ACLS, BLOCK_PUBLIC_POLICY, RESTRICT_PUBLIC_BUCKETS];

/// The four switches. The default is that of a bucket made since April 2023: all on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "AWS's document is four booleans")]
pub struct PublicAccessBlock {
    /// Requests that would set a public ACL are refused.
    pub block_public_acls: bool,
    /// Public ACLs that are there grant nothing.
    pub ignore_public_acls: bool,
    /// `PutBucketPolicy` with a public policy is refused.
    pub block_public_policy: bool,
    /// A public policy serves the owner's account only.
    pub restrict_public_buckets: bool,
}

/// Why a document is not a public access block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicAccessBlockProblem {
    /// The document is not of the schema.
    Shape(ShapeError),
    /// None of the four is there.
    Empty,
}

impl PublicAccessBlock {
    /// All four on.
    pub const ALL_ON: PublicAccessBlock = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// All four off: what holds for a bucket whose configuration was deleted.
    pub const ALL_OFF: PublicAccessBlock = PublicAccessBlock {
        block_public_acls: false,
        ignore_public_acls: false,
        block_public_policy: false,
        restrict_public_buckets: false,
    };

    /// Reads the document. What is left out is off.
    pub fn parse(document: &Element) -> Result<PublicAccessBlock, PublicAccessBlockProblem> {
        document.expect_root(ROOT)?;
        document.expect_only(&ALL)?;
        if document.children.is_empty() {
            return Err(PublicAccessBlockProblem::Empty);
        }
        Ok(PublicAccessBlock {
            block_public_acls: switch(document, BLOCK_PUBLIC_ACLS)?,
            ignore_public_acls: switch(document, IGNORE_PUBLIC_ACLS)?,
            block_public_policy: switch(document, BLOCK_PUBLIC_POLICY)?,
            restrict_public_buckets: switch(document, RESTRICT_PUBLIC_BUCKETS)?,
        })
    }

    /// The document of `GetPublicAccessBlock`: all four are always shown.
    pub fn to_xml(self) -> String {
        let values =
            [self.block_public_acls, self.ignore_public_acls, self.block_public_policy, self.restrict_public_buckets];
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns(ROOT);
        for (tag, value) in ALL.into_iter().zip(values) {
            xml.text(tag, if value { "true" } else { "false" });
        }
        xml.close();
        xml.finish()
    }
}

impl Default for PublicAccessBlock {
    fn default() -> PublicAccessBlock {
        PublicAccessBlock::ALL_ON
    }
}

/// A boolean of XML Schema, and the capitals of AWS's own example (`TRUE`).
fn switch(document: &Element, name: &'static str) -> Result<bool, ShapeError> {
    let Some(element) = document.at_most_one(name)? else { return Ok(false) };
    match element.leaf_text()?.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(element.wrong_text()),
    }
}

impl PublicAccessBlockProblem {
    /// `MalformedXML` or `InvalidRequest`.
    pub fn code(&self) -> Code {
        match self {
            PublicAccessBlockProblem::Shape(_) => Code::MalformedXml,
            PublicAccessBlockProblem::Empty => Code::InvalidRequest,
        }
    }

    /// S3's sentence. That of an empty document is as moto has it; that S3 refuses one is reported by users of its SDKs.
    pub fn message(&self) -> &'static str {
        match self {
            PublicAccessBlockProblem::Shape(_) => Code::MalformedXml.message(),
            PublicAccessBlockProblem::Empty => "Must specify at least one configuration.",
        }
    }
}

impl From<ShapeError> for PublicAccessBlockProblem {
    fn from(error: ShapeError) -> PublicAccessBlockProblem {
        PublicAccessBlockProblem::Shape(error)
    }
}

impl fmt::Display for PublicAccessBlockProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PublicAccessBlockProblem::Shape(error) => error.fmt(f),
            PublicAccessBlockProblem::Empty => f.write_str("none of the four switches is given"),
        }
    }
}

impl std::error::Error for PublicAccessBlockProblem {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(inner: &str) -> Result<PublicAccessBlock, PublicAccessBlockProblem> {
        let document = format!("<PublicAccessBlockConfiguration>{inner}</PublicAccessBlockConfiguration>");
        PublicAccessBlock::parse(&Element::parse(document.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_left_out_is_off() {
        let some =
            parse("<BlockPublicPolicy> TRUE </BlockPublicPolicy><IgnorePublicAcls>1</IgnorePublicAcls>").unwrap();
        let expected =
            PublicAccessBlock { block_public_policy: true, ignore_public_acls: true, ..PublicAccessBlock::ALL_OFF };
        assert_eq!(some, expected);
        assert_eq!(parse("<BlockPublicAcls>false</BlockPublicAcls>"), Ok(PublicAccessBlock::ALL_OFF));
        assert_eq!(PublicAccessBlock::default(), PublicAccessBlock::ALL_ON);
    }

    #[test]
    fn all_combinations_are_read_as_they_are_written() {
        for bits in 0..16_u8 {
            let block = PublicAccessBlock {
                block_public_acls: bits & 1 != 0,
                ignore_public_acls: bits & 2 != 0,
                block_public_policy: bits & 4 != 0,
                restrict_public_buckets: bits & 8 != 0,
            };
            let root = Element::parse(block.to_xml().as_bytes()).unwrap();
            assert_eq!(PublicAccessBlock::parse(&root), Ok(block));
        }
        assert_eq!(
            PublicAccessBlock::ALL_ON.to_xml(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <PublicAccessBlockConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
             <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>\
             </PublicAccessBlockConfiguration>"
        );
    }

    #[test]
    fn what_is_refused() {
        for inner in [
            "<BlockPublicAcls>yes</BlockPublicAcls>",
            "<BlockPublicAcls/>",
            "<BlockPublicAcls>true</BlockPublicAcls><BlockPublicAcls>true</BlockPublicAcls>",
            "<BlockPublicACLs>true</BlockPublicACLs>",
        ] {
            let problem = parse(inner).unwrap_err();
            assert_eq!(
                (problem.code(), problem.message()),
                (Code::MalformedXml, Code::MalformedXml.message()),
                "{inner}"
            );
        }
        let empty = parse("").unwrap_err();
        assert_eq!(empty.code(), Code::InvalidRequest);
        assert_eq!(empty.message(), "Must specify at least one configuration.");
        let other = Element::parse(b"<PublicAccessBlock/>").unwrap();
        assert_eq!(PublicAccessBlock::parse(&other).unwrap_err().code(), Code::MalformedXml);
    }
}
