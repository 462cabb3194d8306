//! `GetBucketCors`, `PutBucketCors`, `DeleteBucketCors`. What the rules mean is in `wire::cors`.

use super::{Deletable, Document, Name, missing};
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::intake::DigestRule;
use crate::s3::operation::Level;
use crate::s3::reply::Reply;
use crate::wire::cors::{CorsConfiguration, MAX_DOCUMENT_BYTES};
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;

/// The rules for pages of other origins.
pub(crate) struct Cors;

impl Document for Cors {
    const SUBRESOURCE: &'static str = "cors";
    const GET: Name = Name("GetBucketCors", "s3:GetBucketCORS");
    const PUT: Name = Name("PutBucketCors", "s3:PutBucketCORS");
    const LEVEL: Level = Level::Exact;
    const DIGEST: DigestRule = DigestRule::Required;
    const LIMIT_BYTES: u64 = MAX_DOCUMENT_BYTES as u64;

    fn absent(call: &Call) -> Result<Reply> {
        missing(call, Code::NoSuchCorsConfiguration)
    }

    fn accept(call: &Call, given: &Element) -> Result<String> {
        let configuration = CorsConfiguration::parse(given).map_err(|problem| {
            tracing::info!(bucket = call.head.target.bucket(), "CORS configuration refused: {problem}");
            problem.code().says(problem.message())
        })?;
        Ok(configuration.to_xml())
    }
}

impl Deletable for Cors {
    /// There is no action of its own for deleting.
    const DELETE: Name = Name("DeleteBucketCors", "s3:PutBucketCORS");
}
