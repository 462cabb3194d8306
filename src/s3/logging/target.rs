//! Where a bucket's records go: its logging status, read once and kept with the bucket.

use crate::engine::bucket::Bucket;
use crate::engine::document::DocumentName;
use crate::engine::error::Error;
use crate::s3::Shared;
use crate::s3::access::directory;
use crate::s3::engine_error::{Named, s3_error};
use crate::s3::error::{Result, S3Error};
use crate::wire::access_log::KeyFormat;
use crate::wire::acl::{Grant, parse_grants};
use crate::wire::bucket_name::BucketName;
use crate::wire::xml::Element;

pub(crate) const LOGGING: DocumentName<'static> = DocumentName { namespace: "s3", name: "logging" };

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoggingTarget {
    pub(super) bucket: BucketName,
    pub(super) prefix: String,
    pub(super) format: KeyFormat,
    /// What others are granted on the log objects, where ACLs count.
    pub(super) grants: Vec<Grant>,
}

impl LoggingTarget {
    /// That of a bucket, if it logs.
    pub(crate) fn of(shared: &Shared, bucket: &Bucket) -> Result<Option<LoggingTarget>> {
        let stored = match shared.engine.document(bucket, LOGGING) {
            Ok(stored) => stored,
            Err(Error::NoSuchDocument) => return Ok(None),
            Err(error) => return Err(s3_error(error, Named { bucket: Some(&bucket.name), ..Named::default() })),
        };
        let status = Element::parse(&stored).map_err(S3Error::internal)?;
        Ok(status.child("LoggingEnabled").and_then(|enabled| parse(shared, enabled)))
    }
}

fn parse(shared: &Shared, enabled: &Element) -> Option<LoggingTarget> {
    let bucket = BucketName::parse(enabled.child_text("TargetBucket")?).ok()?;
    let prefix = enabled.child_text("TargetPrefix").unwrap_or_default().to_owned();
    let partitioned = enabled.child("TargetObjectKeyFormat").and_then(|format| format.child("PartitionedPrefix"));
    let format = match partitioned.map(|partitioned| partitioned.child_text("PartitionDateSource")) {
        None => KeyFormat::Simple,
        Some(Some("DeliveryTime")) => KeyFormat::ByDeliveryTime,
        Some(_) => KeyFormat::ByEventTime,
    };
    // Grants to accounts that there are no more are left out.
    let grants = enabled.child("TargetGrants").map(|grants| parse_grants(grants, &directory(&shared.config)));
    Some(LoggingTarget { bucket, prefix, format, grants: grants.unwrap_or_default() })
}
