//! Multipart uploads: start, parts, resume, complete, abort. The bytes go to the storage by presigned URLs.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::error::ApiError;
use super::record::{self, Kind, State, Upload};
use super::wire::Fields;
use super::{Call, Outcome};
use crate::facades::storage::{Place, StorageError};
use crate::wire::metadata::ObjectHeaders;
use crate::wire::part::PartNumber;

struct Start {
    file_name: String,
    parts_number: u16,
    mime_type: Option<String>,
    hash: Option<String>,
    expiry_hours: u32,
}

pub(super) async fn start(mut call: Call<'_>) -> Result<Outcome, ApiError> {
    let asked = parse_start(Fields::new(call.json().await?))?;
    let Call { ground, caller, project, request } = &call;
    project.claim(ground, caller).await?;
    project.refuse_duplicate(ground, asked.hash.as_deref(), caller).await?;
    let request_key = new_request_key();
    let key = key_of(&request_key, &asked.file_name);
    let at = project.place(&key, caller);
    let storage = ground.storage();
    storage.ensure_bucket(&at).await?;
    let content_type = asked.mime_type.unwrap_or_else(|| guess_type(&asked.file_name));
    let headers = ObjectHeaders { content_type: Some(content_type), ..ObjectHeaders::default() };
    let details_id = record::next_details_id(ground).await?;
    let upload_id = storage.create_upload(&at, headers).await?;
    let upload = Upload {
        details_id,
        kind: Kind::Multipart { upload_id: upload_id.clone(), parts_number: asked.parts_number },
        state: State::Open,
        hash: asked.hash,
        key: key.clone(),
    };
    if let Err(error) = project.put_upload(ground, &request_key, &upload).await {
        // Nobody would ever know of it.
        storage.abort_upload(&at, &upload_id).await?;
        return Err(error);
    }
    let seconds = asked.expiry_hours * 3600;
    let numbers = (1..=asked.parts_number).filter_map(PartNumber::new);
    let mut urls = Vec::new();
    for number in numbers {
        let url = storage.presigned_part(&at, &request.origin, &upload_id, number, seconds).await?;
        urls.push(json!({ "partNumber": number.get(), "presignedUrl": url }));
    }
    Ok(started(&upload_id, &request_key, &urls, details_id))
}

fn parse_start(mut fields: Fields) -> Result<Start, ApiError> {
    let (parts_number, file_name) = (fields.parts_number(), fields.file_name());
    fields.content_length();
    let (mime_type, hash) = (fields.mime_type(&["mimeType"]), fields.duplicate_check());
    let expiry_hours = fields.expiry_hours();
    let all = (|| {
        let (parts_number, file_name, expiry_hours) = (parts_number?, file_name?, expiry_hours?);
        Some(Start { file_name, parts_number, mime_type, hash, expiry_hours })
    })();
    fields.finish(all)
}

fn started(upload_id: &str, request_key: &str, urls: &[Value], details_id: u64) -> Outcome {
    Outcome::from(json!({
        "uploadId": upload_id,
        "requestKey": request_key,
        "presignedUrl": urls,
        "uploadFileDetailsId": details_id,
    }))
}

/// An open multipart upload, and what it is in the storage.
struct Open {
    request_key: String,
    upload: Upload,
    upload_id: String,
    parts_number: u16,
}

impl Open {
    fn find(call: &Call<'_>, request_key: &str) -> Result<Open, ApiError> {
        let upload = call.project.upload(call.ground, request_key)?;
        match upload.kind.clone() {
            Kind::Multipart { upload_id, parts_number } => {
                Ok(Open { request_key: request_key.to_owned(), upload, upload_id, parts_number })
            }
            Kind::Single => Err(record::unknown()),
        }
    }

    fn at<'a>(&'a self, call: &'a Call<'_>) -> Place<'a> {
        call.project.place(&self.upload.key, &call.caller)
    }
}

pub(super) async fn complete(mut call: Call<'_>) -> Result<Outcome, ApiError> {
    let mut fields = Fields::new(call.json().await?);
    let (request_key, allow_partial) = (fields.request_key(), fields.allow_partial_complete());
    let parts = fields.parts();
    let (request_key, parts) = fields.finish(request_key.zip(parts))?;
    let open = Open::find(&call, &request_key)?;
    if open.upload.state == State::Aborted {
        return Err(record::unknown());
    }
    if !allow_partial {
        let listed: HashSet<u16> = parts.iter().map(|part| part.number.get()).collect();
        let missing: Vec<String> = (1..=open.parts_number)
            .filter(|number| !listed.contains(number))
            .map(|number| number.to_string())
            .collect();
        if !missing.is_empty() {
            return Err(ApiError::bad_request(format!(
                "Not all parts were uploaded: of {} parts, these are missing: {}. Resume the upload or abort it.",
                open.parts_number,
                shortened(&missing)
            )));
        }
    }
    let (ground, at) = (call.ground, open.at(&call));
    match ground.storage().complete_upload(&at, &open.upload_id, &parts).await {
        Ok(()) => {}
        // The storage forgets completed uploads in time, but the object tells: asked with other parts than before.
        Err(StorageError::NoSuchUpload) if ground.storage().head(&at).await?.is_some() => {
            return Err(ApiError::bad_request("The upload was completed already, from other parts."));
        }
        Err(error) => return Err(error.into()),
    }
    if let Some(hash) = &open.upload.hash {
        call.project.put_hash(ground, hash, &open.upload.key).await?;
    }
    call.project.change_state(ground, &open.request_key, State::Open, State::Completed).await?;
    Ok(Outcome::from(Value::Bool(true)))
}

pub(super) async fn abort(mut call: Call<'_>) -> Result<Outcome, ApiError> {
    let mut fields = Fields::new(call.json().await?);
    let request_key = fields.request_key();
    let request_key = fields.finish(request_key)?;
    let open = Open::find(&call, &request_key)?;
    let (ground, at) = (call.ground, open.at(&call));
    let completed = || ApiError::bad_request("The upload was completed: it cannot be aborted.");
    // From here on nobody completes it but who has begun to.
    if call.project.change_state(ground, &request_key, State::Open, State::Aborted).await? == State::Completed {
        return Err(completed());
    }
    match ground.storage().abort_upload(&at, &open.upload_id).await {
        Ok(()) | Err(StorageError::NoSuchUpload) => {}
        Err(error) => return Err(error.into()),
    }
    if ground.storage().head(&at).await?.is_some() {
        call.project.change_state(ground, &request_key, State::Aborted, State::Completed).await?;
        return Err(completed());
    }
    Ok(Outcome::from(Value::Bool(true)))
}

pub(super) async fn resume(mut call: Call<'_>) -> Result<Outcome, ApiError> {
    let mut fields = Fields::new(call.json().await?);
    let (request_key, expiry_hours) = (fields.request_key(), fields.expiry_hours());
    let (request_key, expiry_hours) = fields.finish(request_key.zip(expiry_hours))?;
    let open = Open::find(&call, &request_key)?;
    match open.upload.state {
        State::Open => {}
        State::Completed => return Err(ApiError::bad_request("The upload was completed: there is nothing to resume.")),
        State::Aborted => return Err(record::unknown()),
    }
    let (storage, at) = (call.ground.storage(), open.at(&call));
    let uploaded: HashSet<PartNumber> =
        storage.parts(&at, &open.upload_id).await?.into_iter().map(|part| part.number).collect();
    let mut urls = Vec::new();
    // Assumption 6.
    for number in (1..=open.parts_number).filter_map(PartNumber::new).filter(|number| !uploaded.contains(number)) {
        let seconds = expiry_hours * 3600;
        let url = storage.presigned_part(&at, &call.request.origin, &open.upload_id, number, seconds).await?;
        urls.push(json!({ "partNumber": number.get(), "presignedUrl": url }));
    }
    Ok(started(&open.upload_id, &request_key, &urls, open.upload.details_id))
}

pub(super) async fn parts(call: &Call<'_>, request_key: &str) -> Result<Outcome, ApiError> {
    let open = Open::find(call, request_key)?;
    if open.upload.state != State::Open {
        return Err(record::unknown());
    }
    let parts = call.ground.storage().parts(&open.at(call), &open.upload_id).await?;
    let shown = parts.into_iter().map(|part| {
        json!({
            "size": part.size_bytes,
            // As documented: an offset instead of a Z.
            "lastModified": part.modified.iso8601_seconds().replace('Z', "+00:00"),
            "partNumber": part.number.get(),
            "eTag": format!("\"{}\"", part.etag),
        })
    });
    Ok(Outcome::from(Value::Array(shown.collect())))
}

/// 32 hexadecimal digits, as the product's own paths have.
pub(super) fn new_request_key() -> String {
    Uuid::new_v4().simple().to_string()
}

pub(super) fn key_of(request_key: &str, file_name: &str) -> String {
    format!("uploads/{request_key}/{file_name}")
}

fn guess_type(file_name: &str) -> String {
    mime_guess::from_path(file_name).first_or_octet_stream().to_string()
}

/// The first few of a list that may be long.
fn shortened(numbers: &[String]) -> String {
    const SHOWN: usize = 20;
    match numbers.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", numbers[..SHOWN].join(", ")),
        _ => numbers.join(", "),
    }
}
