//! Previews: what a file holds, before anybody commits it. Not how it is read: `content` and `inspect` know.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::App;
use super::content::{self, ReadError, Unwatched};
use super::error::ApiError;
use super::inspect::Inspection;
use super::record::{Dataset, Job, Shelf, State, StoredFile};
use crate::http::identity::Identity;

/// What the product's preview says of a file.
pub(super) struct Seen {
    pub(super) columns: Vec<Value>,
    pub(super) srid: Option<i64>,
    pub(super) geometry_type: Option<String>,
    pub(super) feature_count: u64,
    sample_rows: Value,
    layer_name: String,
    detected_geometry_columns: Value,
}

impl Seen {
    /// Tables have no geometry before it is made of their columns: the product says which those are.
    pub(super) fn of(inspection: Inspection) -> Seen {
        let is_table = inspection.detected_geometry_columns.is_object();
        let found = |name: &str| inspection.detected_geometry_columns.get(name).cloned().unwrap_or_default();
        let detected = json!({
            "x_column": found("longitude"),
            "y_column": found("latitude"),
            "wkt_column": found("wkt"),
        });
        Seen {
            columns: inspection
                .columns
                .iter()
                .map(|column| json!({ "name": column.name, "type": column.kind }))
                .collect(),
            srid: inspection.crs.as_deref().filter(|_| !is_table).and_then(srid),
            geometry_type: inspection.geometry_type.filter(|_| !is_table),
            feature_count: inspection.feature_count,
            sample_rows: inspection.sample_rows.into_iter().map(Value::Object).collect(),
            layer_name: inspection.layers.into_iter().next().unwrap_or_default(),
            detected_geometry_columns: if is_table { detected } else { Value::Null },
        }
    }

    pub(super) fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column["name"] == name)
    }

    /// Whether that is the file's only layer.
    pub(super) fn is_layer(&self, name: &str) -> bool {
        self.layer_name == name
    }
}

/// The number of a system of coordinates: `EPSG:4326`, `urn:ogc:def:crs:EPSG::4326`. CRS84 is the same, axes swapped.
fn srid(crs: &str) -> Option<i64> {
    if crs.ends_with(":CRS84") {
        return Some(4326);
    }
    let is_epsg = crs.to_ascii_uppercase().contains("EPSG:");
    crs.rsplit(':').next()?.parse().ok().filter(|_| is_epsg)
}

/// `POST /ingest/preview/{job_id}`.
pub(super) async fn preview(
    app: &App,
    caller: &Arc<Identity>,
    id: Uuid,
    job: Job,
    layer_name: Option<&str>,
) -> Result<Value, ApiError> {
    let seen = see(app, caller, &job, layer_name).await?;
    let mut shown = shown(id, &job, &seen);
    // Only files of several layers have a list.
    shown["layers"] = Value::Null;
    shown["detected_geometry_columns"] = seen.detected_geometry_columns;
    Ok(shown)
}

/// `POST /datasets/{dataset_id}/reupload/{job_id}/preview`: as the other, and what would change.
pub(super) async fn preview_replacement(
    app: &App,
    caller: &Arc<Identity>,
    id: Uuid,
    job: Job,
    dataset: &Dataset,
) -> Result<Value, ApiError> {
    let seen = see(app, caller, &job, None).await?;
    let named = |columns: &[Value], name: &Value| columns.iter().find(|column| column["name"] == *name).cloned();
    let not_in = |columns: &[Value], others: &[Value]| -> Vec<Value> {
        columns.iter().filter(|column| named(others, &column["name"]).is_none()).cloned().collect()
    };
    let type_changes: Vec<Value> = seen
        .columns
        .iter()
        .filter_map(|column| Some((column, named(&dataset.columns, &column["name"])?)))
        .filter(|(column, before)| column["type"] != before["type"])
        .map(|(column, before)| {
            json!({ "name": column["name"], "old_type": before["type"], "new_type": column["type"] })
        })
        .collect();
    let mut shown = shown(id, &job, &seen);
    shown["schema_diff"] = json!({
        "columns_added": not_in(&seen.columns, &dataset.columns),
        "columns_removed": not_in(&dataset.columns, &seen.columns),
        "type_changes": type_changes,
        "row_count_old": dataset.feature_count,
        "row_count_new": seen.feature_count,
        "row_count_delta": i128::from(seen.feature_count) - i128::from(dataset.feature_count),
    });
    Ok(shown)
}

/// What both previews show.
fn shown(id: Uuid, job: &Job, seen: &Seen) -> Value {
    json!({
        "job_id": id,
        "source_filename": job.file_name,
        "columns": seen.columns,
        "crs": seen.srid,
        "geometry_type": seen.geometry_type,
        "feature_count": seen.feature_count,
        "sample_rows": seen.sample_rows,
        "layer_name": seen.layer_name,
    })
}

/// The file of a job that waits for its commit. Assumption 8.
pub(super) fn file_of(job: &Job) -> Result<&StoredFile, ApiError> {
    if job.state != State::Pending || job.import.is_some() {
        return Err(ApiError::bad_request("Job already processed"));
    }
    job.file
        .as_ref()
        .ok_or_else(|| ApiError::bad_request("Job has no associated file — upload must complete before preview"))
}

async fn see(app: &App, caller: &Arc<Identity>, job: &Job, layer_name: Option<&str>) -> Result<Seen, ApiError> {
    if layer_name.is_some_and(|name| name.starts_with('-')) {
        return Err(ApiError::unprocessable("Invalid layer_name: must not start with '-'"));
    }
    let file = file_of(job)?;
    let shelf = Shelf::of(caller)?;
    let read = content::inspect(app, &shelf.place(&file.key), &job.file_name, file, &mut Unwatched).await;
    let seen = match read {
        Ok(inspection) => Seen::of(inspection),
        Err(ReadError::Unreadable(sentence)) => return Err(ApiError::unprocessable(sentence)),
        Err(ReadError::Storage(error)) => return Err(error.into()),
    };
    match layer_name {
        Some(name) if !seen.is_layer(name) => {
            Err(ApiError::unprocessable("Unable to preview file. The file may be malformed or unsupported."))
        }
        _ => Ok(seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_of_coordinates_have_numbers() {
        for (crs, expected) in [
            ("EPSG:4326", Some(4326)),
            ("urn:ogc:def:crs:EPSG::3857", Some(3857)),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", Some(4326)),
            ("something", None),
            ("ESRI:102100", None),
        ] {
            assert_eq!(srid(crs), expected, "{crs}");
        }
    }
}
