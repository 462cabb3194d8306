//! Inventory reports (`?inventory`).

use super::{Configuration, check_destination};
use crate::s3::documents::Name;
use crate::s3::error::Result;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, boolean, group, text};

const FIELDS: &[&str] = &[
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "ObjectLockEventHoldStatus",
    "ObjectLockEventHoldDuration",
    "IntelligentTieringAccessTier",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectAccessControlList",
    "ObjectOwner",
    "LifecycleExpirationDate",
    "IntelligentTieringReferenceDate",
];

const DESTINATION: Shape = group(
    "S3BucketDestination",
    &[
        text("AccountId").optional(),
        text("Bucket"),
        among("Format", &["CSV", "ORC", "Parquet"]),
        text("Prefix").optional(),
        group("Encryption", &[group("SSE-S3", &[]).optional(), group("SSE-KMS", &[text("KeyId")]).optional()])
            .one_of()
            .optional(),
    ],
);

/// Which objects are reported, when, and where to.
pub(crate) struct Inventory;

impl Configuration for Inventory {
    const SUBRESOURCE: &'static str = "inventory";
    const GET: Name = Name("GetBucketInventoryConfiguration", "s3:GetInventoryConfiguration");
    const LIST: Name = Name("ListBucketInventoryConfigurations", "s3:GetInventoryConfiguration");
    const PUT: Name = Name("PutBucketInventoryConfiguration", "s3:PutInventoryConfiguration");
    const DELETE: Name = Name("DeleteBucketInventoryConfiguration", "s3:PutInventoryConfiguration");
    const LIST_ROOT: &'static str = "ListInventoryConfigurationsResult";
    const MISMATCH: Code = Code::IdMismatch;
    const SHAPE: Shape = group(
        "InventoryConfiguration",
        &[
            text("Id"),
            boolean("IsEnabled"),
            group("Filter", &[text("Prefix")]).optional(),
            group("Destination", &[DESTINATION]),
            group("Schedule", &[among("Frequency", &["Daily", "Weekly"])]),
            among("IncludedObjectVersions", &["All", "Current"]),
            group("OptionalFields", &[among("Field", FIELDS).any_number()]).optional(),
        ],
    );

    fn check(configuration: &Element) -> Result<()> {
        let destination = configuration.child("Destination").and_then(|it| it.child("S3BucketDestination"));
        destination.and_then(|it| it.child_text("Bucket")).map_or(Ok(()), check_destination)
    }
}
