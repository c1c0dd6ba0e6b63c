-- Stores a batch of commits in one statement and says of each what became of it. At most one commit per stream and per
-- command id. Whoever commits between our snapshot and our lock on log_head makes a unique index refuse the statement:
-- then it is run again. While another process holds the log alone, nothing is stored, and what has won has no position.
WITH judged AS MATERIALIZED (
  SELECT asked.*, stream.actual, command.fingerprint AS first_fingerprint, command.aggregate_type,
         command.aggregate_id, command.sequence_first, command.sequence_last, command.position AS first_position,
         verdict.won,
         -- How many events of the batch are stored up to and with this commit: only what is stored is numbered.
         coalesce(sum(asked.count) FILTER (WHERE verdict.won) OVER (ORDER BY asked.ord), 0) AS up_to
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::int[], $5::bigint[], $6::text[], $7::text[]) WITH ORDINALITY
         AS asked (kind, id, expected, count, recorded_at, command_id, fingerprint, ord)
  LEFT JOIN LATERAL (SELECT * FROM commands WHERE commands.id = asked.command_id LIMIT 1) AS command ON true
  CROSS JOIN LATERAL (
    SELECT coalesce(max(events.sequence), 0) AS actual
    FROM events WHERE events.aggregate_type = asked.kind AND events.aggregate_id = asked.id) AS stream
  CROSS JOIN LATERAL (SELECT command.id IS NULL AND stream.actual = asked.expected AS won) AS verdict
), counter AS (
  UPDATE log_head SET position = log_head.position + won.count
  FROM (SELECT sum(count) AS count FROM judged WHERE judged.won) AS won
  WHERE won.count > 0 AND (log_head.sole IS NULL OR log_head.sole = $15)
  RETURNING log_head.position AS head, log_head.position - won.count AS base, log_head.sole, log_head.wanted
), stored AS (
  INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                      metadata, recorded_at)
  SELECT counter.base + judged.up_to - judged.count + event.nth, event.event_id, judged.kind, judged.id,
         judged.expected + event.nth, event.event_type, event.event_version, event.payload::json, event.metadata::json,
         timestamptz 'epoch' + judged.recorded_at * interval '1 microsecond'
  FROM unnest($8::bigint[], $9::int[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[])
         AS event (ord, nth, event_id, event_type, event_version, payload, metadata)
  JOIN judged ON judged.ord = event.ord AND judged.won
  CROSS JOIN counter
), noted AS (
  INSERT INTO commands (id, fingerprint, aggregate_type, aggregate_id, sequence_first, sequence_last, position)
  SELECT judged.command_id, judged.fingerprint, judged.kind, judged.id, judged.expected + 1,
         judged.expected + judged.count, counter.base + judged.up_to
  FROM judged CROSS JOIN counter
  WHERE judged.won AND judged.command_id IS NOT NULL
)
SELECT judged.ord, judged.won, judged.actual, counter.base + judged.up_to AS position, judged.first_fingerprint,
       judged.aggregate_type, judged.aggregate_id, judged.sequence_first, judged.sequence_last, judged.first_position,
       counter.base, counter.sole, counter.wanted,
       (SELECT pg_notify('event_log', counter.head::text)::text FROM counter) AS notified
FROM judged LEFT JOIN counter ON true
ORDER BY judged.ord
