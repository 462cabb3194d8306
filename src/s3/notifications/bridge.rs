//! An event as `EventBridge` gets it.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>

use serde::Serialize;

use super::record::{sequencer, to_json};
use super::{Cause, Place};
use crate::engine::event::{Change, ChangeKind, Detail};
use crate::wire::time::Timestamp;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Event<'a> {
    version: &'static str,
    id: String,
    detail_type: &'static str,
    source: &'static str,
    account: &'a str,
    time: String,
    region: &'a str,
    resources: [String; 1],
    detail: Told<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Told<'a> {
    version: &'static str,
    event_version: &'static str,
    bucket: Bucket<'a>,
    object: Object<'a>,
    request_id: &'a str,
    requester: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restore_expiry_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_storage_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_storage_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_annotation: Option<Annotation<'a>>,
}

#[derive(Serialize)]
struct Annotation<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
}

#[derive(Serialize)]
struct Bucket<'a> {
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Object<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_object_annotation: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequencer: Option<String>,
}

/// What of a change's detail stands in which field.
#[derive(Default)]
struct Fields<'a> {
    has_annotation: Option<bool>,
    expires: Option<String>,
    source_class: Option<&'static str>,
    destination_class: Option<&'static str>,
    annotation: Option<Annotation<'a>>,
}

impl<'a> Fields<'a> {
    fn of(name: &str, detail: Detail<'a>) -> Fields<'a> {
        match detail {
            Detail::New { annotations } if name == "ObjectCreated:Copy" => {
                Fields { has_annotation: Some(annotations > 0), ..Fields::default() }
            }
            Detail::MovedTo(class) => Fields { destination_class: Some(class.name()), ..Fields::default() },
            Detail::Restore { class, expires } if name != "ObjectRestore:Delete" => {
                let expires = expires.map(Timestamp::iso8601_seconds);
                Fields { source_class: Some(class.name()), expires, ..Fields::default() }
            }
            Detail::Annotation { name, text } => {
                let (size, etag) = text.map(|(size, etag)| (size, etag.to_hex())).unzip();
                Fields { annotation: Some(Annotation { name, size, etag }), ..Fields::default() }
            }
            Detail::None | Detail::New { .. } | Detail::Restore { .. } => Fields::default(),
        }
    }
}

/// The event of a change; `None` for one that `EventBridge` is not told of.
pub(super) fn event(place: &Place, cause: &Cause, name: &str, change: &Change<'_>) -> Option<Vec<u8>> {
    let Kind { detail_type, reason, deletion_type } = kind_of(name)?;
    let fields = Fields::of(name, change.detail);
    // As the documentation shows it.
    let is_ordered = !matches!(change.kind, ChangeKind::Restored | ChangeKind::RestoreExpired);
    Some(to_json(&Event {
        version: "0",
        id: uuid::Uuid::new_v4().to_string(),
        detail_type,
        source: "aws.s3",
        account: &place.account,
        time: change.time.iso8601_seconds(),
        region: &place.region,
        resources: [format!("arn:aws:s3:::{}", place.bucket)],
        detail: Told {
            version: "0",
            event_version: "1.1",
            bucket: Bucket { name: &place.bucket },
            object: Object {
                key: change.key.as_str(),
                size: change.size_bytes,
                etag: change.etag.map(|etag| etag.to_hex()),
                version_id: change.version.map(|version| version.to_string()),
                has_object_annotation: fields.has_annotation,
                sequencer: is_ordered.then(|| sequencer(change.order)),
            },
            request_id: &cause.request_id,
            requester: cause.account.as_deref().unwrap_or(match cause.source {
                Some(_) => "anonymous",
                None => "s3.amazonaws.com",
            }),
            source_ip_address: cause.source.map(|ip| ip.to_string()),
            reason,
            deletion_type,
            restore_expiry_time: fields.expires,
            source_storage_class: fields.source_class,
            destination_storage_class: fields.destination_class,
            object_annotation: fields.annotation,
        },
    }))
}

struct Kind {
    detail_type: &'static str,
    reason: Option<&'static str>,
    deletion_type: Option<&'static str>,
}

fn kind_of(name: &str) -> Option<Kind> {
    let created = |reason| Kind { detail_type: "Object Created", reason: Some(reason), deletion_type: None };
    let deleted = |reason, deletion_type| Kind {
        detail_type: "Object Deleted",
        reason: Some(reason),
        deletion_type: Some(deletion_type),
    };
    let other = |detail_type| Kind { detail_type, reason: None, deletion_type: None };
    let annotation = |detail_type, reason| Kind { detail_type, reason: Some(reason), deletion_type: None };
    Some(match name {
        "ObjectCreated:Put" => created("PutObject"),
        "ObjectCreated:Post" => created("POST Object"),
        "ObjectCreated:Copy" => created("CopyObject"),
        "ObjectCreated:CompleteMultipartUpload" => created("CompleteMultipartUpload"),
        "ObjectRemoved:Delete" => deleted("DeleteObject", "Permanently Deleted"),
        "ObjectRemoved:DeleteMarkerCreated" => deleted("DeleteObject", "Delete Marker Created"),
        "LifecycleExpiration:Delete" => deleted("Lifecycle Expiration", "Permanently Deleted"),
        "LifecycleExpiration:DeleteMarkerCreated" => deleted("Lifecycle Expiration", "Delete Marker Created"),
        "ObjectRestore:Post" => other("Object Restore Initiated"),
        "ObjectRestore:Completed" => other("Object Restore Completed"),
        "ObjectRestore:Delete" => other("Object Restore Expired"),
        "ObjectAnnotation:Put" => annotation("Object Annotation Created", "PutObjectAnnotation"),
        "ObjectAnnotation:Delete" => annotation("Object Annotation Removed", "DeleteObjectAnnotation"),
        "LifecycleTransition" => other("Object Storage Class Changed"),
        "ObjectTagging:Put" => other("Object Tags Added"),
        "ObjectTagging:Delete" => other("Object Tags Deleted"),
        "ObjectAcl:Put" => other("Object ACL Updated"),
        _ => return None,
    })
}
