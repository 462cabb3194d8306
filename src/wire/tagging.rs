//! Tags of buckets and objects: the document of `PutBucketTagging` and `PutObjectTagging`, and the header `x-amz-tagging`.
//! Not where they are kept.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_Tag.html> for lengths and characters; the sentences were seen
//! on AWS.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error_codes::Code;
use super::xml::{Declaration, Element, ShapeError, XmlWriter};
use super::{percent, query};

/// The largest document, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 163_840;

/// The longest key, in characters.
pub const MAX_KEY_CHARS: usize = 128;

/// The longest value, in characters.
pub const MAX_VALUE_CHARS: usize = 256;

/// What begins the keys that only AWS may set.
const SYSTEM_PREFIX: &str = "aws:";

const MALFORMED_HEADER: &str = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters \
                                without tag name duplicates.";

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// 1 to [`MAX_KEY_CHARS`] characters; case counts.
    pub key: String,
    /// Up to [`MAX_VALUE_CHARS`] characters.
    pub value: String,
}

/// Tags with different keys: of a document in its order, of a header by key. Serialised, it is the list of tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagSet {
    tags: Vec<Tag>,
}

/// What is tagged: limits and sentences differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// `PutBucketTagging`.
    Bucket,
    /// `CreateBucket` with `Tags`: the limits of a bucket, and a sentence of its own.
    NewBucket,
    /// `PutObjectTagging`, and every request that stores an object.
    Object,
}

/// Why tags are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagProblem {
    /// The document is not of the schema.
    Shape(ShapeError),
    /// `x-amz-tagging` is no list of different keys, or not URL-encoded UTF-8. This is the value as sent.
    MalformedHeader(String),
    /// More tags than fit.
    TooMany {
        /// On what.
        tagged: Tagged,
        /// How many.
        count: usize,
    },
    /// A key twice.
    DuplicateKey(String),
    /// A key that only AWS may set.
    SystemKey {
        /// On what.
        tagged: Tagged,
        /// The key.
        key: String,
    },
    /// An empty key, one that is too long, or with a character that may not be in one.
    InvalidKey(String),
    /// A value that is too long, or with a character that may not be in one.
    InvalidValue {
        /// The tag's key.
        key: String,
        /// The value.
        value: String,
    },
}

impl Tagged {
    /// The most tags.
    pub fn max_tags(self) -> usize {
        match self {
            Tagged::Bucket | Tagged::NewBucket => 50,
            Tagged::Object => 10,
        }
    }
}

impl TagSet {
    /// Reads the document of `PutBucketTagging` and `PutObjectTagging`, which is also the form field `tagging` of `POST
    /// Object`. S3 takes a `Tagging` without `TagSet` for an empty one.
    pub fn parse(document: &Element, tagged: Tagged) -> Result<TagSet, TagProblem> {
        document.expect_root("Tagging")?;
        document.expect_only(&["TagSet"])?;
        match document.at_most_one("TagSet")? {
            Some(list) => TagSet::parse_list(list, tagged),
            None => Ok(TagSet::default()),
        }
    }

    /// Reads an element that holds `Tag`s: `TagSet`, or the `Tags` of `CreateBucketConfiguration`.
    pub fn parse_list(list: &Element, tagged: Tagged) -> Result<TagSet, TagProblem> {
        list.expect_only(&["Tag"])?;
        let tag = |element: &Element| {
            element.expect_only(&["Key", "Value"])?;
            let (key, value) = (element.exactly_one_text("Key")?, element.exactly_one_text("Value")?);
            Ok::<_, TagProblem>(Tag { key: key.to_owned(), value: value.to_owned() })
        };
        let tags = list.children.iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        if tags.len() > tagged.max_tags() {
            return Err(TagProblem::TooMany { tagged, count: tags.len() });
        }
        for (index, tag) in tags.iter().enumerate() {
            if tags[..index].iter().any(|other| other.key == tag.key) {
                return Err(TagProblem::DuplicateKey(tag.key.clone()));
            }
            tag.check(tagged)?;
        }
        Ok(TagSet { tags })
    }

    /// Reads `x-amz-tagging`: `key=value&key2=value2`, URL-encoded. Empty pieces are skipped, a bare key has an empty value.
    ///
    /// A second `=` in a piece was seen to be refused as a malformed header (`key1=val1,key2=val2`), while other characters
    /// that no tag may have are `InvalidTag`.
    pub fn parse_header(header: &str) -> Result<TagSet, TagProblem> {
        let malformed = || TagProblem::MalformedHeader(header.to_owned());
        let mut tags: Vec<Tag> = Vec::new();
        for (key, value) in query::split(header) {
            if key.is_empty() || value.contains('=') {
                return Err(malformed());
            }
            let decode = |text| percent::decode_query(text).map_err(|_| malformed());
            let tag = Tag { key: decode(key)?, value: decode(value)? };
            if tags.iter().any(|other| other.key == tag.key) {
                return Err(malformed());
            }
            tag.check(Tagged::Object)?;
            tags.push(tag);
        }
        if tags.len() > Tagged::Object.max_tags() {
            return Err(TagProblem::TooMany { tagged: Tagged::Object, count: tags.len() });
        }
        // Parameters of a query have no order; s3-tests finds them in that of their keys.
        tags.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(TagSet { tags })
    }

    /// The tags in their order.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// How many there are: `x-amz-tagging-count`.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// The value of the tag with this key.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }

    /// The form of `x-amz-tagging`, which [`TagSet::parse_header`] reads.
    pub fn to_header(&self) -> String {
        let encode = |text: &str| percent::encode(text.as_bytes());
        let pairs = self.tags.iter().map(|tag| format!("{}={}", encode(&tag.key), encode(&tag.value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The document of `GetBucketTagging` and `GetObjectTagging`.
    pub fn to_xml(&self) -> String {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("Tagging").open("TagSet");
        for tag in &self.tags {
            xml.open("Tag").text("Key", &tag.key).text("Value", &tag.value).close();
        }
        xml.close().close();
        xml.finish()
    }
}

impl Tag {
    fn check(&self, tagged: Tagged) -> Result<(), TagProblem> {
        if self.key.starts_with(SYSTEM_PREFIX) {
            return Err(TagProblem::SystemKey { tagged, key: self.key.clone() });
        }
        if self.key.is_empty() || self.key.chars().count() > MAX_KEY_CHARS || !self.key.chars().all(is_tag_character) {
            return Err(TagProblem::InvalidKey(self.key.clone()));
        }
        if self.value.chars().count() > MAX_VALUE_CHARS || !self.value.chars().all(is_tag_character) {
            return Err(TagProblem::InvalidValue { key: self.key.clone(), value: self.value.clone() });
        }
        Ok(())
    }
}

/// Letters, numbers, separators and `_ . : / = + - @`: the pattern `[\p{L}\p{Z}\p{N}_.:/=+\-@]*` of the API reference.
/// Letters are read with the marks that belong to them, without which some scripts could not be written.
fn is_tag_character(character: char) -> bool {
    character.is_alphabetic()
        || character.is_numeric()
        || matches!(character, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
        || is_separator(character)
}

/// Unicode's categories Zs, Zl and Zp: not tabs and line feeds.
fn is_separator(character: char) -> bool {
    character.is_whitespace() && !character.is_control()
}

impl TagProblem {
    /// `MalformedXML`, `InvalidTag`, `InvalidArgument` or `BadRequest`.
    pub fn code(&self) -> Code {
        match self {
            TagProblem::Shape(_) => Code::MalformedXml,
            TagProblem::MalformedHeader(_) => Code::InvalidArgument,
            TagProblem::TooMany { .. } => Code::BadRequest,
            TagProblem::DuplicateKey(_)
            | TagProblem::SystemKey { .. }
            | TagProblem::InvalidKey(_)
            | TagProblem::InvalidValue { .. } => Code::InvalidTag,
        }
    }

    /// S3's sentence.
    pub fn message(&self) -> &'static str {
        match self {
            TagProblem::Shape(_) => Code::MalformedXml.message(),
            TagProblem::MalformedHeader(_) => MALFORMED_HEADER,
            TagProblem::TooMany { tagged: Tagged::Object, .. } => "Object tags cannot be greater than 10",
            TagProblem::TooMany { .. } => "Bucket tag count cannot be greater than 50",
            TagProblem::DuplicateKey(_) => "Cannot provide multiple Tags with the same key",
            TagProblem::SystemKey { tagged: Tagged::Bucket, .. } => "System tags cannot be added/updated by requester",
            TagProblem::SystemKey { tagged: Tagged::Object, .. } => "Your TagKey cannot be prefixed with aws:",
            TagProblem::SystemKey { tagged: Tagged::NewBucket, .. } => {
                "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \
                 \"aws:\" from your tag keys and try again."
            }
            TagProblem::InvalidKey(_) => "The TagKey you have provided is invalid",
            TagProblem::InvalidValue { .. } => "The TagValue you have provided is invalid",
        }
    }

    /// The extra elements of the error. That `CreateBucket` names no key was seen on AWS.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            TagProblem::MalformedHeader(header) => {
                vec![("ArgumentName", "x-amz-tagging".to_owned()), ("ArgumentValue", header.clone())]
            }
            TagProblem::Shape(_)
            | TagProblem::TooMany { .. }
            | TagProblem::SystemKey { tagged: Tagged::NewBucket, .. } => Vec::new(),
            TagProblem::DuplicateKey(key) | TagProblem::SystemKey { key, .. } | TagProblem::InvalidKey(key) => {
                vec![("TagKey", key.clone())]
            }
            TagProblem::InvalidValue { key, value } => vec![("TagKey", key.clone()), ("TagValue", value.clone())],
        }
    }
}

impl From<ShapeError> for TagProblem {
    fn from(error: ShapeError) -> TagProblem {
        TagProblem::Shape(error)
    }
}

impl fmt::Display for TagProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TagProblem::Shape(error) => error.fmt(f),
            TagProblem::TooMany { count, .. } => write!(f, "{}; there are {count}", self.message()),
            TagProblem::MalformedHeader(text)
            | TagProblem::DuplicateKey(text)
            | TagProblem::SystemKey { key: text, .. }
            | TagProblem::InvalidKey(text)
            | TagProblem::InvalidValue { value: text, .. } => write!(f, "{} ({text:?})", self.message()),
        }
    }
}

impl std::error::Error for TagProblem {}

#[cfg(test)]
mod tests;
