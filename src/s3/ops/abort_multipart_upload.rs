//! `AbortMultipartUpload`: ends an upload without an object.

use super::multipart;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html>
pub(crate) struct AbortMultipartUpload;

impl Operation for AbortMultipartUpload {
    const NAME: &'static str = "AbortMultipartUpload";
    const ACTION: &'static str = "s3:AbortMultipartUpload";

    fn before_access(call: &Call) -> Result<()> {
        multipart::unknown_to_strangers(call)
    }

    fn parse(_call: &Call) -> Result<Self> {
        Ok(AbortMultipartUpload)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let id = multipart::upload_id(&call.head);
        let aborted = call.engine().abort_upload(call.bucket()?, call.head.key()?, &id).await;
        aborted.map_err(|error| call.says(error))?;
        Ok(Reply::no_content())
    }
}
