-- accept_job --
-- The job, its key and its line of the trail; none of them, and no row, when the key was used before.
-- A concurrent request with the same key waits here until the first has its answer from the server.
-- Does not wait for the disk: `flush` does.
WITH new AS (
    SELECT nextval('jobs_id_seq') AS id
      FROM (SELECT set_config('synchronous_commit', 'off', true)) AS relaxed),
keyed AS (
    INSERT INTO idempotency_keys AS k (actor, key, request_hash, job_id, job_ids)
    SELECT %(requested_by)s::text, %(key)s::text, %(request_hash)s::bytea, id, ARRAY[id]
      FROM new WHERE %(key)s::text IS NOT NULL
    ON CONFLICT (actor, key) DO UPDATE
       SET request_hash = excluded.request_hash, job_id = excluded.job_id,
           job_ids = excluded.job_ids, created_at = now()
     WHERE k.created_at <= now() - interval '24 hours'
    RETURNING job_id),
job AS (
    INSERT INTO jobs (id, job_type, parameters, unique_key, deadline_seconds, requested_by,
                      request_id, trace_parent)
    OVERRIDING SYSTEM VALUE
    SELECT id, %(job_type)s::text, %(parameters)s::jsonb, %(unique_key)s::text,
           %(deadline_seconds)s::integer, %(requested_by)s::text, %(request_id)s::text,
           %(trace_parent)s::text
      FROM new WHERE %(key)s::text IS NULL OR EXISTS (SELECT FROM keyed)
    RETURNING id, status),
noted AS (
    INSERT INTO audit_logs (action, actor, resource_type, resource_id, job_id, request_id, details,
                            status)
    SELECT %(action)s::text, %(requested_by)s::text, 'job', id, id, %(request_id)s::text,
           %(details)s::jsonb, 'pending'
      FROM job)
SELECT id, status FROM job;

-- insert_jobs --
INSERT INTO jobs (job_type, parameters, unique_key, deadline_seconds, requested_by, request_id,
                  trace_parent)
SELECT job_type, parameters, unique_key, deadline_seconds, requested_by, request_id, trace_parent
  FROM unnest(%(job_types)s::text[], %(parameters)s::jsonb[], %(unique_keys)s::text[],
              %(deadlines)s::integer[], %(actors)s::text[], %(request_ids)s::text[],
              %(trace_parents)s::text[])
       WITH ORDINALITY AS new(job_type, parameters, unique_key, deadline_seconds, requested_by,
                              request_id, trace_parent, place)
 ORDER BY place
RETURNING id, status;

-- select_jobs --
-- Newest first.
SELECT id, job_type AS type, status, requested_by, created_at, started_at, completed_at, attempt,
       error_code
  FROM jobs
 WHERE id < %(before)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_jobs_by_status --
SELECT id, job_type AS type, status, requested_by, created_at, started_at, completed_at, attempt,
       error_code
  FROM jobs
 WHERE status = %(status)s AND id < %(before)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_job --
SELECT id, job_type AS type, status, parameters AS data, result, error_code, error_message,
       progress, attempt, error_count, crash_count, run_at, requested_by, approved_by, request_id,
       created_at, started_at, completed_at
  FROM jobs
 WHERE id = %(id)s;

-- select_attempts --
SELECT attempt, worker, engine, started_at, ended_at, outcome, error_code, error_message
  FROM job_attempts
 WHERE job_id = %(job_id)s
 ORDER BY attempt;

-- lock_job --
SELECT status::text FROM jobs WHERE id = %(id)s FOR NO KEY UPDATE;

-- cancel_job --
-- Final: a worker that is running it finds its fence gone and writes nothing.
UPDATE jobs
   SET status = 'cancelled', completed_at = now(), lease_until = NULL, worker = NULL
 WHERE id = %(id)s AND status IN ('queued', 'running', 'suspended')
RETURNING job_type;

-- end_cancelled_attempt --
-- A statement of its own: one that waited for a claim to commit does not see the claim's attempt.
UPDATE job_attempts SET ended_at = now(), outcome = 'cancelled'
 WHERE job_id = %(id)s AND ended_at IS NULL;

-- redrive_job --
UPDATE jobs
   SET status = 'queued', run_at = now(), published_at = NULL, completed_at = NULL,
       error_code = NULL, error_message = NULL, error_count = 0, crash_count = 0
 WHERE id = %(id)s AND status IN ('failed', 'dead', 'cancelled')
RETURNING id;

-- approve_job --
-- By somebody else than who asked for it, whatever role that person has by now.
UPDATE jobs
   SET status = 'queued', approved_by = %(approved_by)s, run_at = now(), published_at = NULL,
       error_code = NULL, error_message = NULL
 WHERE id = %(id)s AND status = 'suspended' AND split_part(requested_by, ':', 2) <> split_part(%(approved_by)s, ':', 2)
RETURNING id;

-- insert_key --
-- Waits for a concurrent request with the same key; then exactly one of them inserts.
INSERT INTO idempotency_keys AS k (actor, key, request_hash, job_id, job_ids)
VALUES (%(actor)s, %(key)s, %(request_hash)s, (%(job_ids)s::bigint[])[1], %(job_ids)s)
ON CONFLICT (actor, key) DO UPDATE
   SET request_hash = excluded.request_hash, job_id = excluded.job_id,
       job_ids = excluded.job_ids, created_at = now()
 WHERE k.created_at <= now() - interval '24 hours'
RETURNING job_id;

-- select_key --
SELECT k.request_hash, j.id AS job_id, j.status
  FROM idempotency_keys k
  JOIN jobs j ON j.id = ANY(coalesce(k.job_ids, ARRAY[k.job_id]))
 WHERE k.actor = %(actor)s AND k.key = %(key)s AND k.created_at > now() - interval '24 hours'
 ORDER BY array_position(coalesce(k.job_ids, ARRAY[k.job_id]), j.id);

-- count_waiting --
SELECT count(*) FROM (SELECT FROM jobs WHERE status = 'queued' LIMIT %(limit)s) AS waiting;

-- count_jobs --
SELECT status, count(*) AS jobs FROM jobs GROUP BY status;

-- select_backlog --
SELECT count(*) AS waiting,
       coalesce(extract(epoch FROM now() - min(run_at)), 0)::float AS oldest_seconds
  FROM jobs
 WHERE status = 'queued' AND run_at <= now();
