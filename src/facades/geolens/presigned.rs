//! Presigned uploads: URLs are handed out, and at the end what they brought is assembled, frozen and judged. The same for
//! new files and for those that replace a dataset's.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::App;
use super::content;
use super::error::{ApiError, COMPLETION_FAILED};
use super::fields::Fields;
use super::record::{Job, Marker, Shelf, State, StoredFile, Upload, frozen_key, staging_key};
use super::settings::{self, MIN_URL_SECONDS, megabytes};
use crate::facades::storage::{CompletedPart, StorageError};
use crate::http::identity::Identity;
use crate::http::origin::Origin;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::part::PartNumber;

/// The product's sentence for a file that only it may make.
pub(super) const NO_VRT: &str =
    "Standalone VRT uploads are not supported. Create a managed VRT from existing raster datasets instead.";

/// What a start asks for.
pub(super) struct Start {
    file_name: String,
    file_size: u64,
    content_type: String,
}

impl Start {
    pub(super) fn read(mut fields: Fields) -> Result<Start, ApiError> {
        let (file_name, file_size) = (fields.file_name("filename"), fields.integer("file_size", 1, i64::MAX));
        let content_type = fields.media_type("content_type", "application/octet-stream");
        let all = file_name.zip(file_size).zip(content_type);
        let all = all.map(|((file_name, file_size), content_type)| Start {
            file_name,
            file_size: file_size.unsigned_abs(),
            content_type,
        });
        fields.finish(all)
    }
}

/// A part as the client listed it. Whether the number can be one, the storage would say.
pub(super) struct Listed {
    number: i64,
    etag: String,
}

pub(super) fn parts(mut fields: Fields) -> Result<Vec<Listed>, ApiError> {
    let parts = fields.objects("parts", |part| {
        let (etag, number) = (part.text("etag", 0, usize::MAX), part.integer("part_number", i64::MIN, i64::MAX));
        etag.zip(number).map(|(etag, number)| Listed { number, etag })
    });
    fields.finish(parts)
}

/// Hands out the URLs of a new upload.
pub(super) async fn start(
    app: Arc<App>,
    caller: Arc<Identity>,
    origin: Origin,
    asked: Start,
    replaces: Option<Uuid>,
) -> Result<Value, ApiError> {
    refuse_file(&app, &asked, replaces)?;
    let shelf = Shelf::of(&caller)?;
    let id = Uuid::new_v4();
    let key = staging_key(id, &asked.file_name);
    app.ground.storage().ensure_bucket(&shelf.place(&key)).await?;
    let marker = Marker {
        account: caller.account.clone(),
        file_name: asked.file_name.clone(),
        created_ms: app.ground.now().millis(),
    };
    // From here on the job is looked after, whatever happens.
    app.put_marker(id, &marker).await?;
    let signing = Signing { app: &app, shelf: &shelf, key: &key, origin: &origin, created_ms: marker.created_ms };
    let started = signing.start(&asked).await;
    let started = match started {
        Ok((upload, urls)) => match app.put_job(id, &Job::new(&marker, upload.clone(), replaces)).await {
            Ok(()) => Ok((upload, urls)),
            Err(error) => {
                signing.undo(&upload).await;
                Err(error)
            }
        },
        Err(error) => Err(error),
    };
    let (upload, urls) = match started {
        Ok(started) => started,
        Err(error) => {
            app.delete_marker(id).await?;
            return Err(error);
        }
    };
    let (upload_id, part_size) = match &upload {
        Upload::Multipart { upload_id, .. } => (Some(upload_id), Some(app.settings.part_size_bytes)),
        _ => (None, None),
    };
    Ok(json!({ "job_id": id, "urls": urls, "s3_key": key, "upload_id": upload_id, "part_size": part_size }))
}

/// What can be said of a file before it comes, in the product's order.
fn refuse_file(app: &App, asked: &Start, replaces: Option<Uuid>) -> Result<(), ApiError> {
    let extension = settings::extension(&asked.file_name);
    match (extension.as_str(), replaces) {
        (".vrt", None) => return Err(ApiError::unprocessable(NO_VRT)),
        // A dataset here is a table or has geometries: no picture takes its place. Assumption 10.
        (".vrt", Some(_)) => return Err(ApiError::bad_request(NO_VRT)),
        (".tif" | ".tiff", Some(_)) => {
            return Err(ApiError::bad_request("Cannot replace a vector dataset with a raster file."));
        }
        _ => {}
    }
    if !app.settings.allows(&asked.file_name) {
        // Assumption 4.
        tracing::info!(extension, "geolens: an extension that is not allowed: the product answers with 500");
        return Err(ApiError::internal());
    }
    if asked.file_size > app.settings.max_file_size_bytes {
        return Err(ApiError::unprocessable(format!(
            "File size ({} MB) exceeds the maximum allowed ({} MB).",
            megabytes(asked.file_size),
            app.settings.max_megabytes()
        )));
    }
    Ok(())
}

/// URLs for one job: none outlives it.
struct Signing<'a> {
    app: &'a App,
    shelf: &'a Shelf,
    key: &'a str,
    origin: &'a Origin,
    created_ms: i64,
}

impl Signing<'_> {
    async fn start(&self, asked: &Start) -> Result<(Upload, Vec<String>), ApiError> {
        let (storage, at) = (self.app.ground.storage(), self.shelf.place(self.key));
        let declared_bytes = asked.file_size;
        let content_type = Some(asked.content_type.clone()).filter(|sent| !sent.is_empty());
        let seconds = self.seconds_left()?;
        if declared_bytes <= self.app.settings.presigned_threshold_bytes {
            let url = storage.presigned_put(&at, self.origin, content_type.as_deref(), seconds).await?;
            return Ok((Upload::Single { declared_bytes }, vec![url]));
        }
        let headers = ObjectHeaders { content_type, ..ObjectHeaders::default() };
        let upload_id = storage.create_upload(&at, headers).await?;
        let upload = Upload::Multipart { declared_bytes, upload_id };
        match self.part_urls(&upload, declared_bytes.div_ceil(self.app.settings.part_size_bytes)).await {
            Ok(urls) => Ok((upload, urls)),
            Err(error) => {
                self.undo(&upload).await;
                Err(error)
            }
        }
    }

    async fn part_urls(&self, upload: &Upload, count: u64) -> Result<Vec<String>, ApiError> {
        let Upload::Multipart { upload_id, .. } = upload else { return Ok(Vec::new()) };
        let mut urls = Vec::new();
        // The settings allow for no more than 10,000.
        for number in (1..=count).filter_map(|number| u16::try_from(number).ok().and_then(PartNumber::new)) {
            let at = self.shelf.place(self.key);
            let seconds = self.seconds_left()?;
            urls.push(self.app.ground.storage().presigned_part(&at, self.origin, upload_id, number, seconds).await?);
        }
        Ok(urls)
    }

    /// What is left of the job's life, as of now: signing takes its time.
    fn seconds_left(&self) -> Result<u32, ApiError> {
        let left = seconds_left(self.created_ms, self.app.settings.pending_seconds, self.app.ground.now().millis());
        left.ok_or_else(|| {
            let detail = "This upload's time window has closed. Start a new upload.";
            ApiError::new(StatusCode::CONFLICT, detail)
        })
    }

    async fn undo(&self, upload: &Upload) {
        let Upload::Multipart { upload_id, .. } = upload else { return };
        abort(self.app, self.shelf, self.key, upload_id).await;
    }
}

fn seconds_left(created_ms: i64, pending_seconds: i64, now_ms: i64) -> Option<u32> {
    let left = (created_ms + pending_seconds * 1000 - now_ms).div_euclid(1000);
    u32::try_from(left).ok().filter(|_| left >= MIN_URL_SECONDS)
}

/// As well as it goes: who asked is answered with what went wrong before.
async fn abort(app: &App, shelf: &Shelf, key: &str, upload_id: &str) {
    match app.ground.storage().abort_upload(&shelf.place(key), upload_id).await {
        Ok(()) | Err(StorageError::NoSuchUpload) => {}
        Err(reason) => tracing::warn!(key, %reason, "geolens: an upload could not be aborted yet"),
    }
}

async fn delete(app: &App, shelf: &Shelf, key: &str) {
    if let Err(reason) = app.ground.storage().delete(&shelf.place(key)).await {
        tracing::warn!(key, %reason, "geolens: an object could not be deleted yet");
    }
}

/// Which of the two ways a completion is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Upload,
    Reupload { dataset: Uuid },
}

impl Door {
    /// The job, if the caller may complete it by this way.
    fn open(self, found: Option<Job>, caller: &Identity) -> Result<Job, ApiError> {
        match self {
            Door::Upload => super::job_of(found, caller),
            Door::Reupload { dataset } => super::reupload_job_of(found, dataset, caller),
        }
    }

    fn message(self) -> &'static str {
        match self {
            Door::Upload => "File uploaded and ready for preview",
            Door::Reupload { .. } => "File uploaded for re-upload preview",
        }
    }

    fn restart_hint(self) -> &'static str {
        match self {
            Door::Upload => "Start a new upload.",
            Door::Reupload { .. } => "Start the reupload again.",
        }
    }
}

/// Completes an upload, once. Of two at the same time, the second waits, and finds it completed.
pub(super) async fn complete(
    app: Arc<App>,
    caller: Arc<Identity>,
    id: Uuid,
    door: Door,
    parts: Vec<Listed>,
) -> Result<Value, ApiError> {
    door.open(app.job(id)?, &caller)?;
    let _held = app.locks.hold(id).await;
    let job = door.open(app.settle(id).await?, &caller)?;
    let declared_bytes = match &job.upload {
        Upload::Direct => return Err(ApiError::bad_request("Job is not a presigned upload")),
        Upload::Single { declared_bytes } | Upload::Multipart { declared_bytes, .. } => *declared_bytes,
    };
    if job.file.is_some() {
        return Err(ApiError::bad_request("Upload already completed for this job"));
    }
    if job.state == State::Failed {
        let hint = door.restart_hint();
        return Err(ApiError::bad_request(format!("This job has already failed and cannot be completed. {hint}")));
    }
    let shelf = Shelf::of(&caller)?;
    let staging = staging_key(id, &job.file_name);
    if let Upload::Multipart { upload_id, .. } = &job.upload {
        assemble(&app, &shelf, &staging, upload_id, parts).await?;
    }
    let frozen = match freeze(&app, &shelf, id, &job, declared_bytes).await {
        Ok(frozen) => frozen,
        Err(error) => {
            // A replacement that was refused for what it is has failed; a new file may come again by the same URL.
            if let (Door::Reupload { .. }, Some(detail)) = (door, error.detail_if_unprocessable()) {
                let reason = detail.to_owned();
                let failed = app.change_job(id, move |job, now| {
                    job.fail(&reason, now);
                    true
                });
                if let Some(failed) = failed.await? {
                    app.clear(id, failed).await?;
                }
            }
            return Err(error);
        }
    };
    // If this fails, both objects stay, and the client's next try comes here again.
    let bound = app.change_job(id, move |job, _| {
        let is_open = job.state == State::Pending && job.file.is_none();
        if is_open {
            job.file = Some(frozen);
        }
        is_open
    });
    bound.await?.ok_or_else(|| ApiError::bad_request("Upload already completed for this job"))?;
    delete(&app, &shelf, &staging).await;
    Ok(json!({ "job_id": id, "status": "pending", "message": door.message() }))
}

/// Puts the parts together, in the client's order. The object is there only if that was done before, by a try that went
/// wrong later: its upload is spent, and the parts need not be listed again.
async fn assemble(app: &App, shelf: &Shelf, key: &str, upload_id: &str, listed: Vec<Listed>) -> Result<(), ApiError> {
    let (storage, at) = (app.ground.storage(), shelf.place(key));
    if storage.head(&at).await?.is_some() {
        return Ok(());
    }
    if listed.is_empty() {
        abort(app, shelf, key, upload_id).await;
        return Err(ApiError::bad_request("Multipart upload completion requires at least one uploaded part"));
    }
    let number = |number: i64| u16::try_from(number).ok().and_then(PartNumber::new);
    let parts: Option<Vec<CompletedPart>> =
        listed.into_iter().map(|part| Some(CompletedPart { number: number(part.number)?, etag: part.etag })).collect();
    let completed = match parts {
        Some(parts) => storage.complete_upload(&at, upload_id, &parts).await,
        None => Err(StorageError::InvalidPart(None)),
    };
    match completed {
        Ok(()) => Ok(()),
        Err(reason) => {
            abort(app, shelf, key, upload_id).await;
            Err(ApiError::completion_failed(&reason))
        }
    }
}

/// Copies what was uploaded to where no URL leads, and only then judges it: what the client could still change is not worth
/// judging. A refusal removes both objects; a failure only the copy, so that the client can try again.
async fn freeze(app: &App, shelf: &Shelf, id: Uuid, job: &Job, declared_bytes: u64) -> Result<StoredFile, ApiError> {
    let (staging, frozen) = (staging_key(id, &job.file_name), frozen_key(id, &job.file_name));
    let storage = app.ground.storage();
    let Some(found) = storage.head(&shelf.place(&staging)).await? else {
        return Err(ApiError::bad_request("File not found in S3 after upload"));
    };
    let mut judged = refuse_size(app, found.size_bytes).map(|()| found.size_bytes);
    if judged.is_ok() {
        if let Err(reason) = storage.copy(&shelf.place(&staging), &shelf.place(&frozen)).await {
            delete(app, shelf, &frozen).await;
            return Err(ApiError::completion_failed(&reason));
        }
        judged = judge(app, shelf, &frozen, &job.file_name, declared_bytes).await;
    }
    match judged {
        Ok(size_bytes) => Ok(StoredFile { key: frozen, size_bytes }),
        Err(error) => {
            delete(app, shelf, &frozen).await;
            if error.detail_if_unprocessable().is_some() {
                delete(app, shelf, &staging).await;
            }
            Err(error)
        }
    }
}

/// The size, if the frozen file is what was declared.
async fn judge(app: &App, shelf: &Shelf, key: &str, file_name: &str, declared_bytes: u64) -> Result<u64, ApiError> {
    let at = shelf.place(key);
    let size_bytes = match app.ground.storage().head(&at).await? {
        Some(found) => found.size_bytes,
        None => return Err(ApiError::new(StatusCode::BAD_GATEWAY, COMPLETION_FAILED)),
    };
    refuse_size(app, size_bytes)?;
    if size_bytes != declared_bytes {
        return Err(ApiError::unprocessable(format!(
            "Uploaded file size ({size_bytes} bytes) does not match the declared size ({declared_bytes} bytes)."
        )));
    }
    content::check(app, &at, file_name, size_bytes).await?;
    Ok(size_bytes)
}

fn refuse_size(app: &App, size_bytes: u64) -> Result<(), ApiError> {
    if size_bytes <= app.settings.max_file_size_bytes {
        return Ok(());
    }
    Err(ApiError::unprocessable(format!(
        "Uploaded file size ({} MB) exceeds the maximum allowed ({} MB).",
        megabytes(size_bytes),
        app.settings.max_megabytes()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_end_with_the_job() {
        assert_eq!(seconds_left(5000, 3600, 5000), Some(3600));
        assert_eq!(seconds_left(5000, 3600, 5001), Some(3599));
        assert_eq!(seconds_left(0, 3600, 3_540_000), Some(60));
        assert_eq!(seconds_left(0, 3600, 3_540_001), None);
        assert_eq!(seconds_left(0, 3600, 9_000_000), None);
    }
}
