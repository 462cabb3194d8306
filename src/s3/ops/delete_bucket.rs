//! `DeleteBucket`: of an empty bucket. Open uploads do not keep it.

use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;

/// The end of a bucket.
pub(crate) struct DeleteBucket;

impl Operation for DeleteBucket {
    const NAME: &'static str = "DeleteBucket";
    const ACTION: &'static str = "s3:DeleteBucket";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(DeleteBucket)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        call.engine().delete_bucket(&bucket).await.map_err(|error| call.says(error))?;
        Ok(Reply::no_content())
    }
}
