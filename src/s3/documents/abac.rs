//! Whether a bucket's tags decide access (`?abac`). Kept; it decides nothing here.

use super::{Document, Name, fit};
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::reply::Reply;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, document, group};

const SHAPE: Shape = group("AbacStatus", &[among("Status", &["Enabled", "Disabled"])]);

/// The status of attribute-based access control.
pub(crate) struct Abac;

impl Document for Abac {
    const SUBRESOURCE: &'static str = "abac";
    const GET: Name = Name("GetBucketAbac", "s3:GetBucketAbac");
    const PUT: Name = Name("PutBucketAbac", "s3:PutBucketAbac");

    fn absent(_call: &Call) -> Result<Reply> {
        let disabled = Element::group("AbacStatus", [Element::leaf("Status", "Disabled")]);
        Ok(Reply::xml(document(&disabled)))
    }

    fn accept(_call: &Call, given: &Element) -> Result<String> {
        Ok(document(&fit(&SHAPE, given)?))
    }
}
