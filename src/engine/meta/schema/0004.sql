-- Schema version 4: what happened in buckets that are watched, for whoever is to be told.

-- AUTOINCREMENT: a place in the order of events is never given twice, also when the newest row is gone.
-- `state`: 0 to be delivered, 1 delivered, 2 given up, 3 nobody is to be told.
CREATE TABLE events (
  sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
  created_ms  INTEGER NOT NULL,
  destination TEXT    NOT NULL,
  state       INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)),
  body        BLOB    NOT NULL
) STRICT;
CREATE INDEX events_waiting ON events (destination, sequence) WHERE state = 0;
