-- select_account --
-- What a command may rely on.
SELECT id, version, user_type, student_id, employee_id, first_name, last_name, grade_level,
       graduation_year, department, role, username, username_stem, email, ou, original_ou, state,
       disable_reason, legal_hold, starts_on, state_since, sourced_id, school_id,
       ARRAY(SELECT n.username FROM usernames n
              WHERE n.user_id = u.id AND n.kind = 'alias' ORDER BY n.since, n.username) AS aliases,
       ARRAY(SELECT d.device_id FROM devices d
              WHERE d.assigned_user_id = u.id ORDER BY d.device_id) AS devices_held
  FROM users u
 WHERE id = %(id)s;

-- select_now --
SELECT lifecycle_now();

-- update_account --
-- Only if it is still the version that the command saw.
UPDATE users
   SET first_name = %(first_name)s, last_name = %(last_name)s, grade_level = %(grade_level)s,
       graduation_year = %(graduation_year)s, department = %(department)s, role = %(role)s,
       username = %(username)s, username_stem = %(username_stem)s, email = %(email)s,
       ou = %(ou)s, original_ou = %(original_ou)s, state = %(state)s,
       state_reason = CASE WHEN state = %(state)s THEN state_reason ELSE %(state_reason)s END,
       starts_on = %(starts_on)s, school_id = %(school_id)s, disable_reason = %(disable_reason)s,
       disabled_at = CASE WHEN %(disable_reason)s::text IS NULL THEN NULL
                          ELSE coalesce(disabled_at, lifecycle_now()) END
 WHERE id = %(id)s AND version = %(version)s;

-- purge_account --
-- What is left says that there was somebody, and when; the trigger buries the names.
UPDATE users
   SET state = 'purged', student_id = NULL, employee_id = NULL, first_name = NULL,
       last_name = NULL, grade_level = NULL, graduation_year = NULL, department = NULL,
       role = NULL, username = NULL, username_stem = NULL, email = NULL, ou = NULL,
       original_ou = NULL, state_reason = NULL, starts_on = NULL, sourced_id = NULL,
       school_id = NULL
 WHERE id = %(id)s AND version = %(version)s;

-- start_timers --
-- What follows an event for this kind of person, counted from now. A timer that runs already stays.
INSERT INTO lifecycle_timers (user_id, job_type, due_at, reason)
SELECT u.id, s.job_type, lifecycle_now() + make_interval(days => s.offset_days),
       %(event)s || ', ' || s.offset_days || ' days'
  FROM users u JOIN lifecycle_steps s USING (user_type)
 WHERE u.id = %(id)s AND s.event = %(event)s AND s.enabled
 ORDER BY s.position
    ON CONFLICT DO NOTHING;

-- cancel_timers --
UPDATE lifecycle_timers SET cancelled_at = lifecycle_now()
 WHERE user_id = %(id)s AND fired_at IS NULL AND cancelled_at IS NULL;

-- fire_timers --
-- A job for each timer whose time has come, and a note of which. One that is open for the same
-- person already (two ticks of a turned clock) is left for the next tick.
WITH due AS (
    SELECT id, user_id, job_type, reason FROM lifecycle_timers
     WHERE fired_at IS NULL AND cancelled_at IS NULL AND due_at <= lifecycle_now()
     ORDER BY due_at, id FOR UPDATE SKIP LOCKED LIMIT %(limit)s),
made AS (
    INSERT INTO jobs (job_type, parameters, unique_key, requested_by)
    SELECT job_type, jsonb_build_object('user_id', user_id, 'why', reason, 'by_timer', true),
           user_id::text, %(actor)s
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
