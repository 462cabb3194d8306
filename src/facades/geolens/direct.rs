//! The direct upload: a file in a form, streamed to where frozen files are.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::App;
use super::content;
use super::error::{ApiError, Invalid};
use super::fields::{self, MAX_NAME_CHARS};
use super::presigned::NO_VRT;
use super::record::{Job, Marker, Shelf, StoredFile, Upload, frozen_key};
use super::settings;
use crate::facades::facade::Request;
use crate::facades::intake::IntakeError;
use crate::facades::storage::StorageError;
use crate::http::form::{Field, Form, FormError};
use crate::http::identity::Identity;
use crate::wire::metadata::ObjectHeaders;

/// `POST /ingest/upload`.
pub(super) async fn upload(app: &App, caller: &Arc<Identity>, request: Request) -> Result<Value, ApiError> {
    let mut form = match Form::read(&request.headers, request.payload).await {
        Ok(Form::Multipart(form)) => form,
        // Such a form has no files, whatever its fields are called.
        Ok(Form::Urlencoded(_)) | Err(FormError::NotAForm(_)) => return Err(missing()),
        Err(error) => return Err(broken(app, error.into())),
    };
    let mut file = loop {
        let field = form.next().await.map_err(|error| broken(app, error.into()))?;
        let field = field.ok_or_else(missing)?;
        if field.name() == "file" {
            break field;
        }
        skip(app, field).await?;
    };
    let file_name = file_name(app, &file)?;
    let shelf = Shelf::of(caller)?;
    let id = Uuid::new_v4();
    let key = frozen_key(id, &file_name);
    app.ground.storage().ensure_bucket(&shelf.place(&key)).await?;
    let created_ms = app.ground.now().millis();
    let marker = Marker { account: caller.account.clone(), file_name, created_ms };
    // From here on it is looked after: if this server ends, or its client goes, what came is removed later.
    let _held = app.locks.hold(id).await;
    app.put_marker(id, &marker).await?;
    match take(app, &shelf, &key, &mut file, &marker).await {
        Ok(file) => {
            let mut job = Job::new(&marker, Upload::Direct, None);
            job.file = Some(file);
            app.put_job(id, &job).await?;
            Ok(json!({ "job_id": id, "status": "pending", "message": "File uploaded and ready for preview" }))
        }
        Err(error) => {
            if app.ground.storage().delete(&shelf.place(&key)).await.is_ok() {
                app.delete_marker(id).await?;
            }
            Err(error)
        }
    }
}

/// Stores the file, and looks at it.
async fn take(app: &App, shelf: &Shelf, key: &str, field: &mut Field, marker: &Marker) -> Result<StoredFile, ApiError> {
    let at = shelf.place(key);
    let headers = ObjectHeaders { content_type: field.content_type().map(str::to_owned), ..ObjectHeaders::default() };
    let limit_bytes = app.settings.max_file_size_bytes;
    let stored = match app.ground.storage().put(&at, headers, limit_bytes, field).await {
        Ok(stored) => stored,
        Err(StorageError::Intake(error)) => return Err(broken(app, error)),
        Err(error) => return Err(error.into()),
    };
    content::check(app, &at, &marker.file_name, stored.size_bytes).await?;
    Ok(StoredFile { key: key.to_owned(), size_bytes: stored.size_bytes })
}

/// The file's name, if such files are taken.
fn file_name(app: &App, field: &Field) -> Result<String, ApiError> {
    let Some(name) = field.file_name() else {
        let error = fields::value_error("Expected UploadFile, received: <class 'str'>", Value::Null);
        return Err(ApiError::Invalid(vec![at_file(error)]));
    };
    if name.is_empty() {
        return Err(ApiError::bad_request("Upload missing filename"));
    }
    let too_long = (name.chars().count() > MAX_NAME_CHARS).then_some("the name is too long for a key");
    // Assumption 5.
    if let Some(reason) = fields::wrong_with_name(name).or(too_long) {
        return Err(ApiError::Invalid(vec![at_file(fields::value_error(reason, name.into()))]));
    }
    let extension = settings::extension(name);
    if extension == ".vrt" {
        return Err(ApiError::unprocessable(NO_VRT));
    }
    if !app.settings.allows(name) {
        let allowed: Vec<String> = app.settings.allowed_extensions.iter().map(|one| format!("'{one}'")).collect();
        let allowed = allowed.join(", ");
        return Err(ApiError::bad_request(format!("File extension '{extension}' not allowed. Allowed: [{allowed}]")));
    }
    Ok(name.to_owned())
}

/// Reads a field that means nothing, up to the limit of files.
async fn skip(app: &App, mut field: Field) -> Result<(), ApiError> {
    let limit_bytes = app.settings.max_file_size_bytes;
    let mut skipped_bytes = 0;
    while let Some(piece) = field.next().await.map_err(|error| broken(app, error.into()))? {
        skipped_bytes += piece.len() as u64;
        if skipped_bytes > limit_bytes {
            return Err(broken(app, IntakeError::TooLarge { limit_bytes }));
        }
    }
    Ok(())
}

fn missing() -> ApiError {
    ApiError::Invalid(vec![at_file(fields::invalid("missing", "Field required", Value::Null, None))])
}

fn at_file(error: Invalid) -> Invalid {
    Invalid { loc: vec!["body".into(), "file".into()], ..error }
}

/// Why the bytes did not arrive.
fn broken(app: &App, error: IntakeError) -> ApiError {
    match error {
        IntakeError::TooLarge { .. } => {
            let detail = format!("File exceeds the maximum allowed size ({} MB).", app.settings.max_megabytes());
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        }
        IntakeError::Form(reason) => ApiError::bad_request(reason),
        IntakeError::Payload(_) => ApiError::bad_request("There was an error parsing the body"),
        IntakeError::Engine(error) => error.into(),
    }
}
