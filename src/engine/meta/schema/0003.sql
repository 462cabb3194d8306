-- Schema version 3: annotations of versions.

-- Named texts on a version, at most 1,000 of up to 1 MiB. They go with it.
CREATE TABLE annotations (
  version            INTEGER NOT NULL,
  name               TEXT    NOT NULL,
  size_bytes         INTEGER NOT NULL CHECK (size_bytes BETWEEN 1 AND 1048576),
  modified_ms        INTEGER NOT NULL,
  md5                BLOB    NOT NULL CHECK (length(md5) = 16),
  checksum_algorithm INTEGER NOT NULL,
  checksum           BLOB    NOT NULL,
  body               BLOB    NOT NULL CHECK (length(body) = size_bytes)
) STRICT;
CREATE UNIQUE INDEX annotations_by_name ON annotations (version, name);
