-- select_accounts --
-- What a command may rely on.
SELECT u.id, u.version, u.user_type, u.student_id, u.employee_id, u.first_name, u.last_name,
       u.grade_level, u.graduation_year, u.department, u.role, u.username, u.username_stem, u.email,
       u.ou, u.original_ou, u.state, u.disable_reason, u.legal_hold, u.state_since, u.sourced_id,
       u.uuid::text, u.school_id, u.stepped_in_year, o.name AS school,
       o.sourced_id AS school_sourced_id, roster_id(u.sourced_id, u.uuid) AS roster_id,
       ARRAY(SELECT n.username FROM usernames n
              WHERE n.user_id = u.id AND n.kind = 'alias' ORDER BY n.since, n.username) AS aliases,
       ARRAY(SELECT d.device_id FROM devices d
              WHERE d.assigned_user_id = u.id ORDER BY d.device_id) AS devices_held,
       ARRAY(SELECT g.name FROM group_members m JOIN directory_groups g ON g.id = m.group_id
              WHERE m.user_id = u.id AND NOT m.remembered ORDER BY g.name) AS groups,
       ARRAY(SELECT g.name FROM group_members m JOIN directory_groups g ON g.id = m.group_id
              WHERE m.user_id = u.id AND m.remembered ORDER BY g.name) AS remembered_groups,
       ARRAY(SELECT l.sku FROM licence_assignments a JOIN licences l ON l.id = a.licence_id
              WHERE a.user_id = u.id ORDER BY l.sku) AS licences
  FROM users u LEFT JOIN orgs o ON o.id = u.school_id
 WHERE u.id = ANY(%(ids)s::bigint[])
 ORDER BY u.id;

-- select_now --
SELECT lifecycle_now();

-- update_accounts --
-- Only those that are still the version that the command saw.
UPDATE users u
   SET first_name = n.first_name, last_name = n.last_name, grade_level = n.grade_level,
       graduation_year = n.graduation_year, department = n.department, role = n.role,
       username = n.username, username_stem = n.username_stem, email = n.email, ou = n.ou,
       original_ou = n.original_ou, state = n.state, school_id = n.school_id,
       stepped_in_year = n.stepped_in_year,
       state_reason = CASE WHEN u.state = n.state THEN u.state_reason ELSE n.state_reason END,
       disable_reason = n.disable_reason,
       disabled_at = CASE WHEN n.disable_reason IS NULL THEN NULL
                          ELSE coalesce(u.disabled_at, lifecycle_now()) END
  FROM jsonb_to_recordset(%(rows)s) AS n(
           id bigint, version integer, first_name text, last_name text, grade_level smallint,
           graduation_year smallint, department text, role text, username text,
           username_stem text, email text, ou text, original_ou text, state text,
           state_reason text, disable_reason text, school_id bigint, stepped_in_year smallint)
 WHERE u.id = n.id AND u.version = n.version;

-- purge_account --
-- What is left says that there was somebody, and when; the trigger buries the names.
UPDATE users
   SET state = 'purged', student_id = NULL, employee_id = NULL, first_name = NULL,
       last_name = NULL, grade_level = NULL, graduation_year = NULL, department = NULL,
       role = NULL, username = NULL, username_stem = NULL, email = NULL, ou = NULL,
       original_ou = NULL, state_reason = NULL, starts_on = NULL, sourced_id = NULL,
       school_id = NULL, stepped_in_year = NULL
 WHERE id = %(id)s AND version = %(version)s;

-- start_timers --
-- What follows an event for this kind of person, counted from a day or from now. A timer that runs
-- already stays.
INSERT INTO lifecycle_timers (user_id, job_type, due_at, reason)
SELECT u.id, s.job_type,
       coalesce(%(since)s::timestamptz, lifecycle_now()) + make_interval(days => s.offset_days),
       %(event)s || ', ' || s.offset_days || ' days'
  FROM users u JOIN lifecycle_steps s USING (user_type)
 WHERE u.id = ANY(%(ids)s::bigint[]) AND s.event = %(event)s AND s.enabled
 ORDER BY u.id, s.position
    ON CONFLICT DO NOTHING;

-- cancel_timers --
UPDATE lifecycle_timers SET cancelled_at = lifecycle_now()
 WHERE user_id = ANY(%(ids)s::bigint[]) AND fired_at IS NULL AND cancelled_at IS NULL;

-- fire_timers --
-- A job for each timer whose time has come, and a note of which. One that is open for the same
-- person already (two ticks of a turned clock) is left for the next tick.
WITH due AS (
    SELECT id, user_id, job_type, reason FROM lifecycle_timers
     WHERE fired_at IS NULL AND cancelled_at IS NULL AND due_at <= lifecycle_now()
     ORDER BY due_at, id FOR UPDATE SKIP LOCKED LIMIT %(limit)s),
made AS (
    INSERT INTO jobs (job_type, parameters, unique_key, deadline_seconds, requested_by)
    SELECT job_type, jsonb_build_object('user_id', user_id, 'why', reason, 'by_timer', true),
           user_id::text, coalesce((%(deadlines)s::jsonb ->> job_type)::integer, 60), %(actor)s
      FROM due ORDER BY id
        ON CONFLICT DO NOTHING
    RETURNING id, job_type, unique_key)
UPDATE lifecycle_timers t SET fired_at = lifecycle_now(), job_id = made.id
  FROM due JOIN made ON made.job_type = due.job_type AND made.unique_key = due.user_id::text
 WHERE t.id = due.id;

-- select_timers --
-- Of one person, soonest first.
SELECT id, job_type AS type, due_at, reason, fired_at, job_id, cancelled_at
  FROM lifecycle_timers
 WHERE user_id = %(user_id)s
 ORDER BY due_at, id;

-- select_clock --
SELECT lifecycle_now() AS now, ahead::text AS ahead FROM lifecycle_clock;

-- turn_clock --
UPDATE lifecycle_clock SET ahead = ahead + make_interval(days => %(days)s);

-- reset_clock --
UPDATE lifecycle_clock SET ahead = '0';

-- select_steps --
SELECT event, user_type, position, job_type, offset_days, enabled
  FROM lifecycle_steps
 ORDER BY event, user_type, position;

-- select_step --
SELECT event, user_type, position, job_type, offset_days, enabled
  FROM lifecycle_steps
 WHERE event = %(event)s AND user_type = %(user_type)s AND position = %(position)s;

-- update_step --
UPDATE lifecycle_steps SET offset_days = %(offset_days)s, enabled = %(enabled)s
 WHERE event = %(event)s AND user_type = %(user_type)s AND position = %(position)s;
