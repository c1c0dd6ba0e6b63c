-- What long streams have led to, so that they are not folded from their beginning. Disposable: to delete a row, or all,
-- changes nothing but the time it takes. `snapshots` is postgres-es's own.
CREATE TABLE IF NOT EXISTS state_snapshots (
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id   text COLLATE "C" NOT NULL,
  sequence       bigint           NOT NULL, -- the last event folded into it
  last_event     uuid             NOT NULL, -- that event's id
  fingerprint    text             NOT NULL, -- of the code that folded it
  sha256         bytea            NOT NULL, -- of the state
  state          bytea            NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id)
);
