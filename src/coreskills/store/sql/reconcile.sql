-- select_drift --
-- Where two tables should say the same and do not: what, about whom, and what can be done safely.
WITH people AS (
    SELECT *, (person_keys(u))[1] AS key FROM users u),
drift AS (
    SELECT p.key, 'username_differs' AS code, 'skip' AS repair, p.id AS user_id,
           'stands in the books of names as ' || coalesce(n.username, 'nobody') AS message
      FROM people p LEFT JOIN usernames n ON n.user_id = p.id AND n.kind = 'current'
     WHERE p.username IS DISTINCT FROM n.username
     UNION ALL
    SELECT p.key, 'timer_of_who_stays', 'cancel', p.id,
           t.job_type || ' is due on ' || t.due_at::date || ', and nobody left'
      FROM lifecycle_timers t JOIN people p ON p.id = t.user_id
     WHERE t.fired_at IS NULL AND t.cancelled_at IS NULL
       AND t.job_type IN ('archive_account', 'delete_account')
       AND (p.state = 'purged' OR p.disable_reason IS DISTINCT FROM 'leaver')
     UNION ALL
    SELECT p.key, 'timer_missing', 'skip', p.id, 'left, and nothing will ever ' || s.job_type
      FROM people p JOIN lifecycle_steps s
           ON s.user_type = p.user_type AND s.event = 'left' AND s.enabled
     WHERE p.disable_reason = 'leaver'
       AND (p.state = 'disabled' OR p.state = 'archived' AND s.job_type = 'delete_account')
       AND NOT EXISTS (SELECT FROM lifecycle_timers t
                        WHERE t.user_id = p.id AND t.job_type = s.job_type
                          AND t.cancelled_at IS NULL)
     UNION ALL
    SELECT p.key, 'timer_failed', 'skip', p.id,
           'is still ' || p.state || ', for job ' || j.id || ' is ' || j.status || ': ' || j.error_code
      FROM lifecycle_timers t JOIN people p ON p.id = t.user_id JOIN jobs j ON j.id = t.job_id
     WHERE j.status IN ('failed', 'dead')
       AND (p.state = 'disabled' OR p.state = 'archived' AND t.job_type = 'delete_account')
       AND t.id = (SELECT max(id) FROM lifecycle_timers
                    WHERE user_id = t.user_id AND job_type = t.job_type)
     UNION ALL
    SELECT 'device:' || d.device_id, 'holder_differs', 'skip', d.assigned_user_id,
           'is with ' || coalesce('user ' || d.assigned_user_id, 'nobody') || ', by its history with '
           || coalesce('user ' || a.user_id, 'nobody')
      FROM devices d LEFT JOIN device_assignments a ON a.device_id = d.id AND a.returned_at IS NULL
     WHERE d.assigned_user_id IS DISTINCT FROM a.user_id
     UNION ALL
    SELECT 'device:' || d.device_id, 'holder_gone', 'skip', d.assigned_user_id,
           'is with user ' || p.id || ', who is ' || p.state
      FROM devices d JOIN people p ON p.id = d.assigned_user_id
     WHERE p.state IN ('archived', 'purged')
     UNION ALL
    SELECT 'job:' || j.id, 'plan_missing', 'skip', NULL, 'waits for approval of a plan that is gone'
      FROM jobs j
     WHERE j.status = 'suspended' AND NOT EXISTS (SELECT FROM plans p WHERE p.job_id = j.id))
SELECT key, code, repair, user_id, message FROM drift ORDER BY key, code, message;

-- cancel_stray_timers --
-- Of those people only who still did not leave.
UPDATE lifecycle_timers t SET cancelled_at = lifecycle_now()
  FROM users u
 WHERE u.id = t.user_id AND t.user_id = ANY(%(user_ids)s::bigint[])
   AND t.fired_at IS NULL AND t.cancelled_at IS NULL
   AND t.job_type IN ('archive_account', 'delete_account')
   AND (u.state = 'purged' OR u.disable_reason IS DISTINCT FROM 'leaver');
