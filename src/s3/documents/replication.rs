//! Where a bucket's objects are replicated to (`?replication`). Kept; nothing is replicated.
//!
//! There are two versions of the document. In the first a rule has a `Prefix`; in the second, told by its `Filter`, it has
//! a `Priority` and says whether delete markers are replicated.

use super::{Deletable, Document, FILTER, Name, bucket_of_arn, fit, generated_id, missing};
use crate::engine::bucket::Bucket;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::reply::Reply;
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;
use crate::wire::versioning::Versioning;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, document, group, integer, text};

const MAX_RULES: usize = 1000;
const MAX_ID_CHARS: usize = 255;
const ON_OFF: &[&str] = &["Enabled", "Disabled"];

/// Where replicas may be: the classes of a general-purpose bucket.
const STORAGE_CLASSES: &[&str] = &[
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

const DESTINATION: Shape = group(
    "Destination",
    &[
        text("Bucket"),
        text("Account").optional(),
        among("StorageClass", STORAGE_CLASSES).optional(),
        group("AccessControlTranslation", &[among("Owner", &["Destination"])]).optional(),
        group("EncryptionConfiguration", &[text("ReplicaKmsKeyID").optional()]).optional(),
        group("ReplicationTime", &[among("Status", ON_OFF), group("Time", &[integer("Minutes").optional()])])
            .optional(),
        group(
            "Metrics",
            &[among("Status", ON_OFF), group("EventThreshold", &[integer("Minutes").optional()]).optional()],
        )
        .optional(),
    ],
);

const SELECTION: Shape = group(
    "SourceSelectionCriteria",
    &[
        group("SseKmsEncryptedObjects", &[among("Status", ON_OFF)]).optional(),
        group("ReplicaModifications", &[among("Status", ON_OFF)]).optional(),
    ],
);

const RULE: Shape = group(
    "Rule",
    &[
        text("ID").optional(),
        integer("Priority").optional(),
        text("Prefix").optional(),
        FILTER.holding(0, 1).optional(),
        among("Status", ON_OFF),
        SELECTION.optional(),
        DESTINATION,
        group("DeleteMarkerReplication", &[among("Status", ON_OFF).optional()]).optional(),
    ],
);

const SHAPE: Shape = group("ReplicationConfiguration", &[text("Role"), RULE.repeated(MAX_RULES)]);

/// The rules of replication. `ExistingObjectReplication` is in the model, and `MalformedXML` on AWS unless its support
/// allows it.
pub(crate) struct Replication;

impl Document for Replication {
    const SUBRESOURCE: &'static str = "replication";
    const GET: Name = Name("GetBucketReplication", "s3:GetReplicationConfiguration");
    const PUT: Name = Name("PutBucketReplication", "s3:PutReplicationConfiguration");
    /// By the API reference; not seen on the wire.
    const DIGEST: DigestRule = DigestRule::Required;

    fn absent(call: &Call) -> Result<Reply> {
        missing(call, Code::ReplicationConfigurationNotFoundError)
    }

    fn accept(call: &Call, given: &Element) -> Result<String> {
        let mut configuration = fit(&SHAPE, given)?;
        check_role(configuration.child_text("Role").unwrap_or_default())?;
        if !is_versioned(call.bucket()?) {
            let message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
            return Err(S3Error::invalid_request(message));
        }
        let filtered = configuration.children_named("Rule").all(|rule| rule.child("Filter").is_some());
        let schema = if filtered { Schema::V2 } else { Schema::V1 };
        let mut seen = Seen::default();
        for rule in configuration.children.iter_mut().filter(|child| child.name == "Rule") {
            schema.check(rule)?;
            seen.check(rule)?;
            check_filter(rule)?;
            check_destination(call, rule)?;
        }
        Ok(document(&configuration))
    }
}

impl Deletable for Replication {
    /// There is no action of its own for deleting.
    const DELETE: Name = Name("DeleteBucketReplication", "s3:PutReplicationConfiguration");
}

/// Whether a bucket makes versions.
fn is_versioned(bucket: &Bucket) -> bool {
    bucket.state.versioning == Versioning::Enabled
}

fn check_role(arn: &str) -> Result<()> {
    let refused = |message: &'static str| Err(S3Error::invalid_argument(message, "Role", arn));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, role] if partition.starts_with("aws") && account.len() == 12 => {
            match role.strip_prefix("role/") {
                Some(name) if !name.is_empty() => Ok(()),
                _ => refused("The relative id should start with role"),
            }
        }
        _ => refused("Invalid Role specified in replication configuration"),
    }
}

/// A version of the document: one rule without a filter makes it the first.
#[derive(Clone, Copy)]
enum Schema {
    V1,
    V2,
}

impl Schema {
    /// What of a rule there is in one version only.
    fn check(self, rule: &Element) -> Result<()> {
        let has = |name: &str| rule.child(name).is_some();
        if has("Filter") == has("Prefix") {
            return Err(Code::MalformedXml.into());
        }
        for name in ["Priority", "DeleteMarkerReplication"] {
            let wrong = match self {
                Schema::V1 if has(name) => "cannot be used",
                Schema::V2 if !has(name) => "must be specified",
                _ => continue,
            };
            return Err(S3Error::invalid_request(format!(
                "{name} {wrong} for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information."
            )));
        }
        Ok(())
    }
}

/// What no two rules may share.
#[derive(Default)]
struct Seen {
    ids: Vec<String>,
    priorities: Vec<String>,
}

impl Seen {
    /// Gives a rule without an id one, too.
    fn check(&mut self, rule: &mut Element) -> Result<()> {
        if rule.child_text("ID").unwrap_or_default().is_empty() {
            rule.children.retain(|child| child.name != "ID");
            rule.children.insert(0, Element::leaf("ID", generated_id()));
        }
        let id = rule.child_text("ID").unwrap_or_default().to_owned();
        if id.chars().count() > MAX_ID_CHARS {
            return Err(S3Error::invalid_argument("Rule Id cannot be greater than 255", "ID", id));
        }
        if self.ids.contains(&id) {
            return Err(S3Error::invalid_argument("Rule Id must be unique", "ID", id));
        }
        self.ids.push(id);
        if let Some(priority) = rule.child_text("Priority") {
            if priority.starts_with('-') {
                return Err(S3Error::invalid_request("Priority must be between 0 and 2147483647."));
            }
            if self.priorities.iter().any(|seen| seen == priority) {
                return Err(S3Error::invalid_request(format!("Found duplicate priority {priority}.")));
            }
            self.priorities.push(priority.to_owned());
        }
        Ok(())
    }
}

/// Delete markers have no tags.
fn check_filter(rule: &Element) -> Result<()> {
    let filter = rule.child("Filter").map(|filter| filter.child("And").unwrap_or(filter));
    let mut keys = Vec::new();
    for tag in filter.into_iter().flat_map(|filter| filter.children.iter()).filter(|child| child.name == "Tag") {
        let key = tag.child_text("Key").unwrap_or_default();
        if keys.contains(&key) {
            return Err(S3Error::invalid_request("Duplicate Tag Keys are not allowed."));
        }
        keys.push(key);
    }
    let markers = rule.child("DeleteMarkerReplication").and_then(|markers| markers.child_text("Status"));
    if markers == Some("Enabled") && !keys.is_empty() {
        let message = "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.";
        return Err(S3Error::invalid_request(message));
    }
    Ok(())
}

/// A destination has to be a bucket that keeps versions; one that does not exist keeps none (recorded from AWS).
fn check_destination(call: &Call, rule: &Element) -> Result<()> {
    let Some(destination) = rule.child("Destination") else { return Ok(()) };
    let arn = destination.child_text("Bucket").unwrap_or_default();
    let Some(name) = bucket_of_arn(arn) else {
        return Err(S3Error::invalid_argument("Invalid bucket ARN", "Bucket", arn));
    };
    if name == call.bucket()?.name.as_str() {
        return Err(S3Error::invalid_request("Destination bucket cannot be the same as the source bucket."));
    }
    check_owner_and_key(rule.child("SourceSelectionCriteria"), destination)?;
    check_times(destination)?;
    let bucket = BucketName::parse(name).ok().and_then(|name| call.engine().bucket(&name).ok());
    match bucket {
        Some(bucket) if is_versioned(&bucket) => Ok(()),
        _ => Err(S3Error::invalid_request("Destination bucket must have versioning enabled.")),
    }
}

fn check_owner_and_key(criteria: Option<&Element>, destination: &Element) -> Result<()> {
    let has = |name: &str| destination.child(name).is_some();
    let selects_kms = criteria.is_some_and(|criteria| criteria.child("SseKmsEncryptedObjects").is_some());
    let key = destination.child("EncryptionConfiguration").and_then(|it| it.child_text("ReplicaKmsKeyID"));
    let message = if criteria.is_some_and(|criteria| criteria.children.is_empty()) {
        "SourceSelectionCriteria cannot be empty."
    } else if has("AccessControlTranslation") && !has("Account") {
        "Account must be specified if the Owner in AccessControlTranslation has a value"
    } else if has("EncryptionConfiguration") && !selects_kms {
        "SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present."
    } else if selects_kms && key.is_none_or(str::is_empty) {
        "ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present."
    } else {
        return Ok(());
    };
    Err(S3Error::invalid_request(message))
}

/// Replication in time takes fifteen minutes, and is measured.
fn check_times(destination: &Element) -> Result<()> {
    const MINUTES: &str = "15";
    let (time, metrics) = (destination.child("ReplicationTime"), destination.child("Metrics"));
    if time.is_some() && metrics.is_none() {
        let message = "Replication destination must contain both ReplicationTime and Metrics or neither.";
        return Err(S3Error::invalid_request(message));
    }
    let minutes = time.and_then(|time| time.child("Time")?.child_text("Minutes"));
    let threshold = metrics.and_then(|metrics| metrics.child("EventThreshold")?.child_text("Minutes"));
    let in_time = time.and_then(|time| time.child_text("Status")) == Some("Enabled");
    let (argument, message) = if time.is_some() && minutes != Some(MINUTES) {
        ("ReplicationTime", "Invalid time minute value")
    } else if in_time && threshold.is_none() {
        ("ReplicationMetrics", "ReplicationMetrics must contain an event threshold")
    } else if in_time && threshold != Some(MINUTES) {
        ("ReplicationMetrics", "Invalid event threshold minute value")
    } else if !in_time && threshold.is_some() {
        ("Metrics", "Metrics cannot contain an event threshold when ReplicationTime is not specified or Disabled")
    } else {
        return Ok(());
    };
    Err(Code::InvalidArgument.says(message).with("ArgumentName", argument))
}
