-- Schema version 5: restores of which something is still to be told. Those that began before are told no more.

-- `told`: 0 nothing yet, 1 that the copy can be read. `due_ms`: when the next is to be told.
CREATE TABLE restores (
  version INTEGER PRIMARY KEY,
  due_ms  INTEGER NOT NULL,
  told    INTEGER NOT NULL CHECK (told IN (0, 1))
) STRICT;
CREATE INDEX restores_due ON restores (due_ms);
