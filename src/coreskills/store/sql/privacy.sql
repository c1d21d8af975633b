-- insert_disclosure --
INSERT INTO disclosures (user_id, party, purpose, fields, people, job_id, request_id)
VALUES (%(user_id)s, %(party)s, %(purpose)s, %(fields)s, %(people)s, %(job_id)s, %(request_id)s);

-- select_disclosures --
-- Of one person, newest first.
SELECT id, party, purpose, fields, job_id, request_id, at
  FROM disclosures
 WHERE user_id = %(user_id)s AND id < %(before)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_record --
SELECT person_record(%(user_id)s) AS record;

-- insert_export --
-- Only while the person is the one that was read: nobody is put back who was purged meanwhile.
INSERT INTO exports (job_id, user_id, body)
SELECT %(job_id)s, id, %(body)s FROM users
 WHERE id = %(user_id)s AND version = %(version)s
   FOR NO KEY UPDATE;

-- collect_export --
DELETE FROM exports WHERE job_id = %(job_id)s RETURNING user_id, body;

-- update_hold --
UPDATE users SET legal_hold = %(held)s WHERE id = %(id)s AND legal_hold <> %(held)s;

-- select_traces --
-- By what a person can be found elsewhere; asked before the names are gone.
SELECT ARRAY(SELECT jobs_about(u.id)) AS jobs,
       ARRAY['user:' || u.id, u.user_type || ':' || coalesce(u.student_id, u.employee_id)] AS keys,
       'user:' || u.id AS key
  FROM users u
 WHERE u.id = %(user_id)s;

-- redact_jobs --
-- Whom a job was about by number stays, so that what it did can be told.
UPDATE jobs
   SET parameters = jsonb_strip_nulls(jsonb_build_object(
           'redacted', true, 'user_id', parameters -> 'user_id')),
       result = CASE WHEN result IS NOT NULL THEN '{"redacted": true}'::jsonb END,
       error_message = CASE WHEN error_message IS NOT NULL THEN 'redacted' END,
       progress = NULL,
       unique_key = CASE WHEN parameters ? 'user_id' THEN unique_key END
 WHERE id = ANY(%(jobs)s);

-- redact_attempts --
UPDATE job_attempts SET error_message = 'redacted'
 WHERE job_id = ANY(%(jobs)s) AND error_message IS NOT NULL;

-- delete_keys --
-- They hold a digest of what was sent. Few are left of a person who is old enough to be purged.
DELETE FROM idempotency_keys WHERE job_id = ANY(%(jobs)s) OR job_ids && %(jobs)s::bigint[];

-- redact_job_rows --
UPDATE job_rows SET key = %(key)s, before = '{}', after = '{}', message = NULL
 WHERE key = ANY(%(keys)s) OR job_id = ANY(%(jobs)s);

-- delete_import_rows --
DELETE FROM import_rows WHERE person_key = ANY(%(keys)s);

-- delete_import_results --
DELETE FROM import_results WHERE person_key = ANY(%(keys)s);

-- delete_disclosures --
DELETE FROM disclosures WHERE user_id = %(user_id)s;

-- delete_exports --
DELETE FROM exports WHERE user_id = %(user_id)s;

-- redact_audit --
SELECT redact_audit_of(%(user_id)s, %(jobs)s::bigint[], %(actor)s, %(job_id)s, %(request_id)s);

-- select_residues --
-- Who was purged, and is named in a job that ended since, or before this was looked after.
SELECT DISTINCT u.id
  FROM users u CROSS JOIN LATERAL jobs_about(u.id) AS about JOIN jobs j ON j.id = about
 WHERE u.state = 'purged' AND NOT j.parameters ? 'redacted'
   AND j.status IN ('completed', 'failed', 'dead', 'cancelled')
 ORDER BY u.id
 LIMIT 500;
