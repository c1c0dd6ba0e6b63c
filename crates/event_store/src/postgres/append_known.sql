-- Stores a batch of commits to streams whose ends are known: all of it, or nothing. Only who is alone on the log runs it,
-- and every sequence follows one that is stored; so if a stream has grown all the same, or a command id is stored already,
-- a unique index refuses the statement, and `append.sql` judges the batch. No row when another process holds the log.
WITH counter AS (
  UPDATE log_head SET position = log_head.position + $1
  WHERE log_head.sole IS NULL OR log_head.sole = $2
  RETURNING log_head.position AS head, log_head.position - $1 AS base, log_head.sole, log_head.wanted
), stored AS (
  INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                      metadata, recorded_at)
  SELECT counter.base + event.nth, event.event_id, event.kind, event.id, event.sequence, event.event_type,
         event.event_version, event.payload::json, event.metadata::json,
         timestamptz 'epoch' + event.recorded_at * interval '1 microsecond'
  FROM unnest($3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::uuid[], $8::text[], $9::text[], $10::text[],
              $11::text[]) WITH ORDINALITY
         AS event (kind, id, sequence, recorded_at, event_id, event_type, event_version, payload, metadata, nth)
  CROSS JOIN counter
), noted AS (
  INSERT INTO commands (id, fingerprint, aggregate_type, aggregate_id, sequence_first, sequence_last, position)
  SELECT command.id, command.fingerprint, command.kind, command.aggregate, command.sequence_first,
         command.sequence_last, counter.base + command.up_to
  FROM unnest($12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[], $18::bigint[])
         AS command (id, fingerprint, kind, aggregate, sequence_first, sequence_last, up_to)
  CROSS JOIN counter
)
SELECT counter.base, counter.sole, counter.wanted, pg_notify('event_log', counter.head::text)::text AS notified
FROM counter
