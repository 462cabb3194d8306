//! GeoLens's ingest API: a control plane that hands out presigned S3 URLs, puts together and freezes what they brought, and
//! imports it. Not its catalogue, its maps, or its other sources of data.
//!
//! Source: the product's documentation and its public source (`geolens-io/geolens`, API 1.14.2).
//!
//! What those leave open, or Staves does otherwise, and is assumed here:
//!
//! 1. An account sees its own jobs only (403), and its own datasets (404); nobody is an administrator. Every caller may
//!    upload, no key is read-only, and there are no quotas: those refusals of the product's do not occur.
//! 2. Files are in the bucket `geolens`, those of an account that has a number of its own in `geolens-<account>`; keys are
//!    the product's, without a tenant's prefix. A directly uploaded file is where frozen ones are.
//! 3. Presigned uploads are always on. Pages of other origins see the `ETag` of a part.
//! 4. An extension that is not allowed is refused with 500 when URLs are asked for, and with 400 when uploaded directly: so
//!    the product's source reads.
//! 5. A file's name with a slash, a backslash or a control character, and a type that no header can carry, are refused with
//!    422 as fields: the product would make keys and URLs of them.
//! 6. The day in which an upload has to be committed is counted from the start of the job, as in the product's source.
//! 7. The step of an import that reads the file is `ogr2ogr`, as clients know it. CSV and GeoJSON can be read; all other
//!    formats are stored, but their previews are refused (422) and their imports fail.
//! 8. A commit before the upload is complete is refused with the preview's sentence, and a second commit as one of a job
//!    that was processed.
//! 9. Access tokens last 30 minutes, refresh tokens 7 days, and those are good once. Cookies are not given out.
//! 10. The file of a failed import is kept for a day, in which it can be tried again. A file that was replaced is deleted
//!     once the new one is imported. Pictures (`.tif`, `.tiff`, `.vrt`) replace no dataset (400).
//! 11. A re-upload can be previewed and committed under its dataset, or as any other job; committed there, the dataset gets
//!     the new title.

mod auth;
mod content;
mod direct;
mod error;
mod fields;
mod import;
mod inspect;
mod jobs;
mod life;
mod locks;
mod presigned;
mod preview;
mod record;
mod routes;
mod settings;

use std::collections::HashSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use uuid::Uuid;

use self::error::{ApiError, Invalid};
use self::fields::Fields;
use self::locks::Locks;
use self::presigned::{Door, Start};
use self::record::{Dataset, Job};
use self::routes::Endpoint;
use self::settings::Settings;
use super::facade::{Facade, Request};
use super::ground::Ground;
use super::options::OptionError;
use super::reply;
use crate::http::body::{Body, Payload};
use crate::http::identity::Identity;

pub(super) use self::settings::OPTIONS;

/// Imports at the same time.
const MAX_IMPORTS: usize = 2;
/// Files that are read at the same time, for imports and previews.
const MAX_READINGS: usize = 4;

pub(super) fn open(ground: Ground) -> Result<Arc<dyn Facade>, OptionError> {
    let settings = Settings::read(&ground)?;
    let (queue, queued) = mpsc::unbounded_channel();
    let app = App {
        ground,
        settings,
        locks: Locks::default(),
        queue,
        waiting: Mutex::default(),
        reading: Semaphore::new(MAX_READINGS),
    };
    Ok(Arc::new(GeoLens { app: Arc::new(app), queued: Mutex::new(Some(queued)) }))
}

struct GeoLens {
    app: Arc<App>,
    /// Jobs that wait for their import: taken by [`Facade::run`].
    queued: Mutex<Option<mpsc::UnboundedReceiver<Uuid>>>,
}

/// What all endpoints share.
struct App {
    ground: Ground,
    settings: Settings,
    locks: Locks,
    queue: mpsc::UnboundedSender<Uuid>,
    /// The jobs in the queue.
    waiting: Mutex<HashSet<Uuid>>,
    reading: Semaphore,
}

#[async_trait::async_trait]
impl Facade for GeoLens {
    async fn handle(&self, request: Request) -> Response<Body> {
        match self.answer(request).await {
            Ok((status, answer)) => reply::json(status, &answer),
            Err(error) => error.response(self.app.settings.validation_errors),
        }
    }

    fn internal_error(&self) -> Response<Body> {
        ApiError::internal().response(self.app.settings.validation_errors)
    }

    /// Imports what was committed, and looks after jobs that nobody ends.
    async fn run(&self) {
        let taken = self.queued.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(queued) = taken else { return };
        tokio::join!(self.app.import_all(queued), self.app.sweep_for_ever());
    }
}

impl GeoLens {
    async fn answer(&self, mut request: Request) -> Result<(StatusCode, Value), ApiError> {
        let endpoint = routes::find(&request)?;
        let app = &self.app;
        match endpoint {
            Endpoint::Login => return Ok((StatusCode::OK, auth::login(app, request).await?)),
            Endpoint::Refresh => return Ok((StatusCode::OK, auth::refresh(app, request).await?)),
            _ => {}
        }
        let caller = auth::caller(app, &request)?;
        if endpoint == Endpoint::Upload {
            return Ok((StatusCode::CREATED, direct::upload(app, &caller, request).await?));
        }
        let payload = std::mem::replace(&mut request.payload, Payload::empty());
        let call = Call { app, caller, request };
        match endpoint {
            Endpoint::UploadConfig => Ok((StatusCode::OK, config(&app.settings))),
            Endpoint::StartPresigned => Ok((StatusCode::CREATED, call.start(payload, None).await?)),
            Endpoint::StartReupload { dataset } => {
                Ok((StatusCode::CREATED, call.start(payload, Some(&dataset)).await?))
            }
            Endpoint::CompletePresigned { job } => Ok((StatusCode::OK, call.complete(payload, &job, None).await?)),
            Endpoint::CompleteReupload { dataset, job } => {
                Ok((StatusCode::OK, call.complete(payload, &job, Some(&dataset)).await?))
            }
            Endpoint::Preview { job } => Ok((StatusCode::OK, call.preview(&job).await?)),
            Endpoint::PreviewReupload { dataset, job } => {
                Ok((StatusCode::OK, call.preview_reupload(&dataset, &job).await?))
            }
            Endpoint::Commit { job } => Ok((StatusCode::ACCEPTED, call.commit(payload, &job).await?)),
            Endpoint::CommitReupload { dataset, job } => {
                Ok((StatusCode::ACCEPTED, call.commit_reupload(payload, &dataset, &job).await?))
            }
            Endpoint::Job { job } => {
                let (id, job) = call.job(&job).await?;
                Ok((StatusCode::OK, jobs::status(app, id, &job).await))
            }
            Endpoint::Retry { job } => {
                let id = ids([("job_id", &job)])?[0];
                Ok((StatusCode::ACCEPTED, import::retry(app, &call.caller, id).await?))
            }
            // They were answered above.
            Endpoint::Login | Endpoint::Refresh | Endpoint::Upload => Err(ApiError::internal()),
        }
    }
}

/// A request of somebody known.
struct Call<'a> {
    app: &'a Arc<App>,
    caller: Arc<Identity>,
    request: Request,
}

impl Call<'_> {
    async fn start(self, payload: Payload, dataset: Option<&str>) -> Result<Value, ApiError> {
        let mut errors = Vec::new();
        let dataset = dataset.map(|sent| routes::id("dataset_id", sent, &mut errors));
        let body = fields::json_body(&self.request.headers, payload).await?;
        let asked = Start::read(Fields::new(body, errors))?;
        let replaces = dataset.flatten();
        if let Some(dataset) = replaces {
            self.dataset(dataset)?;
        }
        let origin = self.request.origin;
        undisturbed(presigned::start(Arc::clone(self.app), self.caller, origin, asked, replaces)).await
    }

    async fn complete(self, payload: Payload, job: &str, dataset: Option<&str>) -> Result<Value, ApiError> {
        let mut errors = Vec::new();
        let dataset = dataset.map(|sent| routes::id("dataset_id", sent, &mut errors));
        let job = routes::id("job_id", job, &mut errors);
        let body = fields::json_body(&self.request.headers, payload).await?;
        let parts = presigned::parts(Fields::new(body, errors))?;
        let job = job.ok_or_else(ApiError::internal)?;
        let door = match dataset.flatten() {
            None => Door::Upload,
            Some(dataset) => {
                self.dataset(dataset)?;
                Door::Reupload { dataset }
            }
        };
        undisturbed(presigned::complete(Arc::clone(self.app), self.caller, job, door, parts)).await
    }

    async fn preview(&self, job: &str) -> Result<Value, ApiError> {
        let (id, job) = self.job(job).await?;
        preview::preview(self.app, &self.caller, id, job, self.request.query.first("layer_name")).await
    }

    async fn preview_reupload(&self, dataset: &str, job: &str) -> Result<Value, ApiError> {
        let [dataset_id, id] = ids([("dataset_id", dataset), ("job_id", job)])?;
        let dataset = self.dataset(dataset_id)?;
        let job = reupload_job_of(self.app.current_job(id).await?, dataset_id, &self.caller)?;
        preview::preview_replacement(self.app, &self.caller, id, job, &dataset).await
    }

    async fn commit(&self, payload: Payload, job: &str) -> Result<Value, ApiError> {
        let mut errors = Vec::new();
        let id = routes::id("job_id", job, &mut errors);
        let body = fields::json_body(&self.request.headers, payload).await?;
        let import = import::read_commit(Fields::new(body, errors))?;
        let id = id.ok_or_else(ApiError::internal)?;
        let job = job_of(self.app.current_job(id).await?, &self.caller)?;
        import::commit(self.app, id, &job, import, "Import queued").await
    }

    async fn commit_reupload(&self, payload: Payload, dataset: &str, job: &str) -> Result<Value, ApiError> {
        let mut errors = Vec::new();
        let dataset_id = routes::id("dataset_id", dataset, &mut errors);
        let id = routes::id("job_id", job, &mut errors);
        let body = fields::json_body(&self.request.headers, payload).await?;
        let import = import::read_replacement_commit(Fields::new(body, errors))?;
        let (dataset_id, id) = dataset_id.zip(id).ok_or_else(ApiError::internal)?;
        self.dataset(dataset_id)?;
        let job = reupload_job_of(self.app.current_job(id).await?, dataset_id, &self.caller)?;
        import::commit(self.app, id, &job, import, "Re-upload queued").await
    }

    /// A job of the caller's, as it is now.
    async fn job(&self, sent: &str) -> Result<(Uuid, Job), ApiError> {
        let [id] = ids([("job_id", sent)])?;
        Ok((id, job_of(self.app.current_job(id).await?, &self.caller)?))
    }

    /// A dataset of the caller's. That others have it is not said.
    fn dataset(&self, id: Uuid) -> Result<Dataset, ApiError> {
        let found = self.app.dataset(id)?.filter(|dataset| dataset.account == self.caller.account);
        found.ok_or_else(|| ApiError::not_found("Dataset not found"))
    }
}

impl App {
    /// Has a job imported, when its turn comes. One that waits for its turn already waits once.
    fn queue(&self, id: Uuid) {
        if self.waiting().insert(id) && self.queue.send(id).is_err() {
            // Nobody imports any more: the server is ending, and the job is found at the next start.
            tracing::debug!(%id, "geolens: an import waits for the next start");
        }
    }

    /// Nothing that holds it can panic half way.
    fn waiting(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Imports whatever is queued, a few jobs at a time.
    async fn import_all(&self, mut queued: mpsc::UnboundedReceiver<Uuid>) {
        // They are part of this, and end with it: none of them holds the engine longer.
        let mut imports = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(id) = queued.recv(), if imports.len() < MAX_IMPORTS => {
                    self.waiting().remove(&id);
                    imports.push(import::run(self, id));
                }
                Some(()) = imports.next() => {}
                else => return,
            }
        }
    }

    /// Looks after all jobs, at start and from time to time.
    async fn sweep_for_ever(&self) {
        let mut sweeps = tokio::time::interval(life::SWEEP_EVERY);
        loop {
            sweeps.tick().await;
            match self.sweep().await {
                Ok(waiting) => waiting.into_iter().for_each(|id| self.queue(id)),
                Err(error) => tracing::warn!(?error, "geolens: jobs could not be looked after"),
            }
        }
    }
}

/// The caller's job. Assumption 1.
fn job_of(found: Option<Job>, caller: &Identity) -> Result<Job, ApiError> {
    let job = found.ok_or_else(|| ApiError::not_found("Job not found"))?;
    if job.account == caller.account { Ok(job) } else { Err(ApiError::forbidden("Not authorized to access this job")) }
}

/// The caller's job that replaces that dataset's file.
fn reupload_job_of(found: Option<Job>, dataset: Uuid, caller: &Identity) -> Result<Job, ApiError> {
    found
        .filter(|job| job.replaces == Some(dataset) && job.account == caller.account)
        .ok_or_else(|| ApiError::not_found("Reupload job not found"))
}

/// The ids of a path.
fn ids<const N: usize>(sent: [(&'static str, &str); N]) -> Result<[Uuid; N], ApiError> {
    let mut errors: Vec<Invalid> = Vec::new();
    let ids = sent.map(|(name, sent)| routes::id(name, sent, &mut errors).unwrap_or_default());
    if errors.is_empty() { Ok(ids) } else { Err(ApiError::Invalid(errors)) }
}

fn config(settings: &Settings) -> Value {
    json!({
        "presigned_uploads": true,
        "presigned_threshold_bytes": settings.presigned_threshold_bytes,
        "max_file_size_bytes": settings.max_file_size_bytes,
        "allowed_extensions": settings.allowed_extensions.join(","),
        "remaining_dataset_quota": null,
    })
}

/// Does something to its end, also if the client goes: what it leaves half way nobody would know of.
async fn undisturbed<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => {
            tracing::error!(%error, "bug: a request of geolens ended");
            Err(ApiError::internal())
        }
    }
}
