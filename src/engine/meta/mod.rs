//! The metadata in SQLite: the only truth, and all the SQL there is. Each file below owns the statements of one table.

pub(crate) mod annotations;
pub(crate) mod blobs;
pub(crate) mod buckets;
pub(crate) mod check;
pub(crate) mod current;
pub(crate) mod documents;
pub(crate) mod events;
pub(crate) mod history;
pub(crate) mod listed_versions;
pub(crate) mod open;
pub(crate) mod parts;
pub(crate) mod readers;
pub(crate) mod releases;
pub(crate) mod restores;
pub(crate) mod settings;
pub(crate) mod uploads;
pub(crate) mod versions;
pub(crate) mod writer;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::error::Error;
use super::extent::ExtentList;
use super::ids::Sequence;
use super::version_id::VersionId;
use crate::wire::bucket_name::BucketName;
use crate::wire::checksum::{Algorithm, Checksum, ChecksumKind, Digest};
use crate::wire::etag::ETag;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;

/// A column whose bytes are not what the schema says they are.
fn corrupt(what: &str) -> Error {
    Error::Corrupt { what: format!("a metadata row has an unreadable {what}") }
}

impl ToSql for ExtentList {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.pack()))
    }
}

impl FromSql for ExtentList {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        ExtentList::unpack(value.as_blob()?).ok_or(FromSqlError::InvalidType)
    }
}

impl ToSql for Sequence {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.0))
    }
}

impl FromSql for Sequence {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Sequence)
    }
}

fn etag_from(bytes: &[u8]) -> Result<ETag, Error> {
    ETag::from_bytes(bytes).ok_or_else(|| corrupt("ETag"))
}

fn key_from(bytes: Vec<u8>) -> Result<ObjectKey, Error> {
    String::from_utf8(bytes).ok().and_then(|text| ObjectKey::parse(text).ok()).ok_or_else(|| corrupt("key"))
}

fn bucket_name_from(text: &str) -> Result<BucketName, Error> {
    BucketName::parse(text).map_err(|_| corrupt("bucket name"))
}

fn headers_from(bytes: &[u8]) -> Result<ObjectHeaders, Error> {
    ObjectHeaders::from_bytes(bytes).map_err(|_| corrupt("header set"))
}

fn attributes_from(stored: Option<&[u8]>) -> Result<ObjectAttributes, Error> {
    ObjectAttributes::from_stored(stored).map_err(|_| corrupt("set of attributes"))
}

/// A version's id from the columns `id` and `numbered`.
fn version_from(id: Sequence, numbered: i64) -> VersionId {
    if numbered == 0 { VersionId::Null } else { VersionId::Numbered(id) }
}

fn numbered_to(version: VersionId) -> i64 {
    match version {
        VersionId::Null => 0,
        VersionId::Numbered(_) => 1,
    }
}

fn algorithm_from(stored: i64) -> Result<Algorithm, Error> {
    u8::try_from(stored).ok().and_then(Algorithm::from_db).ok_or_else(|| corrupt("checksum algorithm"))
}

fn kind_to(kind: ChecksumKind) -> i64 {
    match kind {
        ChecksumKind::Composite => 0,
        ChecksumKind::FullObject => 1,
    }
}

fn kind_from(stored: i64) -> ChecksumKind {
    if stored == 0 { ChecksumKind::Composite } else { ChecksumKind::FullObject }
}

fn digest_from(bytes: &[u8]) -> Result<Digest, Error> {
    Digest::from_slice(bytes).ok_or_else(|| corrupt("checksum"))
}

fn checksum_from(algorithm: i64, kind: i64, digest: &[u8], etag: &ETag) -> Result<Checksum, Error> {
    let kind = kind_from(kind);
    let parts = match kind {
        ChecksumKind::Composite => etag.part_count(),
        ChecksumKind::FullObject => None,
    };
    Ok(Checksum { algorithm: algorithm_from(algorithm)?, kind, digest: digest_from(digest)?, parts })
}

/// A size as SQLite keeps it. Sizes are bounded far below 2^63 by [`super::limits::Limits`].
fn size_to(size_bytes: u64) -> i64 {
    i64::try_from(size_bytes).unwrap_or(i64::MAX)
}

/// A LIMIT as SQLite takes it.
fn limit_to(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn size_from(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
