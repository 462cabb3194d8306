//! The headers by which answers show how an object is encrypted.

use super::{ALGORITHM, BUCKET_KEY, CONTEXT, KMS_KEY};
use crate::s3::reply::Reply;
use crate::wire::encryption::{BucketKey, CustomerKey, Encryption};

/// What every answer about an object or part shows. `key` is the one that the request brought: without it, an object with
/// SSE-C shows nothing.
pub(crate) fn show(mut reply: Reply, encryption: &Encryption, key: Option<&CustomerKey>) -> Reply {
    if let Some(name) = encryption.name() {
        reply = reply.amz(ALGORITHM, name);
    }
    if let Some(kms) = encryption.kms() {
        reply = reply.amz(KMS_KEY, &kms.key);
        // Switched off it is left out (seen on AWS).
        if kms.bucket_key == BucketKey::On {
            reply = reply.amz(BUCKET_KEY, "true");
        }
    }
    match key {
        Some(key) if encryption.customer().is_some() => reply
            .amz("x-amz-server-side-encryption-customer-algorithm", "AES256")
            .amz("x-amz-server-side-encryption-customer-key-md5", &key.md5_base64()),
        _ => reply,
    }
}

/// As [`show`], for what makes an object or upload: only there the encryption context is shown.
pub(crate) fn show_written(reply: Reply, encryption: &Encryption, key: Option<&CustomerKey>) -> Reply {
    let reply = show(reply, encryption, key);
    match encryption.kms().and_then(|kms| kms.context.as_deref()) {
        Some(context) => reply.amz(CONTEXT, context),
        None => reply,
    }
}
