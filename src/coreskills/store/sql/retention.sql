-- select_rules --
SELECT entity, keep_days, least_days, most_days, action, purpose, version, updated_at
  FROM retention_rules ORDER BY entity;

-- select_rule --
SELECT entity, keep_days, least_days, most_days, action, purpose, version, updated_at
  FROM retention_rules WHERE entity = %(entity)s;

-- update_rule --
UPDATE retention_rules SET keep_days = %(keep_days)s WHERE entity = %(entity)s AND action <> 'keep';

-- sweep_person_exports --
-- Each of these counts what is due, and removes it if that is wanted.
WITH due AS (
    SELECT x.job_id FROM person_exports x JOIN retention_rules r ON r.entity = 'person_exports'
     WHERE x.made_at < lifecycle_now() - make_interval(days => r.keep_days)
       AND NOT EXISTS (SELECT FROM users u WHERE u.id = x.user_id AND u.legal_hold)),
gone AS (DELETE FROM person_exports x USING due WHERE %(really)s AND x.job_id = due.job_id)
SELECT count(*) FROM due;

-- sweep_import_rows --
WITH due AS (
    SELECT i.job_id, i.line FROM import_rows i JOIN jobs j ON j.id = i.job_id
      JOIN retention_rules r ON r.entity = 'import_rows'
     WHERE j.completed_at < lifecycle_now() - make_interval(days => r.keep_days)
       AND (i.person_key IS NULL OR i.person_key NOT IN (
           SELECT unnest(person_keys(u)) FROM users u WHERE legal_hold))),
gone AS (
    DELETE FROM import_rows i USING due
     WHERE %(really)s AND (i.job_id, i.line) = (due.job_id, due.line))
SELECT count(*) FROM due;

-- sweep_import_results --
WITH due AS (
    SELECT i.job_id, i.line FROM import_results i JOIN jobs j ON j.id = i.job_id
      JOIN retention_rules r ON r.entity = 'import_results'
     WHERE j.completed_at < lifecycle_now() - make_interval(days => r.keep_days)
       AND (i.person_key IS NULL OR i.person_key NOT IN (
           SELECT unnest(person_keys(u)) FROM users u WHERE legal_hold))),
gone AS (
    DELETE FROM import_results i USING due
     WHERE %(really)s AND (i.job_id, i.line) = (due.job_id, due.line))
SELECT count(*) FROM due;

-- sweep_job_rows --
WITH due AS (
    SELECT i.job_id, i.line FROM job_rows i JOIN jobs j ON j.id = i.job_id
      JOIN retention_rules r ON r.entity = 'job_rows'
     WHERE j.completed_at < lifecycle_now() - make_interval(days => r.keep_days)
       AND i.key NOT IN (
           SELECT unnest(person_keys(u)) FROM users u WHERE legal_hold)
       AND NOT concerns_held(j.parameters, j.unique_key)),
gone AS (
    DELETE FROM job_rows i USING due
     WHERE %(really)s AND (i.job_id, i.line) = (due.job_id, due.line))
SELECT count(*) FROM due;

-- sweep_jobs --
-- The row stays: what it was, when, and how it ended. By the real time, as the trail.
WITH due AS (
    SELECT j.id FROM jobs j JOIN retention_rules r ON r.entity = 'jobs'
     WHERE j.completed_at < now() - make_interval(days => r.keep_days)
       AND j.parameters <> '{}' AND NOT j.parameters ? 'redacted'
       AND NOT concerns_held(j.parameters, j.unique_key)
     LIMIT 50000),
gone AS (
    UPDATE jobs j
       SET parameters = jsonb_strip_nulls(jsonb_build_object(
               'redacted', true, 'user_id', parameters -> 'user_id')),
           result = CASE WHEN result IS NOT NULL THEN '{"redacted": true}'::jsonb END,
           error_message = CASE WHEN error_message IS NOT NULL THEN 'redacted' END,
           unique_key = CASE WHEN parameters ? 'user_id' THEN unique_key END
      FROM due WHERE %(really)s AND j.id = due.id)
SELECT count(*) FROM due;

-- sweep_audit --
SELECT redact_audit_by_age(%(entity)s, %(really)s, %(actor)s, %(job_id)s, %(request_id)s);

-- sweep_residues --
SELECT forget_residues(%(really)s, %(actor)s, %(job_id)s, %(request_id)s);
