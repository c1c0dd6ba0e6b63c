-- The log of one shop. Positions are dense (1, 2, 3 …) in commit order; an event is never updated or deleted.
-- Run under an advisory lock by every process that starts, so each statement must be harmless when repeated.

-- The end of the log. Whoever appends moves this row in its own transaction and so holds it until it has committed:
-- the order of positions is the order of commits, and a roll-back leaves no gap.
CREATE TABLE IF NOT EXISTS log_head (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  position bigint  NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (position) VALUES (0) ON CONFLICT DO NOTHING;

-- Who holds the log alone, a token that only its process knows: nobody else moves the row then. `wanted` asks for it back;
-- a beat is a sign of life of a holder that has nothing to append.
ALTER TABLE log_head
  ADD COLUMN IF NOT EXISTS sole   uuid,
  ADD COLUMN IF NOT EXISTS wanted boolean NOT NULL DEFAULT false,
  ADD COLUMN IF NOT EXISTS beat   bigint  NOT NULL DEFAULT 0;

-- A superset of the table that postgres-es expects. `json` keeps the text as it was sent; `jsonb` would not.
CREATE TABLE IF NOT EXISTS events (
  position       bigint           PRIMARY KEY,
  event_id       uuid             NOT NULL DEFAULT gen_random_uuid(),
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id   text COLLATE "C" NOT NULL,
  sequence       bigint           NOT NULL CHECK (sequence > 0),
  event_type     text             NOT NULL,
  event_version  text             NOT NULL,
  payload        json             NOT NULL,
  metadata       json             NOT NULL,
  recorded_at    timestamptz      NOT NULL DEFAULT clock_timestamp(), -- never an order to rely on
  UNIQUE (aggregate_type, aggregate_id, sequence)
);

-- Numbers what an unmodified postgres-es inserts. The empty notification says: look at log_head.
CREATE OR REPLACE FUNCTION event_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE log_head SET position = position + 1 WHERE sole IS NULL RETURNING position INTO NEW.position;
  IF NEW.position IS NULL THEN
    RAISE EXCEPTION 'one process holds this log alone and cannot be asked for it by an insert'
      USING ERRCODE = 'lock_not_available', HINT = 'Start that process with log_shared = true.';
  END IF;
  PERFORM pg_notify('event_log', '');
  RETURN NEW;
END
$$;

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'events'::regclass AND tgname = 'event_position') THEN
    CREATE TRIGGER event_position BEFORE INSERT ON events
      FOR EACH ROW WHEN (NEW.position IS NULL) EXECUTE FUNCTION event_position();
  END IF;
END
$$;

-- For postgres-es alone; nothing of ours reads or writes it.
CREATE TABLE IF NOT EXISTS snapshots (
  aggregate_type   text   NOT NULL,
  aggregate_id     text   NOT NULL,
  last_sequence    bigint NOT NULL CHECK (last_sequence >= 0),
  current_snapshot bigint NOT NULL CHECK (current_snapshot >= 0),
  payload          json   NOT NULL,
  PRIMARY KEY (aggregate_type, aggregate_id, last_sequence)
);

-- Where a command landed: written in the statement of its events.
CREATE TABLE IF NOT EXISTS commands (
  id             text COLLATE "C" PRIMARY KEY,
  fingerprint    text             NOT NULL,
  aggregate_type text COLLATE "C" NOT NULL,
  aggregate_id   text COLLATE "C" NOT NULL,
  sequence_first bigint           NOT NULL,
  sequence_last  bigint           NOT NULL,
  position       bigint           NOT NULL
);

-- Values that are no events and may be destroyed. A NULL value is the tombstone of a destroyed one.
-- A destroyed value stays in its dead row until the table is vacuumed, so that every dead row calls for it.
CREATE TABLE IF NOT EXISTS secrets (
  name  text COLLATE "C" PRIMARY KEY,
  value bytea
) WITH (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

-- Numbers readers left to start from later.
CREATE TABLE IF NOT EXISTS marks (
  name  text COLLATE "C" PRIMARY KEY,
  value bigint NOT NULL
);

-- Which process does what only one may do at a time, and until when unless it says otherwise; by this server's clock.
CREATE TABLE IF NOT EXISTS leases (
  name  text COLLATE "C" PRIMARY KEY,
  owner uuid             NOT NULL,
  until timestamptz      NOT NULL
);
