//! `GetPublicAccessBlock`, `PutPublicAccessBlock` and `DeletePublicAccessBlock`. What the four switches do is in `access`.

use crate::s3::access::{BucketAccess, Setting};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::public_access_block::{MAX_DOCUMENT_BYTES, PublicAccessBlock};
use crate::wire::xml::Element;

/// Shows the switches, or says that they were deleted.
pub(crate) struct GetPublicAccessBlock;

/// Sets the switches: what is left out is off.
pub(crate) struct PutPublicAccessBlock;

/// Switches all off.
pub(crate) struct DeletePublicAccessBlock;

impl Operation for GetPublicAccessBlock {
    const NAME: &'static str = "GetPublicAccessBlock";
    const ACTION: &'static str = "s3:GetBucketPublicAccessBlock";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetPublicAccessBlock)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let absent = || Code::NoSuchPublicAccessBlockConfiguration.with("BucketName", &bucket.name);
        let block = BucketAccess::of(&call.shared, bucket)?.block.ok_or_else(absent)?;
        Ok(Reply::xml(block.to_xml()))
    }
}

impl Operation for PutPublicAccessBlock {
    const NAME: &'static str = "PutPublicAccessBlock";
    const ACTION: &'static str = "s3:PutBucketPublicAccessBlock";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(PutPublicAccessBlock)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let body = call.document(MAX_DOCUMENT_BYTES as u64, DigestRule::Optional).await?;
        let document = Element::parse(&body).map_err(|_| Code::MalformedXml)?;
        let block = PublicAccessBlock::parse(&document).map_err(|problem| {
            tracing::info!("public access block refused: {problem}");
            S3Error::from(problem)
        })?;
        call.put_setting(Setting::Block, block.to_xml().into_bytes()).await?;
        Ok(Reply::ok())
    }
}

impl Operation for DeletePublicAccessBlock {
    const NAME: &'static str = "DeletePublicAccessBlock";
    /// There is no action of its own for deleting.
    const ACTION: &'static str = "s3:PutBucketPublicAccessBlock";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(DeletePublicAccessBlock)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        call.delete_setting(Setting::Block).await?;
        Ok(Reply::no_content())
    }
}
