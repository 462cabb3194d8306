//! `GetObjectTagging`, `PutObjectTagging`, `DeleteObjectTagging`: the tags of an object, or of a version of it.

use super::version_id::{self, refuse_marker};
use crate::engine::error::Error;
use crate::engine::version_id::VersionId;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::tagging::{MAX_DOCUMENT_BYTES, TagSet, Tagged};
use crate::wire::xml::Element;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html>
pub(crate) struct GetObjectTagging {
    version: Option<VersionId>,
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html>
pub(crate) struct PutObjectTagging {
    version: Option<VersionId>,
}

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html>
pub(crate) struct DeleteObjectTagging {
    version: Option<VersionId>,
}

impl Operation for GetObjectTagging {
    const NAME: &'static str = "GetObjectTagging";
    const ACTION: &'static str = "s3:GetObjectTagging";

    fn parse(call: &Call) -> Result<Self> {
        Ok(GetObjectTagging { version: version_id::of(&call.head)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let (bucket, key) = (call.bucket()?, call.head.key()?);
        let found = call.engine().object_version(bucket, key, self.version).map_err(|error| match error {
            // That the key is shown with its bucket was seen on AWS, of this operation alone.
            Error::NoSuchKey => call.hides_absence(Code::NoSuchKey.with("Key", format!("{}/{key}", bucket.name))),
            error => refuse_marker(&call, error),
        });
        let object = found?;
        Ok(version_id::show(Reply::xml(object.attributes.tags.to_xml()), bucket, object.version))
    }
}

impl Operation for PutObjectTagging {
    const NAME: &'static str = "PutObjectTagging";
    const ACTION: &'static str = "s3:PutObjectTagging";

    fn parse(call: &Call) -> Result<Self> {
        Ok(PutObjectTagging { version: version_id::of(&call.head)? })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let body = call.document(MAX_DOCUMENT_BYTES as u64, DigestRule::Required).await?;
        let document = Element::parse(&body).map_err(|_| Code::MalformedXml)?;
        let tags = TagSet::parse(&document, Tagged::Object)?;
        let version = put(&call, self.version, tags).await?;
        Ok(version_id::show(Reply::ok(), call.bucket()?, version))
    }
}

impl Operation for DeleteObjectTagging {
    const NAME: &'static str = "DeleteObjectTagging";
    const ACTION: &'static str = "s3:DeleteObjectTagging";

    fn parse(call: &Call) -> Result<Self> {
        Ok(DeleteObjectTagging { version: version_id::of(&call.head)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let version = put(&call, self.version, TagSet::default()).await?;
        Ok(version_id::show(Reply::no_content(), call.bucket()?, version))
    }
}

async fn put(call: &Call, version: Option<VersionId>, tags: TagSet) -> Result<VersionId> {
    let changed = call.engine().change_attributes(call.bucket()?, call.head.key()?, version, move |attributes, _| {
        attributes.tags = tags;
        Ok(())
    });
    changed.await.map(|(version, ())| version).map_err(|error| refuse_marker(call, error))
}
