-- What long streams have led to, so that they are not folded from their beginning. Disposable: to delete a row, or all,
-- changes nothing but the time it takes.
CREATE TABLE IF NOT EXISTS state_snapshots (
  aggregate_type TEXT    NOT NULL,
  aggregate_id   TEXT    NOT NULL,
  sequence       INTEGER NOT NULL, -- the last event folded into it
  last_event     BLOB    NOT NULL, -- that event's id
  fingerprint    TEXT    NOT NULL, -- of the code that folded it
  sha256         BLOB    NOT NULL, -- of the state
  state          BLOB    NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id)
) STRICT, WITHOUT ROWID;
