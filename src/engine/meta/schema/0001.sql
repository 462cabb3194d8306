-- Schema version 1. Times are milliseconds since the epoch, sequences are microseconds (see engine/ids.rs).

-- What belongs to the data directory as a whole: secrets, watermarks.
CREATE TABLE settings (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: a bucket that is deleted and made again is another incarnation, whose upload ids differ.
CREATE TABLE buckets (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    NOT NULL UNIQUE,
  account    TEXT    NOT NULL,
  region     TEXT    NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;

-- What a listing shows of each key's current version, and nothing else: narrow rows in key order.
CREATE TABLE current (
  bucket             INTEGER NOT NULL,
  key                BLOB    NOT NULL CHECK (length(key) BETWEEN 1 AND 1024),
  version            INTEGER NOT NULL,
  size_bytes         INTEGER NOT NULL CHECK (size_bytes >= 0),
  modified_ms        INTEGER NOT NULL,
  etag               BLOB    NOT NULL CHECK (length(etag) = 18),
  checksum_algorithm INTEGER NOT NULL,
  checksum_kind      INTEGER NOT NULL CHECK (checksum_kind IN (0, 1)),
  storage_class      TEXT    NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

-- Every version with its wide columns. The id is its sequence: for an object made by multipart upload, the upload's.
-- `upload` and `manifest` (SHA-256 of the part list) answer a repeated completion.
CREATE TABLE versions (
  id                 INTEGER PRIMARY KEY,
  bucket             INTEGER NOT NULL,
  key                BLOB    NOT NULL,
  modified_ms        INTEGER NOT NULL,
  size_bytes         INTEGER NOT NULL CHECK (size_bytes >= 0),
  etag               BLOB    NOT NULL CHECK (length(etag) = 18),
  checksum_algorithm INTEGER NOT NULL,
  checksum_kind      INTEGER NOT NULL CHECK (checksum_kind IN (0, 1)),
  checksum           BLOB    NOT NULL,
  headers            BLOB    NOT NULL,
  extents            BLOB    NOT NULL CHECK (length(extents) % 24 = 0),
  upload             INTEGER,
  manifest           BLOB,
  CHECK ((upload IS NULL) = (manifest IS NULL))
) STRICT;
CREATE UNIQUE INDEX versions_by_upload ON versions (upload) WHERE upload IS NOT NULL;

-- Open multipart uploads. A completed or aborted one has no row: its id's MAC tells that it was once issued.
-- `base_version` is the key's current version at initiation (0: none), for the conditional-completion conflict.
CREATE TABLE uploads (
  id                 INTEGER PRIMARY KEY,
  bucket             INTEGER NOT NULL,
  key                BLOB    NOT NULL,
  initiated_ms       INTEGER NOT NULL,
  base_version       INTEGER NOT NULL,
  checksum_algorithm INTEGER,
  checksum_kind      INTEGER CHECK (checksum_kind IN (0, 1)),
  headers            BLOB    NOT NULL,
  initiator          TEXT    NOT NULL,
  CHECK ((checksum_algorithm IS NULL) = (checksum_kind IS NULL))
) STRICT;
CREATE UNIQUE INDEX uploads_by_key ON uploads (bucket, key, id);

-- Parts as clients numbered them: of open uploads, and, for reading by part number, of the versions they became.
CREATE TABLE parts (
  upload      INTEGER NOT NULL,
  number      INTEGER NOT NULL CHECK (number BETWEEN 1 AND 10000),
  size_bytes  INTEGER NOT NULL CHECK (size_bytes >= 0),
  modified_ms INTEGER NOT NULL,
  md5         BLOB    NOT NULL CHECK (length(md5) = 16),
  crc64       BLOB    NOT NULL CHECK (length(crc64) = 8),
  checksum    BLOB,
  extents     BLOB    NOT NULL CHECK (length(extents) % 24 = 0),
  PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;

-- Immutable bytes at rest: in a file of that name, or, when small, in `body`.
-- `refs` counts the extents that point here; a row at 0 is released, and goes when no reader holds a lease.
CREATE TABLE blobs (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       BLOB    CHECK (length(name) = 16),
  size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
  crc64      BLOB    NOT NULL CHECK (length(crc64) = 8),
  refs       INTEGER NOT NULL CHECK (refs >= 0),
  state      INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1)), -- 0 good, 1 torn by a power loss
  body       BLOB,
  CHECK ((name IS NULL) <> (body IS NULL))
) STRICT;
CREATE UNIQUE INDEX blobs_by_name ON blobs (name) WHERE name IS NOT NULL;
CREATE INDEX blobs_released ON blobs (id) WHERE refs = 0;

-- Long extent lists whose blobs are still to be released, in slices, in the background.
CREATE TABLE releases (
  id      INTEGER PRIMARY KEY,
  upload  INTEGER,
  extents BLOB NOT NULL CHECK (length(extents) % 24 = 0)
) STRICT;

-- Documents of any dialect, by namespace ('s3') and name ('cors'), on a bucket; bucket 0: of the dialect itself.
CREATE TABLE documents (
  bucket    INTEGER NOT NULL,
  namespace TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  body      BLOB    NOT NULL,
  PRIMARY KEY (bucket, namespace, name)
) STRICT, WITHOUT ROWID;
