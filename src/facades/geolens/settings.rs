//! What can be set for the facade, with the product's defaults, and the numbers of the product that cannot.

use crate::facades::ground::Ground;
use crate::facades::options::{FacadeOption, OptionError};

pub(in crate::facades) const OPTIONS: &[FacadeOption] = &[
    FacadeOption {
        name: "presigned_threshold",
        default: "100MiB",
        help: "files larger than this are uploaded in parts",
    },
    FacadeOption { name: "max_file_size", default: "500MiB", help: "the largest file" },
    FacadeOption { name: "part_size", default: "10MiB", help: "the size of a part but for the last" },
    FacadeOption {
        name: "allowed_extensions",
        default: ".zip,.gpkg,.geojson,.json,.csv,.tif,.tiff,.xlsx,.xls,.parquet",
        help: "the extensions of files that are taken",
    },
    FacadeOption {
        name: "pending_job_timeout",
        default: "3600",
        help: "seconds in which an upload has to be completed; its URLs live as long",
    },
    FacadeOption {
        name: "validation_errors",
        default: "array",
        help: "array: as documented; problem: as the product's server sends them",
    },
];

/// An access token's life. Assumption 9.
pub(super) const ACCESS_SECONDS: i64 = 30 * 60;
/// A refresh token's life. Assumption 9.
pub(super) const REFRESH_SECONDS: i64 = 7 * 24 * 3600;
/// No URL is handed out that is good for less.
pub(super) const MIN_URL_SECONDS: i64 = 60;
/// What was uploaded has to be committed within this, counted from the start; a file whose import failed is kept as long.
/// Assumptions 6 and 10.
pub(super) const KEEP_SECONDS: i64 = 24 * 3600;
/// A completion may begin at the last moment: that much later nobody is busy with the job any more.
pub(super) const HEADROOM_SECONDS: i64 = 3600;
/// After the last URL's end, until a PUT that began in time has certainly ended.
pub(super) const LATE_PUT_SECONDS: i64 = 900;
/// Rows of a preview.
pub(super) const SAMPLE_ROWS: usize = 5;

/// The most that S3 takes in one PUT.
const MAX_PUT_BYTES: u64 = 5 << 30;
/// The most that a signature may be good for.
const MAX_URL_SECONDS: i64 = 7 * 24 * 3600;

/// How refused fields are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValidationErrors {
    /// FastAPI's array, as the product's documentation has it.
    Array,
    /// One sentence in a problem, as the product's server sends it.
    Problem,
}

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) presigned_threshold_bytes: u64,
    pub(super) max_file_size_bytes: u64,
    pub(super) part_size_bytes: u64,
    /// In lower case, each with its dot.
    pub(super) allowed_extensions: Vec<String>,
    pub(super) pending_seconds: i64,
    pub(super) validation_errors: ValidationErrors,
}

impl Settings {
    pub(super) fn read(ground: &Ground) -> Result<Settings, OptionError> {
        let options = ground.options();
        let part_size_bytes = options.size_bytes("part_size")?;
        options.parse("part_size", "at least 1", |_| (part_size_bytes > 0).then_some(()))?;
        let max_file_size_bytes = options.size_bytes("max_file_size")?;
        let in_parts = part_size_bytes.saturating_mul(10_000);
        let meaning = "no more than 10,000 parts of part_size, and 5 TiB";
        options.parse("max_file_size", meaning, |_| (max_file_size_bytes <= in_parts.min(5 << 40)).then_some(()))?;
        let presigned_threshold_bytes = options.size_bytes("presigned_threshold")?;
        let meaning = "at most 5GiB, the most that S3 takes in one PUT";
        options
            .parse("presigned_threshold", meaning, |_| (presigned_threshold_bytes <= MAX_PUT_BYTES).then_some(()))?;
        let pending_seconds = options.number("pending_job_timeout")?;
        let in_range = (MIN_URL_SECONDS..=MAX_URL_SECONDS).contains(&pending_seconds);
        options.parse("pending_job_timeout", "60 to 604800 seconds", |_| in_range.then_some(()))?;
        Ok(Settings {
            presigned_threshold_bytes,
            max_file_size_bytes,
            part_size_bytes,
            allowed_extensions: options.parse("allowed_extensions", "a list such as .csv,.geojson", extensions)?,
            pending_seconds,
            validation_errors: options.parse("validation_errors", "array or problem", |text| match text {
                "array" => Some(ValidationErrors::Array),
                "problem" => Some(ValidationErrors::Problem),
                _ => None,
            })?,
        })
    }

    /// Whether a file's name has one of the allowed extensions.
    pub(super) fn allows(&self, file_name: &str) -> bool {
        let extension = extension(file_name);
        self.allowed_extensions.contains(&extension)
    }

    /// The limit in megabytes, as the product's sentences have it.
    pub(super) fn max_megabytes(&self) -> String {
        const MEGABYTE: u64 = 1 << 20;
        if self.max_file_size_bytes.is_multiple_of(MEGABYTE) {
            (self.max_file_size_bytes / MEGABYTE).to_string()
        } else {
            megabytes(self.max_file_size_bytes)
        }
    }
}

/// A size as the product's sentences have it: `1.5`.
pub(super) fn megabytes(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10 + (1 << 19)) >> 20;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The extension with its dot, in lower case; empty without one. A name that only begins with a dot has none.
pub(super) fn extension(file_name: &str) -> String {
    match file_name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.is_empty() => {
            format!(".{}", extension.to_ascii_lowercase())
        }
        _ => String::new(),
    }
}

/// With commas, or with spaces: in an environment variable, commas part the options.
fn extensions(text: &str) -> Option<Vec<String>> {
    let listed = text.split([',', ' ']).filter(|one| !one.is_empty()).map(str::to_ascii_lowercase);
    let listed: Vec<String> = listed.collect();
    let shaped = |one: &String| one.strip_prefix('.').is_some_and(|rest| !rest.is_empty() && !rest.contains('.'));
    (!listed.is_empty() && listed.iter().all(shaped)).then_some(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_sentences() {
        for (bytes, text) in [(0, "0.0"), (1 << 20, "1.0"), (1_572_864, "1.5"), (1_677_721, "1.6"), (1, "0.0")] {
            assert_eq!(megabytes(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn extensions_as_the_product_sees_them() {
        for (name, expected) in [("a.CSV", ".csv"), ("a.b.zip", ".zip"), (".csv", ""), ("a", ""), ("a.", "")] {
            assert_eq!(extension(name), expected, "{name}");
        }
        assert_eq!(extensions(".A .b"), extensions(".a,.b"));
        assert_eq!(extensions(".A, .b"), Some(vec![".a".to_owned(), ".b".to_owned()]));
        assert_eq!((extensions(""), extensions("csv"), extensions(".tar.gz")), (None, None, None));
    }
}
