//! What `staves check` reads: the database's own integrity, and what its rows say of each other.

use std::collections::HashMap;

use rusqlite::Connection;

use super::size_from;
use crate::engine::error::Result;
use crate::engine::extent::ExtentList;

const INTEGRITY: &str = "PRAGMA integrity_check(100)";
const BLOBS: &str = "SELECT id, size_bytes, refs, state FROM blobs";
const OWNERS: &str = "SELECT 'version ' || id, size_bytes, extents, 0 FROM versions
    UNION ALL SELECT 'part ' || p.number || ' of upload ' || p.upload, p.size_bytes, p.extents, 1 FROM parts AS p
    JOIN uploads AS u ON u.id = p.upload
    UNION ALL SELECT 'release ' || id, NULL, extents, 2 FROM releases";
const USERS: &str = "SELECT b.name, v.key, NULL, v.extents FROM versions AS v JOIN buckets AS b ON b.id = v.bucket
    UNION ALL SELECT b.name, u.key, p.number, p.extents FROM parts AS p
    JOIN uploads AS u ON u.id = p.upload JOIN buckets AS b ON b.id = u.bucket";
const DANGLING: [(&str, &str); 12] = [
    (
        "a current row names a version that does not exist or is of another key",
        "SELECT count(*) FROM current AS c LEFT JOIN versions AS v
            ON v.id = c.version AND v.bucket = c.bucket AND v.key = c.key
            WHERE v.id IS NULL OR v.size_bytes <> c.size_bytes OR v.etag <> c.etag OR v.modified_ms <> c.modified_ms
            OR v.numbered <> c.numbered",
    ),
    (
        "a history row names a version that does not exist or is of another key",
        "SELECT count(*) FROM history AS h LEFT JOIN versions AS v
            ON v.id = -h.age AND v.bucket = h.bucket AND v.key = h.key AND v.numbered = h.numbered
            AND v.modified_ms = h.modified_ms WHERE (h.kind = 0) <> (v.id IS NOT NULL)",
    ),
    (
        "a version has no place, or two",
        "SELECT count(*) FROM versions AS v LEFT JOIN current AS c ON c.bucket = v.bucket AND c.key = v.key
            AND c.version = v.id LEFT JOIN history AS h ON h.bucket = v.bucket AND h.key = v.key AND h.age = -v.id
            WHERE (c.version IS NULL) = (h.age IS NULL)",
    ),
    (
        "a current version is not the newest of its key",
        "SELECT count(*) FROM current AS c JOIN history AS h ON h.bucket = c.bucket AND h.key = c.key
            WHERE -h.age >= c.version",
    ),
    (
        "the newest version of a key is an object and not current",
        "SELECT count(*) FROM history AS h WHERE h.kind = 0 AND h.age = (SELECT min(age) FROM history AS n
            WHERE n.bucket = h.bucket AND n.key = h.key) AND NOT EXISTS (SELECT 1 FROM current AS c
            WHERE c.bucket = h.bucket AND c.key = h.key)",
    ),
    (
        "a key has two versions of the id null",
        "SELECT count(*) FROM current AS c JOIN history AS h ON h.bucket = c.bucket AND h.key = c.key
            WHERE c.numbered = 0 AND h.numbered = 0",
    ),
    (
        "a history row belongs to a bucket that does not exist or never had versioning",
        "SELECT count(*) FROM history AS h LEFT JOIN buckets AS b ON b.id = h.bucket AND b.versioning <> 0
            WHERE b.id IS NULL",
    ),
    (
        "an object belongs to a bucket that does not exist",
        "SELECT count(*) FROM current AS c LEFT JOIN buckets AS b ON b.id = c.bucket WHERE b.id IS NULL",
    ),
    (
        "an upload belongs to a bucket that does not exist",
        "SELECT count(*) FROM uploads AS u LEFT JOIN buckets AS b ON b.id = u.bucket WHERE b.id IS NULL",
    ),
    (
        "an annotation belongs to a version that does not exist, or does not count it",
        "SELECT count(*) FROM annotations AS a LEFT JOIN versions AS v ON v.id = a.version AND v.attributes IS NOT NULL
            WHERE v.id IS NULL",
    ),
    (
        "something is to be told of the restore of a version that does not exist",
        "SELECT count(*) FROM restores AS r LEFT JOIN versions AS v ON v.id = r.version WHERE v.id IS NULL",
    ),
    (
        "a part belongs to no upload, version or release",
        "SELECT count(*) FROM parts AS p WHERE NOT EXISTS (SELECT 1 FROM uploads AS u WHERE u.id = p.upload)
            AND NOT EXISTS (SELECT 1 FROM versions AS v WHERE v.upload = p.upload)
            AND NOT EXISTS (SELECT 1 FROM releases AS r WHERE r.upload = p.upload)",
    ),
];

/// SQLite's own findings; none if the file is sound.
pub(crate) fn integrity(conn: &Connection) -> Result<Vec<String>> {
    let mut statement = conn.prepare(INTEGRITY)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// Rows that point at nothing, in words.
pub(crate) fn dangling(conn: &Connection) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for (what, query) in DANGLING {
        let count: i64 = conn.query_row(query, [], |row| row.get(0))?;
        if count > 0 {
            findings.push(format!("{what} ({count} times)"));
        }
    }
    Ok(findings)
}

/// Whose bytes a blob holds, in words. Reads every object and part: for a blob that is damaged.
pub(crate) fn users(conn: &Connection, blob: i64) -> Result<Vec<String>> {
    let mut statement = conn.prepare_cached(USERS)?;
    let mut rows = statement.query([])?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        let extents: ExtentList = row.get(3)?;
        if !extents.iter().any(|extent| extent.blob == blob) {
            continue;
        }
        let (bucket, key, part): (String, Vec<u8>, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let object = format!("s3://{bucket}/{}", String::from_utf8_lossy(&key));
        users.push(match part {
            Some(number) => format!("part {number} of an upload of {object}"),
            None => object,
        });
    }
    Ok(users)
}

/// A blob as counted by its row.
struct Counted {
    size_bytes: u64,
    refs: i64,
    torn: i64,
    seen: i64,
}

/// Compares every blob's reference count with the extents that point at it, and every extent with its blob's size.
pub(crate) fn references(conn: &Connection) -> Result<Vec<String>> {
    let mut blobs: HashMap<i64, Counted> = HashMap::new();
    let mut statement = conn.prepare(BLOBS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let counted = Counted { size_bytes: size_from(row.get(1)?), refs: row.get(2)?, torn: row.get(3)?, seen: 0 };
        blobs.insert(row.get(0)?, counted);
    }
    let mut findings = Vec::new();
    let mut statement = conn.prepare(OWNERS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (owner, size, extents): (String, Option<i64>, ExtentList) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if size.is_some_and(|size| size_from(size) != extents.size_bytes()) {
            findings.push(format!("{owner}: its size is not the sum of its extents"));
        }
        for extent in extents.iter() {
            match blobs.get_mut(&extent.blob) {
                None => findings.push(format!("{owner} points at blob {}, which does not exist", extent.blob)),
                Some(blob) => {
                    blob.seen += 1;
                    let end = extent.offset_bytes.checked_add(extent.length_bytes);
                    if end.is_none_or(|end| end > blob.size_bytes) {
                        findings.push(format!("{owner} points past the end of blob {}", extent.blob));
                    }
                }
            }
        }
    }
    for (id, blob) in blobs {
        if blob.refs != blob.seen {
            findings.push(format!("blob {id} counts {} references, {} extents point at it", blob.refs, blob.seen));
        }
        if blob.torn != 0 {
            findings.push(format!("blob {id} was torn by a power loss"));
        }
    }
    Ok(findings)
}
