-- What the shop's own role may do, given by the owner of the log's tables: append, never change. The program puts in the
-- names, quoted. Whoever owns the tables, and every superuser, can still do everything: connect as someone else.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM :role;
GRANT USAGE ON SCHEMA public TO :role;

-- The read models stand in a schema of the shop's own.
GRANT CREATE ON DATABASE :database TO :role;

-- The past: added to and read.
GRANT SELECT, INSERT ON events, commands, checkpoints, tree_tiles TO :role;
-- Its end moves on.
GRANT SELECT, UPDATE ON log_head TO :role;
-- A destroyed secret is overwritten and stays as a tombstone.
GRANT SELECT, INSERT, UPDATE ON secrets, marks TO :role;
-- What may be lost.
GRANT SELECT, INSERT, UPDATE, DELETE ON leases, state_snapshots TO :role;
