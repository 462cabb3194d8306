//! Bytes at rest.
//!
//! The life of a blob: **temporary** (a file in `tmp/`, or a buffer, while its body arrives) → **sealed** (whole, its
//! digests known; a file under its own name in `blobs/`, synced if `power`; dropping the [`writer::Sealed`] removes it)
//! → **committed** (a row points at it, in the same transaction as the part or version that it is) → **released** (no
//! extent points at it any more) → **unlinked** (by the keeper, once that release is on disk and no reader holds a lease
//! from before it). A crash leaves only files without a row, which the next start sweeps.
//!
//! A blob of an object with SSE-C is encrypted before any byte of it is written, to a file or to SQLite (`cipher`).
//!
//! A blob never changes. Its file's name is random: nothing a client sends becomes a path.

pub(crate) mod cipher;
pub mod digests;
pub(crate) mod hashing;
pub(crate) mod lease;
pub mod reader;
pub(crate) mod store;
pub mod writer;
