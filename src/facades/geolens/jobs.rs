//! What a client that polls is told of a job.

use serde_json::{Value, json};
use uuid::Uuid;

use super::App;
use super::import;
use super::record::{Job, State};
use crate::wire::time::Timestamp;

/// `GET /jobs/{job_id}`.
pub(super) async fn status(app: &App, id: Uuid, job: &Job) -> Value {
    let (can_retry, retry_reason) = match job.state {
        State::Failed => match import::can_retry(app, job).await {
            Ok(()) => (true, None),
            Err(reason) => (false, Some(reason)),
        },
        _ => (false, None),
    };
    let time = |millis: i64| Timestamp::from_millis(millis).iso8601_millis();
    json!({
        "id": id,
        "status": job.state,
        "dataset_id": job.dataset_id,
        "source_filename": job.file_name,
        "error_message": job.error_message,
        "can_retry": can_retry,
        "retry_reason": retry_reason,
        "warning_message": null,
        "warnings": [],
        "progress": job.progress,
        "current_step": job.current_step,
        "rows_processed": job.rows_processed,
        "archive_failed": false,
        "temporal_parse_errors": {},
        "started_at": job.started_ms.map(time),
        "completed_at": job.completed_ms.map(time),
        "created_at": time(job.created_ms),
    })
}
