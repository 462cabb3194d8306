//! Where a bucket's access logs go (`?logging`): the document only. What is logged, and written there, is in `logging/`.

use super::{Document, Name, fit};
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::s3::access::BucketAccess;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Level;
use crate::s3::ops::region_of;
use crate::s3::reply::Reply;
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, document, group, text};

/// The one region that AWS leaves unnamed.
const US_EAST_1: &str = "us-east-1";

/// The model knows three permissions; S3 takes those of an ACL too (recorded from AWS).
const PERMISSIONS: &[&str] = &["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"];

const GRANTEE: Shape = group(
    "Grantee",
    &[text("ID").optional(), text("DisplayName").optional(), text("EmailAddress").optional(), text("URI").optional()],
)
.typed(&["CanonicalUser", "AmazonCustomerByEmail", "Group"]);

const KEY_FORMAT: Shape = group(
    "TargetObjectKeyFormat",
    &[
        group("SimplePrefix", &[]).optional(),
        group("PartitionedPrefix", &[among("PartitionDateSource", &["EventTime", "DeliveryTime"]).optional()])
            .optional(),
    ],
)
.one_of();

const SHAPE: Shape = group(
    "BucketLoggingStatus",
    &[group(
        "LoggingEnabled",
        &[
            text("TargetBucket"),
            text("TargetPrefix"),
            group(
                "TargetGrants",
                &[group("Grant", &[GRANTEE.optional(), among("Permission", PERMISSIONS).optional()]).any_number()],
            )
            .optional(),
            KEY_FORMAT.optional(),
        ],
    )
    .optional()],
);

/// Whether and where a bucket logs. To stop, an empty status is put: there is no DELETE.
pub(crate) struct Logging;

impl Document for Logging {
    const SUBRESOURCE: &'static str = "logging";
    const LEVEL: Level = Level::Exact;
    const GET: Name = Name("GetBucketLogging", "s3:GetBucketLogging");
    const PUT: Name = Name("PutBucketLogging", "s3:PutBucketLogging");

    fn absent(_call: &Call) -> Result<Reply> {
        Ok(Reply::xml(document(&Element::group("BucketLoggingStatus", []))))
    }

    fn accept(call: &Call, given: &Element) -> Result<String> {
        let status = fit(&SHAPE, given)?;
        if let Some(target) = status.child("LoggingEnabled").and_then(|enabled| enabled.child_text("TargetBucket")) {
            let (source, target) = (call.bucket()?, target_bucket(call, target)?);
            same_owner(source, &target)?;
            same_region(source, &target)?;
            grants_count(call, &target, &status)?;
            call.shared.logs.switch_on();
        }
        Ok(document(&status))
    }
}

fn target_bucket(call: &Call, name: &str) -> Result<Bucket> {
    let missing = || {
        Code::InvalidTargetBucketForLogging
            .says("The target bucket for logging does not exist")
            .with("TargetBucket", name)
    };
    let parsed = BucketName::parse(name).map_err(|_| missing())?;
    call.engine().bucket(&parsed).map_err(|error| match error {
        Error::NoSuchBucket => missing(),
        error => call.says(error),
    })
}

/// Grants are refused where ACLs are off.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html>
fn grants_count(call: &Call, target: &Bucket, status: &Element) -> Result<()> {
    let grants = status.child("LoggingEnabled").and_then(|enabled| enabled.child("TargetGrants"));
    let granted = grants.is_some_and(|grants| !grants.children.is_empty());
    if granted && !BucketAccess::of(&call.shared, target)?.acls_count() {
        return Err(Code::AccessControlListNotSupported.into());
    }
    Ok(())
}

fn same_owner(source: &Bucket, target: &Bucket) -> Result<()> {
    if source.account == target.account {
        return Ok(());
    }
    let message = "The owner for the bucket to be logged and the target bucket must be the same.";
    Err(Code::InvalidTargetBucketForLogging.says(message).with("TargetBucket", &target.name))
}

fn same_region(source: &Bucket, target: &Bucket) -> Result<()> {
    let (from, to) = (region_of(source), region_of(target));
    if from == to {
        return Ok(());
    }
    // With a space at its end, and without the source's region if that is us-east-1 (recorded from AWS).
    let mut error: S3Error = Code::CrossLocationLoggingProhibitted.says("Cross S3 location logging not allowed. ");
    for (field, region) in [("SourceBucketLocation", from), ("TargetBucketLocation", to)] {
        if region != US_EAST_1 {
            error = error.with(field, region);
        }
    }
    Err(error)
}
