//! Writing a blob: a body arrives in pieces, is hashed and written in the same pass, and is sealed.
//!
//! Small bodies stay in a buffer and end inside SQLite. Larger ones go to a file in batches on a blocking thread, one
//! batch at work while the next fills: memory is bounded by two batches per body, whatever its size.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rusqlite::Connection;
use tokio::task::JoinHandle;

use super::cipher::Encrypting;
use super::digests::{Digesting, Digests, WantedDigests};
use super::store::{BlobStore, TempFile};
use crate::engine::error::{Error, Result};
use crate::engine::extent::ExtentList;
use crate::engine::meta::blobs;
use crate::engine::meta::writer::OnCommit;
use crate::wire::checksum::{Algorithm, Digest, Hasher};
use crate::wire::encryption::CustomerKey;

/// Bytes that go to a blocking thread at once. Measured: 256 KiB to 1 MiB are equally good.
const BATCH_BYTES: usize = 512 << 10;
/// Pieces below this are copied: a client that sends byte by byte costs no more memory than one that does not.
const SMALL_PIECE_BYTES: usize = 2 << 10;
/// Up to here, hashing and writing on the spot costs less than waking another thread.
const ON_THE_SPOT_BYTES: usize = 64 << 10;

/// A blob being written. Dropping it leaves nothing behind.
pub struct BlobWriter {
    store: Arc<BlobStore>,
    inline_max_bytes: usize,
    batch: Vec<Bytes>,
    /// Small pieces, put together: each alone would keep the whole buffer alive that it was received in.
    gathered: BytesMut,
    batch_bytes: usize,
    size_bytes: u64,
    state: State,
}

enum State {
    /// Ready for a batch.
    Idle(Box<Work>),
    /// A batch is being hashed and written.
    Busy(JoinHandle<Result<Box<Work>>>),
    /// A batch failed; the error has been returned.
    Failed,
}

struct Work {
    /// Of the body as it arrives.
    digesting: Digesting,
    file: Option<TempFile>,
    cover: Option<Cover>,
}

/// Encrypts a body with the client's own key (SSE-C). What is stored then is not what arrived, and has a digest of its own.
struct Cover {
    encrypting: Encrypting,
    stored: Hasher,
    stored_bytes: u64,
}

/// What is known of bytes as they are stored, where it is not what is known of the body.
struct Stored {
    crc64: Digest,
    size_bytes: u64,
}

/// A whole blob, its digests known, that no row points at yet. Dropping it removes it.
pub struct Sealed {
    digests: Digests,
    size_bytes: u64,
    stored: Option<Stored>,
    place: SealedPlace,
}

enum SealedPlace {
    Inline(Vec<u8>),
    File(TempFile),
}

impl BlobWriter {
    pub(crate) fn new(store: Arc<BlobStore>, inline_max_bytes: usize, wanted: WantedDigests) -> BlobWriter {
        BlobWriter {
            store,
            inline_max_bytes,
            batch: Vec::new(),
            gathered: BytesMut::new(),
            batch_bytes: 0,
            size_bytes: 0,
            state: State::Idle(Box::new(Work { digesting: Digesting::new(wanted), file: None, cover: None })),
        }
    }

    /// Encrypts all of it with this key: no plaintext is stored, not even for a while.
    pub(crate) fn encrypted_with(mut self, key: &CustomerKey) -> Result<BlobWriter> {
        if let State::Idle(work) = &mut self.state {
            let stored = Hasher::new(Algorithm::Crc64Nvme);
            work.cover = Some(Cover { encrypting: Encrypting::new(key)?, stored, stored_bytes: 0 });
        }
        Ok(self)
    }

    /// Bytes taken so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes the next piece. Waits for the disk when a batch is full and the one before is still being written.
    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        self.size_bytes += piece.len() as u64;
        self.batch_bytes += piece.len();
        if piece.len() < SMALL_PIECE_BYTES {
            self.gathered.extend_from_slice(&piece);
        } else {
            self.push_gathered();
            self.batch.push(piece);
        }
        if self.batch_bytes >= BATCH_BYTES {
            let mut work = self.idle().await?;
            let (store, batch) = (Arc::clone(&self.store), self.take_batch());
            self.batch_bytes = 0;
            self.state = State::Busy(tokio::task::spawn_blocking(move || {
                work.process(&store, &batch, Where::WithOthers)?;
                Ok(work)
            }));
        }
        Ok(())
    }

    /// Ends the body: everything is hashed and written, and the file has its own name.
    pub async fn seal(mut self) -> Result<Sealed> {
        let mut work = self.idle().await?;
        let (size_bytes, batch) = (self.size_bytes, self.take_batch());
        if work.file.is_none() && self.batch_bytes <= self.inline_max_bytes {
            let body = batch.concat();
            work.digesting.update(&body);
            let (body, stored) = match work.cover {
                None => (body, None),
                Some(cover) => cover.around(&body).map(|(body, stored)| (body, Some(stored)))?,
            };
            return Ok(Sealed {
                digests: work.digesting.finish(),
                size_bytes,
                stored,
                place: SealedPlace::Inline(body),
            });
        }
        let (store, on_the_spot) = (Arc::clone(&self.store), self.batch_bytes <= ON_THE_SPOT_BYTES);
        let on_the_spot = on_the_spot && !store_syncs(&self.store);
        let place = if on_the_spot { Where::Here } else { Where::WithOthers };
        let finish = move || -> Result<Sealed> {
            work.process(&store, &batch, place)?;
            let mut file = work.file.ok_or_else(|| Error::Bug { what: "a written blob has a file".to_owned() })?;
            let stored = work.cover.map(|cover| cover.finish(file.file())).transpose()?;
            file.seal()?;
            Ok(Sealed { digests: work.digesting.finish(), size_bytes, stored, place: SealedPlace::File(file) })
        };
        if on_the_spot { finish() } else { blocking(finish).await }
    }

    fn push_gathered(&mut self) {
        if !self.gathered.is_empty() {
            self.batch.push(self.gathered.split().freeze());
        }
    }

    fn take_batch(&mut self) -> Vec<Bytes> {
        self.push_gathered();
        std::mem::take(&mut self.batch)
    }

    async fn idle(&mut self) -> Result<Box<Work>> {
        match std::mem::replace(&mut self.state, State::Failed) {
            State::Idle(work) => Ok(work),
            State::Busy(batch) => joined(batch.await),
            State::Failed => Err(Error::Bug { what: "a failed blob is not written further".to_owned() }),
        }
    }
}

/// Where a batch's MD5 is computed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// On this thread.
    Here,
    /// Together with those of other bodies, while this thread does the rest.
    WithOthers,
}

impl Work {
    fn process(&mut self, store: &Arc<BlobStore>, batch: &[Bytes], hashed: Where) -> Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(store.create()?),
        };
        let mut file: &File = file.file();
        let md5 = match hashed {
            Where::Here => {
                for piece in batch {
                    self.digesting.md5().update(piece);
                }
                None
            }
            Where::WithOthers => Some(store.hashing().start(self.digesting.md5().clone(), batch.to_vec())),
        };
        for piece in batch {
            self.digesting.update_others(piece);
            match &mut self.cover {
                None => file.write_all(piece)?,
                Some(cover) => cover.write(piece, file)?,
            }
        }
        if let Some(md5) = md5 {
            *self.digesting.md5() = md5.wait()?;
        }
        Ok(())
    }
}

impl Cover {
    fn write(&mut self, piece: &[u8], file: &File) -> Result<()> {
        let mut out = Counting { out: file, stored: &mut self.stored, stored_bytes: &mut self.stored_bytes };
        self.encrypting.write(piece, &mut out)
    }

    fn finish(mut self, out: impl Write) -> Result<Stored> {
        let mut out = Counting { out, stored: &mut self.stored, stored_bytes: &mut self.stored_bytes };
        self.encrypting.finish(&mut out)?;
        Ok(Stored { crc64: self.stored.finish(), size_bytes: self.stored_bytes })
    }

    /// A whole body, in memory.
    fn around(mut self, body: &[u8]) -> Result<(Vec<u8>, Stored)> {
        let mut out = Vec::new();
        let mut counting = Counting { out: &mut out, stored: &mut self.stored, stored_bytes: &mut self.stored_bytes };
        self.encrypting.write(body, &mut counting)?;
        let stored = self.finish(&mut out)?;
        Ok((out, stored))
    }
}

/// Writes, and hashes and counts what is written.
struct Counting<'c, W> {
    out: W,
    stored: &'c mut Hasher,
    stored_bytes: &'c mut u64,
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.stored.update(&bytes[..count]);
        *self.stored_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

impl Sealed {
    /// What the body's digests are.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// The body's size.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Adds the row that makes this blob exist, with one reference, and returns where its bytes are.
    pub(crate) fn commit_row(&self, conn: &Connection) -> Result<ExtentList> {
        let (crc64, stored_bytes) = match &self.stored {
            None => (self.digests.crc64.as_bytes(), self.size_bytes),
            Some(stored) => (stored.crc64.as_bytes(), stored.size_bytes),
        };
        let id = match &self.place {
            SealedPlace::Inline(body) => blobs::insert_inline(conn, body, crc64)?,
            SealedPlace::File(file) => blobs::insert_file(conn, file.name(), stored_bytes, crc64)?,
        };
        Ok(ExtentList::whole(id, self.size_bytes))
    }
}

impl OnCommit for Sealed {
    fn committed(self) {
        if let SealedPlace::File(file) = self.place {
            file.keep();
        }
    }
}

fn store_syncs(store: &BlobStore) -> bool {
    matches!(store, BlobStore::Disk { durability: crate::engine::durability::Durability::Power, .. })
}

/// Runs file work off the reactor.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    joined(tokio::task::spawn_blocking(work).await)
}

fn joined<T>(outcome: std::result::Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    outcome.unwrap_or_else(|error| {
        Err(if error.is_panic() { Error::Bug { what: "file work panicked".to_owned() } } else { Error::Closed })
    })
}
