//! What is remembered of projects and uploads, in documents of the facade's own: whichever storage has the bytes.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use crate::engine::document::Owner;
use crate::facades::ground::Ground;
use crate::facades::storage::Place;
use crate::http::identity::Identity;
use crate::wire::bucket_name::BucketName;

/// A project: a bucket, and the account that came first.
pub(super) struct Project {
    /// In lower case.
    id: String,
    pub(super) bucket: BucketName,
}

/// An upload that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    /// `uploadFileDetailsId`.
    pub(super) details_id: u64,
    pub(super) key: String,
    pub(super) kind: Kind,
    pub(super) state: State,
    /// The hash by which duplicates are refused, if the upload asked for that.
    pub(super) hash: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Single,
    Multipart { upload_id: String, parts_number: u16 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Open,
    Completed,
    /// Its parts are gone, or about to be.
    Aborted,
}

#[derive(Serialize, Deserialize)]
struct Claim {
    account: String,
}

/// The file that a hash belongs to.
#[derive(Serialize, Deserialize)]
struct HashOf {
    key: String,
}

/// The longest that leaves room for the bucket's prefix within 63.
const MAX_PROJECT_BYTES: usize = 55;
const COUNTER: &str = "counter";

impl Project {
    /// The project of this id, unless it is another account's.
    pub(super) fn of(ground: &Ground, sent: &str, caller: &Identity) -> Result<Project, ApiError> {
        let id = sent.to_ascii_lowercase();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let bucket = BucketName::parse(&format!("gjirafa-{id}")).ok();
        let bucket = bucket.filter(|_| id.len() <= MAX_PROJECT_BYTES && id.bytes().all(allowed));
        let bucket = bucket.ok_or_else(|| {
            ApiError::not_found(format!(
                "There is no project {sent:?}: an id is at most {MAX_PROJECT_BYTES} letters, digits and hyphens."
            ))
        })?;
        let project = Project { id, bucket };
        let claim: Option<Claim> = ground.document(Owner::Dialect, &project.name("project"))?;
        match claim {
            Some(claim) if claim.account != caller.account => Err(ApiError::forbidden()),
            _ => Ok(project),
        }
    }

    /// Makes the project the caller's, unless somebody else was first.
    pub(super) async fn claim(&self, ground: &Ground, caller: &Identity) -> Result<(), ApiError> {
        let account = caller.account.clone();
        let owner = ground
            .change_document(Owner::Dialect, &self.name("project"), |claim: &mut Option<Claim>, _| {
                claim.get_or_insert(Claim { account }).account.clone()
            })
            .await?;
        if owner == caller.account { Ok(()) } else { Err(ApiError::forbidden()) }
    }

    pub(super) fn place<'a>(&'a self, key: &'a str, caller: &'a Identity) -> Place<'a> {
        Place { bucket: &self.bucket, key, caller }
    }

    pub(super) fn upload(&self, ground: &Ground, request_key: &str) -> Result<Upload, ApiError> {
        ground.document(Owner::Dialect, &self.upload_name(request_key))?.ok_or_else(unknown)
    }

    pub(super) async fn put_upload(&self, ground: &Ground, request_key: &str, upload: &Upload) -> Result<(), ApiError> {
        Ok(ground.put_document(Owner::Dialect, &self.upload_name(request_key), upload).await?)
    }

    /// Moves an upload from one state to another and returns the state it had.
    pub(super) async fn change_state(
        &self,
        ground: &Ground,
        request_key: &str,
        from: State,
        to: State,
    ) -> Result<State, ApiError> {
        let name = self.upload_name(request_key);
        let change = move |upload: &mut Option<Upload>, _| {
            let upload = upload.as_mut()?;
            let before = upload.state;
            if before == from {
                upload.state = to;
            }
            Some(before)
        };
        ground.change_document(Owner::Dialect, &name, change).await?.ok_or_else(unknown)
    }

    /// Remembers whose file a hash is.
    pub(super) async fn put_hash(&self, ground: &Ground, hash: &str, key: &str) -> Result<(), ApiError> {
        let document = HashOf { key: key.to_owned() };
        Ok(ground.put_document(Owner::Dialect, &self.hash_name(hash), &document).await?)
    }

    /// Refuses a file whose hash another file has that is still there.
    pub(super) async fn refuse_duplicate(
        &self,
        ground: &Ground,
        hash: Option<&str>,
        caller: &Identity,
    ) -> Result<(), ApiError> {
        let Some(hash) = hash else { return Ok(()) };
        let known: Option<HashOf> = ground.document(Owner::Dialect, &self.hash_name(hash))?;
        let Some(HashOf { key }) = known else { return Ok(()) };
        match ground.storage().head(&self.place(&key, caller)).await? {
            Some(_) => Err(ApiError::bad_request(format!("A file with the same hash was uploaded before: {key}."))),
            None => Ok(()),
        }
    }

    /// Remembers a video.
    pub(super) async fn put_video(&self, ground: &Ground, id: &str) -> Result<(), ApiError> {
        let name = format!("{}/{id}", self.name("video"));
        Ok(ground.put_document(Owner::Dialect, &name, &serde_json::json!({})).await?)
    }

    fn name(&self, what: &str) -> String {
        format!("{what}/{}", self.id)
    }

    fn upload_name(&self, request_key: &str) -> String {
        format!("{}/{request_key}", self.name("upload"))
    }

    /// Hashes are the client's text, of any length.
    fn hash_name(&self, hash: &str) -> String {
        format!("{}/{}", self.name("hash"), hex::encode(Sha256::digest(hash.as_bytes())))
    }
}

/// The next `uploadFileDetailsId`.
pub(super) async fn next_details_id(ground: &Ground) -> Result<u64, ApiError> {
    let next = ground.change_document(Owner::Dialect, COUNTER, |counter: &mut Option<u64>, _| {
        let next = counter.unwrap_or(0) + 1;
        *counter = Some(next);
        next
    });
    Ok(next.await?)
}

pub(super) fn unknown() -> ApiError {
    ApiError::not_found("Result Not Found: no upload has this requestKey.")
}
