-- select_server --
SELECT current_setting('server_version') AS version,
       pg_is_in_recovery() AS read_only,
       (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections,
       current_setting('max_connections')::int AS max_connections;

-- select_table_sizes --
-- Exact, since these tables are small in a classroom.
SELECT 'students' AS name, count(*) AS rows FROM users WHERE user_type = 'student'
UNION ALL SELECT 'staff', count(*) FROM users WHERE user_type = 'staff'
UNION ALL SELECT 'devices', count(*) FROM devices
UNION ALL SELECT 'policies', count(*) FROM policies
UNION ALL SELECT 'audit_logs', count(*) FROM audit_logs;

-- select_privileges --
SELECT has_table_privilege('audit_logs', 'UPDATE') AS rewrite_audit,
       has_table_privilege('audit_logs', 'DELETE') AS delete_audit,
       has_schema_privilege('public', 'CREATE') AS create_tables;

-- select_versions --
SELECT version FROM schema_migrations;

-- select_uptime --
SELECT extract(epoch FROM now() - pg_postmaster_start_time())::bigint AS seconds;

-- set_statement_timeout --
-- Until the transaction ends.
SELECT set_config('statement_timeout', %(timeout)s, true);

-- relax_durability --
-- The open transaction will not wait for the disk: what it wrote can be seen as soon as it ends, and
-- a crash of the server within a moment forgets it.
SELECT set_config('synchronous_commit', 'off', true);

-- flush --
-- A record of no meaning: who has waited for it to be on the disk has waited for all before it.
SELECT pg_logical_emit_message(true, 'coreskills', '');

-- select_sessions --
-- Of the whole server; of others' sessions a role like ours may not see the state itself.
SELECT datname, state, sessions FROM session_counts();

-- select_database --
SELECT d.datname, pg_database_size(d.datname) AS size, d.xact_commit, d.xact_rollback, d.blks_hit,
       d.blks_read, d.tup_returned, d.tup_fetched, d.tup_inserted, d.tup_updated, d.tup_deleted,
       d.deadlocks, d.temp_bytes, current_setting('max_connections')::int AS max_connections,
       extract(epoch FROM pg_postmaster_start_time())::float AS started
  FROM pg_stat_database d
 WHERE d.datname = current_database();

-- select_lock_held --
-- Needs no table that somebody could have locked.
SELECT lock_held_seconds() AS seconds;

-- count_locks --
SELECT l.mode, count(*) AS locks
  FROM pg_locks l JOIN pg_database d ON d.oid = l.database
 WHERE d.datname = current_database()
 GROUP BY l.mode;
