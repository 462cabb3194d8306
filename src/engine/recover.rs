//! Recovery at start: unfinished files go, and after a power loss the newest blobs are hashed again.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use rusqlite::Connection;

use super::blobs::store::BlobStore;
use super::durability::Durability;
use super::error::Result;
use super::meta::{blobs, settings};
use super::open::Recovery;
use crate::wire::checksum::{Algorithm, Hasher};

const BUFFER_BYTES: usize = 1 << 20;

/// Puts right what the end of the last use left.
pub(crate) fn run(conn: &Connection, store: &BlobStore, durability: Durability) -> Result<Recovery> {
    if durability == Durability::Memory {
        return Ok(Recovery::default());
    }
    let unfinished_files = store.clear_temporary()?;
    let boot = boot_id();
    let before = settings::bytes(conn, settings::BOOT_ID)?;
    let mut torn_blobs = 0;
    // The machine has been restarted since: whatever was not synced may be missing from the files.
    if before.is_some_and(|before| boot.is_none_or(|boot| before != boot.as_bytes())) {
        torn_blobs = rehash_unsynced(conn, store)?;
    }
    settings::put(conn, settings::BOOT_ID, boot_id().unwrap_or_default().as_bytes())?;
    Ok(Recovery { unfinished_files, torn_blobs })
}

fn rehash_unsynced(conn: &Connection, store: &BlobStore) -> Result<usize> {
    let mut after = settings::integer(conn, settings::SYNCED_BLOB)?.unwrap_or(0);
    let mut torn = 0;
    loop {
        let page = blobs::page_after(conn, after)?;
        let Some(last) = page.last() else { return Ok(torn) };
        after = last.id;
        for blob in page {
            // Bytes in rows are covered by SQLite's own recovery.
            let Some(name) = blob.name else { continue };
            let whole = match store.open(name) {
                Ok(file) => crc64_and_size(&file)? == (blob.crc64, blob.size_bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => false,
                Err(error) => return Err(error.into()),
            };
            if !whole {
                tracing::error!(blob = %name.hex(), "a power loss tore this blob: reading it answers an error");
                blobs::mark_torn(conn, blob.id)?;
                torn += 1;
            }
        }
    }
}

/// The CRC64NVME of bytes, as blobs keep it.
pub(crate) fn crc64(bytes: &[u8]) -> Vec<u8> {
    Hasher::digest(Algorithm::Crc64Nvme, bytes).as_bytes().to_vec()
}

/// The CRC64NVME and size of a file's bytes, wherever its cursor is: a file in memory has one for all who hold it.
pub(crate) fn crc64_and_size(file: &File) -> io::Result<(Vec<u8>, u64)> {
    let mut hasher = Hasher::new(Algorithm::Crc64Nvme);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut size_bytes = 0;
    loop {
        match file.read_at(&mut buffer, size_bytes)? {
            0 => return Ok((hasher.finish().as_bytes().to_vec(), size_bytes)),
            count => {
                hasher.update(&buffer[..count]);
                size_bytes += count as u64;
            }
        }
    }
}

/// What tells one run of the machine from the next; `None` where the system has no such thing.
fn boot_id() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned())
}
