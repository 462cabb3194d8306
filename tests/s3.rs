//! S3 on the wire: a file for each operation, functions named `operation_condition`, through a raw signed client.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod support;

#[path = "s3/abort_multipart_upload.rs"]
mod abort_multipart_upload;
#[path = "s3/access_log.rs"]
mod access_log;
#[path = "s3/access_matrix.rs"]
mod access_matrix;
#[path = "s3/access_support.rs"]
mod access_support;
#[path = "s3/accounts.rs"]
mod accounts;
#[path = "s3/addressing.rs"]
mod addressing;
#[path = "s3/answers.rs"]
mod answers;
#[path = "s3/auth_chunked.rs"]
mod auth_chunked;
#[path = "s3/auth_header.rs"]
mod auth_header;
#[path = "s3/auth_presigned.rs"]
mod auth_presigned;
#[path = "s3/auth_sigv2.rs"]
mod auth_sigv2;
#[path = "s3/bad_bodies.rs"]
mod bad_bodies;
#[path = "s3/bucket_acl.rs"]
mod bucket_acl;
#[path = "s3/bucket_encryption.rs"]
mod bucket_encryption;
#[path = "s3/bucket_policy.rs"]
mod bucket_policy;
#[path = "s3/bucket_tagging.rs"]
mod bucket_tagging;
#[path = "s3/buckets.rs"]
mod buckets;
#[path = "s3/checksums.rs"]
mod checksums;
#[path = "s3/complete_multipart_upload.rs"]
mod complete_multipart_upload;
#[path = "s3/conditional_writes.rs"]
mod conditional_writes;
#[path = "s3/copy_object.rs"]
mod copy_object;
#[path = "s3/cors.rs"]
mod cors;
#[path = "s3/create_bucket.rs"]
mod create_bucket;
#[path = "s3/create_multipart_upload.rs"]
mod create_multipart_upload;
#[path = "s3/delete_object.rs"]
mod delete_object;
#[path = "s3/delete_objects.rs"]
mod delete_objects;
#[path = "s3/denial_log.rs"]
mod denial_log;
#[path = "s3/documents/mod.rs"]
mod documents;
#[path = "s3/get_object.rs"]
mod get_object;
#[path = "s3/get_object_attributes.rs"]
mod get_object_attributes;
#[path = "s3/head_object.rs"]
mod head_object;
#[path = "s3/lifecycle.rs"]
mod lifecycle;
#[path = "s3/list_multipart_uploads.rs"]
mod list_multipart_uploads;
#[path = "s3/list_object_versions.rs"]
mod list_object_versions;
#[path = "s3/list_objects.rs"]
mod list_objects;
#[path = "s3/list_objects_v2.rs"]
mod list_objects_v2;
#[path = "s3/list_parts.rs"]
mod list_parts;
#[path = "s3/notifications.rs"]
mod notifications;
#[path = "s3/object_acl.rs"]
mod object_acl;
#[path = "s3/object_annotations.rs"]
mod object_annotations;
#[path = "s3/object_lock.rs"]
mod object_lock;
#[path = "s3/object_tagging.rs"]
mod object_tagging;
#[path = "s3/ownership_controls.rs"]
mod ownership_controls;
#[path = "s3/post_object.rs"]
mod post_object;
#[path = "s3/public_access_block.rs"]
mod public_access_block;
#[path = "s3/put_object.rs"]
mod put_object;
#[path = "s3/restore_object.rs"]
mod restore_object;
#[path = "s3/routing.rs"]
mod routing;
#[path = "s3/sse_c.rs"]
mod sse_c;
#[path = "s3/sse_kms.rs"]
mod sse_kms;
#[path = "s3/sse_s3.rs"]
mod sse_s3;
#[path = "s3/update_object_encryption.rs"]
mod update_object_encryption;
#[path = "s3/upload_part.rs"]
mod upload_part;
#[path = "s3/upload_part_copy.rs"]
mod upload_part_copy;
#[path = "s3/versioning.rs"]
mod versioning;
#[path = "s3/website.rs"]
mod website;
