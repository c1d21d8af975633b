-- How many sessions do what, by database. What somebody else's session does is hidden from a role
-- like the API's; the right to see it would show everybody's statements, too. The owner has it
-- (store/roles.py), and tells numbers only.
CREATE FUNCTION session_counts() RETURNS TABLE (datname text, state text, sessions bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT d.datname, s.state, count(a.pid)
      FROM pg_database d
     CROSS JOIN (VALUES ('active'), ('idle'), ('idle in transaction'),
                        ('idle in transaction (aborted)'), ('fastpath function call'),
                        ('disabled')) AS s (state)
      LEFT JOIN pg_stat_activity a ON a.datid = d.oid AND a.state = s.state
     WHERE d.datallowconn AND NOT d.datistemplate
     GROUP BY d.datname, s.state
$$;
REVOKE EXECUTE ON FUNCTION session_counts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION session_counts() TO coreskills_api;
