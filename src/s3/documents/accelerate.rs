//! Transfer acceleration (`?accelerate`). Kept; nothing gets faster by it.

use super::{Document, Name, fit};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::reply::Reply;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, document, group};

const SHAPE: Shape = group("AccelerateConfiguration", &[among("Status", &["Enabled", "Suspended"])]);

/// Whether transfers are accelerated: a bucket on which it was never set has no status.
pub(crate) struct Accelerate;

impl Document for Accelerate {
    const SUBRESOURCE: &'static str = "accelerate";
    const GET: Name = Name("GetBucketAccelerateConfiguration", "s3:GetAccelerateConfiguration");
    const PUT: Name = Name("PutBucketAccelerateConfiguration", "s3:PutAccelerateConfiguration");

    fn absent(_call: &Call) -> Result<Reply> {
        Ok(Reply::xml(document(&Element::group("AccelerateConfiguration", []))))
    }

    /// Said whatever the document is (recorded from AWS).
    fn admit(call: &Call) -> Result<()> {
        if call.bucket()?.name.as_str().contains('.') {
            let message = "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names";
            return Err(S3Error::invalid_request(message));
        }
        Ok(())
    }

    fn accept(_call: &Call, given: &Element) -> Result<String> {
        Ok(document(&fit(&SHAPE, given)?))
    }
}
