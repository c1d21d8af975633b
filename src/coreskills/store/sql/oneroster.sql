-- copy_roster_rows --
COPY import_rows (job_id, line, sourced_id, person_key, record, file, file_line) FROM STDIN;

-- select_roster_rows --
SELECT line, file, person_key, record
  FROM import_rows
 WHERE job_id = %(job_id)s AND line > %(after)s
 ORDER BY line
 LIMIT %(limit)s;

-- prefer_hash_joins --
-- For the rest of the transaction. What came a moment ago is not in the statistics: the planner
-- takes thousands of rows for a few, and would look at each of them for each of the others.
SELECT set_config('enable_nestloop', 'off', true);

-- compare_rows --
-- The rows of a file that nothing is wrong with, against what we have.
INSERT INTO import_results (job_id, line, person_key, action)
SELECT r.job_id, r.line, r.person_key, CASE
           WHEN v.sourced_id IS NULL AND r.record ->> 'status' = 'tobedeleted' THEN 'unchanged'
           WHEN v.sourced_id IS NULL THEN 'created'
           WHEN v.status = coalesce(r.record ->> 'status', 'active')
                AND v.record = r.record - %(left_out)s::text[] THEN 'unchanged'
           WHEN v.status = 'active' AND r.record ->> 'status' = 'tobedeleted' THEN 'closed'
           ELSE 'updated' END
  FROM import_rows r
  LEFT JOIN (SELECT * FROM roster_records WHERE file = %(file)s) v ON v.sourced_id = r.sourced_id
 WHERE r.job_id = %(job_id)s AND r.file = %(file)s
   AND NOT EXISTS (SELECT FROM import_results i WHERE i.job_id = r.job_id AND i.line = r.line);

-- select_known --
-- The ids of a file, each with one of its values.
SELECT sourced_id, coalesce(record ->> %(told)s, '') AS told FROM roster_records
 WHERE file = %(file)s AND status = 'active';

-- select_everything --
-- Every row that a roster of ours has, file by file: one statement, so one moment.
SELECT file, sourced_id, record FROM roster_records
 WHERE status = 'active'
 ORDER BY array_position(%(files)s::text[], file), sourced_id;

-- select_meant --
-- Everybody that rows with these ids could mean.
SELECT id FROM users JOIN unnest(%(ids)s::text[]) AS wanted ON wanted = roster_id(sourced_id, uuid)
 UNION
SELECT id FROM users JOIN unnest(%(keys)s::text[]) AS wanted ON wanted = student_id
 UNION
SELECT id FROM users JOIN unnest(%(keys)s::text[]) AS wanted ON wanted = employee_id;

-- select_absentees --
-- Ids of people who came from a roster, have not left, and are not in this one.
SELECT u.sourced_id
  FROM users u
 WHERE u.sourced_id IS NOT NULL AND u.state IN ('staged', 'active', 'suspended')
   AND NOT EXISTS (SELECT FROM import_rows r
                    WHERE r.job_id = %(job_id)s AND r.file = 'users'
                      AND r.sourced_id = u.sourced_id)
   AND NOT EXISTS (SELECT FROM import_results i
                    WHERE i.job_id = %(job_id)s AND i.user_id = u.id)
 ORDER BY u.sourced_id;

-- count_population --
SELECT count(*) FROM users
 WHERE sourced_id IS NOT NULL AND state IN ('staged', 'active', 'suspended');

-- select_school_year --
-- The latest that we know of.
SELECT max(school_year) FROM academic_sessions WHERE status = 'active';

-- select_planned_people --
-- Those whom the plan changes, and how, by their key.
SELECT coalesce(person_key, 'user:' || user_id) AS key, action, user_version AS version,
       coalesce(changes, jsonb_build_object('before', '{}'::jsonb, 'after', jsonb_build_object(
           'Username', username, 'Email', email, 'OU', ou))) AS changes
  FROM import_results
 WHERE job_id = %(job_id)s AND action IN ('created', 'updated', 'disabled')
   AND (user_id IS NOT NULL OR username IS NOT NULL)
 ORDER BY key, line;

-- select_fingerprints --
-- People who are not in the file count as users.
SELECT coalesce(r.file, 'users') AS file, i.action, count(*) AS rows,
       encode(sha256(convert_to(string_agg(
           i.line || ':' || coalesce(i.username, ''), ' ' ORDER BY i.line), 'UTF8')), 'hex')
           AS digest
  FROM import_results i LEFT JOIN import_rows r USING (job_id, line)
 WHERE i.job_id = %(job_id)s
 GROUP BY 1, 2
 ORDER BY 1, 2;

-- update_planned_users --
-- Only those that are still what the plan saw.
UPDATE users u
   SET first_name = p.first_name, last_name = p.last_name, grade_level = p.grade_level,
       graduation_year = p.graduation_year, department = p.department, role = p.role, ou = p.ou,
       sourced_id = p.sourced_id, school_id = o.id, state = p.state,
       original_ou = p.changes #>> '{row,original_ou}',
       disable_reason = p.changes #>> '{row,disable_reason}',
       state_reason = CASE WHEN u.state = p.state THEN u.state_reason ELSE %(reason)s END,
       disabled_at = CASE WHEN p.changes #>> '{row,disable_reason}' IS NULL THEN NULL
                          ELSE coalesce(u.disabled_at, lifecycle_now()) END
  FROM import_results p LEFT JOIN orgs o ON o.sourced_id = p.school
 WHERE p.job_id = %(job_id)s AND p.action IN ('updated', 'disabled') AND p.user_id = u.id
   AND p.user_version = u.version;

-- count_planned_updates --
SELECT count(*) FROM import_results
 WHERE job_id = %(job_id)s AND action IN ('updated', 'disabled') AND user_id IS NOT NULL;

-- insert_update_audits --
INSERT INTO audit_logs (action, actor, resource_type, resource_id, user_id, job_id, request_id,
                        details, status)
SELECT CASE action WHEN 'disabled' THEN 'account.disabled' ELSE user_type || '.changed' END,
       %(actor)s, 'user', user_id, user_id, %(job_id)s, %(request_id)s,
       jsonb_build_object('why', %(reason)s::text, 'before', changes -> 'before',
                          'after', changes -> 'after'), 'success'
  FROM import_results
 WHERE job_id = %(job_id)s AND action IN ('updated', 'disabled') AND user_id IS NOT NULL
 ORDER BY line;

-- select_planned_moves --
-- Who leaves, and who comes back.
SELECT user_id, action = 'disabled' AS leaves FROM import_results
 WHERE job_id = %(job_id)s AND user_id IS NOT NULL
   AND (action = 'disabled' OR (action = 'updated' AND changes #>> '{after,State}' = 'active'));

-- write_orgs --
INSERT INTO orgs (sourced_id, name, type, identifier)
SELECT r.sourced_id, r.record ->> 'name', r.record ->> 'type', r.record ->> 'identifier'
  FROM import_rows r JOIN import_results i USING (job_id, line)
 WHERE r.job_id = %(job_id)s AND r.file = 'orgs' AND i.action IN ('created', 'updated')
 ORDER BY r.line
    ON CONFLICT (sourced_id) DO UPDATE
   SET name = EXCLUDED.name, type = EXCLUDED.type, identifier = EXCLUDED.identifier;

-- link_orgs --
UPDATE orgs o SET parent_id = p.id
  FROM import_rows r JOIN import_results i USING (job_id, line)
  LEFT JOIN orgs p ON p.sourced_id = r.record ->> 'parentSourcedId'
 WHERE r.job_id = %(job_id)s AND r.file = 'orgs' AND i.action IN ('created', 'updated')
   AND o.sourced_id = r.sourced_id AND o.parent_id IS DISTINCT FROM p.id;

-- write_sessions --
INSERT INTO academic_sessions (sourced_id, status, title, type, start_date, end_date, school_year)
SELECT r.sourced_id, coalesce(r.record ->> 'status', 'active'), r.record ->> 'title',
       r.record ->> 'type', (r.record ->> 'startDate')::date, (r.record ->> 'endDate')::date,
       (r.record ->> 'schoolYear')::smallint
  FROM import_rows r JOIN import_results i USING (job_id, line)
 WHERE r.job_id = %(job_id)s AND r.file = 'academicSessions' AND i.action IN ('created', 'updated', 'closed')
 ORDER BY r.line
    ON CONFLICT (sourced_id) DO UPDATE
   SET status = EXCLUDED.status, title = EXCLUDED.title, type = EXCLUDED.type,
       start_date = EXCLUDED.start_date, end_date = EXCLUDED.end_date,
       school_year = EXCLUDED.school_year;

-- link_sessions --
UPDATE academic_sessions s SET parent_id = p.id
  FROM import_rows r JOIN import_results i USING (job_id, line)
  LEFT JOIN academic_sessions p ON p.sourced_id = r.record ->> 'parentSourcedId'
 WHERE r.job_id = %(job_id)s AND r.file = 'academicSessions' AND i.action IN ('created', 'updated', 'closed')
   AND s.sourced_id = r.sourced_id AND s.parent_id IS DISTINCT FROM p.id;

-- write_roles --
INSERT INTO role_assignments (sourced_id, status, user_id, org_id, role_type, role, begin_date,
                              end_date)
SELECT r.sourced_id, coalesce(r.record ->> 'status', 'active'), u.id, o.id,
       r.record ->> 'roleType', r.record ->> 'role', (r.record ->> 'beginDate')::date,
       (r.record ->> 'endDate')::date
  FROM import_rows r JOIN import_results i USING (job_id, line)
  JOIN users u ON roster_id(u.sourced_id, u.uuid) = r.record ->> 'userSourcedId'
  JOIN orgs o ON o.sourced_id = r.record ->> 'orgSourcedId'
 WHERE r.job_id = %(job_id)s AND r.file = 'roles' AND i.action IN ('created', 'updated', 'closed')
 ORDER BY r.line
    ON CONFLICT (sourced_id) DO UPDATE
   SET status = EXCLUDED.status, user_id = EXCLUDED.user_id, org_id = EXCLUDED.org_id,
       role_type = EXCLUDED.role_type, role = EXCLUDED.role, begin_date = EXCLUDED.begin_date,
       end_date = EXCLUDED.end_date;

-- write_courses --
INSERT INTO courses (sourced_id, status, title, course_code, grades, subjects, subject_codes, org_id,
                     school_year_id)
SELECT r.sourced_id, coalesce(r.record ->> 'status', 'active'), r.record ->> 'title',
       r.record ->> 'courseCode', r.record ->> 'grades', r.record ->> 'subjects',
       r.record ->> 'subjectCodes', o.id, s.id
  FROM import_rows r JOIN import_results i USING (job_id, line)
  JOIN orgs o ON o.sourced_id = r.record ->> 'orgSourcedId'
  LEFT JOIN academic_sessions s ON s.sourced_id = r.record ->> 'schoolYearSourcedId'
 WHERE r.job_id = %(job_id)s AND r.file = 'courses' AND i.action IN ('created', 'updated', 'closed')
 ORDER BY r.line
    ON CONFLICT (sourced_id) DO UPDATE
   SET status = EXCLUDED.status, title = EXCLUDED.title, course_code = EXCLUDED.course_code,
       grades = EXCLUDED.grades, subjects = EXCLUDED.subjects,
       subject_codes = EXCLUDED.subject_codes, org_id = EXCLUDED.org_id,
       school_year_id = EXCLUDED.school_year_id;

-- write_classes --
INSERT INTO classes (sourced_id, status, title, class_code, class_type, grades, location, subjects,
                     subject_codes, periods, terms, course_id, school_id)
SELECT r.sourced_id, coalesce(r.record ->> 'status', 'active'), r.record ->> 'title',
       r.record ->> 'classCode', r.record ->> 'classType', r.record ->> 'grades',
       r.record ->> 'location', r.record ->> 'subjects', r.record ->> 'subjectCodes',
       r.record ->> 'periods', r.record ->> 'termSourcedIds', c.id, o.id
  FROM import_rows r JOIN import_results i USING (job_id, line)
  JOIN courses c ON c.sourced_id = r.record ->> 'courseSourcedId'
  JOIN orgs o ON o.sourced_id = r.record ->> 'schoolSourcedId'
 WHERE r.job_id = %(job_id)s AND r.file = 'classes' AND i.action IN ('created', 'updated', 'closed')
 ORDER BY r.line
    ON CONFLICT (sourced_id) DO UPDATE
   SET status = EXCLUDED.status, title = EXCLUDED.title, class_code = EXCLUDED.class_code,
       class_type = EXCLUDED.class_type, grades = EXCLUDED.grades, location = EXCLUDED.location,
       subjects = EXCLUDED.subjects, subject_codes = EXCLUDED.subject_codes,
       periods = EXCLUDED.periods, terms = EXCLUDED.terms, course_id = EXCLUDED.course_id,
       school_id = EXCLUDED.school_id;

-- write_enrollments --
INSERT INTO enrollments (sourced_id, status, class_id, school_id, user_id, role, is_primary,
                         begin_date, end_date)
SELECT r.sourced_id, coalesce(r.record ->> 'status', 'active'), c.id, o.id, u.id,
       r.record ->> 'role', (r.record ->> 'primary')::boolean, (r.record ->> 'beginDate')::date,
       (r.record ->> 'endDate')::date
  FROM import_rows r JOIN import_results i USING (job_id, line)
  JOIN classes c ON c.sourced_id = r.record ->> 'classSourcedId'
  JOIN orgs o ON o.sourced_id = r.record ->> 'schoolSourcedId'
  JOIN users u ON roster_id(u.sourced_id, u.uuid) = r.record ->> 'userSourcedId'
 WHERE r.job_id = %(job_id)s AND r.file = 'enrollments' AND i.action IN ('created', 'updated', 'closed')
 ORDER BY r.line
    ON CONFLICT (sourced_id) DO UPDATE
   SET status = EXCLUDED.status, class_id = EXCLUDED.class_id, school_id = EXCLUDED.school_id,
       user_id = EXCLUDED.user_id, role = EXCLUDED.role, is_primary = EXCLUDED.is_primary,
       begin_date = EXCLUDED.begin_date, end_date = EXCLUDED.end_date;

-- select_closings --
-- What is over: missing from a bulk file, or closed by a row of a delta. How many of how many rows,
-- and a digest of which.
SELECT t.file, count(*) FILTER (WHERE t.over) AS rows, count(*) AS among,
       encode(sha256(convert_to(string_agg(t.sourced_id, ' ' ORDER BY t.sourced_id)
                                FILTER (WHERE t.over), 'UTF8')), 'hex') AS digest
  FROM (SELECT a.file, a.sourced_id, coalesce(r.closed, a.file = ANY(%(bulk)s)) AS over
          FROM (SELECT 'academicSessions' AS file, sourced_id FROM academic_sessions
                 WHERE status = 'active'
                 UNION ALL
                SELECT 'roles', sourced_id FROM role_assignments WHERE status = 'active'
                 UNION ALL
                SELECT 'courses', sourced_id FROM courses WHERE status = 'active'
                 UNION ALL
                SELECT 'classes', sourced_id FROM classes WHERE status = 'active'
                 UNION ALL
                SELECT 'enrollments', sourced_id FROM enrollments WHERE status = 'active') a
          LEFT JOIN (SELECT n.file, n.sourced_id, bool_or(i.action = 'closed') AS closed
                       FROM import_rows n JOIN import_results i USING (job_id, line)
                      WHERE n.job_id = %(job_id)s AND n.sourced_id IS NOT NULL
                      GROUP BY n.file, n.sourced_id) r USING (file, sourced_id)) t
 GROUP BY t.file
HAVING count(*) FILTER (WHERE t.over) > 0
 ORDER BY t.file;

-- close_sessions --
UPDATE academic_sessions t SET status = 'tobedeleted'
 WHERE t.status = 'active' AND NOT EXISTS (
       SELECT FROM import_rows r WHERE r.job_id = %(job_id)s AND r.file = 'academicSessions'
          AND r.sourced_id = t.sourced_id);

-- close_roles --
UPDATE role_assignments t SET status = 'tobedeleted'
 WHERE t.status = 'active' AND NOT EXISTS (
       SELECT FROM import_rows r WHERE r.job_id = %(job_id)s AND r.file = 'roles'
          AND r.sourced_id = t.sourced_id);

-- close_courses --
UPDATE courses t SET status = 'tobedeleted'
 WHERE t.status = 'active' AND NOT EXISTS (
       SELECT FROM import_rows r WHERE r.job_id = %(job_id)s AND r.file = 'courses'
          AND r.sourced_id = t.sourced_id);

-- close_classes --
UPDATE classes t SET status = 'tobedeleted'
 WHERE t.status = 'active' AND NOT EXISTS (
       SELECT FROM import_rows r WHERE r.job_id = %(job_id)s AND r.file = 'classes'
          AND r.sourced_id = t.sourced_id);

-- close_enrollments --
UPDATE enrollments t SET status = 'tobedeleted'
 WHERE t.status = 'active' AND NOT EXISTS (
       SELECT FROM import_rows r WHERE r.job_id = %(job_id)s AND r.file = 'enrollments'
          AND r.sourced_id = t.sourced_id);

-- select_results --
SELECT i.line AS number, r.file, r.file_line AS line, i.action,
       coalesce(r.sourced_id, i.sourced_id) AS sourced_id, i.person_key, i.username, i.faults
  FROM import_results i LEFT JOIN import_rows r USING (job_id, line)
 WHERE i.job_id = %(job_id)s AND i.line > %(after)s
   AND (%(action)s::text IS NULL OR i.action = %(action)s)
   AND (%(file)s::text IS NULL OR r.file = %(file)s)
 ORDER BY i.line
 LIMIT %(limit)s;

-- delete_parts --
DELETE FROM exports WHERE job_id = %(job_id)s;

-- insert_part --
INSERT INTO exports (job_id, part, content) VALUES (%(job_id)s, %(part)s, %(content)s);

-- select_part --
SELECT content FROM exports WHERE job_id = %(job_id)s AND part = %(part)s;
