-- For how long somebody has held up others: a transaction that a session waits for, since it began, or
-- one that has changed or locked something and rests, since then. Who skips what is locked, as workers
-- do, waits for nobody, hence the second. The owner may see what others do (store/roles.py), and tells
-- one number only.
CREATE FUNCTION lock_held_seconds() RETURNS double precision
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH sessions AS (
        SELECT pid, state, state_change, xact_start, backend_xid, wait_event_type
          FROM pg_stat_activity
         WHERE datname = current_database()),
    held AS (
        SELECT state_change AS since
          FROM sessions
         WHERE state LIKE 'idle in transaction%' AND backend_xid IS NOT NULL
        UNION ALL
        SELECT h.xact_start
          FROM sessions w
         CROSS JOIN unnest(pg_blocking_pids(w.pid)) AS b (pid)
          JOIN sessions h ON h.pid = b.pid
         WHERE w.wait_event_type = 'Lock')
    SELECT greatest(coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0), 0)::float
      FROM held
$$;
REVOKE EXECUTE ON FUNCTION lock_held_seconds() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_held_seconds() TO coreskills_api;
