-- What proves the log (docs/adr/0013): signed checkpoints and full tiles of its tree. Written once, never changed.
CREATE TABLE IF NOT EXISTS checkpoints (
  size      INTEGER PRIMARY KEY,
  root      BLOB    NOT NULL,
  note      TEXT    NOT NULL,
  sealed_at INTEGER NOT NULL -- microseconds since the Unix epoch; not signed
) STRICT;

CREATE TABLE IF NOT EXISTS tree_tiles (
  level  INTEGER NOT NULL,
  tile   INTEGER NOT NULL,
  hashes BLOB    NOT NULL,
  PRIMARY KEY (level, tile)
) STRICT;

-- A guard against accidents, no more: whoever may write the file may drop a trigger.
CREATE TRIGGER IF NOT EXISTS events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER IF NOT EXISTS events_remain BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;
