-- The log of one shop. Positions are dense (1, 2, 3 …) and given by the one writer; an event is never updated or deleted.
CREATE TABLE IF NOT EXISTS events (
  position       INTEGER PRIMARY KEY,
  event_id       BLOB    NOT NULL,
  aggregate_type TEXT    NOT NULL,
  aggregate_id   TEXT    NOT NULL,
  sequence       INTEGER NOT NULL CHECK (sequence > 0),
  event_type     TEXT    NOT NULL,
  event_version  TEXT    NOT NULL,
  payload        TEXT    NOT NULL,
  metadata       TEXT    NOT NULL,
  recorded_at    INTEGER NOT NULL, -- microseconds since the Unix epoch; never an order to rely on
  UNIQUE (aggregate_type, aggregate_id, sequence)
) STRICT;

-- Where a command landed: written in the transaction of its events.
CREATE TABLE IF NOT EXISTS commands (
  id             TEXT    PRIMARY KEY,
  fingerprint    TEXT    NOT NULL,
  aggregate_type TEXT    NOT NULL,
  aggregate_id   TEXT    NOT NULL,
  sequence_first INTEGER NOT NULL,
  sequence_last  INTEGER NOT NULL,
  position       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Values that are no events and may be destroyed. A NULL value is the tombstone of a destroyed one.
CREATE TABLE IF NOT EXISTS secrets (
  name  TEXT PRIMARY KEY,
  value BLOB
) STRICT, WITHOUT ROWID;

-- Numbers readers left to start from later.
CREATE TABLE IF NOT EXISTS marks (
  name  TEXT    PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
