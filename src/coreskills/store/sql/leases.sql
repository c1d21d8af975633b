-- claim_job --
-- Compare-and-set: of all who read the id from the stream, one gets the row. A claim that a crash of
-- the server forgets is made again, so it need not wait for the disk.
WITH claimed AS (
    UPDATE jobs
       SET status = 'running', attempt = attempt + 1, worker = %(worker)s,
           lease_until = now() + make_interval(secs => %(lease)s),
           started_at = coalesce(started_at, now()), claimed_with = 1
      FROM (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
     WHERE id = %(id)s AND status = 'queued' AND run_at <= now()
    RETURNING jobs.*),
noted AS (
    INSERT INTO job_attempts (job_id, attempt, worker, engine)
    SELECT id, attempt, worker, %(engine)s FROM claimed)
SELECT id, job_type, parameters, attempt, worker, error_count, deadline_seconds, requested_by,
       request_id, created_at, extract(epoch FROM now() - run_at)::float AS queued_seconds,
       trace_parent
  FROM claimed;

-- claim_jobs --
-- Several at once. What may not share (a long kind, a suspect) is claimed alone once it is the first
-- of these; until then it comes back without an attempt.
WITH relaxed AS (SELECT set_config('synchronous_commit', 'off', true)),
candidates AS (
    SELECT id, run_at, suspect OR job_type = ANY(%(alone)s) AS alone FROM jobs
     WHERE id = ANY(%(ids)s) AND status = 'queued' AND run_at <= now()
     ORDER BY id FOR NO KEY UPDATE),
ranked AS (
    SELECT id, alone, row_number() OVER line AS place, first_value(alone) OVER line AS alone_first
      FROM candidates WINDOW line AS (ORDER BY run_at, id)),
chosen AS (
    SELECT id, count(*) OVER () AS company FROM ranked
     WHERE CASE WHEN alone_first THEN place = 1 ELSE NOT alone END),
claimed AS (
    UPDATE jobs
       SET status = 'running', attempt = attempt + 1, worker = %(worker)s,
           lease_until = now() + make_interval(secs => %(lease)s),
           started_at = coalesce(started_at, now()), claimed_with = chosen.company
      FROM relaxed, chosen
     WHERE jobs.id = chosen.id
    RETURNING jobs.*),
noted AS (
    INSERT INTO job_attempts (job_id, attempt, worker, engine)
    SELECT id, attempt, worker, %(engine)s FROM claimed)
SELECT r.id, c.job_type, c.parameters, c.attempt, c.worker, c.error_count, c.deadline_seconds,
       c.requested_by, c.request_id, c.created_at,
       extract(epoch FROM now() - c.run_at)::float AS queued_seconds,
       c.trace_parent
  FROM ranked r LEFT JOIN claimed c USING (id)
 ORDER BY r.place;

-- claim_next_jobs --
-- The same without Redis: the oldest that have been due for so many seconds. SKIP LOCKED keeps two
-- workers from one row.
WITH candidates AS (
    SELECT id, run_at, suspect OR job_type = ANY(%(alone)s) AS alone FROM jobs
     WHERE status = 'queued' AND run_at <= now() - make_interval(secs => %(overdue)s)
     ORDER BY run_at, id FOR NO KEY UPDATE SKIP LOCKED LIMIT %(limit)s),
ranked AS (
    SELECT id, alone, row_number() OVER line AS place, first_value(alone) OVER line AS alone_first
      FROM candidates WINDOW line AS (ORDER BY run_at, id)),
chosen AS (
    SELECT id, count(*) OVER () AS company FROM ranked
     WHERE CASE WHEN alone_first THEN place = 1 ELSE NOT alone END),
claimed AS (
    UPDATE jobs
       SET status = 'running', attempt = attempt + 1, worker = %(worker)s,
           lease_until = now() + make_interval(secs => %(lease)s),
           started_at = coalesce(started_at, now()), claimed_with = chosen.company
      FROM chosen
     WHERE jobs.id = chosen.id
    RETURNING jobs.*),
noted AS (
    INSERT INTO job_attempts (job_id, attempt, worker, engine)
    SELECT id, attempt, worker, %(engine)s FROM claimed)
SELECT id, job_type, parameters, attempt, worker, error_count, deadline_seconds, requested_by,
       request_id, created_at, extract(epoch FROM now() - run_at)::float AS queued_seconds,
       trace_parent
  FROM claimed ORDER BY run_at, id;

-- renew_leases --
-- Returns those that are still the asker's. Locks in the order in which finish_jobs does.
WITH held AS (
    SELECT j.id FROM jobs j
      JOIN unnest(%(ids)s::bigint[], %(attempts)s::integer[]) AS mine(id, attempt)
        ON j.id = mine.id AND j.attempt = mine.attempt
     WHERE j.worker = %(worker)s AND j.status = 'running' ORDER BY j.id FOR NO KEY UPDATE OF j)
UPDATE jobs
   SET lease_until = now() + make_interval(secs => %(lease)s)
  FROM held WHERE jobs.id = held.id
RETURNING jobs.id;

-- report_progress --
UPDATE jobs
   SET lease_until = now() + make_interval(secs => %(lease)s), progress = %(progress)s
 WHERE id = %(id)s AND attempt = %(attempt)s AND worker = %(worker)s AND status = 'running';

-- lock_running --
-- Until the transaction ends, nobody can take the job from the worker that asks.
SELECT id FROM jobs
 WHERE id = %(id)s AND attempt = %(attempt)s AND worker = %(worker)s AND status = 'running'
   FOR NO KEY UPDATE;

-- finish_jobs --
-- The fence: returns fewer than it was given when one of them is not the asker's any more.
WITH mine AS (
    SELECT j.id, given.attempt, given.result FROM jobs j
      JOIN unnest(%(ids)s::bigint[], %(attempts)s::integer[], %(results)s::jsonb[])
           AS given(id, attempt, result)
        ON j.id = given.id AND j.attempt = given.attempt
     WHERE j.worker = %(worker)s AND j.status = 'running' ORDER BY j.id FOR NO KEY UPDATE OF j),
finished AS (
    UPDATE jobs
       SET status = 'completed', result = mine.result, completed_at = now(), lease_until = NULL,
           worker = NULL, error_code = NULL, error_message = NULL
      FROM mine WHERE jobs.id = mine.id
    RETURNING jobs.id, jobs.attempt),
noted AS (
    UPDATE job_attempts a SET ended_at = now(), outcome = 'completed'
      FROM finished f
     WHERE a.job_id = f.id AND a.attempt = f.attempt AND a.ended_at IS NULL)
SELECT count(*) FROM finished;

-- fail_job --
UPDATE jobs
   SET status = 'failed', error_code = %(error_code)s, error_message = %(error_message)s,
       error_count = error_count + 1, completed_at = now(), lease_until = NULL, worker = NULL
 WHERE id = %(id)s AND attempt = %(attempt)s AND worker = %(worker)s AND status = 'running';

-- suspend_job --
UPDATE jobs
   SET status = 'suspended', error_code = %(error_code)s, error_message = %(error_message)s,
       lease_until = NULL, worker = NULL
 WHERE id = %(id)s AND attempt = %(attempt)s AND worker = %(worker)s AND status = 'running';

-- retry_job --
UPDATE jobs
   SET status = 'queued', error_code = %(error_code)s, error_message = %(error_message)s,
       error_count = error_count + 1, run_at = now() + make_interval(secs => %(delay)s),
       published_at = NULL, lease_until = NULL, worker = NULL
 WHERE id = %(id)s AND attempt = %(attempt)s AND worker = %(worker)s AND status = 'running';

-- release_job --
-- Back to the queue, nobody to blame: this worker cannot do it, or is stopping.
UPDATE jobs
   SET status = 'queued', run_at = now() + make_interval(secs => %(delay)s),
       published_at = NULL, lease_until = NULL, worker = NULL
 WHERE id = %(id)s AND attempt = %(attempt)s AND worker = %(worker)s AND status = 'running';

-- end_attempt --
UPDATE job_attempts
   SET ended_at = now(), outcome = %(outcome)s, error_code = %(error_code)s,
       error_message = %(error_message)s
 WHERE job_id = %(id)s AND attempt = %(attempt)s AND ended_at IS NULL;

-- reap_jobs --
-- Whose worker is gone: again at once the first time, later the second, never the third. A job
-- that was not alone is not charged: one of its neighbours may have killed the worker.
WITH expired AS (
    SELECT id, crash_count + (claimed_with = 1)::integer AS crashes FROM jobs
     WHERE status = 'running' AND lease_until < now()
     ORDER BY lease_until FOR NO KEY UPDATE SKIP LOCKED LIMIT 100),
reaped AS (
    UPDATE jobs j
       SET crash_count = crashes,
           suspect = true,
           status = CASE WHEN crashes >= %(max_crashes)s
                         THEN 'dead' ELSE 'queued' END::job_status,
           error_code = 'worker_lost',
           error_message = 'The worker ' || j.worker || ' vanished while running attempt '
                           || j.attempt,
           completed_at = CASE WHEN crashes >= %(max_crashes)s THEN now() END,
           run_at = now() + make_interval(secs => 2 * j.crash_count),
           published_at = NULL, lease_until = NULL, worker = NULL
      FROM expired WHERE j.id = expired.id
    RETURNING j.id, j.attempt, j.status, j.job_type, j.requested_by, j.error_code),
ended AS (
    UPDATE job_attempts a
       SET ended_at = now(), outcome = 'crashed', error_code = 'worker_lost',
           error_message = 'The lease ran out'
      FROM reaped r
     WHERE a.job_id = r.id AND a.attempt = r.attempt AND a.ended_at IS NULL)
SELECT id, status, job_type, requested_by, error_code FROM reaped;

-- lock_unpublished --
-- The API publishes what it accepts by itself; the relay takes what is still unpublished a moment
-- later, and everything that waited for its time.
SELECT id FROM jobs
 WHERE status = 'queued' AND published_at IS NULL
   AND run_at <= now() - make_interval(secs => %(grace)s)
 ORDER BY run_at
   FOR UPDATE SKIP LOCKED
 LIMIT 500;

-- mark_published --
-- A note, not a promise: it need not reach the disk before we go on.
UPDATE jobs SET published_at = now()
  FROM (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
 WHERE id = ANY(%(ids)s) AND status = 'queued';

-- mark_new_published --
-- Unless the job was queued again meanwhile, which always gives it another time: then it waits for
-- another publication.
UPDATE jobs SET published_at = now()
  FROM (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed
 WHERE id = ANY(%(ids)s) AND status = 'queued' AND run_at = created_at;

-- unpublish_all --
UPDATE jobs SET published_at = NULL WHERE status = 'queued' AND published_at IS NOT NULL;

-- select_epoch --
SELECT epoch FROM broker_epoch;

-- update_epoch --
UPDATE broker_epoch SET epoch = %(epoch)s;

-- lock_due_schedules --
SELECT name, job_type, parameters, next_at FROM schedules
 WHERE enabled AND next_at <= now() FOR UPDATE SKIP LOCKED;

-- fire_schedule --
-- Once per tick, whoever fires it; not at all while the same work is open.
INSERT INTO jobs (job_type, parameters, deadline_seconds, unique_key, requested_by, fire_at)
VALUES (%(job_type)s, %(parameters)s, %(deadline_seconds)s, %(unique_key)s,
        'schedule:' || %(name)s, %(fire_at)s)
ON CONFLICT DO NOTHING;

-- advance_schedule --
-- To the first tick that lies ahead: however many were slept through, they are made up by one.
UPDATE schedules
   SET next_at = next_at + every * (1 + floor(extract(epoch FROM now() - next_at)
                                              / extract(epoch FROM every)))
 WHERE name = %(name)s;

-- try_lead --
SELECT pg_try_advisory_lock(7310101) AS leads;

-- depose_leader --
-- One that leads asks something several times a second. If its session is idle for so long, its
-- process or its machine stands still; ending the session gives the lock to the next.
SELECT pg_terminate_backend(pid)
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND (l.classid, l.objid, l.objsubid) = (0, 7310101, 1) AND l.granted
   AND a.datname = current_database() AND a.usename = current_user
   AND a.state LIKE 'idle%%' AND a.state_change < now() - make_interval(secs => %(silence)s);

-- stop_leading --
SELECT pg_advisory_unlock(7310101) AS led;
