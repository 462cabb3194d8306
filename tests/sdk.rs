//! The AWS SDK for Rust against a server in this process: what SDK users see, typed. Not the wire: that is `s3.rs`.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod support;

#[path = "sdk/client.rs"]
mod client;
#[path = "sdk/conditions.rs"]
mod conditions;
#[path = "sdk/multipart.rs"]
mod multipart;
#[path = "sdk/objects.rs"]
mod objects;
#[path = "sdk/presigned.rs"]
mod presigned;
