//! A bucket as a website (`?website`): the document only. It is served in `website/`. AWS's sentences are as LocalStack
//! recorded them.

use std::ops::Range;

use super::{Deletable, Document, Name, fit, missing};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Level;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, document, group, text};

/// The most routing rules.
const MAX_ROUTING_RULES: usize = 50;

const REDIRECT: Shape = group(
    "Redirect",
    &[
        text("HostName").optional(),
        text("HttpRedirectCode").optional(),
        text("Protocol").optional(),
        text("ReplaceKeyPrefixWith").optional(),
        text("ReplaceKeyWith").optional(),
    ],
);

const CONDITION: Shape =
    group("Condition", &[text("HttpErrorCodeReturnedEquals").optional(), text("KeyPrefixEquals").optional()]);

const SHAPE: Shape = group(
    "WebsiteConfiguration",
    &[
        group("RedirectAllRequestsTo", &[text("HostName"), text("Protocol").optional()]).optional(),
        group("IndexDocument", &[text("Suffix")]).optional(),
        group("ErrorDocument", &[text("Key")]).optional(),
        group("RoutingRules", &[group("RoutingRule", &[CONDITION.optional(), REDIRECT]).repeated(usize::MAX)])
            .optional(),
    ],
);

/// How a bucket is served as a website.
pub(crate) struct Website;

impl Document for Website {
    const SUBRESOURCE: &'static str = "website";
    const LEVEL: Level = Level::Exact;
    const GET: Name = Name("GetBucketWebsite", "s3:GetBucketWebsite");
    const PUT: Name = Name("PutBucketWebsite", "s3:PutBucketWebsite");

    fn absent(call: &Call) -> Result<Reply> {
        missing(call, Code::NoSuchWebsiteConfiguration)
    }

    fn accept(_call: &Call, given: &Element) -> Result<String> {
        let website = fit(&SHAPE, given)?;
        match website.child("RedirectAllRequestsTo") {
            Some(redirect) if website.children.len() == 1 => {
                check_protocol(redirect)?;
                check_address(redirect)?;
                if redirect.child_text("HostName") == Some("") {
                    let message = "A host name must be provided to redirect all requests (e.g. \"example.com\").";
                    return Err(S3Error::invalid_request(message));
                }
            }
            Some(_) => {
                let message = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
                return Err(S3Error::invalid_argument(message, "RedirectAllRequestsTo", "not null"));
            }
            None => check_index(&website)?,
        }
        if website.child("ErrorDocument").and_then(|error| error.child_text("Key")) == Some("") {
            return Err(S3Error::invalid_argument("The ErrorDocument Key is not well formed", "ErrorDocument", ""));
        }
        let rules = website.child("RoutingRules").map(|rules| rules.children.as_slice()).unwrap_or_default();
        if rules.len() > MAX_ROUTING_RULES {
            let message = format!("The number of routing rules must not exceed {MAX_ROUTING_RULES}.");
            return Err(S3Error::invalid_request(message));
        }
        rules.iter().try_for_each(check_rule)?;
        Ok(document(&website))
    }
}

impl Deletable for Website {
    const DELETE: Name = Name("DeleteBucketWebsite", "s3:DeleteBucketWebsite");
}

fn check_index(website: &Element) -> Result<()> {
    let suffix = website.child("IndexDocument").and_then(|index| index.child_text("Suffix"));
    let (message, shown) = match suffix {
        None => ("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty", "null"),
        Some(suffix) if suffix.is_empty() || suffix.contains('/') => {
            ("The IndexDocument Suffix is not well formed", suffix)
        }
        Some(_) => return Ok(()),
    };
    Err(S3Error::invalid_argument(message, "IndexDocument", shown))
}

fn check_rule(rule: &Element) -> Result<()> {
    let (condition, redirect) = (rule.child("Condition"), rule.child("Redirect"));
    if let Some(redirect) = redirect {
        check_protocol(redirect)?;
        check_address(redirect)?;
        if redirect.child("ReplaceKeyPrefixWith").is_some() && redirect.child("ReplaceKeyWith").is_some() {
            let message = "You can only define ReplaceKeyPrefix or ReplaceKey but not both.";
            return Err(S3Error::invalid_request(message));
        }
        check_status(redirect.child_text("HttpRedirectCode"), "redirect", 301..400, "3XX except 300")?;
    }
    let Some(condition) = condition else { return Ok(()) };
    if condition.children.is_empty() {
        let message = "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.";
        return Err(S3Error::invalid_request(message));
    }
    check_status(condition.child_text("HttpErrorCodeReturnedEquals"), "error", 400..600, "4XX or 5XX")
}

fn check_status(status: Option<&str>, kind: &str, valid: Range<u16>, described: &str) -> Result<()> {
    let Some(text) = status else { return Ok(()) };
    let status: u16 = text.parse().map_err(|_| Code::MalformedXml)?;
    if valid.contains(&status) {
        return Ok(());
    }
    Err(S3Error::invalid_request(format!(
        "The provided HTTP {kind} code ({text}) is not valid. Valid codes are {described}."
    )))
}

/// What becomes part of an address, and with it of a header. The sentence follows AWS's of an index document.
fn check_address(redirect: &Element) -> Result<()> {
    for name in ["HostName", "ReplaceKeyPrefixWith", "ReplaceKeyWith"] {
        if redirect.child_text(name).is_some_and(|text| text.contains(char::is_control)) {
            return Err(S3Error::invalid_request(format!("The {name} is not well formed")));
        }
    }
    Ok(())
}

fn check_protocol(redirect: &Element) -> Result<()> {
    match redirect.child_text("Protocol") {
        None | Some("http" | "https") => Ok(()),
        Some(_) => Err(S3Error::invalid_request(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
        )),
    }
}
