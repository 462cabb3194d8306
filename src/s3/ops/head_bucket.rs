//! `HeadBucket`: whether a bucket exists and may be used, and where it is.

use http::header::CONTENT_TYPE;

use super::create_bucket::{bucket_arn, region_of};
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;

/// The head of a bucket.
pub(crate) struct HeadBucket;

impl Operation for HeadBucket {
    const NAME: &'static str = "HeadBucket";
    const ACTION: &'static str = "s3:ListBucket";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(HeadBucket)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        Ok(Reply::ok()
            .amz("x-amz-bucket-region", region_of(bucket))
            .amz("x-amz-bucket-arn", &bucket_arn(&bucket.name))
            .amz("x-amz-access-point-alias", "false")
            .header(CONTENT_TYPE, "application/xml"))
    }
}
