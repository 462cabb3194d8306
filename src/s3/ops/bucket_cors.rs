//! `GetBucketCors`, `PutBucketCors`, `DeleteBucketCors`. What the rules mean is in `wire::cors`.

use crate::engine::error::Error;
use crate::s3::call::Call;
use crate::s3::cors::CORS;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::cors::{CorsConfiguration, MAX_DOCUMENT_BYTES};
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;

/// The rules of a bucket.
pub(crate) struct GetBucketCors;

/// New rules for a bucket.
pub(crate) struct PutBucketCors;

/// No more rules for a bucket.
pub(crate) struct DeleteBucketCors;

impl Operation for GetBucketCors {
    const NAME: &'static str = "GetBucketCors";
    const ACTION: &'static str = "s3:GetBucketCORS";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetBucketCors)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let stored = call.engine().document(bucket, CORS).map_err(|error| match error {
            Error::NoSuchDocument => Code::NoSuchCorsConfiguration.with("BucketName", &bucket.name),
            other => call.says(other),
        })?;
        // Stored as it is shown.
        String::from_utf8(stored).map(Reply::xml).map_err(S3Error::internal)
    }
}

impl Operation for PutBucketCors {
    const NAME: &'static str = "PutBucketCors";
    const ACTION: &'static str = "s3:PutBucketCORS";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(PutBucketCors)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        let body = call.document(MAX_DOCUMENT_BYTES as u64, DigestRule::Required).await?;
        let root = Element::parse(&body).map_err(|_| Code::MalformedXml)?;
        let configuration = CorsConfiguration::parse(&root).map_err(|problem| {
            tracing::info!(bucket = %bucket.name, "CORS configuration refused: {problem}");
            problem.code().says(problem.message())
        })?;
        let stored = configuration.to_xml().into_bytes();
        call.engine().put_document(&bucket, CORS, stored).await.map_err(|error| call.says(error))?;
        Ok(Reply::ok())
    }
}

impl Operation for DeleteBucketCors {
    const NAME: &'static str = "DeleteBucketCors";
    /// There is no action of its own for deleting.
    const ACTION: &'static str = "s3:PutBucketCORS";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(DeleteBucketCors)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        call.engine().delete_document(&bucket, CORS).await.map_err(|error| call.says(error))?;
        Ok(Reply::no_content())
    }
}
