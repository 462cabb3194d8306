//! Stored files, read: their first bytes for the check of a completion, all of them for previews and imports. Not what they
//! mean: `inspect` knows.

use std::io;

use bytes::{Buf as _, Bytes};
use tokio::sync::mpsc;

use super::App;
use super::error::ApiError;
use super::inspect::{self, HEAD_BYTES, InspectError, Inspection};
use super::record::StoredFile;
use super::settings::{self, SAMPLE_ROWS};
use crate::facades::storage::{ObjectReader, Place, StorageError};

/// Pieces on their way from the storage to the thread that reads them.
const PIECES: usize = 4;
/// The end of every Parquet file.
const PARQUET_END: &[u8] = b"PAR1";

/// Refuses a file that is not what its extension says.
pub(super) async fn check(app: &App, at: &Place<'_>, file_name: &str, size_bytes: u64) -> Result<(), ApiError> {
    let head = read(app, at, 0, HEAD_BYTES as u64).await?;
    inspect::check_content(file_name, &head).map_err(|unreadable| ApiError::unprocessable(unreadable.0))?;
    if settings::extension(file_name) == ".parquet" {
        let end_bytes = PARQUET_END.len() as u64;
        let end = read(app, at, size_bytes.saturating_sub(end_bytes), end_bytes).await?;
        if end != PARQUET_END {
            let detail = "File content does not match its extension: a Parquet file ends with PAR1.";
            return Err(ApiError::unprocessable(detail));
        }
    }
    Ok(())
}

/// A few bytes of a file.
async fn read(app: &App, at: &Place<'_>, first_byte: u64, length_bytes: u64) -> Result<Vec<u8>, ApiError> {
    let mut reader = app.ground.storage().read(at, first_byte, length_bytes).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = reader.next().await {
        bytes.extend_from_slice(&piece.map_err(|error| StorageError::Unavailable(error.to_string()))?);
    }
    Ok(bytes)
}

/// Why a file was not read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// It cannot be: one sentence for the client.
    Unreadable(String),
    /// The storage did not give it.
    Storage(StorageError),
}

/// Is told how many bytes of a file were read.
#[async_trait::async_trait]
pub(super) trait Watcher: Send {
    async fn read_so_far(&mut self, bytes: u64);
}

/// Nobody wants to know.
pub(super) struct Unwatched;

#[async_trait::async_trait]
impl Watcher for Unwatched {
    async fn read_so_far(&mut self, _bytes: u64) {}
}

/// Reads a whole file, in bounded memory, on a thread that may wait for it.
pub(super) async fn inspect(
    app: &App,
    at: &Place<'_>,
    file_name: &str,
    file: &StoredFile,
    watcher: &mut dyn Watcher,
) -> Result<Inspection, ReadError> {
    // Each reading has a thread and a few pieces: so many at once.
    let _turn = app.reading.acquire().await;
    let storage = app.ground.storage();
    let reader = storage.read(at, 0, file.size_bytes).await.map_err(ReadError::Storage)?;
    let (sender, receiver) = mpsc::channel(PIECES);
    let name = file_name.to_owned();
    let inspecting = tokio::task::spawn_blocking(move || {
        let mut bridge = Bridge { receiver, piece: Bytes::new(), has_ended: false };
        inspect::inspect(&name, &mut bridge, SAMPLE_ROWS)
    });
    pump(reader, file.size_bytes, &sender, watcher).await;
    drop(sender);
    match inspecting.await {
        Ok(Ok(inspection)) => Ok(inspection),
        Ok(Err(InspectError::Unreadable(unreadable))) => Err(ReadError::Unreadable(unreadable.0)),
        Ok(Err(InspectError::Io(error))) => Err(ReadError::Storage(StorageError::Unavailable(error.to_string()))),
        Err(error) => Err(ReadError::Storage(StorageError::Unavailable(format!("bug: a reading ended: {error}")))),
    }
}

/// Hands the bytes over, until they end or nobody wants more.
async fn pump(
    mut reader: Box<dyn ObjectReader>,
    size_bytes: u64,
    sender: &mpsc::Sender<io::Result<Bytes>>,
    watcher: &mut dyn Watcher,
) {
    let mut read_bytes = 0;
    loop {
        let piece = match reader.next().await {
            Some(piece) => piece,
            // An empty piece says that it is whole.
            None if read_bytes == size_bytes => Ok(Bytes::new()),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        };
        let length = piece.as_ref().map_or(0, Bytes::len);
        if sender.send(piece).await.is_err() || length == 0 {
            return;
        }
        read_bytes += length as u64;
        watcher.read_so_far(read_bytes).await;
    }
}

/// The storage's pieces, to a thread that reads.
struct Bridge {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
    has_ended: bool,
}

impl io::Read for Bridge {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && !self.has_ended {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece?,
                // Whoever asked has gone: this is not the file's end.
                None => return Err(io::ErrorKind::BrokenPipe.into()),
            }
            self.has_ended = self.piece.is_empty();
        }
        let length = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
