//! Commits, and the imports that follow them in the background: the whole file is read, and what it holds becomes a
//! dataset. An import that the server's end broke off is done again at the next start.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::App;
use super::content::{self, ReadError, Watcher};
use super::error::ApiError;
use super::fields::Fields;
use super::preview::{self, Seen};
use super::record::{Dataset, Description, Import, Job, Shelf, State, Step, StoredFile};
use crate::http::identity::Identity;

/// The largest number of a system of coordinates.
const MAX_SRID: i64 = 998_999;
/// Progress is written down whenever it has grown by so much.
const PROGRESS_STEP: f64 = 0.05;
/// Of names and tokens, in characters; the product has no limit for most of them.
const MAX_NAME_CHARS: usize = 500;
const MAX_TOKEN_CHARS: usize = 1000;

/// The body of `POST /ingest/commit/{job_id}`.
pub(super) fn read_commit(mut fields: Fields) -> Result<Import, ApiError> {
    let title = fields.text("title", 1, 500);
    let summary = fields.optional_text("summary", 5000);
    let visibility = fields.choice("visibility", &["private", "restricted", "internal", "public"]);
    let srid_override = fields.optional_integer("srid_override", 1, MAX_SRID);
    fields.optional_text("token", MAX_TOKEN_CHARS);
    let (temporal_start, temporal_end) = (fields.optional_time("temporal_start"), fields.optional_time("temporal_end"));
    for only_of_rasters in ["compression", "resampling"] {
        fields.optional_text(only_of_rasters, MAX_NAME_CHARS);
    }
    fields.optional_number_or_text("nodata_override");
    fields.flag("strict_cog");
    let layer_name = fields.optional_text("layer_name", MAX_NAME_CHARS);
    let columns = ["x_column", "y_column", "geom_column"].map(|name| fields.optional_text(name, MAX_NAME_CHARS));
    let description = title.zip(visibility).map(|(title, visibility)| Description {
        title,
        summary,
        visibility: visibility.to_owned(),
        temporal_start,
        temporal_end,
    });
    let import = description.map(|description| Import {
        dataset_id: Uuid::new_v4(),
        description: Some(description),
        srid_override,
        layer_name,
        columns: columns.into_iter().flatten().collect(),
    });
    fields.finish(import)
}

/// The body of `POST /datasets/{dataset_id}/reupload/{job_id}/commit`.
pub(super) fn read_replacement_commit(mut fields: Fields) -> Result<Import, ApiError> {
    let srid_override = fields.optional_integer("srid_override", 1, MAX_SRID);
    fields.optional_text("token", MAX_TOKEN_CHARS);
    let layer_name = fields.optional_text("layer_name", MAX_NAME_CHARS);
    fields.finish(Some(Import {
        dataset_id: Uuid::new_v4(),
        description: None,
        srid_override,
        layer_name,
        columns: Vec::new(),
    }))
}

/// Queues a job's import, once.
pub(super) async fn commit(
    app: &App,
    id: Uuid,
    job: &Job,
    mut import: Import,
    message: &str,
) -> Result<Value, ApiError> {
    preview::file_of(job)?;
    if let Some(name) = &import.layer_name
        && name.starts_with('-')
    {
        return Err(ApiError::unprocessable("Invalid layer_name: must not start with '-'"));
    }
    if let Some(dataset) = job.replaces {
        import.dataset_id = dataset;
    }
    let queued = app.change_job(id, move |job, _| {
        let is_waiting = preview::file_of(job).is_ok();
        if is_waiting {
            job.import = Some(import);
        }
        is_waiting
    });
    queued.await?.ok_or_else(|| ApiError::bad_request("Job already processed"))?;
    app.queue(id);
    Ok(json!({ "job_id": id, "status": "pending", "message": message }))
}

/// `POST /jobs/{job_id}/retry`: a failed import once more.
pub(super) async fn retry(app: &App, caller: &Arc<Identity>, id: Uuid) -> Result<Value, ApiError> {
    let job = app.current_job(id).await?.ok_or_else(|| ApiError::not_found("Job not found"))?;
    if job.account != caller.account {
        return Err(ApiError::forbidden("Not authorized to retry this job"));
    }
    if job.state != State::Failed {
        return Err(ApiError::bad_request("Only failed jobs can be retried"));
    }
    if let Err(reason) = can_retry(app, &job).await {
        return Err(ApiError::bad_request(reason));
    }
    // Nobody removes the file in between.
    let _held = app.locks.hold(id).await;
    let queued = app.change_job(id, |job, _| {
        let is_failed = job.state == State::Failed && job.file.is_some() && job.import.is_some();
        if is_failed {
            job.state = State::Pending;
            job.error_message = None;
            job.progress = None;
            job.current_step = None;
            job.rows_processed = None;
            job.started_ms = None;
            job.completed_ms = None;
        }
        is_failed
    });
    let raced = || ApiError::new(http::StatusCode::CONFLICT, "Job was already retried by another request");
    queued.await?.ok_or_else(raced)?;
    app.queue(id);
    Ok(json!({ "job_id": id, "status": "pending", "message": "Job re-queued for ingestion" }))
}

/// Whether a failed job's import can be tried again; if not, why.
pub(super) async fn can_retry(app: &App, job: &Job) -> Result<(), &'static str> {
    if job.replaces.is_some() {
        return Err("Dataset replacement jobs cannot be replayed as ordinary imports. Start the reupload again.");
    }
    let (Some(file), Some(_)) = (&job.file, &job.import) else {
        return Err("The source is no longer available. Start the import again.");
    };
    let unknown = "Source availability could not be verified. Try again later.";
    let shelf = Shelf::of_account(app, &job.account).ok_or(unknown)?;
    match app.ground.storage().head(&shelf.place(&file.key)).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err("The staging object is no longer available. Please re-upload."),
        Err(reason) => {
            tracing::warn!(%reason, "geolens: a failed job's file could not be looked for");
            Err(unknown)
        }
    }
}

/// Imports a job's file, if it waits for that.
pub(super) async fn run(app: &App, id: Uuid) {
    let _held = app.locks.hold(id).await;
    if let Err(error) = import(app, id).await {
        // The job is as it was: it is found again at the next start, or the next look at all jobs.
        tracing::warn!(%id, ?error, "geolens: an import broke off");
    }
}

async fn import(app: &App, id: Uuid) -> Result<(), ApiError> {
    let begun = app.change_job(id, |job, now| {
        let waits = matches!(job.state, State::Pending | State::Running) && job.import.is_some();
        if waits {
            job.state = State::Running;
            job.started_ms = Some(now.millis());
            job.progress = Some(0.0);
            job.current_step = Some(Step::Validating);
        }
        waits
    });
    let Some(job) = begun.await? else { return Ok(()) };
    let (Some(file), Some(import)) = (job.file.clone(), job.import.clone()) else { return Ok(()) };
    let Some(shelf) = Shelf::of_account(app, &job.account) else {
        return fail(app, id, "Nobody acts for the account of this job any more.").await;
    };
    let mut progress = Progress { app, id, size_bytes: file.size_bytes, written: 0.0 };
    let seen = match content::inspect(app, &shelf.place(&file.key), &job.file_name, &file, &mut progress).await {
        Ok(inspection) => Seen::of(inspection),
        Err(ReadError::Unreadable(sentence)) => return fail(app, id, &sentence).await,
        Err(ReadError::Storage(reason)) => {
            tracing::warn!(%id, %reason, "geolens: a file could not be read");
            return fail(app, id, "The file could not be read from the storage.").await;
        }
    };
    if let Some(reason) = refusal(&import, &seen) {
        return fail(app, id, &reason).await;
    }
    step(app, id, Step::Finalize).await?;
    let rows = seen.feature_count;
    let dataset_id = import.dataset_id;
    if !publish(app, &shelf, id, &job.account, file, import, seen).await? {
        return fail(app, id, "The dataset that was to be replaced is no longer there.").await;
    }
    let done = app.change_job(id, move |job, now| {
        job.state = State::Complete;
        job.dataset_id = Some(dataset_id);
        job.completed_ms = Some(now.millis());
        job.progress = Some(1.0);
        job.current_step = Some(Step::Complete);
        job.rows_processed = Some(rows);
        true
    });
    done.await.map(drop)
}

/// What the commit asked for that the file does not have.
fn refusal(import: &Import, seen: &Seen) -> Option<String> {
    if let Some(name) = import.layer_name.as_ref().filter(|name| !seen.is_layer(name)) {
        return Some(format!("The file has no layer {name:?}."));
    }
    let missing = import.columns.iter().find(|name| !seen.has_column(name));
    missing.map(|name| format!("The file has no column {name:?}."))
}

/// Makes the dataset, or replaces its file (assumptions 10 and 11). `false`: the one to be replaced is not there.
async fn publish(
    app: &App,
    shelf: &Shelf,
    id: Uuid,
    account: &str,
    file: StoredFile,
    import: Import,
    seen: Seen,
) -> Result<bool, ApiError> {
    let (account, dataset_id) = (account.to_owned(), import.dataset_id);
    let published = app.change_dataset(dataset_id, move |dataset: &mut Option<Dataset>| {
        let before = dataset.take();
        let description = import.description.or_else(|| before.as_ref().map(|before| before.description.clone()))?;
        let replaced = before.and_then(|before| if before.file == file { before.replaced } else { Some(before.file) });
        *dataset = Some(Dataset {
            account,
            description,
            file,
            replaced: replaced.clone(),
            columns: seen.columns,
            feature_count: seen.feature_count,
            geometry_type: seen.geometry_type,
            srid: import.srid_override.or(seen.srid),
            job_id: id,
        });
        Some(replaced)
    });
    let Some(replaced) = published.await? else { return Ok(false) };
    if let Some(old) = replaced {
        app.ground.storage().delete(&shelf.place(&old.key)).await?;
        app.change_dataset(dataset_id, |dataset| {
            if let Some(dataset) = dataset {
                dataset.replaced = None;
            }
        })
        .await?;
    }
    Ok(true)
}

async fn fail(app: &App, id: Uuid, reason: &str) -> Result<(), ApiError> {
    let reason = reason.to_owned();
    let failed = app.change_job(id, move |job, now| {
        job.fail(&reason, now);
        true
    });
    failed.await.map(drop)
}

async fn step(app: &App, id: Uuid, step: Step) -> Result<(), ApiError> {
    let changed = app.change_job(id, move |job, _| {
        job.current_step = Some(step);
        true
    });
    changed.await.map(drop)
}

/// Writes down how far a reading is.
struct Progress<'a> {
    app: &'a App,
    id: Uuid,
    size_bytes: u64,
    written: f64,
}

#[async_trait::async_trait]
impl Watcher for Progress<'_> {
    async fn read_so_far(&mut self, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a share need not be exact")]
        let progress = (bytes as f64 / self.size_bytes.max(1) as f64).min(1.0);
        if progress - self.written < PROGRESS_STEP {
            return;
        }
        self.written = progress;
        let changed = self.app.change_job(self.id, move |job, _| {
            job.current_step = Some(Step::Ogr2ogr);
            job.progress = Some(progress);
            true
        });
        if let Err(error) = changed.await {
            tracing::debug!(id = %self.id, ?error, "geolens: progress could not be written down");
        }
    }
}
