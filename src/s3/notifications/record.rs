//! An event as queues, topics and functions get it. The order of the fields is AWS's.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use serde::Serialize;

use super::{Cause, Place, customer_id};
use crate::engine::event::{Change, ChangeKind, Detail};
use crate::s3::request::Head;
use crate::wire::bucket_name::BucketName;
use crate::wire::percent;
use crate::wire::time::Timestamp;

/// The ETag of what a delete marker holds: nothing.
const EMPTY_ETAG: &str = "d41d8cd98f00b204e9800998ecf8427e";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    records: [Record<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    event_source: &'static str,
    aws_region: &'a str,
    event_time: String,
    event_name: &'a str,
    user_identity: Principal,
    request_parameters: Parameters,
    response_elements: Elements<'a>,
    s3: S3<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    glacier_event_data: Option<GlacierEventData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle_event_data: Option<LifecycleEventData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_annotation: Option<[Annotation<'a>; 1]>,
}

#[derive(Serialize)]
struct GlacierEventData {
    #[serde(rename = "restoreEventData")]
    restore: RestoreEventData,
}

#[derive(Serialize)]
struct RestoreEventData {
    #[serde(rename = "lifecycleRestorationExpiryTime", skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(rename = "lifecycleRestoreStorageClass")]
    class: &'static str,
}

#[derive(Serialize)]
struct Annotation<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "eTag", skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
}

#[derive(Serialize)]
struct LifecycleEventData {
    #[serde(rename = "transitionEventData")]
    transition: TransitionEventData,
}

#[derive(Serialize)]
struct TransitionEventData {
    #[serde(rename = "destinationStorageClass")]
    destination: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Principal {
    principal_id: String,
}

#[derive(Serialize)]
struct Parameters {
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: String,
}

#[derive(Serialize)]
struct Elements<'a> {
    #[serde(rename = "x-amz-request-id")]
    request_id: &'a str,
    #[serde(rename = "x-amz-id-2")]
    host_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct S3<'a> {
    #[serde(rename = "s3SchemaVersion")]
    schema_version: &'static str,
    configuration_id: &'a str,
    bucket: Bucket<'a>,
    object: Object,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bucket<'a> {
    name: &'a str,
    owner_identity: Principal,
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "eTag", skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    sequencer: String,
}

/// The message about one change.
pub(super) fn record(place: &Place, cause: &Cause, name: &str, configuration_id: &str, change: &Change<'_>) -> Vec<u8> {
    let etag = match change.kind {
        ChangeKind::Marked => Some(EMPTY_ETAG.to_owned()),
        _ => change.etag.map(|etag| etag.to_hex()),
    };
    let transition = |destination| LifecycleEventData { transition: TransitionEventData { destination } };
    let (mut glacier, mut lifecycle, mut annotation) = (None, None, None);
    match change.detail {
        Detail::MovedTo(class) => lifecycle = Some(transition(class.name())),
        Detail::Restore { class, expires } if change.kind == ChangeKind::Restored => {
            let expires = expires.map(Timestamp::iso8601_to_the_millisecond);
            glacier = Some(GlacierEventData { restore: RestoreEventData { expires, class: class.name() } });
        }
        Detail::Annotation { name, text } => {
            let (size, etag) = text.map(|(size, etag)| (size, etag.to_hex())).unzip();
            annotation = Some([Annotation { name, size, etag }]);
        }
        Detail::None | Detail::New { .. } | Detail::Restore { .. } => {}
    }
    let record = Record {
        event_version: version_of(name),
        event_source: "aws:s3",
        aws_region: &place.region,
        event_time: change.time.iso8601_to_the_millisecond(),
        event_name: name,
        user_identity: Principal { principal_id: principal_of(cause) },
        request_parameters: Parameters {
            source_ip_address: cause.source.map_or_else(|| "s3.amazonaws.com".to_owned(), |ip| ip.to_string()),
        },
        response_elements: Elements { request_id: &cause.request_id, host_id: &cause.host_id },
        s3: S3 {
            schema_version: "1.0",
            configuration_id,
            bucket: Bucket {
                name: &place.bucket,
                owner_identity: Principal { principal_id: customer_id(&place.account) },
                arn: format!("arn:aws:s3:::{}", place.bucket),
            },
            object: Object {
                // As in a form: a space is a plus.
                key: percent::encode_listing(change.key.as_bytes()),
                size: change.size_bytes,
                etag,
                version_id: change.version.map(|version| version.to_string()),
                sequencer: sequencer(change.order),
            },
        },
        glacier_event_data: glacier,
        lifecycle_event_data: lifecycle,
        object_annotation: annotation,
    };
    to_json(&Message { records: [record] })
}

/// What a queue or topic gets when a bucket begins to tell it.
pub(super) fn test_event(bucket: &BucketName, head: &Head) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct TestEvent<'a> {
        service: &'static str,
        event: &'static str,
        time: String,
        bucket: &'a str,
        request_id: &'a str,
        host_id: &'a str,
    }
    to_json(&TestEvent {
        service: "Amazon S3",
        event: "s3:TestEvent",
        time: head.now.iso8601_to_the_millisecond(),
        bucket: bucket.as_str(),
        request_id: head.request_id.as_str(),
        host_id: head.host_id.as_str(),
    })
}

/// A text that grows with the order of changes to a key.
pub(super) fn sequencer(order: i64) -> String {
    format!("{order:018X}")
}

/// 2.1, and 2.3 for kinds of events that came later (recorded from AWS; its documentation of 2026 counts on, without
/// other fields for these events). Annotations came with 2.5.
fn version_of(name: &str) -> &'static str {
    let later = ["ObjectTagging:", "ObjectAcl:", "ObjectRetention:", "ObjectRestore:Delete", "Lifecycle"];
    match name {
        name if name.starts_with("ObjectAnnotation:") => "2.5",
        name if later.iter().any(|start| name.starts_with(start)) => "2.3",
        _ => "2.1",
    }
}

/// There are no users here: an account's root acts.
fn principal_of(cause: &Cause) -> String {
    match (&cause.account, cause.source) {
        (Some(account), _) => format!("AWS:{account}"),
        (None, Some(_)) => "Anonymous".to_owned(),
        (None, None) => "s3.amazonaws.com".to_owned(),
    }
}

pub(super) fn to_json(value: &impl Serialize) -> Vec<u8> {
    // Texts and numbers: neither serialisation nor writing to memory can fail.
    let written = serde_json::to_vec(value);
    debug_assert!(written.is_ok(), "plain values serialise");
    written.unwrap_or_default()
}
