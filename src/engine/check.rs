//! `staves check`: compares every row with every other and with the bytes at rest, and reports each difference.

use rusqlite::Connection;

use super::Engine;
use super::error::Result;
use super::ids::BlobName;
use super::meta::{annotations, blobs, check};
use super::recover::{crc64, crc64_and_size};
use crate::wire::md5::Md5;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Blobs whose bytes were hashed.
    pub blobs_hashed: u64,
    /// Annotations whose texts were hashed.
    pub annotations_hashed: u64,
    /// The bytes of both.
    pub bytes_hashed: u64,
    /// Files without a row: what a crash left, which a server sweeps. No damage.
    pub orphaned_files: u64,
    /// Each difference, in words. None: all is well.
    pub differences: Vec<String>,
}

/// How far a check has come.
#[derive(Debug, Clone, Copy)]
pub struct CheckProgress {
    /// Bytes hashed so far.
    pub bytes_hashed: u64,
    /// Bytes to be hashed in all.
    pub bytes_total: u64,
}

impl Engine {
    /// Checks everything. Meant for an engine that serves nobody meanwhile. Runs for as long as reading all bytes takes;
    /// call it from a blocking thread.
    pub fn check(&self, mut progress: impl FnMut(CheckProgress)) -> Result<CheckReport> {
        let core = &self.0.core;
        let mut report = CheckReport::default();
        // One view of all rows, and no file of it goes, whatever the keeper comes to meanwhile.
        let _lease = core.leases.take();
        core.read(|conn| {
            let _view = conn.unchecked_transaction()?;
            report.differences.extend(check::integrity(conn)?);
            report.differences.extend(check::dangling(conn)?);
            report.differences.extend(check::references(conn)?);
            let bytes_total = blobs::total_size(conn)? + annotations::total_size(conn)?;
            let mut hashed = |report: &mut CheckReport, size_bytes: u64| {
                report.bytes_hashed += size_bytes;
                progress(CheckProgress { bytes_hashed: report.bytes_hashed, bytes_total });
            };
            check_annotations(conn, &mut report, &mut hashed)?;
            self.check_blobs(conn, &mut report, &mut hashed)
        })?;
        core.store.for_each_file(|name| {
            if !core.store.is_in_flight(name) && !core.read(|conn| blobs::name_exists(conn, name))? {
                report.orphaned_files += 1;
            }
            Ok::<_, super::error::Error>(())
        })?;
        Ok(report)
    }

    fn check_blobs(
        &self,
        conn: &Connection,
        report: &mut CheckReport,
        hashed: &mut impl FnMut(&mut CheckReport, u64),
    ) -> Result<()> {
        let mut after = 0;
        loop {
            let page = blobs::page_after(conn, after)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for blob in page {
                let damage = match self.hash_blob(conn, &blob) {
                    Ok(found) if found == (blob.crc64, blob.size_bytes) => None,
                    Ok((_, size)) if size != blob.size_bytes => {
                        Some(format!("it has {size} bytes, its row says {}", blob.size_bytes))
                    }
                    Ok(_) => Some("its bytes are not those that were stored".to_owned()),
                    Err(error) => Some(format!("it cannot be read: {error}")),
                };
                if let Some(damage) = damage {
                    let users = check::users(conn, blob.id)?.join(", ");
                    report.differences.push(format!("{} of {users}: {damage}", described(blob.id, blob.name)));
                }
                report.blobs_hashed += 1;
                hashed(report, blob.size_bytes);
            }
        }
    }

    /// Bytes are hashed as they are stored: those of an object with SSE-C are checked without its key.
    fn hash_blob(&self, conn: &Connection, blob: &blobs::BlobRow) -> Result<(Vec<u8>, u64)> {
        if let Some(name) = blob.name {
            return Ok(crc64_and_size(&*self.0.core.store.open(name)?)?);
        }
        let body = blobs::inline_body(conn, blob.id)?;
        Ok((crc64(&body), body.len() as u64))
    }
}

/// Compares each annotation's text with its size and MD5.
fn check_annotations(
    conn: &Connection,
    report: &mut CheckReport,
    hashed: &mut impl FnMut(&mut CheckReport, u64),
) -> Result<()> {
    let mut after = 0;
    loop {
        let page = annotations::at_rest(conn, after)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.row;
        for annotation in page {
            let size_bytes = annotation.body.len() as u64;
            if size_bytes != annotation.size_bytes {
                let said = annotation.size_bytes;
                report.differences.push(format!("{}: it has {size_bytes} bytes, its row says {said}", annotation.what));
            } else if Md5::digest(&annotation.body) != annotation.md5 {
                report.differences.push(format!("{}: its bytes are not those that were stored", annotation.what));
            }
            report.annotations_hashed += 1;
            hashed(report, size_bytes);
        }
    }
}

/// A blob by its row and, so that it can be found, its file.
fn described(id: i64, name: Option<BlobName>) -> String {
    match name {
        Some(name) => format!("blob {id} (file {})", name.hex()),
        None => format!("blob {id}"),
    }
}
