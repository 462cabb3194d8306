//! Where layers are among buckets and keys, and what names the product takes.

use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::facades::ground::Ground;
use crate::http::identity::Identity;
use crate::wire::bucket_name::BucketName;
use crate::wire::object_key::ObjectKey;

/// The catalog of paths that name none. Assumption 1.
pub(super) const DEFAULT_CATALOG: &str = "default";
const MAX_LAYER_BYTES: usize = 100;
const MAX_KEY_BYTES: usize = 450;
const MAX_HANDLE_BYTES: usize = 600;
/// The longest that leaves room for the bucket's prefix within 63.
const MAX_CATALOG_BYTES: usize = 58;

/// A layer of a catalog.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    bucket: BucketName,
    id: String,
}

impl Layer {
    /// `catalog` is an HRN or the id at its end.
    pub(super) fn new(catalog: &str, layer: &str) -> Result<Layer, ApiError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if layer.is_empty() || layer.len() > MAX_LAYER_BYTES || !layer.bytes().all(allowed) {
            return Err(ApiError::not_found());
        }
        let bucket = BucketName::parse(&bucket_of(catalog)).map_err(|_| ApiError::not_found())?;
        Ok(Layer { bucket, id: layer.to_owned() })
    }

    pub(super) fn bucket_name(&self) -> &BucketName {
        &self.bucket
    }

    /// The layer's bucket, if it was ever written to.
    pub(super) fn bucket(&self, ground: &Ground, caller: &Identity) -> Result<Option<Bucket>, ApiError> {
        match ground.engine().bucket(&self.bucket) {
            Ok(bucket) if bucket.account == caller.account => Ok(Some(bucket)),
            Ok(_) => Err(ApiError::forbidden()),
            Err(Error::NoSuchBucket) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The layer's bucket, made if it is not there.
    pub(super) async fn open_bucket(&self, ground: &Ground, caller: &Identity) -> Result<Bucket, ApiError> {
        match ground.bucket(&self.bucket, caller).await {
            Err(Error::BucketExists { .. }) => Err(ApiError::forbidden()),
            bucket => Ok(bucket?),
        }
    }

    /// Under which v2's keys are.
    pub(super) fn keys_prefix(&self) -> String {
        format!("{}/keys/", self.id)
    }

    /// A key of v2: 1 to 450 of `[a-zA-Z0-9.[]=(){}/_-]`, and the backtick that the prose adds.
    pub(super) fn key(&self, key: &str) -> Result<ObjectKey, ApiError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".[]=(){}/_-`".contains(&byte);
        if key.is_empty() || key.len() > MAX_KEY_BYTES || !key.bytes().all(allowed) {
            return Err(ApiError::bad_request(format!(
                "The key has to be 1 to {MAX_KEY_BYTES} of the characters a-z A-Z 0-9 . [ ] = ( ) {{ }} / _ - `."
            )));
        }
        object_key(format!("{}{key}", self.keys_prefix()))
    }

    /// A data handle of v1: 1 to 600 of `[0-9a-zA-Z.-]`.
    pub(super) fn handle(&self, handle: &str) -> Result<ObjectKey, ApiError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        if handle.is_empty() || handle.len() > MAX_HANDLE_BYTES || !handle.bytes().all(allowed) {
            return Err(ApiError::bad_request(format!(
                "The data handle has to be 1 to {MAX_HANDLE_BYTES} of the characters 0-9 a-z A-Z . -."
            )));
        }
        object_key(format!("{}/data/{handle}", self.id))
    }

    /// The document of an upload.
    pub(super) fn upload_document(&self, token: &str) -> String {
        format!("upload/{}/{token}", self.id)
    }
}

fn object_key(text: String) -> Result<ObjectKey, ApiError> {
    ObjectKey::parse(text).map_err(|_| ApiError::bad_request("The key is too long."))
}

/// `here-` and the catalog's id, as it is if a bucket may be called so; else with `-` for what it may not have, and some
/// digits that tell it from others.
fn bucket_of(catalog: &str) -> String {
    let id = catalog.rsplit(':').next().unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edges = |id: &str| !id.starts_with('-') && !id.ends_with('-');
    if !id.is_empty() && id.len() <= MAX_CATALOG_BYTES && id.bytes().all(allowed) && edges(id) {
        return format!("here-{id}");
    }
    let safe: String = id
        .chars()
        .take(MAX_CATALOG_BYTES - 9)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let digest = hex::encode(Sha256::digest(id.as_bytes()));
    format!("here-{safe}-{}", &digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogs_are_buckets() {
        assert_eq!(bucket_of("hrn:here:data::olp-here:my-catalog"), "here-my-catalog");
        assert_eq!(bucket_of("default"), "here-default");
        let (a, b) = (bucket_of("hrn:here:data::x:My_Catalog"), bucket_of("hrn:here:data::x:my-catalog"));
        assert!(a.starts_with("here-my-catalog-") && a != b, "{a}");
        for catalog in ["", "-", "a-", "ä", "..", &"x".repeat(500), &"X_".repeat(100)] {
            assert!(BucketName::parse(&bucket_of(catalog)).is_ok(), "{catalog}: {}", bucket_of(catalog));
        }
    }

    #[test]
    fn names_that_the_product_takes() {
        let layer = Layer::new("c", "layer_1").unwrap();
        assert_eq!(layer.key("a/b[1]={x}.(y)_-`").unwrap().as_str(), "layer_1/keys/a/b[1]={x}.(y)_-`");
        for key in ["", "a b", "ä", "a\\b", "a?b", &"x".repeat(451)] {
            assert!(layer.key(key).is_err(), "{key}");
        }
        assert_eq!(layer.handle("A-1.b").unwrap().as_str(), "layer_1/data/A-1.b");
        for handle in ["", "a_b", "a/b", &"x".repeat(601)] {
            assert!(layer.handle(handle).is_err(), "{handle}");
        }
        for id in ["", "a/b", "ä", &"x".repeat(101)] {
            assert!(Layer::new("c", id).is_err(), "{id}");
        }
    }
}
