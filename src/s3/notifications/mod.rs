//! Telling others what happens in a bucket, as its `?notification` document says: which operation is which event, whom an
//! event concerns, and what they are told. That an event is written down with its change is the engine's part; that it is
//! delivered, the server's.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>

mod bridge;
mod configuration;
mod destinations;
mod record;

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

pub use self::destinations::Destinations;

use self::configuration::BucketNotifications;
use super::Shared;
use super::auth::Principal;
use super::ops::region_of;
use super::request::Head;
use super::service::Service;
use crate::engine::bucket::Bucket;
use crate::engine::error::Result;
use crate::engine::event::{Change, ChangeKind, Delivery, NewEvent, Watcher, Witness};
use crate::http::request_id::{HostId, RequestId};
use crate::wire::xml::Element;

/// What makes a change.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    /// The operation, as the table names it; or `Lifecycle`, which is S3's own doing.
    operation: &'static str,
    /// The account that asked for it; `None` for nobody, and for S3 itself.
    account: Option<String>,
    source: Option<IpAddr>,
    request_id: String,
    host_id: String,
}

impl Cause {
    /// A request.
    fn request(operation: &'static str, head: &Head, principal: &Principal) -> Cause {
        Cause {
            operation,
            account: match principal {
                Principal::Identity(identity) => Some(identity.account.clone()),
                Principal::Anonymous => None,
            },
            source: Some(head.connection.peer.ip()),
            request_id: head.request_id.to_string(),
            host_id: head.host_id.to_string(),
        }
    }
}

/// The bucket as an operation of a request shall use it: if its document asks for the operation's events, whatever the
/// operation changes through this handle is told. Costs nothing where nobody asks.
pub(crate) fn watched(
    shared: &Shared,
    bucket: Bucket,
    operation: &'static str,
    head: &Head,
    principal: &Principal,
) -> Result<Bucket> {
    if !is_told(operation) {
        return Ok(bucket);
    }
    watched_for(shared, bucket, || Cause::request(operation, head, principal))
}

/// As [`watched`], for what S3 does by itself, and for what is asked of it by others than its own clients.
pub(crate) fn watched_by_s3(
    shared: &Shared,
    bucket: Bucket,
    operation: &'static str,
    account: Option<&str>,
) -> Result<Bucket> {
    watched_for(shared, bucket, || Cause {
        operation,
        account: account.map(str::to_owned),
        source: None,
        request_id: RequestId::random().to_string(),
        host_id: HostId::random().to_string(),
    })
}

fn watched_for(shared: &Shared, bucket: Bucket, cause: impl FnOnce() -> Cause) -> Result<Bucket> {
    let notifications = BucketNotifications::of(shared, &bucket)?;
    if notifications.is_empty() {
        return Ok(bucket);
    }
    let teller = Teller::new(&bucket, notifications, Arc::clone(&shared.config.destinations), cause());
    Ok(shared.engine.watched(&bucket, Arc::new(teller)))
}

/// What comes in through other APIs is told as if it had come through S3, but for the client's address.
impl Watcher for Service {
    fn watch(&self, bucket: Bucket, operation: &'static str, account: &str) -> Result<Bucket> {
        watched_by_s3(self.shared(), bucket, operation, Some(account))
    }
}

/// What is sent to queues and topics when a bucket begins to tell them.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
pub(crate) fn test_events(shared: &Shared, bucket: &Bucket, head: &Head, configuration: &Element) -> Vec<NewEvent> {
    let notifications = BucketNotifications::parse(configuration);
    let mut told: Vec<NewEvent> = Vec::new();
    for arn in notifications.arns() {
        shared.config.destinations.mention(arn);
        let is_tested = configuration::is_queue_or_topic(arn) && !told.iter().any(|event| event.destination == arn);
        if is_tested {
            let body = record::test_event(&bucket.name, head);
            told.push(new_event(&shared.config.destinations, arn.to_owned(), body));
        }
    }
    told
}

/// Tells the changes that one cause makes in one bucket.
struct Teller {
    place: Place,
    notifications: Arc<BucketNotifications>,
    destinations: Arc<Destinations>,
    cause: Cause,
}

/// What events say of their bucket.
struct Place {
    bucket: String,
    account: String,
    region: String,
}

impl Teller {
    fn new(
        bucket: &Bucket,
        notifications: Arc<BucketNotifications>,
        destinations: Arc<Destinations>,
        cause: Cause,
    ) -> Teller {
        let (account, region) = (bucket.account.clone(), region_of(bucket).to_owned());
        Teller { place: Place { bucket: bucket.name.to_string(), account, region }, notifications, destinations, cause }
    }
}

impl Witness for Teller {
    fn tell(&self, change: &Change<'_>) -> Vec<NewEvent> {
        let Some(name) = event_name(self.cause.operation, change.kind) else { return Vec::new() };
        let mut told: Vec<NewEvent> = self
            .notifications
            .concerned(name, change.key.as_str())
            .map(|configuration| {
                let body = record::record(&self.place, &self.cause, name, &configuration.id, change);
                new_event(&self.destinations, configuration.arn.clone(), body)
            })
            .collect();
        if self.notifications.has_bridge()
            && let Some(body) = bridge::event(&self.place, &self.cause, name, change)
        {
            let arn = format!("arn:aws:events:{}:{}:event-bus/default", self.place.region, self.place.account);
            told.push(new_event(&self.destinations, arn, body));
        }
        told
    }
}

fn new_event(destinations: &Destinations, destination: String, body: Vec<u8>) -> NewEvent {
    let delivery = if destinations.url(&destination).is_some() { Delivery::Waiting } else { Delivery::Nobody };
    NewEvent { destination, body, delivery }
}

/// Operations of which something is told.
const TOLD: [&str; 13] = [
    "PutObject",
    "PostObject",
    "CopyObject",
    "CompleteMultipartUpload",
    "DeleteObject",
    "DeleteObjects",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "PutObjectAcl",
    "PutObjectRetention",
    "RestoreObject",
    "PutObjectAnnotation",
    "DeleteObjectAnnotation",
];

fn is_told(operation: &str) -> bool {
    TOLD.contains(&operation)
}

/// The event that a change is, by what made it; without `s3:`.
fn event_name(operation: &str, kind: ChangeKind) -> Option<&'static str> {
    Some(match (kind, operation) {
        (ChangeKind::Created, "PutObject") => "ObjectCreated:Put",
        (ChangeKind::Created, "PostObject") => "ObjectCreated:Post",
        (ChangeKind::Created, "CopyObject") => "ObjectCreated:Copy",
        (ChangeKind::Created, "CompleteMultipartUpload") => "ObjectCreated:CompleteMultipartUpload",
        (ChangeKind::Deleted, "Lifecycle") => "LifecycleExpiration:Delete",
        (ChangeKind::Marked, "Lifecycle") => "LifecycleExpiration:DeleteMarkerCreated",
        (ChangeKind::Deleted, _) => "ObjectRemoved:Delete",
        (ChangeKind::Marked, _) => "ObjectRemoved:DeleteMarkerCreated",
        (ChangeKind::Set, "RestoreObject") => "ObjectRestore:Post",
        (ChangeKind::Set, "Lifecycle") => "LifecycleTransition",
        (ChangeKind::Set, "PutObjectAnnotation") => "ObjectAnnotation:Put",
        (ChangeKind::Set, "DeleteObjectAnnotation") => "ObjectAnnotation:Delete",
        (ChangeKind::Restored, _) => "ObjectRestore:Completed",
        (ChangeKind::RestoreExpired, _) => "ObjectRestore:Delete",
        (ChangeKind::Set | ChangeKind::SetAgain, "PutObjectTagging") => "ObjectTagging:Put",
        (ChangeKind::Set | ChangeKind::SetAgain, "DeleteObjectTagging") => "ObjectTagging:Delete",
        (ChangeKind::Set | ChangeKind::SetAgain, "PutObjectAcl") => "ObjectAcl:Put",
        (ChangeKind::Set | ChangeKind::SetAgain, "PutObjectRetention") => "ObjectRetention:Put",
        (ChangeKind::Created | ChangeKind::Set | ChangeKind::SetAgain, _) => return None,
    })
}

/// An account as events name who owns a bucket: AWS's retail customer ids look like this.
fn customer_id(account: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(account.as_bytes());
    let letters = digest.iter().take(13).map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    std::iter::once('A').chain(letters).collect()
}
