//! Where blob files are: two directories on disk, or, with `memory` durability, unlinked temporary files.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::hashing::Hashing;
use crate::engine::durability::Durability;
use crate::engine::ids::BlobName;

/// The files of all blobs that are not inside SQLite.
pub(crate) enum BlobStore {
    /// Under a data directory.
    Disk {
        tmp: PathBuf,
        blobs: PathBuf,
        durability: Durability,
        hashing: Hashing,
        /// Files of this process that no committed row points at yet: the sweep of orphans passes them over.
        in_flight: Mutex<HashSet<BlobName>>,
    },
    /// Open files without a name, gone when the last handle is.
    Memory { files: Mutex<HashMap<BlobName, Arc<File>>>, hashing: Hashing },
}

/// A file being written. Dropping it removes it.
pub(crate) struct TempFile {
    store: Arc<BlobStore>,
    name: BlobName,
    file: Arc<File>,
    place: Place,
}

/// How far a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Temporary,
    Sealed,
    /// A committed row points at it: it is the keeper's to remove.
    Committed,
}

impl BlobStore {
    /// The store under a data directory, whose folders are made if they are missing.
    pub(crate) fn on_disk(data_dir: &Path, durability: Durability) -> io::Result<BlobStore> {
        let (tmp, blobs) = (data_dir.join("tmp"), data_dir.join("blobs"));
        fs::create_dir_all(&tmp)?;
        fs::create_dir_all(&blobs)?;
        if durability == Durability::Power {
            // All folders at once, so that no blob's safety rests on another's folder being synced in time.
            for first in 0..=u8::MAX {
                fs::create_dir_all(blobs.join(hex::encode([first])))?;
            }
            File::open(&blobs)?.sync_all()?;
            File::open(data_dir)?.sync_all()?;
            if let Some(parent) = fs::canonicalize(data_dir)?.parent() {
                File::open(parent)?.sync_all()?;
            }
        }
        Ok(BlobStore::Disk { tmp, blobs, durability, hashing: Hashing::default(), in_flight: Mutex::default() })
    }

    pub(crate) fn in_memory() -> BlobStore {
        BlobStore::Memory { files: Mutex::new(HashMap::new()), hashing: Hashing::default() }
    }

    /// Who computes the MD5 of what is written here.
    pub(crate) fn hashing(&self) -> &Hashing {
        match self {
            BlobStore::Disk { hashing, .. } | BlobStore::Memory { hashing, .. } => hashing,
        }
    }

    /// A new file to write into.
    pub(crate) fn create(self: &Arc<Self>) -> io::Result<TempFile> {
        let name = BlobName::random();
        let file = match &**self {
            BlobStore::Disk { tmp, in_flight, .. } => {
                let file = File::options().read(true).write(true).create_new(true).open(tmp.join(name.hex()))?;
                in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
                file
            }
            BlobStore::Memory { .. } => tempfile::tempfile()?,
        };
        Ok(TempFile { store: Arc::clone(self), name, file: Arc::new(file), place: Place::Temporary })
    }

    /// Opens a sealed blob for reading.
    pub(crate) fn open(&self, name: BlobName) -> io::Result<Arc<File>> {
        match self {
            BlobStore::Disk { blobs, .. } => Ok(Arc::new(File::open(sealed_path(blobs, name))?)),
            BlobStore::Memory { files, .. } => files
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(&name)
                .cloned()
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
        }
    }

    /// Removes a sealed blob's file. One that is gone already is fine: the removal was cut short before.
    pub(crate) fn unlink(&self, name: BlobName) -> io::Result<()> {
        match self {
            BlobStore::Disk { blobs, .. } => match fs::remove_file(sealed_path(blobs, name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            BlobStore::Memory { files, .. } => {
                files.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
                Ok(())
            }
        }
    }

    /// Removes what an earlier process was still writing. Called before anything is written by this one.
    pub(crate) fn clear_temporary(&self) -> io::Result<usize> {
        let BlobStore::Disk { tmp, .. } = self else { return Ok(0) };
        let mut removed = 0;
        for entry in fs::read_dir(tmp)? {
            match fs::remove_file(entry?.path()) {
                Ok(()) => removed += 1,
                // A body that outlived an earlier engine of this process was dropped just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }

    /// Whether a request of this process may still commit a row for this file. Ask before looking for the row: a file
    /// that is no longer in flight has its row, or is gone.
    pub(crate) fn is_in_flight(&self, name: BlobName) -> bool {
        match self {
            BlobStore::Disk { in_flight, .. } => {
                in_flight.lock().unwrap_or_else(PoisonError::into_inner).contains(&name)
            }
            BlobStore::Memory { .. } => false,
        }
    }

    /// Calls `visit` with the name of every sealed file.
    pub(crate) fn for_each_file<E: From<io::Error>>(
        &self,
        mut visit: impl FnMut(BlobName) -> Result<(), E>,
    ) -> Result<(), E> {
        let BlobStore::Disk { blobs, .. } = self else { return Ok(()) };
        for folder in fs::read_dir(blobs)? {
            let folder = folder?.path();
            if !folder.is_dir() {
                continue;
            }
            for entry in fs::read_dir(folder)? {
                // Files that are not named as blobs are none of ours and stay.
                if let Some(name) = entry?.file_name().to_str().and_then(BlobName::from_hex) {
                    visit(name)?;
                }
            }
        }
        Ok(())
    }
}

/// 256 folders, so that none grows too large to list.
fn sealed_path(blobs: &Path, name: BlobName) -> PathBuf {
    let hex = name.hex();
    blobs.join(&hex[..2]).join(hex)
}

impl TempFile {
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn name(&self) -> BlobName {
        self.name
    }

    /// Moves the whole file to its own name; with `power` durability the file and its folder are on the disk after.
    pub(crate) fn seal(&mut self) -> io::Result<()> {
        match &*self.store {
            BlobStore::Memory { files, .. } => {
                files.lock().unwrap_or_else(PoisonError::into_inner).insert(self.name, Arc::clone(&self.file));
            }
            BlobStore::Disk { tmp, blobs, durability, .. } => {
                let (from, to) = (tmp.join(self.name.hex()), sealed_path(blobs, self.name));
                if *durability == Durability::Power {
                    self.file.sync_all()?;
                }
                match fs::rename(&from, &to) {
                    // The folder is missing, or was: another blob's writer may just have made it.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        fs::create_dir_all(to.parent().unwrap_or(blobs))?;
                        fs::rename(&from, &to)?;
                    }
                    renamed => renamed?,
                }
                // Before anything else can fail: from here on dropping has to look under the new name.
                self.place = Place::Sealed;
                if *durability == Durability::Power {
                    File::open(to.parent().unwrap_or(blobs))?.sync_all()?;
                }
            }
        }
        self.place = Place::Sealed;
        Ok(())
    }

    /// A committed row points here now: dropping this no longer removes the file.
    pub(crate) fn keep(mut self) {
        self.place = Place::Committed;
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let removed = match (self.place, &*self.store) {
            (Place::Committed, _) | (Place::Temporary, BlobStore::Memory { .. }) => Ok(()),
            (Place::Sealed, store) => store.unlink(self.name),
            (Place::Temporary, BlobStore::Disk { tmp, .. }) => match fs::remove_file(tmp.join(self.name.hex())) {
                // An engine that was opened on the same directory since has cleared it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
        };
        if let Err(error) = removed {
            tracing::warn!(%error, blob = %self.name.hex(), "a discarded file stays until the next start sweeps it");
        }
        if let BlobStore::Disk { in_flight, .. } = &*self.store {
            in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn files_under(dir: &Path) -> usize {
        let mut count = 0;
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            count += if path.is_dir() { files_under(&path) } else { 1 };
        }
        count
    }

    #[test]
    fn a_dropped_file_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        for durability in [Durability::Process, Durability::Power] {
            let store = Arc::new(BlobStore::on_disk(dir.path(), durability).unwrap());
            let temporary = store.create().unwrap();
            temporary.file().write_all(b"x").unwrap();
            drop(temporary);
            let mut sealed = store.create().unwrap();
            sealed.seal().unwrap();
            drop(sealed);
            assert_eq!(files_under(dir.path()), 0);
        }
    }

    #[test]
    fn files_sealed_at_once_into_a_missing_folder_are_all_there() {
        for _ in 0..200 {
            let dir = tempfile::tempdir().unwrap();
            let store = Arc::new(BlobStore::on_disk(dir.path(), Durability::Process).unwrap());
            let threads = 4;
            let barrier = std::sync::Barrier::new(threads);
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        let mut file = store.create().unwrap();
                        // Names that share their folder.
                        let mut shared = file.name.hex();
                        shared.replace_range(..2, "00");
                        fs::remove_file(dir.path().join("tmp").join(file.name.hex())).unwrap();
                        file.name = BlobName::from_hex(&shared).unwrap();
                        fs::write(dir.path().join("tmp").join(shared), b"x").unwrap();
                        barrier.wait();
                        file.seal().unwrap();
                        file.keep();
                    });
                }
            });
            assert_eq!(files_under(dir.path()), threads);
        }
    }

    #[test]
    fn a_kept_file_is_read_back_and_unlinked_once() {
        let dir = tempfile::tempdir().unwrap();
        for store in [BlobStore::on_disk(dir.path(), Durability::Process).unwrap(), BlobStore::in_memory()] {
            let store = Arc::new(store);
            let mut file = store.create().unwrap();
            file.file().write_all(b"bytes").unwrap();
            file.seal().unwrap();
            let name = file.name();
            file.keep();
            assert_eq!(store.open(name).unwrap().metadata().unwrap().len(), 5);
            store.unlink(name).unwrap();
            store.unlink(name).unwrap();
            assert_eq!(store.open(name).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }
}
