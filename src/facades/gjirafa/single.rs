//! Uploads in one piece, and the video that follows an upload.

use serde_json::{Value, json};
use uuid::Uuid;

use super::error::ApiError;
use super::record::{self, Kind, State, Upload};
use super::wire::Fields;
use super::{Call, Outcome, uploads};

/// The page says nothing of a life of such URLs: that of the parts' by default.
const URL_SECONDS: u32 = 12 * 3600;
/// The longest that S3 knows.
const DOWNLOAD_SECONDS: u32 = 7 * 24 * 3600;

pub(super) async fn start(mut call: Call<'_>) -> Result<Outcome, ApiError> {
    let mut fields = Fields::new(call.json().await?);
    let file_name = fields.file_name();
    fields.content_length();
    // Only judged: the type is the one that the PUT comes with.
    fields.mime_type(&["mimeType", "contentType"]);
    let hash = fields.duplicate_check();
    let file_name = fields.finish(file_name)?;
    let Call { ground, caller, project, request } = &call;
    project.claim(ground, caller).await?;
    project.refuse_duplicate(ground, hash.as_deref(), caller).await?;
    let request_key = uploads::new_request_key();
    let key = uploads::key_of(&request_key, &file_name);
    let at = project.place(&key, caller);
    ground.storage().ensure_bucket(&at).await?;
    let url = ground.storage().presigned_put(&at, &request.origin, None, URL_SECONDS).await?;
    let details_id = record::next_details_id(ground).await?;
    let upload = Upload { details_id, key: key.clone(), kind: Kind::Single, state: State::Open, hash };
    project.put_upload(ground, &request_key, &upload).await?;
    Ok(Outcome::from(json!({
        "uploadFileDetailsId": details_id,
        "url": url,
        "requestKey": request_key,
        "filePath": key,
    })))
}

pub(super) async fn success(call: &Call<'_>, request_key: &str) -> Result<Outcome, ApiError> {
    let Call { ground, caller, project, request } = call;
    let upload = project.upload(ground, request_key)?;
    let at = project.place(&upload.key, caller);
    if ground.storage().head(&at).await?.is_none() {
        return Err(ApiError::not_found("Result Not Found: the file was not uploaded yet."));
    }
    if let Some(hash) = &upload.hash {
        project.put_hash(ground, hash, &upload.key).await?;
    }
    project.change_state(ground, request_key, State::Open, State::Completed).await?;
    let url = ground.storage().presigned_get(&at, &request.origin, DOWNLOAD_SECONDS).await?;
    Ok(Outcome::from(json!({ "downloadPath": url })))
}

pub(super) async fn create_video(call: &Call<'_>) -> Result<Outcome, ApiError> {
    call.project.claim(call.ground, &call.caller).await?;
    // Assumption 10.
    let id = format!("v{}", &Uuid::new_v4().simple().to_string()[..31]);
    call.project.put_video(call.ground, &id).await?;
    Ok(Outcome::from(Value::String(id)))
}
