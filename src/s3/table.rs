//! Every operation of S3, one row each: what runs, and what is refused by name. The most particular row that fits a
//! request is the one that is meant, whatever the order here; a test rejects ties.

use http::Method;

use super::operation::{Row, op, refused};
use super::ops::{
    AbortMultipartUpload, CompleteMultipartUpload, CopyObject, CreateBucket, CreateMultipartUpload, DeleteBucket,
    DeleteBucketCors, DeleteObject, DeleteObjects, GetBucketCors, GetBucketLocation, GetObject, GetObjectAttributes,
    HeadBucket, HeadObject, ListBuckets, ListMultipartUploads, ListObjects, ListObjectsV2, ListParts, PutBucketCors,
    PutObject, UploadPart, UploadPartCopy,
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
    op::<DeleteObjects>(POST, Bucket).query(&["delete"]),
    op::<GetBucketCors>(GET, Bucket).query(&["cors"]),
    op::<PutBucketCors>(PUT, Bucket).query(&["cors"]),
    op::<DeleteBucketCors>(DELETE, Bucket).query(&["cors"]),
    // Objects.
    op::<PutObject>(PUT, Object),
    op::<CopyObject>(PUT, Object).header(COPY_SOURCE),
    op::<GetObject>(GET, Object),
    op::<HeadObject>(HEAD, Object),
    op::<DeleteObject>(DELETE, Object),
    op::<GetObjectAttributes>(GET, Object).query(&["attributes"]),
    // Multipart uploads.
    op::<CreateMultipartUpload>(POST, Object).query(&["uploads"]),
    op::<UploadPart>(PUT, Object).query(&["uploadId", "partNumber"]),
    op::<UploadPartCopy>(PUT, Object).query(&["uploadId", "partNumber"]).header(COPY_SOURCE),
    op::<CompleteMultipartUpload>(POST, Object).query(&["uploadId"]),
    op::<AbortMultipartUpload>(DELETE, Object).query(&["uploadId"]),
    op::<ListParts>(GET, Object).query(&["uploadId"]),
    op::<ListMultipartUploads>(GET, Bucket).query(&["uploads"]),
    // Refused: bucket documents.
    refused("GetBucketAbac", GET, Bucket).query(&["abac"]),
    refused("PutBucketAbac", PUT, Bucket).query(&["abac"]),
    refused("GetBucketAccelerateConfiguration", GET, Bucket).query(&["accelerate"]),
    refused("PutBucketAccelerateConfiguration", PUT, Bucket).query(&["accelerate"]),
    refused("GetBucketAcl", GET, Bucket).query(&["acl"]),
    refused("PutBucketAcl", PUT, Bucket).query(&["acl"]),
    refused("GetBucketAnalyticsConfiguration", GET, Bucket).query(&["analytics", "id"]),
    refused("ListBucketAnalyticsConfigurations", GET, Bucket).query(&["analytics"]),
    refused("PutBucketAnalyticsConfiguration", PUT, Bucket).query(&["analytics"]),
    refused("DeleteBucketAnalyticsConfiguration", DELETE, Bucket).query(&["analytics"]),
    refused("GetBucketEncryption", GET, Bucket).query(&["encryption"]),
    refused("PutBucketEncryption", PUT, Bucket).query(&["encryption"]),
    refused("DeleteBucketEncryption", DELETE, Bucket).query(&["encryption"]),
    refused("GetBucketIntelligentTieringConfiguration", GET, Bucket).query(&["intelligent-tiering", "id"]),
    refused("ListBucketIntelligentTieringConfigurations", GET, Bucket).query(&["intelligent-tiering"]),
    refused("PutBucketIntelligentTieringConfiguration", PUT, Bucket).query(&["intelligent-tiering"]),
    refused("DeleteBucketIntelligentTieringConfiguration", DELETE, Bucket).query(&["intelligent-tiering"]),
    refused("GetBucketInventoryConfiguration", GET, Bucket).query(&["inventory", "id"]),
    refused("ListBucketInventoryConfigurations", GET, Bucket).query(&["inventory"]),
    refused("PutBucketInventoryConfiguration", PUT, Bucket).query(&["inventory"]),
    refused("DeleteBucketInventoryConfiguration", DELETE, Bucket).query(&["inventory"]),
    refused("GetBucketLifecycleConfiguration", GET, Bucket).query(&["lifecycle"]),
    refused("PutBucketLifecycleConfiguration", PUT, Bucket).query(&["lifecycle"]),
    refused("DeleteBucketLifecycle", DELETE, Bucket).query(&["lifecycle"]),
    refused("GetBucketLogging", GET, Bucket).query(&["logging"]),
    refused("PutBucketLogging", PUT, Bucket).query(&["logging"]),
    refused("CreateBucketMetadataConfiguration", POST, Bucket).query(&["metadataConfiguration"]),
    refused("GetBucketMetadataConfiguration", GET, Bucket).query(&["metadataConfiguration"]),
    refused("DeleteBucketMetadataConfiguration", DELETE, Bucket).query(&["metadataConfiguration"]),
    refused("CreateBucketMetadataTableConfiguration", POST, Bucket).query(&["metadataTable"]),
    refused("GetBucketMetadataTableConfiguration", GET, Bucket).query(&["metadataTable"]),
    refused("DeleteBucketMetadataTableConfiguration", DELETE, Bucket).query(&["metadataTable"]),
    refused("UpdateBucketMetadataAnnotationTableConfiguration", PUT, Bucket).query(&["metadataAnnotationTable"]),
    refused("UpdateBucketMetadataInventoryTableConfiguration", PUT, Bucket).query(&["metadataInventoryTable"]),
    refused("UpdateBucketMetadataJournalTableConfiguration", PUT, Bucket).query(&["metadataJournalTable"]),
    refused("GetBucketMetricsConfiguration", GET, Bucket).query(&["metrics", "id"]),
    refused("ListBucketMetricsConfigurations", GET, Bucket).query(&["metrics"]),
    refused("PutBucketMetricsConfiguration", PUT, Bucket).query(&["metrics"]),
    refused("DeleteBucketMetricsConfiguration", DELETE, Bucket).query(&["metrics"]),
    refused("GetBucketNotificationConfiguration", GET, Bucket).query(&["notification"]),
    refused("PutBucketNotificationConfiguration", PUT, Bucket).query(&["notification"]),
    refused("GetObjectLockConfiguration", GET, Bucket).query(&["object-lock"]),
    refused("PutObjectLockConfiguration", PUT, Bucket).query(&["object-lock"]),
    refused("GetBucketOwnershipControls", GET, Bucket).query(&["ownershipControls"]),
    refused("PutBucketOwnershipControls", PUT, Bucket).query(&["ownershipControls"]),
    refused("DeleteBucketOwnershipControls", DELETE, Bucket).query(&["ownershipControls"]),
    refused("GetBucketPolicy", GET, Bucket).query(&["policy"]),
    refused("PutBucketPolicy", PUT, Bucket).query(&["policy"]),
    refused("DeleteBucketPolicy", DELETE, Bucket).query(&["policy"]),
    refused("GetBucketPolicyStatus", GET, Bucket).query(&["policyStatus"]),
    refused("GetPublicAccessBlock", GET, Bucket).query(&["publicAccessBlock"]),
    refused("PutPublicAccessBlock", PUT, Bucket).query(&["publicAccessBlock"]),
    refused("DeletePublicAccessBlock", DELETE, Bucket).query(&["publicAccessBlock"]),
    refused("GetBucketReplication", GET, Bucket).query(&["replication"]),
    refused("PutBucketReplication", PUT, Bucket).query(&["replication"]),
    refused("DeleteBucketReplication", DELETE, Bucket).query(&["replication"]),
    refused("GetBucketRequestPayment", GET, Bucket).query(&["requestPayment"]),
    refused("PutBucketRequestPayment", PUT, Bucket).query(&["requestPayment"]),
    refused("GetBucketTagging", GET, Bucket).query(&["tagging"]),
    refused("PutBucketTagging", PUT, Bucket).query(&["tagging"]),
    refused("DeleteBucketTagging", DELETE, Bucket).query(&["tagging"]),
    refused("GetBucketVersioning", GET, Bucket).query(&["versioning"]),
    refused("PutBucketVersioning", PUT, Bucket).query(&["versioning"]),
    refused("ListObjectVersions", GET, Bucket).query(&["versions"]),
    refused("GetBucketWebsite", GET, Bucket).query(&["website"]),
    refused("PutBucketWebsite", PUT, Bucket).query(&["website"]),
    refused("DeleteBucketWebsite", DELETE, Bucket).query(&["website"]),
    refused("PostObject", POST, Bucket),
    // Refused: objects.
    refused("GetObjectAcl", GET, Object).query(&["acl"]),
    refused("PutObjectAcl", PUT, Object).query(&["acl"]),
    refused("GetObjectAnnotation", GET, Object).query(&["annotation", "annotationName"]),
    refused("ListObjectAnnotations", GET, Object).query(&["annotation"]),
    refused("PutObjectAnnotation", PUT, Object).query(&["annotation"]),
    refused("DeleteObjectAnnotation", DELETE, Object).query(&["annotation"]),
    refused("UpdateObjectEncryption", PUT, Object).query(&["encryption"]),
    refused("GetObjectLegalHold", GET, Object).query(&["legal-hold"]),
    refused("PutObjectLegalHold", PUT, Object).query(&["legal-hold"]),
    refused("RenameObject", PUT, Object).query(&["renameObject"]),
    refused("RestoreObject", POST, Object).query(&["restore"]),
    refused("GetObjectRetention", GET, Object).query(&["retention"]),
    refused("PutObjectRetention", PUT, Object).query(&["retention"]),
    refused("SelectObjectContent", POST, Object).query(&["select", "select-type"]),
    refused("GetObjectTagging", GET, Object).query(&["tagging"]),
    refused("PutObjectTagging", PUT, Object).query(&["tagging"]),
    refused("DeleteObjectTagging", DELETE, Object).query(&["tagging"]),
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
        // that a general-purpose bucket answers as their parent.
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
