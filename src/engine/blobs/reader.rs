//! Reading extents as a stream of pieces, with back-pressure: a piece is read when it is asked for.
//!
//! What is in the page cache is read on the spot (`RWF_NOWAIT`), measured at half the cost of a blocking thread; what is
//! not, on a blocking thread, so that a slow disk never stalls a reactor. Elsewhere than on Linux every read of a file
//! goes to a blocking thread. What is encrypted is read and decrypted on a blocking thread too, some blocks at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use tokio::task::JoinHandle;

use super::cipher::{self, BlobCipher, Blocks, SALT_BYTES};
use super::lease::Lease;
use crate::engine::Core;
use crate::engine::error::Error;
use crate::engine::extent::{Extent, ExtentList};
use crate::engine::meta::blobs::{self, BlobPlace};
use crate::wire::encryption::CustomerKey;

const PIECE_BYTES: u64 = 256 << 10;
/// Pieces that may be on their way to the client at a time: their buffers are used again once they are sent.
const BUFFERS: usize = 3;

/// The bytes of an object, a range of it, or a part. Overwriting or deleting the object does not disturb it.
pub struct ObjectBody {
    core: Arc<Core>,
    _lease: Lease,
    extents: std::vec::IntoIter<Extent>,
    open: Option<Stretch>,
    pending: Option<JoinHandle<io::Result<Bytes>>>,
    /// All of it, if it was read together with the object's row.
    in_memory: Option<Bytes>,
    /// The last pieces, for their buffers.
    sent: VecDeque<Bytes>,
    left_bytes: u64,
    /// What all blobs are encrypted with, if they are.
    key: Option<CustomerKey>,
}

/// What is left of the extent being read. Places are those of plaintext.
struct Stretch {
    file: Arc<File>,
    at: u64,
    left_bytes: u64,
    cipher: Option<Arc<BlobCipher>>,
}

impl ObjectBody {
    pub(crate) fn new(core: Arc<Core>, lease: Lease, extents: &ExtentList) -> ObjectBody {
        ObjectBody {
            core,
            _lease: lease,
            left_bytes: extents.size_bytes(),
            extents: extents.iter().copied().collect::<Vec<_>>().into_iter(),
            open: None,
            pending: None,
            in_memory: None,
            sent: VecDeque::new(),
            key: None,
        }
    }

    /// Of blobs that are encrypted with a client's own key.
    pub(crate) fn encrypted_with(self, key: CustomerKey) -> ObjectBody {
        ObjectBody { key: Some(key), ..self }
    }

    /// Bytes that nobody brought the key for: there is nothing to read, and whoever reads on meets an error.
    pub(crate) fn locked(core: Arc<Core>, lease: Lease, left_bytes: u64) -> ObjectBody {
        ObjectBody { left_bytes, ..ObjectBody::new(core, lease, &ExtentList::default()) }
    }

    /// Bytes that have been read already.
    pub(crate) fn in_memory(core: Arc<Core>, lease: Lease, bytes: Bytes) -> ObjectBody {
        let left_bytes = bytes.len() as u64;
        ObjectBody { in_memory: Some(bytes), left_bytes, ..ObjectBody::new(core, lease, &ExtentList::default()) }
    }

    /// All bytes, if none has to be read.
    pub fn take_whole(&mut self) -> Option<Bytes> {
        let bytes = self.in_memory.take()?;
        self.left_bytes = 0;
        Some(bytes)
    }

    /// Bytes still to come.
    pub fn left_bytes(&self) -> u64 {
        self.left_bytes
    }

    /// The next piece; `None` after exactly as many bytes as [`Self::left_bytes`] promised. An error ends the stream:
    /// bytes at rest could not be read.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let polled = self.poll_piece(cx);
        if let Poll::Ready(Some(Err(_))) = &polled {
            // Nothing may follow the bytes that are missing.
            self.open = None;
            self.extents = Vec::new().into_iter();
        }
        polled
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if let Some(bytes) = self.take_whole().filter(|bytes| !bytes.is_empty()) {
            return Poll::Ready(Some(Ok(bytes)));
        }
        loop {
            if let Some(pending) = &mut self.pending {
                let Poll::Ready(joined) = Pin::new(pending).poll(cx) else { return Poll::Pending };
                self.pending = None;
                let piece = joined.unwrap_or_else(|error| Err(io::Error::other(error)));
                return Poll::Ready(Some(piece.inspect(|piece| self.took(piece.len()))));
            }
            let Some(stretch) = self.open.as_ref().filter(|stretch| stretch.left_bytes > 0) else {
                match self.open_next() {
                    Ok(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                    Ok(None) if self.open.is_none() => return Poll::Ready(None),
                    Ok(None) => continue,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            };
            if let Some(cipher) = &stretch.cipher {
                let (file, cipher, at) = (Arc::clone(&stretch.file), Arc::clone(cipher), stretch.at);
                // To the end of a block, so that no block is decrypted twice.
                let length_bytes = stretch.left_bytes.min(PIECE_BYTES - at % cipher::BLOCK_BYTES);
                let read = move || read_encrypted(&file, &cipher, at, length_bytes);
                self.pending = Some(tokio::task::spawn_blocking(read));
                continue;
            }
            let length = usize::try_from(stretch.left_bytes.min(PIECE_BYTES)).unwrap_or(0);
            let earlier = if self.sent.len() >= BUFFERS { self.sent.pop_front() } else { None };
            match read_cached(&stretch.file, stretch.at, room(earlier, length)) {
                Ok(Cached::Read(piece)) => {
                    let piece = self.keep(piece);
                    self.took(piece.len());
                    return Poll::Ready(Some(Ok(piece)));
                }
                Ok(Cached::Not(buffer)) => {
                    let (file, at) = (Arc::clone(&stretch.file), stretch.at);
                    self.pending = Some(tokio::task::spawn_blocking(move || read(&file, at, buffer)));
                }
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// The next piece, for callers outside a poll.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Goes on to the next extent: a small one is returned whole, a file is opened.
    fn open_next(&mut self) -> io::Result<Option<Bytes>> {
        self.open = None;
        let Some(extent) = self.extents.by_ref().find(|extent| extent.length_bytes > 0) else { return Ok(None) };
        match self.core.read(|conn| blobs::place(conn, extent.blob)).map_err(into_io)? {
            BlobPlace::Inline(stored) if let Some(key) = &self.key => {
                let plain = cipher::open_stretch(&stored, key, extent.offset_bytes, extent.length_bytes)?;
                self.left_bytes -= extent.length_bytes;
                Ok(Some(Bytes::from(plain)))
            }
            BlobPlace::Inline(body) => {
                let first = usize::try_from(extent.offset_bytes).unwrap_or(usize::MAX);
                let length = usize::try_from(extent.length_bytes).unwrap_or(usize::MAX);
                let end = first.checked_add(length).filter(|end| *end <= body.len());
                let end = end.ok_or_else(|| io::Error::other("an extent reaches past its blob"))?;
                self.left_bytes -= extent.length_bytes;
                Ok(Some(Bytes::from(body).slice(first..end)))
            }
            BlobPlace::File(name) => {
                let file = self.core.store.open(name)?;
                // Before a byte of it is served: the first piece of an answer is read before its status is promised.
                let end = extent.offset_bytes.saturating_add(extent.length_bytes);
                let stored_bytes = if self.key.is_some() { cipher::stored_bytes(end) } else { end };
                if file.metadata()?.len() < stored_bytes {
                    return Err(ended());
                }
                let cipher = self.key.as_ref().map(|key| cipher_of(&file, key)).transpose()?;
                self.open = Some(Stretch { file, at: extent.offset_bytes, left_bytes: extent.length_bytes, cipher });
                Ok(None)
            }
        }
    }

    /// Remembers a piece, so that its buffer can be used again.
    fn keep(&mut self, piece: Bytes) -> Bytes {
        if self.left_bytes > piece.len() as u64 {
            self.sent.push_back(piece.clone());
        }
        piece
    }

    fn took(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.left_bytes -= bytes;
        if let Some(stretch) = &mut self.open {
            stretch.at += bytes;
            stretch.left_bytes -= bytes;
        }
    }
}

fn into_io(error: Error) -> io::Error {
    match error {
        Error::Io(source) => source,
        other => io::Error::other(other),
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "a blob's file is shorter than its row says")
}

/// Room for `length` bytes: that of an earlier piece if it is sent, else new. Clearing new memory for each piece costs a
/// tenth of a large GET.
fn room(earlier: Option<Bytes>, length: usize) -> BytesMut {
    match earlier.map(Bytes::try_into_mut) {
        Some(Ok(mut buffer)) if buffer.len() >= length => {
            buffer.truncate(length);
            buffer
        }
        _ => BytesMut::zeroed(length),
    }
}

/// What came of a read from the page cache.
enum Cached {
    Read(Bytes),
    /// It holds nothing here; the room for it is given back.
    Not(BytesMut),
}

/// Reads what the page cache holds.
#[cfg(target_os = "linux")]
fn read_cached(file: &File, at: u64, mut room: BytesMut) -> io::Result<Cached> {
    use rustix::io::{Errno, ReadWriteFlags, preadv2};
    match preadv2(file, &mut [io::IoSliceMut::new(&mut room)], at, ReadWriteFlags::NOWAIT) {
        Ok(0) => Err(ended()),
        Ok(count) => Ok(Cached::Read(filled(room, count))),
        Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(Cached::Not(room)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn read_cached(_: &File, _: u64, room: BytesMut) -> io::Result<Cached> {
    Ok(Cached::Not(room))
}

fn read(file: &File, at: u64, mut room: BytesMut) -> io::Result<Bytes> {
    use std::os::unix::fs::FileExt as _;
    match file.read_at(&mut room, at)? {
        0 => Err(ended()),
        count => Ok(filled(room, count)),
    }
}

/// The cipher of an encrypted blob.
fn cipher_of(file: &File, key: &CustomerKey) -> io::Result<Arc<BlobCipher>> {
    use std::os::unix::fs::FileExt as _;
    let mut salt = [0; SALT_BYTES];
    file.read_exact_at(&mut salt, 0)?;
    BlobCipher::new(key, &salt).map(Arc::new).map_err(into_io)
}

fn read_encrypted(file: &File, cipher: &BlobCipher, at: u64, length_bytes: u64) -> io::Result<Bytes> {
    use std::os::unix::fs::FileExt as _;
    let blocks = Blocks::of(at, length_bytes);
    let mut sealed = vec![0; usize::try_from(blocks.stored.end - blocks.stored.start).unwrap_or(0)];
    let mut filled = 0;
    // The last block of a blob is shorter than the others: there the file ends.
    while filled < sealed.len() {
        match file.read_at(&mut sealed[filled..], blocks.stored.start + filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    sealed.truncate(filled);
    let plain = cipher.open(blocks.first_block, sealed)?;
    cipher::cut(plain, blocks.skip_bytes, length_bytes).map(Bytes::from)
}

fn filled(mut room: BytesMut, count: usize) -> Bytes {
    room.truncate(count);
    room.freeze()
}
