//! Multipart uploads of both versions: a document says what a token stands for, the engine has the parts. Not the requests,
//! which are `v1`'s and `v2`'s.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Call;
use super::error::ApiError;
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::engine::ids::UploadId;
use crate::engine::list::More;
use crate::engine::upload::{Aborted, Completion, NewUpload, Part, PartRules, UploadRow};
use crate::wire::conditions::WriteCondition;
use crate::wire::etag::ETag;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::part::{ListedPart, PartList};

/// Parts that are listed at once.
const PAGE: usize = 1000;

/// What is remembered of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    key: String,
    upload_id: String,
    content_type: String,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Open,
    Completed,
    Cancelled,
}

/// An upload that was started.
pub(super) struct Upload {
    pub(super) bucket: Bucket,
    key: ObjectKey,
    id: UploadId,
    document: String,
    pub(super) content_type: String,
    pub(super) state: State,
}

/// How an upload is completed.
pub(super) struct Finish {
    pub(super) rules: PartRules,
    pub(super) max_object_bytes: u64,
    pub(super) condition: Option<WriteCondition>,
    /// As listed, in any order; `None`: all parts.
    pub(super) listed: Option<Vec<ListedPart>>,
}

/// Starts an upload and returns its token.
pub(super) async fn start(call: &Call, key: &ObjectKey, headers: ObjectHeaders) -> Result<String, ApiError> {
    let bucket = call.layer.open_bucket(&call.ground, &call.caller).await?;
    let content_type = headers.content_type.clone().unwrap_or_default();
    let new = NewUpload {
        key: key.clone(),
        headers,
        attributes: ObjectAttributes::default(),
        checksum: None,
        initiator: call.caller.account.clone(),
    };
    let id = call.ground.engine().create_upload(&bucket, new).await?;
    let token = Uuid::new_v4().simple().to_string();
    let record =
        Record { key: key.as_str().to_owned(), upload_id: id.as_str().to_owned(), content_type, state: State::Open };
    if let Err(error) = call.ground.put_document(&bucket, &call.layer.upload_document(&token), &record).await {
        call.ground.engine().abort_upload(&bucket, key, &id).await?;
        return Err(error.into());
    }
    Ok(token)
}

impl Upload {
    /// The upload of a token; with a key, only if it is that key's.
    pub(super) fn find(call: &Call, token: &str, of: Option<&ObjectKey>) -> Result<Upload, ApiError> {
        let bucket = call.layer.bucket(&call.ground, &call.caller)?.ok_or_else(ApiError::not_found)?;
        let document = call.layer.upload_document(token);
        let record: Option<Record> = call.ground.document(&bucket, &document)?;
        let record = record.filter(|record| of.is_none_or(|key| key.as_str() == record.key));
        let Record { key, upload_id, content_type, state } = record.ok_or_else(ApiError::not_found)?;
        let key = ObjectKey::parse(key).map_err(|_| ApiError::internal())?;
        Ok(Upload { bucket, key, id: UploadId::from_client(&upload_id), document, content_type, state })
    }

    /// The engine's upload, if it is open.
    pub(super) fn row(&self, call: &Call) -> Result<UploadRow, ApiError> {
        Ok(call.ground.engine().upload(&self.bucket, &self.key, &self.id)?)
    }

    /// Makes an object of the parts.
    pub(super) async fn complete(&self, call: &Call, finish: Finish) -> Result<(), ApiError> {
        if self.state == State::Cancelled {
            return Err(ApiError::not_found());
        }
        let engine = call.ground.engine();
        let stored = match self.row(call) {
            Ok(row) => self.parts(call, &row).await?,
            // Completed: the engine knows whether it was with this list.
            Err(_) if finish.listed.is_some() => Vec::new(),
            Err(_) if self.state == State::Completed => return Ok(()),
            Err(error) => return Err(error),
        };
        let mut listed = finish.listed.unwrap_or_else(|| stored.iter().map(listed_part).collect());
        listed.sort_by_key(|part| part.number);
        let size_bytes: u64 = stored.iter().map(|part| part.size_bytes).sum();
        if size_bytes > finish.max_object_bytes {
            return Err(ApiError::bad_request(format!(
                "The object would have {size_bytes} bytes: at most {} are taken.",
                finish.max_object_bytes
            )));
        }
        let parts = PartList::new(listed).ok_or_else(|| ApiError::bad_request("No part was uploaded."))?;
        let completion = Completion {
            parts,
            checksum: None,
            checksum_kind: None,
            size_bytes: None,
            condition: finish.condition,
            rules: finish.rules,
        };
        let bucket = call.ground.watched(&self.bucket, "CompleteMultipartUpload", &call.caller)?;
        match engine.complete_upload(&bucket, &self.key, &self.id, completion).await {
            Ok(_) => self.set_state(call, State::Completed).await,
            Err(Error::NoSuchUpload) if self.state == State::Completed => {
                Err(ApiError::bad_request("The upload was completed already, from other parts."))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends the upload without an object. Fails with `completed` if there is one already.
    pub(super) async fn cancel(&self, call: &Call, completed: ApiError) -> Result<(), ApiError> {
        match self.state {
            State::Open => {}
            State::Completed => return Err(completed),
            State::Cancelled => return Err(ApiError::not_found()),
        }
        match call.ground.engine().abort_upload(&self.bucket, &self.key, &self.id).await? {
            Aborted::Now => self.set_state(call, State::Cancelled).await,
            // Somebody else was faster: what they made of it is in the document, or about to be.
            Aborted::Before => {
                let record: Option<Record> = call.ground.document(&self.bucket, &self.document)?;
                match record.map(|record| record.state) {
                    Some(State::Cancelled) | None => Err(ApiError::not_found()),
                    Some(State::Open | State::Completed) => Err(completed),
                }
            }
        }
    }

    async fn set_state(&self, call: &Call, state: State) -> Result<(), ApiError> {
        let change = move |record: &mut Option<Record>, _| {
            if let Some(record) = record {
                record.state = state;
            }
        };
        Ok(call.ground.change_document(&self.bucket, &self.document, change).await?)
    }

    async fn parts(&self, call: &Call, row: &UploadRow) -> Result<Vec<Part>, ApiError> {
        let mut parts: Vec<Part> = Vec::new();
        loop {
            let after = parts.last().map_or(0, |part| part.number.get());
            let (page, more) = call.ground.engine().list_parts(row, after, PAGE).await?;
            parts.extend(page);
            if more == More::Ended {
                return Ok(parts);
            }
        }
    }
}

/// A part's id, or ETag without quotes.
pub(super) fn id_of(part: &Part) -> String {
    ETag::plain(part.md5).to_hex()
}

fn listed_part(part: &Part) -> ListedPart {
    ListedPart { number: part.number, etag: id_of(part), checksums: Vec::new() }
}
