//! Where a bucket's objects are replicated to (`?replication`). Kept; nothing is replicated.
//!
//! There are two versions of the document. In the first a rule has a `Prefix`; in the second, told by its `Filter`, it has
//! a `Priority` and says whether delete markers are replicated.

use super::{Deletable, Document, Name, bucket_of_arn, fit, generated_id, missing, named};
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::reply::Reply;
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;
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

const TAG: Shape = group("Tag", &[text("Key"), text("Value")]);

const FILTER: Shape = group(
    "Filter",
    &[
        text("Prefix").optional(),
        TAG.optional(),
        group("And", &[text("Prefix").optional(), TAG.any_number()]).holding(1, usize::MAX).optional(),
    ],
)
.holding(0, 1);

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
        FILTER.optional(),
        among("Status", ON_OFF),
        SELECTION.optional(),
        group("ExistingObjectReplication", &[among("Status", ON_OFF)]).optional(),
        DESTINATION,
        group("DeleteMarkerReplication", &[among("Status", ON_OFF).optional()]).optional(),
    ],
);

const SHAPE: Shape = group("ReplicationConfiguration", &[text("Role"), RULE.repeated(MAX_RULES)]);

/// The rules of replication.
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
        if !is_versioned(call, call.bucket()?)? {
            let message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
            return Err(S3Error::invalid_request(message));
        }
        let mut seen = Seen::default();
        for rule in configuration.children.iter_mut().filter(|child| child.name == "Rule") {
            check_version(rule)?;
            seen.check(rule)?;
            check_destination(call, rule)?;
        }
        Ok(document(&configuration))
    }
}

impl Deletable for Replication {
    /// There is no action of its own for deleting.
    const DELETE: Name = Name("DeleteBucketReplication", "s3:PutReplicationConfiguration");
}

/// Whether a bucket keeps versions.
fn is_versioned(call: &Call, bucket: &Bucket) -> Result<bool> {
    match call.engine().document(bucket, named("versioning")) {
        Ok(stored) => Ok(String::from_utf8_lossy(&stored).contains("<Status>Enabled</Status>")),
        Err(Error::NoSuchDocument) => Ok(false),
        Err(error) => Err(call.says(error)),
    }
}

/// What of a rule there is in one version of the document only.
fn check_version(rule: &Element) -> Result<()> {
    let has = |name: &str| rule.child(name).is_some();
    let wrong = |what: &str| {
        Err(S3Error::invalid_request(format!(
            "{what} for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information."
        )))
    };
    match (has("Filter"), has("Prefix")) {
        (true, true) | (false, false) => Err(Code::MalformedXml.into()),
        (true, false) if !has("Priority") => wrong("Priority must be specified"),
        (true, false) if !has("DeleteMarkerReplication") => wrong("DeleteMarkerReplication must be specified"),
        (false, true) if has("Priority") => wrong("Priority cannot be used"),
        (false, true) if has("DeleteMarkerReplication") => wrong("DeleteMarkerReplication cannot be used"),
        (true, false) | (false, true) => Ok(()),
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
            return Err(S3Error::invalid_request("Rule Id must be unique"));
        }
        self.ids.push(id);
        if let Some(priority) = rule.child_text("Priority") {
            if self.priorities.iter().any(|seen| seen == priority) {
                let message = format!("Found duplicate priority {priority} across multiple rules.");
                return Err(S3Error::invalid_request(message));
            }
            self.priorities.push(priority.to_owned());
        }
        Ok(())
    }
}

/// A destination has to be a bucket that keeps versions; one that does not exist keeps none (recorded from AWS).
fn check_destination(call: &Call, rule: &Element) -> Result<()> {
    let arn = rule.child("Destination").and_then(|destination| destination.child_text("Bucket")).unwrap_or_default();
    let Some(name) = bucket_of_arn(arn) else {
        return Err(S3Error::invalid_argument("Invalid bucket ARN", "Bucket", arn));
    };
    let bucket = BucketName::parse(name).ok().and_then(|name| call.engine().bucket(&name).ok());
    match bucket {
        Some(bucket) if is_versioned(call, &bucket)? => Ok(()),
        _ => Err(S3Error::invalid_request("Destination bucket must have versioning enabled.")),
    }
}
