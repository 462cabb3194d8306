//! Buckets and objects that are there from the start: `--bucket` and `--seed`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::{Service, notifications};
use crate::engine::blobs::digests::WantedDigests;
use crate::engine::error::Error;
use crate::engine::object::PutObject;
use crate::wire::bucket_name::BucketName;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_key::ObjectKey;
use bytes::Bytes;

const PIECE_BYTES: usize = 512 << 10;

impl Service {
    /// Creates a bucket of the default identity. One that it has already is fine.
    pub async fn create_bucket_for(&self, name: &str) -> Result<(), String> {
        let shared = self.shared();
        let account = &shared.config.identities.default_identity().account;
        let parsed = BucketName::parse(name)
            .map_err(|_| format!("`{name}` is no bucket name: 3 to 63 lower-case letters, digits, dots and hyphens"))?;
        match shared.engine.create_bucket(&parsed, account, &shared.config.region).await {
            Ok(_) => Ok(()),
            Err(Error::BucketExists { account: owner }) if owner == *account => Ok(()),
            Err(Error::BucketExists { account: owner }) => Err(format!("bucket {name} belongs to account {owner}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Stores a file as an object, streaming; returns its size.
    pub async fn put_file(&self, bucket: &str, key: &str, content_type: &str, path: &Path) -> Result<u64, String> {
        let words = |error: Error| error.to_string();
        let engine = &self.shared().engine;
        let name = BucketName::parse(bucket).map_err(|_| format!("`{bucket}` is no bucket name"))?;
        let found = engine.bucket(&name).map_err(words)?;
        let key = ObjectKey::parse(key.to_owned()).map_err(|_| format!("`{key}` is no object key"))?;
        let mut file = File::open(path).map_err(|error| error.to_string())?;
        let mut writer = engine.blob_writer(WantedDigests::default());
        loop {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            // On this thread: nothing else is served while the server starts.
            let read = (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut piece);
            if read.map_err(|error| error.to_string())? == 0 {
                break;
            }
            writer.write(Bytes::from(piece)).await.map_err(words)?;
        }
        let sealed = writer.seal().await.map_err(words)?;
        let size_bytes = sealed.size_bytes();
        let headers = ObjectHeaders { content_type: Some(content_type.to_owned()), ..ObjectHeaders::default() };
        let account = &self.shared().config.identities.default_identity().account;
        let found = notifications::watched_by_s3(self.shared(), found, "PutObject", Some(account)).map_err(words)?;
        engine.put_object(&found, PutObject::new(key, headers), sealed).await.map_err(words)?;
        Ok(size_bytes)
    }
}
