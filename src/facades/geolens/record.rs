//! What is remembered of jobs and datasets, in documents of the facade's own, and where their files are. Not what happens
//! to them: `life`, `presigned`, `direct` and `import` know.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::App;
use super::error::ApiError;
use crate::engine::document::Owner;
use crate::facades::storage::Place;
use crate::http::identity::{DEFAULT_ACCOUNT, Identity};
use crate::wire::bucket_name::BucketName;
use crate::wire::time::Timestamp;

/// An upload, and the import that follows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) account: String,
    pub(super) file_name: String,
    pub(super) created_ms: i64,
    pub(super) upload: Upload,
    /// The file, once nobody can change it any more.
    pub(super) file: Option<StoredFile>,
    /// The dataset that the file is to replace.
    pub(super) replaces: Option<Uuid>,
    /// What the commit asked for.
    pub(super) import: Option<Import>,
    pub(super) state: State,
    pub(super) dataset_id: Option<Uuid>,
    pub(super) error_message: Option<String>,
    pub(super) progress: Option<f64>,
    pub(super) current_step: Option<Step>,
    pub(super) rows_processed: Option<u64>,
    pub(super) started_ms: Option<i64>,
    pub(super) completed_ms: Option<i64>,
    /// A failed job has nothing left in the storage.
    pub(super) is_cleaned: bool,
}

/// How the file comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Upload {
    /// By one presigned PUT.
    Single { declared_bytes: u64 },
    /// In parts.
    Multipart { declared_bytes: u64, upload_id: String },
    /// With the request itself.
    Direct,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Also while it waits for its import.
    Pending,
    Running,
    Complete,
    Failed,
}

/// The product's names of an import's steps; `Ogr2ogr` is the one that reads the file. Assumption 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Validating,
    Ogr2ogr,
    Finalize,
    Complete,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredFile {
    pub(super) key: String,
    pub(super) size_bytes: u64,
}

/// What a commit asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Import {
    /// The dataset's id, so that an import that is done again makes no second one.
    pub(super) dataset_id: Uuid,
    /// Without one, a replaced dataset keeps its own.
    pub(super) description: Option<Description>,
    pub(super) srid_override: Option<i64>,
    pub(super) layer_name: Option<String>,
    /// Columns that have to be there: longitude, latitude, well-known text.
    pub(super) columns: Vec<String>,
}

/// What people are told of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Description {
    pub(super) title: String,
    pub(super) summary: Option<String>,
    pub(super) visibility: String,
    pub(super) temporal_start: Option<String>,
    pub(super) temporal_end: Option<String>,
}

/// What an import made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Dataset {
    pub(super) account: String,
    pub(super) description: Description,
    pub(super) file: StoredFile,
    /// A file that was replaced, until it is gone.
    pub(super) replaced: Option<StoredFile>,
    pub(super) columns: Vec<Value>,
    pub(super) feature_count: u64,
    pub(super) geometry_type: Option<String>,
    pub(super) srid: Option<i64>,
    pub(super) job_id: Uuid,
}

/// Says that a job has something in the storage, or may have: as long as it is there, the job is looked after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    pub(super) account: String,
    pub(super) file_name: String,
    pub(super) created_ms: i64,
}

/// The names of all markers start so.
pub(super) const MARKERS: &str = "open/";

impl Job {
    pub(super) fn new(marker: &Marker, upload: Upload, replaces: Option<Uuid>) -> Job {
        Job {
            account: marker.account.clone(),
            file_name: marker.file_name.clone(),
            created_ms: marker.created_ms,
            upload,
            file: None,
            dataset_id: replaces,
            replaces,
            import: None,
            state: State::Pending,
            error_message: None,
            progress: None,
            current_step: None,
            rows_processed: None,
            started_ms: None,
            completed_ms: None,
            is_cleaned: false,
        }
    }

    /// The job failed, for this reason.
    pub(super) fn fail(&mut self, reason: &str, now: Timestamp) {
        self.state = State::Failed;
        self.error_message = Some(reason.to_owned());
        self.completed_ms = Some(now.millis());
    }
}

/// Where presigned URLs put the file.
pub(super) fn staging_key(id: Uuid, file_name: &str) -> String {
    format!("staging/{id}/{file_name}")
}

/// Where no URL leads: what is checked there stays as it was checked.
pub(super) fn frozen_key(id: Uuid, file_name: &str) -> String {
    format!("staging/{id}/frozen/{file_name}")
}

/// An account's bucket, and who asks for it.
pub(super) struct Shelf {
    bucket: BucketName,
    identity: Arc<Identity>,
}

impl Shelf {
    /// Assumption 2.
    pub(super) fn of(identity: &Arc<Identity>) -> Result<Shelf, ApiError> {
        let name = match identity.account.as_str() {
            DEFAULT_ACCOUNT => "geolens".to_owned(),
            account => format!("geolens-{account}"),
        };
        let bucket = BucketName::parse(&name).map_err(|_| ApiError::internal())?;
        Ok(Shelf { bucket, identity: Arc::clone(identity) })
    }

    /// Of an account in whose name something is done while nobody asks. `None`: nobody acts for it any more.
    pub(super) fn of_account(app: &App, account: &str) -> Option<Shelf> {
        Shelf::of(app.ground.credentials().by_account(account)?).ok()
    }

    pub(super) fn place<'a>(&'a self, key: &'a str) -> Place<'a> {
        Place { bucket: &self.bucket, key, caller: &self.identity }
    }
}

impl App {
    pub(super) fn job(&self, id: Uuid) -> Result<Option<Job>, ApiError> {
        Ok(self.ground.document(Owner::Dialect, &job_name(id))?)
    }

    pub(super) async fn put_job(&self, id: Uuid, job: &Job) -> Result<(), ApiError> {
        Ok(self.ground.put_document(Owner::Dialect, &job_name(id), job).await?)
    }

    /// Changes a job, with nobody between, and returns it; `None` if there is none, or `change` says that it should stay
    /// as it is.
    pub(super) async fn change_job(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut Job, Timestamp) -> bool + Send + 'static,
    ) -> Result<Option<Job>, ApiError> {
        let name = job_name(id);
        let changed = self.ground.change_document(Owner::Dialect, &name, |found: &mut Option<Job>, now| {
            let mut job = found.clone()?;
            if !change(&mut job, now) {
                return None;
            }
            *found = Some(job.clone());
            Some(job)
        });
        Ok(changed.await?)
    }

    pub(super) fn dataset(&self, id: Uuid) -> Result<Option<Dataset>, ApiError> {
        Ok(self.ground.document(Owner::Dialect, &dataset_name(id))?)
    }

    /// Changes a dataset, or makes it, with nobody between.
    pub(super) async fn change_dataset<R: Send + 'static>(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut Option<Dataset>) -> R + Send + 'static,
    ) -> Result<R, ApiError> {
        let name = dataset_name(id);
        Ok(self.ground.change_document(Owner::Dialect, &name, |dataset, _| change(dataset)).await?)
    }

    pub(super) async fn put_marker(&self, id: Uuid, marker: &Marker) -> Result<(), ApiError> {
        Ok(self.ground.put_document(Owner::Dialect, &format!("{MARKERS}{id}"), marker).await?)
    }

    pub(super) async fn delete_marker(&self, id: Uuid) -> Result<(), ApiError> {
        Ok(self.ground.delete_document(Owner::Dialect, &format!("{MARKERS}{id}")).await?)
    }
}

fn job_name(id: Uuid) -> String {
    format!("job/{id}")
}

fn dataset_name(id: Uuid) -> String {
    format!("dataset/{id}")
}
