-- copy_rows --
COPY import_rows (job_id, line, person_key, record) FROM STDIN;

-- select_rows --
SELECT line, person_key, record
  FROM import_rows
 WHERE job_id = %(job_id)s AND line > %(after)s
 ORDER BY line
 LIMIT %(limit)s;

-- select_repeated_keys --
-- People that stand in the file more than once, and whether their rows differ.
SELECT person_key, min(line) AS first_line, count(DISTINCT record) > 1 AS differ
  FROM import_rows
 WHERE job_id = %(job_id)s AND person_key IS NOT NULL
 GROUP BY person_key
HAVING count(*) > 1;

-- select_existing_people --
SELECT 'student:' || student_id AS person_key, first_name, last_name, grade_level, graduation_year,
       department, role
  FROM users WHERE student_id = ANY(%(student_ids)s)
UNION ALL
SELECT 'staff:' || employee_id, first_name, last_name, grade_level, graduation_year, department, role
  FROM users WHERE employee_id = ANY(%(employee_ids)s);

-- select_planned_usernames --
SELECT username FROM import_results
 WHERE job_id = %(job_id)s AND action = 'created' AND username_stem = ANY(%(stems)s);

-- select_planned_usernames_widely --
SELECT username FROM import_results
 WHERE job_id = %(job_id)s AND action = 'created' AND username = ANY(ARRAY(
     SELECT stem || token
       FROM unnest(%(stems)s::text[]) AS stem,
            (SELECT '' UNION ALL SELECT generate_series(2, 99)::text) AS tokens (token)));

-- delete_results --
DELETE FROM import_results WHERE job_id = %(job_id)s;

-- copy_results --
COPY import_results (job_id, line, action, person_key, user_type, student_id, employee_id,
                     first_name, last_name, grade_level, graduation_year, department, role,
                     username, username_stem, email, ou, sourced_id, school, user_id, user_version,
                     state, faults, changes) FROM STDIN;

-- insert_planned_users --
-- All accounts of the plan and their audit rows, in one statement.
WITH made AS (
    INSERT INTO users (user_type, student_id, employee_id, first_name, last_name, username,
                       username_stem, email, ou, grade_level, graduation_year, department, role,
                       sourced_id, school_id)
    SELECT user_type, student_id, employee_id, first_name, last_name, username, username_stem,
           email, ou, grade_level, graduation_year, department, role, p.sourced_id, o.id
      FROM import_results p LEFT JOIN orgs o ON o.sourced_id = p.school
     WHERE job_id = %(job_id)s AND action = 'created' AND username IS NOT NULL
     ORDER BY line
    RETURNING id, user_type, username)
INSERT INTO audit_logs (action, actor, resource_type, resource_id, user_id, job_id, request_id,
                        details, status)
SELECT user_type || '.created', %(actor)s, 'user', id, id, %(job_id)s, %(request_id)s,
       jsonb_build_object('after', jsonb_build_object('Username', username)), 'success'
  FROM made;

-- count_results --
SELECT action, count(*) AS rows FROM import_results WHERE job_id = %(job_id)s GROUP BY action;

-- select_fingerprints --
-- By action: how many rows, and a digest of what becomes of them.
SELECT action, count(*) AS rows,
       encode(sha256(convert_to(string_agg(
           line || ':' || coalesce(username, ''), ' ' ORDER BY line), 'UTF8')), 'hex') AS digest
  FROM import_results
 WHERE job_id = %(job_id)s
 GROUP BY action
 ORDER BY action;

-- select_results --
SELECT line, action, person_key, username, faults
  FROM import_results
 WHERE job_id = %(job_id)s AND line > %(after)s
   AND (%(action)s::text IS NULL OR action = %(action)s)
 ORDER BY line
 LIMIT %(limit)s;

-- select_rejected_records --
SELECT r.line, i.record, r.faults
  FROM import_results r JOIN import_rows i USING (job_id, line)
 WHERE r.job_id = %(job_id)s AND r.action = 'rejected' AND r.line > %(after)s
 ORDER BY r.line
 LIMIT %(limit)s;
