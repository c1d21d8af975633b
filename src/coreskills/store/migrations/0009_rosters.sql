-- What a roster in OneRoster's form tells beside people: terms, courses, classes, who is in them,
-- and who has which role where. And the packages that are handed out.

CREATE TABLE academic_sessions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sourced_id  text NOT NULL CONSTRAINT academic_sessions_sourced_id_unique UNIQUE,
    status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'tobedeleted')),
    title       text NOT NULL,
    type        text NOT NULL,
    start_date  date NOT NULL,
    end_date    date NOT NULL,
    parent_id   bigint REFERENCES academic_sessions,
    school_year smallint NOT NULL CHECK (school_year BETWEEN 1000 AND 2999),
    CONSTRAINT academic_sessions_go_forward CHECK (start_date <= end_date),
    CONSTRAINT academic_sessions_are_not_their_own CHECK (id <> parent_id)
);

CREATE TABLE courses (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sourced_id     text NOT NULL CONSTRAINT courses_sourced_id_unique UNIQUE,
    status         text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'tobedeleted')),
    title          text NOT NULL,
    course_code    text,
    grades         text,
    subjects       text,
    subject_codes  text,
    org_id         bigint NOT NULL REFERENCES orgs,
    school_year_id bigint REFERENCES academic_sessions
);

CREATE TABLE classes (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sourced_id    text NOT NULL CONSTRAINT classes_sourced_id_unique UNIQUE,
    status        text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'tobedeleted')),
    title         text NOT NULL,
    class_code    text,
    class_type    text NOT NULL,
    grades        text,
    location      text,
    subjects      text,
    subject_codes text,
    periods       text,
    terms         text NOT NULL,  -- ids of sessions, in the order of the file
    course_id     bigint NOT NULL REFERENCES courses,
    school_id     bigint NOT NULL REFERENCES orgs
);

CREATE TABLE enrollments (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sourced_id text NOT NULL CONSTRAINT enrollments_sourced_id_unique UNIQUE,
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'tobedeleted')),
    class_id   bigint NOT NULL REFERENCES classes,
    school_id  bigint NOT NULL REFERENCES orgs,
    user_id    bigint NOT NULL REFERENCES users,
    role       text NOT NULL,
    is_primary boolean,
    begin_date date,
    end_date   date,
    CONSTRAINT enrollments_go_forward CHECK (begin_date <= end_date)
);
CREATE INDEX enrollments_by_class ON enrollments (class_id);
CREATE INDEX enrollments_by_user ON enrollments (user_id);

CREATE TABLE role_assignments (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sourced_id text NOT NULL CONSTRAINT role_assignments_sourced_id_unique UNIQUE,
    status     text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'tobedeleted')),
    user_id    bigint NOT NULL REFERENCES users,
    org_id     bigint NOT NULL REFERENCES orgs,
    role_type  text NOT NULL CHECK (role_type IN ('primary', 'secondary')),
    role       text NOT NULL,
    begin_date date,
    end_date   date,
    CONSTRAINT role_assignments_go_forward CHECK (begin_date <= end_date)
);
CREATE INDEX role_assignments_by_user ON role_assignments (user_id);

-- Under which id a person stands in rosters; who never came from one has a name of ours.
CREATE FUNCTION roster_id(sourced_id text, uuid uuid) RETURNS text IMMUTABLE LANGUAGE sql
    RETURN coalesce(sourced_id, uuid::text);
CREATE FUNCTION has_left(state text, disable_reason text) RETURNS boolean IMMUTABLE LANGUAGE sql
    RETURN state IN ('archived', 'purged') OR (state = 'disabled' AND disable_reason = 'leaver');
CREATE INDEX users_by_roster_id ON users (roster_id(sourced_id, uuid));

-- Everything as a roster would say it: what an import is compared with, and what an export writes.
-- Who has no role from a roster has the one that follows from what they are. What belongs to
-- something that is gone is gone with it ('tobedeleted' is the greater word).
CREATE VIEW roster_records AS
SELECT 'orgs' AS file, o.sourced_id, 'active' AS status, jsonb_strip_nulls(jsonb_build_object(
           'name', o.name, 'type', o.type, 'identifier', o.identifier,
           'parentSourcedId', p.sourced_id)) AS record
  FROM orgs o LEFT JOIN orgs p ON p.id = o.parent_id
 UNION ALL
SELECT 'orgs', 'coreskills-district', 'active', '{"name": "District", "type": "district"}'
 WHERE NOT EXISTS (SELECT FROM orgs)
 UNION ALL
SELECT 'academicSessions', s.sourced_id, s.status, jsonb_strip_nulls(jsonb_build_object(
           'title', s.title, 'type', s.type, 'startDate', s.start_date::text,
           'endDate', s.end_date::text, 'parentSourcedId', p.sourced_id,
           'schoolYear', s.school_year::text))
  FROM academic_sessions s LEFT JOIN academic_sessions p ON p.id = s.parent_id
 UNION ALL
SELECT 'users', roster_id(u.sourced_id, u.uuid),
       CASE WHEN has_left(u.state, u.disable_reason) THEN 'tobedeleted' ELSE 'active' END,
       jsonb_strip_nulls(jsonb_build_object(
           'enabledUser', (u.state IN ('active', 'staged'))::text, 'username', u.username,
           'givenName', u.first_name, 'familyName', u.last_name,
           'identifier', coalesce(u.student_id, u.employee_id), 'email', u.email,
           'grades', to_char(u.grade_level, 'FM00'),
           'primaryOrgSourcedId', CASE
               WHEN EXISTS (SELECT FROM role_assignments r
                             WHERE r.user_id = u.id AND r.status = 'active' AND r.org_id = o.id)
                    OR NOT EXISTS (SELECT FROM role_assignments r
                                    WHERE r.user_id = u.id AND r.status = 'active')
               THEN o.sourced_id END,
           'metadata.graduationYear', u.graduation_year::text,
           'metadata.department', u.department, 'metadata.title', u.role))
  FROM users u LEFT JOIN orgs o ON o.id = u.school_id
 WHERE u.state <> 'purged'
 UNION ALL
SELECT 'roles', r.sourced_id,
       CASE WHEN has_left(u.state, u.disable_reason) THEN 'tobedeleted' ELSE r.status END,
       jsonb_strip_nulls(jsonb_build_object(
           'userSourcedId', roster_id(u.sourced_id, u.uuid), 'roleType', r.role_type,
           'role', r.role, 'beginDate', r.begin_date::text, 'endDate', r.end_date::text,
           'orgSourcedId', o.sourced_id))
  FROM role_assignments r JOIN users u ON u.id = r.user_id JOIN orgs o ON o.id = r.org_id
 UNION ALL
SELECT 'roles', 'role-' || u.uuid, 'active', jsonb_build_object(
           'userSourcedId', roster_id(u.sourced_id, u.uuid), 'roleType', 'primary',
           'role', CASE u.user_type WHEN 'student' THEN 'student' ELSE 'teacher' END,
           'orgSourcedId', coalesce(o.sourced_id, (
               SELECT sourced_id FROM orgs ORDER BY type <> 'district', id LIMIT 1), 'coreskills-district'))
  FROM users u LEFT JOIN orgs o ON o.id = u.school_id
 WHERE NOT has_left(u.state, u.disable_reason)
   AND NOT EXISTS (SELECT FROM role_assignments r WHERE r.user_id = u.id AND r.status = 'active')
 UNION ALL
SELECT 'courses', c.sourced_id, c.status, jsonb_strip_nulls(jsonb_build_object(
           'schoolYearSourcedId', s.sourced_id, 'title', c.title, 'courseCode', c.course_code,
           'grades', c.grades, 'orgSourcedId', o.sourced_id, 'subjects', c.subjects,
           'subjectCodes', c.subject_codes))
  FROM courses c JOIN orgs o ON o.id = c.org_id
  LEFT JOIN academic_sessions s ON s.id = c.school_year_id AND s.status = 'active'
 UNION ALL
SELECT 'classes', c.sourced_id, greatest(c.status, k.status), jsonb_strip_nulls(jsonb_build_object(
           'title', c.title, 'grades', c.grades, 'courseSourcedId', k.sourced_id,
           'classCode', c.class_code, 'classType', c.class_type, 'location', c.location,
           'schoolSourcedId', o.sourced_id, 'termSourcedIds', c.terms, 'subjects', c.subjects,
           'subjectCodes', c.subject_codes, 'periods', c.periods))
  FROM classes c JOIN courses k ON k.id = c.course_id JOIN orgs o ON o.id = c.school_id
 UNION ALL
SELECT 'enrollments', e.sourced_id,
       CASE WHEN has_left(u.state, u.disable_reason) THEN 'tobedeleted'
            ELSE greatest(e.status, c.status, k.status) END, jsonb_strip_nulls(jsonb_build_object(
           'classSourcedId', c.sourced_id, 'schoolSourcedId', o.sourced_id,
           'userSourcedId', roster_id(u.sourced_id, u.uuid), 'role', e.role,
           'primary', e.is_primary::text, 'beginDate', e.begin_date::text,
           'endDate', e.end_date::text))
  FROM enrollments e JOIN classes c ON c.id = e.class_id JOIN courses k ON k.id = c.course_id
  JOIN orgs o ON o.id = e.school_id
  JOIN users u ON u.id = e.user_id;

-- Rows of several files, numbered through; and what else can become of a person.
ALTER TABLE import_rows
    ADD COLUMN file text,          -- NULL: the only one; `line` is then that of the file
    ADD COLUMN file_line integer,
    ADD COLUMN sourced_id text,
    ADD CONSTRAINT import_rows_file_has_line CHECK ((file IS NULL) = (file_line IS NULL));
CREATE INDEX import_rows_by_file ON import_rows (job_id, file, sourced_id) WHERE file IS NOT NULL;
ALTER TABLE import_results
    DROP CONSTRAINT import_results_action_check,
    DROP CONSTRAINT import_results_rejected_says_why,
    DROP CONSTRAINT import_results_created_has_account,
    ADD COLUMN sourced_id text,
    ADD COLUMN school text,        -- sourced_id of the org
    ADD COLUMN user_id bigint,     -- of whom it was decided about, and of which version
    ADD COLUMN user_version integer,
    ADD COLUMN state text,
    ADD COLUMN changes jsonb,      -- {before, after}, in the words of the engine
    ADD CONSTRAINT import_results_action_check CHECK (action IN
        ('created', 'updated', 'unchanged', 'skipped', 'rejected', 'disabled')),
    ADD CONSTRAINT import_results_created_has_account CHECK (
        action <> 'created' OR user_type IS NULL OR username IS NOT NULL),
    ADD CONSTRAINT import_results_rejected_says_why CHECK (
        (action IN ('rejected', 'skipped')) = (faults IS NOT NULL));
CREATE INDEX import_results_of_people ON import_results (job_id, action) WHERE user_id IS NOT NULL;

-- A package is kept until it was fetched or forgotten; chunk by chunk, so that nobody holds it whole.
CREATE TABLE exports (
    job_id  bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    part    integer NOT NULL,
    content bytea NOT NULL CHECK (octet_length(content) <= 1048576),
    PRIMARY KEY (job_id, part)
);

GRANT SELECT ON roster_records TO coreskills_api, coreskills_worker;
GRANT SELECT ON academic_sessions, courses, classes, enrollments, role_assignments TO coreskills_api;
GRANT SELECT, INSERT, UPDATE ON academic_sessions, courses, classes, enrollments, role_assignments
    TO coreskills_worker;
GRANT SELECT ON exports TO coreskills_api;
GRANT SELECT, INSERT, DELETE ON exports TO coreskills_worker;
