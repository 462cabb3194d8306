-- Schema version 2: versions beside the current one, delete markers, and what may change of a version.

-- 0 never set, 1 enabled, 2 suspended.
ALTER TABLE buckets ADD COLUMN versioning INTEGER NOT NULL DEFAULT 0 CHECK (versioning IN (0, 1, 2));
-- The configuration of Object Lock (a version byte, then JSON); NULL: the bucket has none.
ALTER TABLE buckets ADD COLUMN object_lock BLOB;

-- 1: the version's id is made from its sequence. 0: it is `null`, as of all that was written without versioning.
ALTER TABLE current ADD COLUMN numbered INTEGER NOT NULL DEFAULT 0 CHECK (numbered IN (0, 1));
ALTER TABLE versions ADD COLUMN numbered INTEGER NOT NULL DEFAULT 0 CHECK (numbered IN (0, 1));

-- What changes without a new version (a version byte, then JSON); NULL: nothing is set.
ALTER TABLE versions ADD COLUMN attributes BLOB;
-- What the version to be starts with.
ALTER TABLE uploads ADD COLUMN attributes BLOB;

-- What `current` does not show: delete markers, and versions that are not current. `age` is the sequence, negated, so that
-- the newest of a key comes first. Empty for buckets that never had versioning.
CREATE TABLE history (
  bucket      INTEGER NOT NULL,
  key         BLOB    NOT NULL CHECK (length(key) BETWEEN 1 AND 1024),
  age         INTEGER NOT NULL,
  kind        INTEGER NOT NULL CHECK (kind IN (0, 1)), -- 0 an object, with a row in `versions`; 1 a delete marker
  numbered    INTEGER NOT NULL CHECK (numbered IN (0, 1)),
  modified_ms INTEGER NOT NULL,
  PRIMARY KEY (bucket, key, age)
) STRICT, WITHOUT ROWID;
-- A key has one version `null` at most.
CREATE UNIQUE INDEX history_null ON history (bucket, key) WHERE numbered = 0;
