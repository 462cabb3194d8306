//! Who pays for requests (`?requestPayment`). Kept; nobody pays here.

use super::{Document, Name, fit};
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::reply::Reply;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, document, group};

const SHAPE: Shape = group("RequestPaymentConfiguration", &[among("Payer", &["BucketOwner", "Requester"])]);

/// Who pays: the owner, unless it is said otherwise.
pub(crate) struct RequestPayment;

impl Document for RequestPayment {
    const SUBRESOURCE: &'static str = "requestPayment";
    const GET: Name = Name("GetBucketRequestPayment", "s3:GetBucketRequestPayment");
    const PUT: Name = Name("PutBucketRequestPayment", "s3:PutBucketRequestPayment");

    fn absent(_call: &Call) -> Result<Reply> {
        let owner = Element::group("RequestPaymentConfiguration", [Element::leaf("Payer", "BucketOwner")]);
        Ok(Reply::xml(document(&owner)))
    }

    fn accept(_call: &Call, given: &Element) -> Result<String> {
        Ok(document(&fit(&SHAPE, given)?))
    }
}
