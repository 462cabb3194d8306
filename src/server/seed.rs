//! Loading a directory as buckets and objects: `DIR/<bucket>/<key…>`. Not storing them: that is the sink's.

use std::collections::BTreeMap;
use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};

/// What S3 says of an object whose type nobody gave.
const UNKNOWN_TYPE: &str = "binary/octet-stream";
/// Files that are there for git or the desktop, not to be objects. `.gitkeep` keeps an empty bucket.
const NOT_OBJECTS: [&str; 2] = [".gitkeep", ".DS_Store"];
/// S3's limit, in UTF-8 bytes.
const MAX_KEY_BYTES: usize = 1024;
/// Deeper than that is a loop made by mounts.
const MAX_DEPTH: usize = 512;

/// Where the files of a seed directory go.
pub(super) trait SeedSink: Sync {
    /// Makes sure that the bucket is there.
    fn create_bucket(&self, bucket: &str) -> impl Future<Output = Result<(), String>> + Send;

    /// Streams a file into an object; returns its size in bytes.
    fn put_file(
        &self,
        bucket: &str,
        key: &str,
        content_type: &str,
        path: &Path,
    ) -> impl Future<Output = Result<u64, String>> + Send;
}

/// How the loading of a seed directory gets on.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum SeedEvent<'a> {
    /// All files were found.
    Found {
        /// How many.
        files: u64,
        /// How large they are together.
        bytes: u64,
    },
    /// A file was stored.
    Stored {
        /// Its bucket.
        bucket: &'a str,
        /// Its key.
        key: &'a str,
        /// Its size.
        bytes: u64,
    },
    /// A bucket is complete.
    BucketDone {
        /// Its name.
        bucket: &'a str,
        /// How many files went into it.
        files: u64,
        /// How large they are together.
        bytes: u64,
    },
}

/// What was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeedReport {
    /// How many buckets.
    pub buckets: u64,
    /// How many objects.
    pub files: u64,
    /// How large they are together.
    pub bytes: u64,
}

/// Loads `directory` into `sink`.
pub(super) async fn load<S: SeedSink>(
    directory: &Path,
    sink: &S,
    on_event: &mut (dyn FnMut(SeedEvent<'_>) + Send),
) -> Result<SeedReport, String> {
    let root = directory.to_owned();
    let found = tokio::task::spawn_blocking(move || find(&root)).await.map_err(|error| error.to_string())??;
    let all = || found.values().flatten();
    on_event(SeedEvent::Found { files: all().count() as u64, bytes: all().map(|file| file.bytes).sum() });
    let mut report = SeedReport::default();
    for (bucket, files) in &found {
        sink.create_bucket(bucket).await.map_err(|reason| format!("bucket {bucket:?}: {reason}"))?;
        let before = report;
        for File { key, path, .. } in files {
            let bytes = sink
                .put_file(bucket, key, content_type(key), path)
                .await
                .map_err(|reason| format!("{}: {reason}", path.display()))?;
            report.files += 1;
            report.bytes += bytes;
            on_event(SeedEvent::Stored { bucket, key, bytes });
        }
        report.buckets += 1;
        let (files, bytes) = (report.files - before.files, report.bytes - before.bytes);
        on_event(SeedEvent::BucketDone { bucket, files, bytes });
    }
    Ok(report)
}

#[derive(Debug)]
struct File {
    key: String,
    path: PathBuf,
    bytes: u64,
}

/// All files by bucket, in the order of their names.
fn find(directory: &Path) -> Result<BTreeMap<String, Vec<File>>, String> {
    let root = fs::canonicalize(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut found = BTreeMap::new();
    for (name, path) in entries(&root)? {
        if fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.is_dir() {
            let mut files = Vec::new();
            Walk { root: &root, files: &mut files, above: Vec::new() }.directory(&path, "")?;
            found.insert(name, files);
        } else if !NOT_OBJECTS.contains(&name.as_str()) {
            tracing::warn!(path = %path.display(), "seed: not in a bucket's directory, so it is left out");
        }
    }
    Ok(found)
}

struct Walk<'a> {
    root: &'a Path,
    files: &'a mut Vec<File>,
    /// The directories that we are in, to notice links that lead back up.
    above: Vec<PathBuf>,
}

impl Walk<'_> {
    fn directory(&mut self, path: &Path, prefix: &str) -> Result<(), String> {
        let real = self.inside(path)?;
        if self.above.contains(&real) || self.above.len() >= MAX_DEPTH {
            return Err(format!("{} leads back to a directory above it; remove the link", path.display()));
        }
        self.above.push(real);
        for (name, path) in entries(path)? {
            let metadata = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let key = format!("{prefix}{name}");
            if metadata.is_dir() {
                self.directory(&path, &format!("{key}/"))?;
            } else if !metadata.is_file() {
                return Err(format!("{} is neither a file nor a directory; remove it", path.display()));
            } else if !NOT_OBJECTS.contains(&name.as_str()) {
                self.inside(&path)?;
                if key.len() > MAX_KEY_BYTES {
                    return Err(format!("{}: keys have at most {MAX_KEY_BYTES} bytes", path.display()));
                }
                self.files.push(File { key, path, bytes: metadata.len() });
            }
        }
        self.above.pop();
        Ok(())
    }

    /// A link out of the seed directory would publish files that nobody meant to.
    fn inside(&self, path: &Path) -> Result<PathBuf, String> {
        let real = fs::canonicalize(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if real.starts_with(self.root) {
            return Ok(real);
        }
        Err(format!(
            "{} is a link to {}, outside of the seed directory; copy the file instead",
            path.display(),
            real.display()
        ))
    }
}

fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", directory.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().into_string().map_err(|name| {
            format!("{}: the name {} is not UTF-8, which keys must be", directory.display(), name.display())
        })?;
        entries.push((name, entry.path()));
    }
    entries.sort();
    Ok(entries)
}

fn content_type(key: &str) -> &'static str {
    mime_guess::from_path(key).first_raw().unwrap_or(UNKNOWN_TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Sink(Mutex<Vec<String>>);

    impl SeedSink for Sink {
        async fn create_bucket(&self, bucket: &str) -> Result<(), String> {
            self.0.lock().unwrap().push(format!("bucket {bucket}"));
            Ok(())
        }

        async fn put_file(&self, bucket: &str, key: &str, content_type: &str, path: &Path) -> Result<u64, String> {
            self.0.lock().unwrap().push(format!("{bucket} {key} {content_type}"));
            fs::metadata(path).map(|metadata| metadata.len()).map_err(|error| error.to_string())
        }
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[tokio::test]
    async fn directories_become_buckets_and_files_objects() {
        let seed = tempfile::tempdir().unwrap();
        write(&seed.path().join("b1/index.html"), "12345");
        write(&seed.path().join("b1/a/b/x.unknowable"), "123");
        write(&seed.path().join("b0/.gitkeep"), "");
        write(&seed.path().join("README.md"), "about");
        let (sink, mut events) = (Sink::default(), Vec::new());
        let report = load(seed.path(), &sink, &mut |event| events.push(format!("{event:?}"))).await.unwrap();
        assert_eq!(report, SeedReport { buckets: 2, files: 2, bytes: 8 });
        assert_eq!(
            *sink.0.lock().unwrap(),
            ["bucket b0", "bucket b1", "b1 a/b/x.unknowable binary/octet-stream", "b1 index.html text/html"]
        );
        assert_eq!(events.len(), 1 + 2 + 2);
    }

    #[cfg(unix)]
    #[test]
    fn links_may_not_lead_out_or_back() {
        use std::os::unix::fs::symlink;
        let (seed, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(&seed.path().join("b/file"), "x");
        symlink(seed.path().join("b/file"), seed.path().join("b/same")).unwrap();
        assert_eq!(find(seed.path()).unwrap()["b"].len(), 2);

        write(&other.path().join("secret"), "x");
        symlink(other.path().join("secret"), seed.path().join("b/link")).unwrap();
        assert!(find(seed.path()).unwrap_err().contains("outside of the seed directory"));
        fs::remove_file(seed.path().join("b/link")).unwrap();

        symlink(seed.path().join("b"), seed.path().join("b/loop")).unwrap();
        assert!(find(seed.path()).unwrap_err().contains("leads back"));
    }
}
