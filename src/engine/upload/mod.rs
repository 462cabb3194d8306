//! Multipart uploads: create, parts, complete, abort, list.

mod abort;
mod complete;
mod create;
mod list;
mod part;
mod rules;

use rusqlite::Connection;

use super::error::Result;
use super::extent::ExtentList;
use super::ids::Sequence;
use super::meta::{parts, releases, uploads};
use crate::wire::checksum::{Algorithm, ChecksumKind, Digest};
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::part::PartNumber;
use crate::wire::time::Timestamp;

pub use self::abort::Aborted;
pub use self::complete::{Completed, Completion, GivenChecksum};
pub use self::create::NewUpload;
pub use self::list::UploadQuery;
pub use self::rules::{PartNumbers, PartOrder, PartRules};

/// The checksum that an upload was declared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadChecksum {
    /// The algorithm of parts and object.
    pub algorithm: Algorithm,
    /// Whether the object's is over its bytes or over the parts' checksums.
    pub kind: ChecksumKind,
}

/// An open upload's row.
#[derive(Debug, Clone)]
pub struct UploadRow {
    pub(crate) id: Sequence,
    /// The key that the object will have.
    pub key: ObjectKey,
    /// When it was initiated.
    pub initiated: Timestamp,
    /// The key's newest version then, delete markers included; 0 if there was none.
    pub(crate) base_version: i64,
    /// Its checksum, if it was declared with one.
    pub checksum: Option<UploadChecksum>,
    /// Headers and metadata of the object to be.
    pub headers: ObjectHeaders,
    /// What is set on the object to be: tags, lock, encryption.
    pub attributes: ObjectAttributes,
    /// The account that initiated it.
    pub initiator: String,
}

/// A part as stored.
#[derive(Debug, Clone)]
pub struct Part {
    /// As the client numbered it.
    pub number: PartNumber,
    /// Its size.
    pub size_bytes: u64,
    /// When it was last written.
    pub modified: Timestamp,
    /// Its ETag: MD5, or, where the encryption makes ETags say nothing, 16 random bytes.
    pub md5: [u8; 16],
    /// CRC64NVME, for the object's default checksum.
    pub crc64: Digest,
    /// In the upload's algorithm, if it declared one.
    pub checksum: Option<Digest>,
    pub(crate) extents: ExtentList,
}

/// Parts of one upload at most; also the most that are ever read at once.
const PARTS_MAX: usize = 10_000;

/// Ends an upload without an object: its row, its parts and their bytes.
pub(crate) fn discard(conn: &Connection, upload: Sequence) -> Result<()> {
    let mut extents = ExtentList::default();
    for part in parts::page(conn, upload, 0, PARTS_MAX)? {
        extents.append(&part.extents);
    }
    uploads::delete(conn, upload)?;
    releases::release(conn, &extents, Some(upload))
}
