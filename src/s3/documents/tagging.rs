//! `GetBucketTagging`, `PutBucketTagging`, `DeleteBucketTagging`. A bucket whose tags are none is as one that has no tags.

use super::{Deletable, Document, Name, missing};
use crate::engine::document::DocumentName;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::intake::DigestRule;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::tagging::{MAX_DOCUMENT_BYTES, TagSet, Tagged};
use crate::wire::xml::Element;

/// The tags of a bucket.
pub(crate) struct Tagging;

impl Tagging {
    /// The document of a bucket that is made with tags.
    pub(crate) fn of_new_bucket(tags: &TagSet) -> (DocumentName<'static>, Vec<u8>) {
        (super::named(Self::SUBRESOURCE), tags.to_xml().into_bytes())
    }
}

impl Document for Tagging {
    const SUBRESOURCE: &'static str = "tagging";
    const GET: Name = Name("GetBucketTagging", "s3:GetBucketTagging");
    const PUT: Name = Name("PutBucketTagging", "s3:PutBucketTagging");
    const DIGEST: DigestRule = DigestRule::Required;
    const LIMIT_BYTES: u64 = MAX_DOCUMENT_BYTES as u64;

    fn absent(call: &Call) -> Result<Reply> {
        missing(call, Code::NoSuchTagSet)
    }

    fn accept(_call: &Call, given: &Element) -> Result<String> {
        Ok(TagSet::parse(given, Tagged::Bucket)?.to_xml())
    }

    fn stored(_stored: &str) -> Reply {
        Reply::no_content()
    }

    fn shown(call: &Call, stored: String) -> Result<Reply> {
        if stored == TagSet::default().to_xml() { Self::absent(call) } else { Ok(Reply::xml(stored)) }
    }
}

impl Deletable for Tagging {
    /// There is no action of its own for deleting.
    const DELETE: Name = Name("DeleteBucketTagging", "s3:PutBucketTagging");
}
