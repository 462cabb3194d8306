//! S3 on the wire: a file for each operation, functions named `operation_condition`, through a raw signed client.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod support;

#[path = "s3/bad_bodies.rs"]
mod bad_bodies;
#[path = "s3/checksums.rs"]
mod checksums;
#[path = "s3/complete_multipart_upload.rs"]
mod complete_multipart_upload;
#[path = "s3/conditional_writes.rs"]
mod conditional_writes;
#[path = "s3/copy_object.rs"]
mod copy_object;
#[path = "s3/delete_object.rs"]
mod delete_object;
#[path = "s3/delete_objects.rs"]
mod delete_objects;
#[path = "s3/get_object.rs"]
mod get_object;
#[path = "s3/get_object_attributes.rs"]
mod get_object_attributes;
#[path = "s3/head_object.rs"]
mod head_object;
#[path = "s3/put_object.rs"]
mod put_object;
