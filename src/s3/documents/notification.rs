//! Whom a bucket tells what happens in it (`?notification`). The document only: telling is in `s3/notifications`.
//!
//! AWS asks a destination whether it may be written to. There are none here, so that a well-formed ARN is a destination
//! that exists, with `x-amz-skip-destination-validation` or without.

use super::{Document, Name, fit, generated_id};
use crate::engine::event::NewEvent;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::notifications;
use crate::s3::operation::Level;
use crate::s3::ops::region_of;
use crate::s3::reply::Reply;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, document, group, text};

const MAX_CONFIGURATIONS: usize = 100;
const MAX_ID_CHARS: usize = 255;
const MAX_FILTER_BYTES: usize = 1024;

/// The events that can be asked for.
const EVENTS: &[&str] = &[
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectAnnotation:Delete",
    "s3:ObjectRetention:Put",
];

/// A kind of destination.
struct Kind {
    /// The element of a configuration.
    configuration: &'static str,
    /// The element in it with the destination's ARN.
    destination: &'static str,
    /// The service in the ARN.
    service: &'static str,
    /// What the ARN has to look like, in S3's words.
    pattern: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind {
        configuration: "TopicConfiguration",
        destination: "Topic",
        service: "sns",
        pattern: r"^arn:aws[\p{Alpha}\-]*:sns:[\p{Alnum}\-]+:[\p{Digit}]{12}:[\p{Alnum}\-_]{1,256}$",
    },
    Kind {
        configuration: "QueueConfiguration",
        destination: "Queue",
        service: "sqs",
        pattern: r"^arn:aws[\p{Alpha}\-]*:sqs:[\p{Alnum}\-]+:[\p{Digit}]{12}:[\p{Alnum}\-_]{1,80}$",
    },
    Kind {
        configuration: "CloudFunctionConfiguration",
        destination: "CloudFunction",
        service: "lambda",
        pattern: r"^arn:aws[a-zA-Z\-]*:lambda:[a-zA-Z0-9\-]+:[0-9]{12}:function:[a-zA-Z0-9\-_]+(:[a-zA-Z0-9$_\-]+)?$",
    },
];

const SHARED: &str = "Configurations overlap. Configurations on the same bucket cannot share a common event type.";
const AMBIGUOUS: &str = "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.";

const FILTER: Shape =
    group("Filter", &[group("S3Key", &[group("FilterRule", &[text("Name"), text("Value")]).repeated(usize::MAX)])]);

const SHAPE: Shape = group(
    "NotificationConfiguration",
    &[
        configuration("TopicConfiguration", &[ID, text("Topic"), EVENT, FILTER.optional()]),
        configuration("QueueConfiguration", &[ID, text("Queue"), EVENT, FILTER.optional()]),
        configuration("CloudFunctionConfiguration", &[ID, text("CloudFunction"), EVENT, FILTER.optional()]),
        group("EventBridgeConfiguration", &[]).optional(),
    ],
);

const ID: Shape = text("Id").optional();
const EVENT: Shape = text("Event").repeated(usize::MAX);

const fn configuration(name: &'static str, shapes: &'static [Shape]) -> Shape {
    group(name, shapes).any_number()
}

/// Who is told of which events. To stop, an empty configuration is put: there is no DELETE.
pub(crate) struct Notification;

impl Document for Notification {
    const SUBRESOURCE: &'static str = "notification";
    const GET: Name = Name("GetBucketNotificationConfiguration", "s3:GetBucketNotification");
    const PUT: Name = Name("PutBucketNotificationConfiguration", "s3:PutBucketNotification");
    const LEVEL: Level = Level::Exact;

    fn absent(_call: &Call) -> Result<Reply> {
        Ok(Reply::xml(document(&Element::group("NotificationConfiguration", []))))
    }

    fn accept(call: &Call, given: &Element) -> Result<String> {
        let mut notification = fit(&SHAPE, given)?;
        let region = region_of(call.bucket()?);
        let mut ids = Vec::new();
        for kind in &KINDS {
            let all = notification.children.iter_mut();
            for configuration in all.filter(|child| child.name == kind.configuration) {
                check_id(configuration, &mut ids)?;
                check_arn(configuration, kind, region)?;
                check_events(configuration)?;
                check_filter(configuration)?;
            }
        }
        if ids.len() > MAX_CONFIGURATIONS {
            let message = format!(
                "Too many configurations submitted. The maximum number of configurations is {MAX_CONFIGURATIONS}"
            );
            return Err(S3Error::invalid_request(message));
        }
        check_overlaps(&notification)?;
        Ok(document(&notification))
    }

    /// AWS tests destinations as it asks them whether they may be written to.
    fn told(call: &Call, stored: &str) -> Result<Vec<NewEvent>> {
        let skipped = call.head.header_filled("x-amz-skip-destination-validation");
        if skipped.is_some_and(|sent| sent.eq_ignore_ascii_case("true")) {
            return Ok(Vec::new());
        }
        let configuration = Element::parse(stored.as_bytes()).map_err(S3Error::internal)?;
        Ok(notifications::test_events(&call.shared, call.bucket()?, &call.head, &configuration))
    }
}

/// Gives a configuration without an id one, too.
fn check_id(configuration: &mut Element, ids: &mut Vec<String>) -> Result<()> {
    if configuration.child_text("Id").unwrap_or_default().is_empty() {
        configuration.children.retain(|child| child.name != "Id");
        configuration.children.insert(0, Element::leaf("Id", generated_id()));
    }
    let id = configuration.child_text("Id").unwrap_or_default().to_owned();
    if id.chars().count() > MAX_ID_CHARS {
        return Err(S3Error::invalid_argument("ID length exceeded allowed limit of 255", "Id", id));
    }
    if ids.contains(&id) {
        let message = "Same ID used for multiple configurations. IDs must be unique.";
        return Err(S3Error::invalid_argument(message, "Id", id));
    }
    ids.push(id);
    Ok(())
}

/// An ARN has to be written rightly, whether its destination is asked or not, and be of the bucket's region.
fn check_arn(configuration: &Element, kind: &Kind, region: &str) -> Result<()> {
    let arn = configuration.child_text(kind.destination).unwrap_or_default();
    let refused = |message: String| Err(S3Error::invalid_argument(message, kind.destination, arn));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, service, of, account, resource] = parts.as_slice() else {
        return refused("The ARN could not be parsed".to_owned());
    };
    if *service == kind.service && kind.service == "sqs" && resource.strip_suffix(".fifo").is_some() {
        return refused("FIFO SQS queues are not supported.".to_owned());
    }
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let is_resource = match resource.strip_prefix("function:") {
        Some(function) => kind.service == "lambda" && function.splitn(2, ':').all(|part| is_word(part, "$")),
        None => kind.service != "lambda" && is_word(resource, ""),
    };
    let fits = partition.starts_with("aws") && *service == kind.service && is_word(of, "") && is_account && is_resource;
    if !fits {
        return refused(format!(
            "The ARN failed to satisfy constraint: Member must satisfy regular expression pattern: {}",
            kind.pattern
        ));
    }
    if *of != region {
        let message = "The notification destination service region is not valid for the bucket location constraint";
        return refused(message.to_owned());
    }
    Ok(())
}

fn is_word(text: &str, more: &str) -> bool {
    let is_allowed = |it: char| it.is_ascii_alphanumeric() || "-_".contains(it) || more.contains(it);
    !text.is_empty() && text.chars().all(is_allowed)
}

fn check_events(configuration: &Element) -> Result<()> {
    let events: Vec<&str> = configuration.children_named("Event").map(|event| event.text.trim()).collect();
    if let Some(event) = events.iter().find(|event| !EVENTS.contains(event)) {
        return Err(S3Error::invalid_argument("The event is not supported for notifications", "Event", event));
    }
    for (at, event) in events.iter().enumerate() {
        if let Some(same) = events[..at].iter().find(|before| is_same(before, event)) {
            return Err(overlap(SHARED, same, event));
        }
    }
    Ok(())
}

/// The names of filter rules may be written in any case; S3 shows them with a capital.
fn check_filter(configuration: &mut Element) -> Result<()> {
    let Some(key) = configuration.child_mut("Filter").and_then(|filter| filter.child_mut("S3Key")) else {
        return Ok(());
    };
    let mut seen = Vec::new();
    for rule in &mut key.children {
        let given = rule.child_text("Name").unwrap_or_default().to_owned();
        let name = match given.to_ascii_lowercase().as_str() {
            "prefix" => "Prefix",
            "suffix" => "Suffix",
            _ => {
                let message = "filter rule name must be either prefix or suffix";
                return Err(S3Error::invalid_argument(message, "FilterRule.Name", given));
            }
        };
        if seen.contains(&name) {
            let message = format!("Cannot specify more than one {} rule in a filter.", name.to_ascii_lowercase());
            return Err(S3Error::invalid_argument(message, "FilterRule.Name", given));
        }
        seen.push(name);
        let value = rule.child_text("Value").unwrap_or_default();
        if value.len() > MAX_FILTER_BYTES {
            let message = "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation";
            return Err(S3Error::invalid_argument(message, "FilterRule.Value", value));
        }
        *rule = Element::group("FilterRule", [Element::leaf("Name", name), Element::leaf("Value", value)]);
    }
    Ok(())
}

/// No event may be told twice: two configurations that share one have to differ in prefix or suffix so that no key has
/// both.
fn check_overlaps(notification: &Element) -> Result<()> {
    let all: Vec<&Element> = notification.children.iter().filter(|child| child.child("Event").is_some()).collect();
    for (at, one) in all.iter().enumerate() {
        for other in &all[at + 1..] {
            let Some((event, same)) = shared_event(one, other) else { continue };
            let meet = |name: &str, meet: fn(&str, &str) -> bool| meet(rule(one, name), rule(other, name));
            let prefixes = meet("Prefix", |a, b| a.starts_with(b) || b.starts_with(a));
            let suffixes = meet("Suffix", |a, b| a.ends_with(b) || b.ends_with(a));
            if prefixes && suffixes {
                let is_filtered = one.child("Filter").is_some() || other.child("Filter").is_some();
                return Err(overlap(if is_filtered { AMBIGUOUS } else { SHARED }, event, same));
            }
        }
    }
    Ok(())
}

/// The value of a filter rule; without one, the empty text, which every key has at both ends.
fn rule<'a>(configuration: &'a Element, name: &str) -> &'a str {
    let key = configuration.child("Filter").and_then(|filter| filter.child("S3Key"));
    let rules = key.map(|key| key.children.as_slice()).unwrap_or_default();
    let found = rules.iter().find(|rule| rule.child_text("Name") == Some(name));
    found.and_then(|rule| rule.child_text("Value")).unwrap_or_default()
}

/// Two names, one of each, of the same event.
fn shared_event<'a>(one: &'a Element, other: &'a Element) -> Option<(&'a str, &'a str)> {
    let events = |configuration: &'a Element| configuration.children.iter().filter(|child| child.name == "Event");
    events(one).map(|event| event.text.trim()).find_map(|a| {
        let mut others = events(other).map(|event| event.text.trim());
        others.find(|b| is_same(a, b)).map(|b| (a, b))
    })
}

/// `s3:ObjectCreated:*` is every event that begins like it.
fn is_same(a: &str, b: &str) -> bool {
    let covers = |wide: &str, narrow: &str| wide.strip_suffix('*').is_some_and(|start| narrow.starts_with(start));
    a == b || covers(a, b) || covers(b, a)
}

fn overlap(message: &'static str, one: &str, other: &str) -> S3Error {
    S3Error::invalid_argument(message, "Event", format!("{one}, {other}"))
}
