//! `GetBucketLifecycleConfiguration`, `PutBucketLifecycleConfiguration`, `DeleteBucketLifecycle`. What the rules mean is in
//! `wire::lifecycle`.
//!
//! The default minimum size of objects that are moved is no part of AWS's document: it comes and goes in a header. It is
//! stored in front of the rules, so that both change together.

use super::{Deletable, Document, Name, generated_id, missing};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Level;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::lifecycle::{LifecycleConfiguration, LifecycleProblem, MinimumSize, SHAPE};
use crate::wire::xml::Element;
use crate::wire::xml::schema::document;

const MINIMUM_SIZE: &str = "x-amz-transition-default-minimum-object-size";

/// What becomes of objects with time.
pub(crate) struct Lifecycle;

impl Document for Lifecycle {
    const SUBRESOURCE: &'static str = "lifecycle";
    const LEVEL: Level = Level::Exact;
    const GET: Name = Name("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration");
    const PUT: Name = Name("PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration");
    const DIGEST: DigestRule = DigestRule::RequiredAsMd5;

    fn absent(call: &Call) -> Result<Reply> {
        missing(call, Code::NoSuchLifecycleConfiguration)
    }

    fn accept(call: &Call, given: &Element) -> Result<String> {
        let minimum_size = minimum_size(call)?;
        let mut configuration = read(given).map_err(refusal)?;
        for rule in &mut configuration.children {
            if rule.child_text("ID").unwrap_or_default().is_empty() {
                rule.children.retain(|child| child.name != "ID");
                rule.children.insert(0, Element::leaf("ID", generated_id()));
            }
        }
        LifecycleConfiguration::parse(&configuration).map_err(refusal)?;
        configuration.children.insert(0, Element::leaf(MinimumSize::ELEMENT, minimum_size.name()));
        Ok(document(&configuration))
    }

    fn stored(stored: &str) -> Reply {
        let other = MinimumSize::VariesByStorageClass;
        let is_other = stored.contains(&format!("<{}>{}<", MinimumSize::ELEMENT, other.name()));
        Reply::ok().amz(MINIMUM_SIZE, if is_other { other } else { MinimumSize::default() }.name())
    }

    fn shown(_call: &Call, stored: String) -> Result<Reply> {
        let mut configuration = Element::parse(stored.as_bytes()).map_err(S3Error::internal)?;
        let minimum_size = configuration.child_text(MinimumSize::ELEMENT);
        let minimum_size = minimum_size.unwrap_or(MinimumSize::default().name()).to_owned();
        configuration.children.retain(|child| child.name == "Rule");
        Ok(Reply::xml(document(&configuration)).amz(MINIMUM_SIZE, &minimum_size))
    }
}

impl Deletable for Lifecycle {
    /// There is no action of its own for deleting.
    const DELETE: Name = Name("DeleteBucketLifecycle", "s3:PutLifecycleConfiguration");
}

fn minimum_size(call: &Call) -> Result<MinimumSize> {
    let Some(given) = call.head.header_filled(MINIMUM_SIZE) else { return Ok(MinimumSize::default()) };
    MinimumSize::parse(&given)
        .ok_or_else(|| S3Error::invalid_request(format!("Invalid TransitionDefaultMinimumObjectSize found: {given}")))
}

fn read(given: &Element) -> std::result::Result<Element, LifecycleProblem> {
    Ok(SHAPE.read(given)?)
}

fn refusal(problem: LifecycleProblem) -> S3Error {
    match problem {
        LifecycleProblem::Malformed(why) => {
            tracing::info!("lifecycle configuration refused: {why}");
            Code::MalformedXml.into()
        }
        LifecycleProblem::Argument(message, name, value) => S3Error::invalid_argument(message, name, value),
        LifecycleProblem::Request(message) => S3Error::invalid_request(message),
    }
}
