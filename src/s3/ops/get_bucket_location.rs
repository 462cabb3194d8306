//! `GetBucketLocation`: the location constraint that a bucket was made with.

use super::create_bucket::US_EAST_1;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::xml::{DECLARATION, NAMESPACE};

/// Where a bucket is.
pub(crate) struct GetBucketLocation;

impl Operation for GetBucketLocation {
    const NAME: &'static str = "GetBucketLocation";
    const ACTION: &'static str = "s3:GetBucketLocation";

    fn parse(_call: &Call) -> Result<Self> {
        Ok(GetBucketLocation)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        Ok(Reply::xml(document(&call.bucket()?.region)))
    }
}

/// The one document of S3 whose root holds text. What is stored is a constraint: of us-east-1 there is none, and the
/// legacy `EU` is shown as it was given.
fn document(stored: &str) -> String {
    let start = format!("{DECLARATION}<LocationConstraint xmlns=\"{NAMESPACE}\"");
    match stored {
        US_EAST_1 => format!("{start}/>"),
        // A region comes from the list or the configuration, but a document has to be XML whatever was configured.
        region => {
            let region: String = region.chars().filter(|c| !matches!(c, '<' | '>' | '&')).collect();
            format!("{start}>{region}</LocationConstraint>")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::xml::Element;

    #[test]
    fn us_east_1_is_an_empty_element() {
        let text = |region| Element::parse(document(region).as_bytes()).unwrap().text;
        assert_eq!(text("us-east-1"), "");
        assert_eq!(text("eu-central-1"), "eu-central-1");
        assert_eq!(text("EU"), "EU");
    }
}
