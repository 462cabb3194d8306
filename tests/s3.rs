//! S3 on the wire: a file for each operation, functions named `operation_condition`, through a raw signed client.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod support;

#[path = "s3/complete_multipart_upload.rs"]
mod complete_multipart_upload;
