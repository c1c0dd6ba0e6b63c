-- What proves the log (docs/adr/0013): signed checkpoints and full tiles of its tree. Written once, never changed.
CREATE TABLE IF NOT EXISTS checkpoints (
  size      bigint PRIMARY KEY,
  root      bytea  NOT NULL,
  note      text   NOT NULL,
  sealed_at bigint NOT NULL -- microseconds since the Unix epoch; not signed
);

CREATE TABLE IF NOT EXISTS tree_tiles (
  level  smallint NOT NULL,
  tile   bigint   NOT NULL,
  hashes bytea    NOT NULL,
  PRIMARY KEY (level, tile)
);
