//! Every operation of S3, one row each: what runs, and what is refused by name. The most particular row that fits a
//! request is the one that is meant, whatever the order here; a test rejects ties.

use http::Method;

use super::documents::{
    Abac, Accelerate, Analytics, AnnotationTable, Cors, Encryption, IntelligentTiering, Inventory, InventoryTable,
    JournalTable, Lifecycle, Logging, Metadata, MetadataTable, Metrics, Notification, Replication, RequestPayment,
    Tagging, Website, create, delete, delete_one, get, get_one, list, put, put_one, remove, show, update,
};
use super::operation::{Row, op, refused};
use super::ops::{
    AbortMultipartUpload, CompleteMultipartUpload, CopyObject, CreateBucket, CreateMultipartUpload, DeleteBucket,
    DeleteBucketOwnershipControls, DeleteBucketPolicy, DeleteObject, DeleteObjectAnnotation, DeleteObjectTagging,
    DeleteObjects, DeletePublicAccessBlock, GetBucketAcl, GetBucketLocation, GetBucketOwnershipControls,
    GetBucketPolicy, GetBucketPolicyStatus, GetBucketVersioning, GetObject, GetObjectAcl, GetObjectAnnotation,
    GetObjectAttributes, GetObjectLegalHold, GetObjectLockConfiguration, GetObjectRetention, GetObjectTagging,
    GetPublicAccessBlock, HeadBucket, HeadObject, ListBuckets, ListMultipartUploads, ListObjectAnnotations,
    ListObjectVersions, ListObjects, ListObjectsV2, ListParts, PostObject, PutBucketAcl, PutBucketOwnershipControls,
    PutBucketPolicy, PutBucketVersioning, PutObject, PutObjectAcl, PutObjectAnnotation, PutObjectLegalHold,
    PutObjectLockConfiguration, PutObjectRetention, PutObjectTagging, PutPublicAccessBlock, RestoreObject,
    UpdateObjectEncryption, UploadPart, UploadPartCopy,
};
use super::target::Scope::{Bucket, Object, Service};

/// The header that makes a copy of a PUT.
pub(crate) const COPY_SOURCE: &str = "x-amz-copy-source";

const GET: Method = Method::GET;
const HEAD: Method = Method::HEAD;
const PUT: Method = Method::PUT;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

/// The table.
pub(crate) static TABLE: &[Row] = &[
    // Buckets.
    op::<ListBuckets>(GET, Service).any_identity(),
    op::<CreateBucket>(PUT, Bucket).any_identity(),
    op::<HeadBucket>(HEAD, Bucket),
    op::<DeleteBucket>(DELETE, Bucket),
    op::<GetBucketLocation>(GET, Bucket).query(&["location"]),
    op::<ListObjects>(GET, Bucket),
    op::<ListObjectsV2>(GET, Bucket).query(&["list-type"]).value("2"),
    op::<ListObjectVersions>(GET, Bucket).query(&["versions"]),
    op::<GetBucketVersioning>(GET, Bucket).query(&["versioning"]),
    op::<PutBucketVersioning>(PUT, Bucket).query(&["versioning"]),
    op::<GetObjectLockConfiguration>(GET, Bucket).query(&["object-lock"]),
    op::<PutObjectLockConfiguration>(PUT, Bucket).query(&["object-lock"]),
    op::<DeleteObjects>(POST, Bucket).query(&["delete"]).decided_in_operation(),
    // Objects.
    op::<PutObject>(PUT, Object),
    op::<PostObject>(POST, Bucket).decided_in_operation(),
    op::<CopyObject>(PUT, Object).header(COPY_SOURCE),
    op::<GetObject>(GET, Object),
    op::<HeadObject>(HEAD, Object),
    op::<DeleteObject>(DELETE, Object),
    op::<GetObjectAttributes>(GET, Object).query(&["attributes"]),
    op::<GetObjectTagging>(GET, Object).query(&["tagging"]),
    op::<PutObjectTagging>(PUT, Object).query(&["tagging"]),
    op::<DeleteObjectTagging>(DELETE, Object).query(&["tagging"]),
    op::<RestoreObject>(POST, Object).query(&["restore"]),
    op::<GetObjectRetention>(GET, Object).query(&["retention"]),
    op::<PutObjectRetention>(PUT, Object).query(&["retention"]),
    op::<GetObjectLegalHold>(GET, Object).query(&["legal-hold"]),
    op::<PutObjectLegalHold>(PUT, Object).query(&["legal-hold"]),
    // Multipart uploads.
    op::<CreateMultipartUpload>(POST, Object).query(&["uploads"]),
    op::<UploadPart>(PUT, Object).query(&["uploadId", "partNumber"]),
    op::<UploadPartCopy>(PUT, Object).query(&["uploadId", "partNumber"]).header(COPY_SOURCE),
    op::<CompleteMultipartUpload>(POST, Object).query(&["uploadId"]),
    op::<AbortMultipartUpload>(DELETE, Object).query(&["uploadId"]),
    op::<ListParts>(GET, Object).query(&["uploadId"]),
    op::<ListMultipartUploads>(GET, Bucket).query(&["uploads"]),
    // Documents on buckets.
    get::<Abac>(),
    put::<Abac>(),
    get::<Accelerate>(),
    put::<Accelerate>(),
    get_one::<Analytics>(),
    list::<Analytics>(),
    put_one::<Analytics>(),
    delete_one::<Analytics>(),
    get::<Cors>(),
    put::<Cors>(),
    delete::<Cors>(),
    get::<Encryption>(),
    put::<Encryption>(),
    delete::<Encryption>(),
    get_one::<IntelligentTiering>(),
    list::<IntelligentTiering>(),
    put_one::<IntelligentTiering>(),
    delete_one::<IntelligentTiering>(),
    get_one::<Inventory>(),
    list::<Inventory>(),
    put_one::<Inventory>(),
    delete_one::<Inventory>(),
    get::<Lifecycle>(),
    put::<Lifecycle>(),
    delete::<Lifecycle>(),
    get::<Logging>(),
    put::<Logging>(),
    create::<Metadata>(),
    show::<Metadata>(),
    remove::<Metadata>(),
    create::<MetadataTable>(),
    show::<MetadataTable>(),
    remove::<MetadataTable>(),
    update::<AnnotationTable>(),
    update::<InventoryTable>(),
    update::<JournalTable>(),
    get_one::<Metrics>(),
    list::<Metrics>(),
    put_one::<Metrics>(),
    delete_one::<Metrics>(),
    get::<Notification>(),
    put::<Notification>(),
    get::<Replication>(),
    put::<Replication>(),
    delete::<Replication>(),
    get::<RequestPayment>(),
    put::<RequestPayment>(),
    get::<Tagging>(),
    put::<Tagging>(),
    delete::<Tagging>(),
    get::<Website>(),
    put::<Website>(),
    delete::<Website>(),
    // Access.
    op::<GetBucketAcl>(GET, Bucket).query(&["acl"]),
    op::<PutBucketAcl>(PUT, Bucket).query(&["acl"]),
    op::<GetObjectAcl>(GET, Object).query(&["acl"]),
    op::<PutObjectAcl>(PUT, Object).query(&["acl"]),
    op::<GetBucketPolicy>(GET, Bucket).query(&["policy"]),
    op::<PutBucketPolicy>(PUT, Bucket).query(&["policy"]),
    op::<DeleteBucketPolicy>(DELETE, Bucket).query(&["policy"]),
    op::<GetBucketPolicyStatus>(GET, Bucket).query(&["policyStatus"]),
    op::<GetPublicAccessBlock>(GET, Bucket).query(&["publicAccessBlock"]),
    op::<PutPublicAccessBlock>(PUT, Bucket).query(&["publicAccessBlock"]),
    op::<DeletePublicAccessBlock>(DELETE, Bucket).query(&["publicAccessBlock"]),
    op::<GetBucketOwnershipControls>(GET, Bucket).query(&["ownershipControls"]),
    op::<PutBucketOwnershipControls>(PUT, Bucket).query(&["ownershipControls"]),
    op::<DeleteBucketOwnershipControls>(DELETE, Bucket).query(&["ownershipControls"]),
    op::<UpdateObjectEncryption>(PUT, Object).query(&["encryption"]),
    // Annotations.
    op::<GetObjectAnnotation>(GET, Object).query(&["annotation", "annotationName"]),
    op::<ListObjectAnnotations>(GET, Object).query(&["annotation"]),
    op::<PutObjectAnnotation>(PUT, Object).query(&["annotation"]),
    op::<DeleteObjectAnnotation>(DELETE, Object).query(&["annotation"]),
    // Refused: bucket documents.
    // Refused: objects.
    refused("RenameObject", PUT, Object).query(&["renameObject"]),
    refused("SelectObjectContent", POST, Object).query(&["select", "select-type"]).closed(),
    refused("GetObjectTorrent", GET, Object).query(&["torrent"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Two rows tie when one request can fit both and neither is more particular.
    #[test]
    fn no_two_rows_tie() {
        for (at, a) in TABLE.iter().enumerate() {
            for b in &TABLE[at + 1..] {
                let same_target = a.method == b.method && a.scope == b.scope;
                let same_query = a.query.first() == b.query.first();
                let tie = same_target && same_query && a.particularity() == b.particularity();
                assert!(!tie, "{} and {} tie", a.name, b.name);
            }
        }
    }

    #[test]
    fn every_operation_has_one_row() {
        let mut seen = HashSet::new();
        for row in TABLE {
            assert!(seen.insert(row.name), "{} has two rows", row.name);
        }
    }

    #[test]
    fn every_operation_of_the_model_has_a_row() {
        // Names of the same request as another's, requests that are no operation here, and the directory-bucket ones
        // that a general-purpose bucket answers as their parent: the catalog knows them.
        let elsewhere = [
            "CreateSession",
            "GetBucketLifecycle",
            "GetBucketNotification",
            "ListDirectoryBuckets",
            "OptionsBucket",
            "OptionsObject",
            "PutBucketLifecycle",
            "PutBucketNotification",
            "WriteGetObjectResponse",
        ];
        let model = include_str!("../../data/operations.tsv");
        for line in model.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split('\t').next().unwrap();
            let known = TABLE.iter().any(|row| row.name == name) || elsewhere.contains(&name);
            assert!(known, "{name} is in the model and not in the table");
        }
    }
}
