//! Whom a bucket tells of what: read from its document, and kept with the bucket until one of its documents changes.

use std::sync::Arc;

use crate::engine::bucket::Bucket;
use crate::engine::document::DocumentName;
use crate::engine::error::{Error, Result};
use crate::s3::Shared;
use crate::wire::xml::Element;

/// All that a bucket's document says.
#[derive(Debug, Default)]
pub(super) struct BucketNotifications {
    configurations: Vec<Configuration>,
    bridge: Bridge,
}

/// One destination and what it is told of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) id: String,
    pub(super) arn: String,
    /// With `s3:`, and with `*` at the end for all that begin so.
    events: Vec<String>,
    prefix: String,
    suffix: String,
}

/// Whether `EventBridge` is told of everything.
#[derive(Debug, Default, PartialEq, Eq)]
enum Bridge {
    #[default]
    Off,
    On,
}

impl BucketNotifications {
    /// Those of a bucket.
    pub(super) fn of(shared: &Shared, bucket: &Bucket) -> Result<Arc<BucketNotifications>> {
        if let Some(known) = bucket.derived() {
            return Ok(known);
        }
        let name = DocumentName { namespace: "s3", name: "notification" };
        let read = match shared.engine.document(bucket, name) {
            // What cannot be read of a document that was checked as it was put is damaged.
            Ok(stored) => BucketNotifications::parse(&Element::parse(&stored).map_err(|error| Error::Corrupt {
                what: format!("the notification configuration of {}: {error}", bucket.name),
            })?),
            Err(Error::NoSuchDocument) => BucketNotifications::default(),
            Err(error) => return Err(error),
        };
        let read = Arc::new(read);
        bucket.derive(Arc::clone(&read));
        Ok(read)
    }

    /// What a document says that has been checked as it was put.
    pub(super) fn parse(notification: &Element) -> BucketNotifications {
        let configurations = notification.children.iter().filter_map(Configuration::parse).collect();
        let bridge = match notification.child("EventBridgeConfiguration") {
            Some(_) => Bridge::On,
            None => Bridge::Off,
        };
        BucketNotifications { configurations, bridge }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.configurations.is_empty() && !self.has_bridge()
    }

    pub(super) fn has_bridge(&self) -> bool {
        self.bridge == Bridge::On
    }

    /// The destinations, in their order.
    pub(super) fn arns(&self) -> impl Iterator<Item = &str> {
        self.configurations.iter().map(|configuration| configuration.arn.as_str())
    }

    /// The configurations that an event of a key concerns.
    pub(super) fn concerned(&self, event: &str, key: &str) -> impl Iterator<Item = &Configuration> {
        self.configurations.iter().filter(move |configuration| configuration.asks_for(event, key))
    }
}

impl Configuration {
    fn parse(element: &Element) -> Option<Configuration> {
        let destination = match element.name.as_str() {
            "TopicConfiguration" => "Topic",
            "QueueConfiguration" => "Queue",
            "CloudFunctionConfiguration" => "CloudFunction",
            _ => return None,
        };
        let key = element.child("Filter").and_then(|filter| filter.child("S3Key"));
        let rule = |name: &str| {
            let rules = key.map(|key| key.children.as_slice()).unwrap_or_default();
            let found = rules.iter().find(|rule| rule.child_text("Name") == Some(name));
            found.and_then(|rule| rule.child_text("Value")).unwrap_or_default().to_owned()
        };
        Some(Configuration {
            id: element.child_text("Id").unwrap_or_default().to_owned(),
            arn: element.child_text(destination).unwrap_or_default().to_owned(),
            events: element.children_named("Event").map(|event| event.text.trim().to_owned()).collect(),
            prefix: rule("Prefix"),
            suffix: rule("Suffix"),
        })
    }

    fn asks_for(&self, event: &str, key: &str) -> bool {
        let covers = |asked: &String| {
            let asked = asked.strip_prefix("s3:").unwrap_or(asked);
            match asked.strip_suffix('*') {
                Some(start) => event.starts_with(start),
                None => event == asked,
            }
        };
        key.starts_with(&self.prefix) && key.ends_with(&self.suffix) && self.events.iter().any(covers)
    }
}

/// Functions are called, and get no test event.
pub(super) fn is_queue_or_topic(arn: &str) -> bool {
    matches!(arn.split(':').nth(2), Some("sqs" | "sns"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_both_ends_of_the_key_decide() {
        let document = "<NotificationConfiguration><QueueConfiguration><Id>q</Id><Queue>arn:aws:sqs:r:1:q</Queue>
            <Event>s3:ObjectCreated:*</Event><Event>s3:ObjectRemoved:Delete</Event><Filter><S3Key>
            <FilterRule><Name>Prefix</Name><Value>in/</Value></FilterRule>
            <FilterRule><Name>Suffix</Name><Value>.jpg</Value></FilterRule></S3Key></Filter></QueueConfiguration>
            <TopicConfiguration><Id>t</Id><Topic>arn:aws:sns:r:1:t</Topic><Event>s3:LifecycleTransition</Event>
            </TopicConfiguration></NotificationConfiguration>";
        let read = BucketNotifications::parse(&Element::parse(document.as_bytes()).unwrap());
        let concerned = |event: &str, key: &str| -> Vec<String> {
            read.concerned(event, key).map(|configuration| configuration.id.clone()).collect()
        };
        for (event, key, ids) in [
            ("ObjectCreated:Put", "in/a.jpg", &["q"][..]),
            ("ObjectCreated:CompleteMultipartUpload", "in/.jpg", &["q"]),
            ("ObjectRemoved:Delete", "in/a.jpg", &["q"]),
            ("ObjectRemoved:DeleteMarkerCreated", "in/a.jpg", &[]),
            ("ObjectCreated:Put", "in/a.png", &[]),
            ("ObjectCreated:Put", "out/a.jpg", &[]),
            ("LifecycleTransition", "x", &["t"]),
        ] {
            assert_eq!(concerned(event, key), ids, "{event} {key}");
        }
        assert!(!read.is_empty() && !read.has_bridge());
        assert!(is_queue_or_topic("arn:aws:sqs:r:1:q") && !is_queue_or_topic("arn:aws:lambda:r:1:function:f"));
    }
}
