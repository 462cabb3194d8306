//! What a file holds: its columns, how many rows, the first of them, and where its geometry is. Reads from the front to the
//! end in bounded memory. Not where the file is, and not who asks.

mod columns;
mod content;
mod csv;
mod geojson;

use std::io;

use serde::Serialize;
use serde_json::{Map, Value};

pub(super) use self::content::{HEAD_BYTES, check_content};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Inspection {
    /// In the order in which they are met.
    pub(super) columns: Vec<Column>,
    /// Such as `EPSG:4326`; `None` for a table without geometry.
    pub(super) crs: Option<String>,
    /// `None` for a table without geometry; of two, `Mixed`, unless one is the other's plural.
    pub(super) geometry_type: Option<String>,
    pub(super) feature_count: u64,
    pub(super) sample_rows: Vec<Map<String, Value>>,
    /// Of a table: which columns are coordinates, or well-known text.
    pub(super) detected_geometry_columns: Value,
    /// The names of the layers.
    pub(super) layers: Vec<String>,
}

/// A column, and what its values are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Column {
    pub(super) name: String,
    /// As GDAL names them: `Integer`, `Integer64`, `Real`, `Boolean`, `Date`, `DateTime`, `String`.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

/// Why a file cannot be read, in one sentence for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) String);

/// Why an inspection came to nothing.
#[derive(Debug)]
pub(super) enum InspectError {
    /// The file is not what its name says, or of a format that cannot be read here.
    Unreadable(Unreadable),
    /// Its bytes did not come.
    Io(io::Error),
}

/// Reads a whole file. What it is, its name's extension says.
pub(super) fn inspect(
    file_name: &str,
    reader: &mut dyn io::Read,
    max_sample_rows: usize,
) -> Result<Inspection, InspectError> {
    let layer = layer_of(file_name);
    match content::extension(file_name).as_str() {
        "csv" => csv::inspect(layer, reader, max_sample_rows),
        "geojson" | "json" => geojson::inspect(layer, reader, max_sample_rows),
        other => Err(unreadable(format!(
            "Files of the format .{other} are stored, but cannot be read here; those that can are .csv, .geojson and .json"
        ))),
    }
}

/// A file is one layer, of its own name.
fn layer_of(file_name: &str) -> String {
    file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem).to_owned()
}

fn unreadable(sentence: impl Into<String>) -> InspectError {
    InspectError::Unreadable(Unreadable(sentence.into()))
}
