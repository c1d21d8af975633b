-- insert_plan --
-- Another attempt of the same job replaces it.
INSERT INTO plans (job_id, digest) VALUES (%(job_id)s, %(digest)s)
    ON CONFLICT (job_id) DO UPDATE SET digest = excluded.digest, made_at = now();

-- select_plan --
SELECT p.digest, p.applied_by, j.job_type, j.parameters, j.status
  FROM plans p JOIN jobs j ON j.id = p.job_id
 WHERE p.job_id = %(job_id)s;

-- mark_applied --
UPDATE plans SET applied_by = %(applied_by)s WHERE job_id = %(job_id)s AND applied_by IS NULL;

-- delete_rows --
DELETE FROM job_rows WHERE job_id = %(job_id)s;

-- insert_rows --
INSERT INTO job_rows (job_id, line, key, action, before, after, error_code, message)
SELECT %(job_id)s, place, key, action, before, after, code, message
  FROM ROWS FROM (jsonb_to_recordset(%(rows)s) AS (
           key text, action text, before jsonb, after jsonb, code text, message text))
       WITH ORDINALITY AS new(key, action, before, after, code, message, place);

-- select_rows --
SELECT line, key, action, before, after, error_code, message
  FROM job_rows
 WHERE job_id = %(job_id)s AND line > %(after)s
   AND (%(action)s::text IS NULL OR action = %(action)s)
 ORDER BY line
 LIMIT %(limit)s;

-- select_approval --
SELECT approved_by FROM jobs WHERE id = %(job_id)s;

-- select_thresholds --
SELECT job_type, action, most, percent FROM thresholds ORDER BY job_type, action;

-- select_thresholds_of --
SELECT action, most, percent FROM thresholds WHERE job_type = %(job_type)s;

-- update_threshold --
UPDATE thresholds SET most = %(most)s, percent = %(percent)s
 WHERE job_type = %(job_type)s AND action = %(action)s
RETURNING job_type, action, most, percent;

-- select_freeze_windows --
SELECT id, starts_at, ends_at, reason FROM freeze_windows ORDER BY starts_at, id;

-- select_freeze --
-- The one that holds now, by the clock of the lifecycle.
SELECT id, starts_at, ends_at, reason FROM freeze_windows
 WHERE starts_at <= lifecycle_now() AND lifecycle_now() < ends_at
 ORDER BY ends_at DESC
 LIMIT 1;

-- insert_freeze_window --
INSERT INTO freeze_windows (starts_at, ends_at, reason)
VALUES (%(starts_at)s, %(ends_at)s, %(reason)s)
RETURNING id, starts_at, ends_at, reason;

-- delete_freeze_window --
DELETE FROM freeze_windows WHERE id = %(id)s;
