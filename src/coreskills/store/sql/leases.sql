-- claim_job --
-- Compare-and-set: of all who read the id from the stream, one gets the row. A claim that a crash
-- of the server forgets is made again, so it need not wait for the disk.
WITH relaxed AS (SELECT set_config('synchronous_commit', 'off', true)),
claimed AS (
    UPDATE jobs
       SET status = 'running', attempt = attempt + 1, worker = %(worker)s,
           lease_until = now() + make_interval(secs => %(lease)s),
           started_at = coalesce(started_at, now())
      FROM relaxed
     WHERE id = %(id)s AND status = 'queued' AND run_at <= now()
    RETURNING jobs.*),
noted AS (
    INSERT INTO job_attempts (job_id, attempt, worker, engine)
    SELECT id, attempt, worker, %(engine)s FROM claimed)
SELECT id, job_type, parameters, attempt, error_count, deadline_seconds, requested_by, request_id,
       created_at
  FROM claimed;

-- claim_next_job --
-- The same without Redis: the oldest that waits; SKIP LOCKED keeps two workers from one row.
WITH claimed AS (
    UPDATE jobs
       SET status = 'running', attempt = attempt + 1, worker = %(worker)s,
           lease_until = now() + make_interval(secs => %(lease)s),
           started_at = coalesce(started_at, now())
     WHERE id = (SELECT id FROM jobs WHERE status = 'queued' AND run_at <= now()
                  ORDER BY run_at, id FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING jobs.*),
noted AS (
    INSERT INTO job_attempts (job_id, attempt, worker, engine)
    SELECT id, attempt, worker, %(engine)s FROM claimed)
SELECT id, job_type, parameters, attempt, error_count, deadline_seconds, requested_by, request_id,
       created_at
  FROM claimed;

-- renew_lease --
UPDATE jobs
   SET lease_until = now() + make_interval(secs => %(lease)s),
       progress = coalesce(%(progress)s, progress)
 WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running';

-- lock_running --
-- Until the transaction ends, nobody can take the job from the worker that asks.
SELECT id FROM jobs
 WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running' FOR NO KEY UPDATE;

-- finish_job --
UPDATE jobs
   SET status = 'completed', result = %(result)s, completed_at = now(), lease_until = NULL,
       worker = NULL, error_code = NULL, error_message = NULL
 WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running';

-- fail_job --
UPDATE jobs
   SET status = 'failed', error_code = %(error_code)s, error_message = %(error_message)s,
       error_count = error_count + 1, completed_at = now(), lease_until = NULL, worker = NULL
 WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running';

-- retry_job --
UPDATE jobs
   SET status = 'queued', error_code = %(error_code)s, error_message = %(error_message)s,
       error_count = error_count + 1, run_at = now() + make_interval(secs => %(delay)s),
       published_at = NULL, lease_until = NULL, worker = NULL
 WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running';

-- release_job --
-- Back to the queue, nobody to blame: this worker cannot do it, or is stopping.
UPDATE jobs
   SET status = 'queued', run_at = now() + make_interval(secs => %(delay)s),
       published_at = NULL, lease_until = NULL, worker = NULL
 WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'running';

-- end_attempt --
UPDATE job_attempts
   SET ended_at = now(), outcome = %(outcome)s, error_code = %(error_code)s,
       error_message = %(error_message)s
 WHERE job_id = %(id)s AND attempt = %(attempt)s AND ended_at IS NULL;

-- reap_jobs --
-- Whose worker is gone: again at once the first time, later the second, never the third.
WITH expired AS (
    SELECT id FROM jobs
     WHERE status = 'running' AND lease_until < now()
     ORDER BY lease_until FOR UPDATE SKIP LOCKED LIMIT 100),
reaped AS (
    UPDATE jobs j
       SET crash_count = j.crash_count + 1,
           status = CASE WHEN j.crash_count + 1 >= %(max_crashes)s
                         THEN 'dead' ELSE 'queued' END::job_status,
           error_code = 'worker_lost',
           error_message = 'The worker ' || j.worker || ' vanished while running attempt '
                           || j.attempt,
           completed_at = CASE WHEN j.crash_count + 1 >= %(max_crashes)s THEN now() END,
           run_at = now() + make_interval(secs => 2 * j.crash_count),
           published_at = NULL, lease_until = NULL, worker = NULL
      FROM expired WHERE j.id = expired.id
    RETURNING j.id, j.attempt, j.status, j.job_type, j.requested_by),
ended AS (
    UPDATE job_attempts a
       SET ended_at = now(), outcome = 'crashed', error_code = 'worker_lost',
           error_message = 'The lease ran out'
      FROM reaped r
     WHERE a.job_id = r.id AND a.attempt = r.attempt AND a.ended_at IS NULL)
SELECT id, status, job_type, requested_by FROM reaped;

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

-- unpublish_stale --
-- The backstop: an entry that vanished from Redis without the epoch telling.
UPDATE jobs SET published_at = NULL
 WHERE status = 'queued' AND run_at <= now() AND published_at < now() - interval '60 seconds';

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
-- Once per tick, whoever fires it.
INSERT INTO jobs (job_type, parameters, requested_by, fire_at)
VALUES (%(job_type)s, %(parameters)s, 'schedule:' || %(name)s, %(fire_at)s)
ON CONFLICT DO NOTHING;

-- advance_schedule --
-- To the first tick that lies ahead: however many were slept through, they are made up by one.
UPDATE schedules
   SET next_at = next_at + every * (1 + floor(extract(epoch FROM now() - next_at)
                                              / extract(epoch FROM every)))
 WHERE name = %(name)s;

-- try_lead --
SELECT pg_try_advisory_lock(7310101) AS leads;

-- stop_leading --
SELECT pg_advisory_unlock(7310101) AS led;
