-- select_users --
-- A page by keyset: the cost of page 2,000 is that of page 1.
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE id > %(after)s AND state <> 'purged'
 ORDER BY id
 LIMIT %(limit)s;

-- select_active_users --
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE id > %(after)s AND is_active = %(is_active)s AND state <> 'purged'
 ORDER BY id
 LIMIT %(limit)s;

-- select_users_by_name --
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE lower(last_name) = lower(%(last_name)s) AND id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_users_by_username --
-- By one of today, or a former one of the same person.
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE id = (SELECT user_id FROM usernames n WHERE n.username = lower(%(username)s))
   AND id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_students --
SELECT id, user_type AS type, student_id, first_name, last_name, username, email, grade_level,
       graduation_year, is_active
  FROM users
 WHERE user_type = 'student' AND id > %(after)s AND state <> 'purged'
   AND (%(grade_level)s::int IS NULL OR grade_level = %(grade_level)s)
 ORDER BY id
 LIMIT %(limit)s;

-- select_staff --
SELECT id, user_type AS type, employee_id, first_name, last_name, username, email, department,
       role, is_active
  FROM users
 WHERE user_type = 'staff' AND id > %(after)s AND state <> 'purged'
   AND (%(department)s::text IS NULL OR department = %(department)s)
 ORDER BY id
 LIMIT %(limit)s;

-- select_user --
SELECT id, user_type AS type, student_id, employee_id, first_name, last_name, username, email, ou,
       grade_level, graduation_year, department, role, is_active, state, state_since, state_reason,
       starts_on, disabled_at, disable_reason, legal_hold, version, created_at, updated_at
  FROM users
 WHERE id = %(id)s;

-- select_user_id --
-- By the natural key of its kind.
SELECT id FROM users
 WHERE (%(user_type)s = 'student' AND student_id = %(key)s)
    OR (%(user_type)s = 'staff' AND employee_id = %(key)s);

-- select_taken_usernames --
-- In use, in former use, or of somebody who was purged.
SELECT username FROM usernames WHERE stem = ANY(%(stems)s)
 UNION ALL
SELECT stem || token
  FROM unnest(%(stems)s::text[]) AS stem
  JOIN username_tombstones ON stem_digest = name_digest(stem)
 CROSS JOIN (SELECT '' UNION ALL SELECT generate_series(2, 99)::text) AS tokens (token)
 WHERE digest = name_digest(stem || token);

-- select_taken_usernames_widely --
-- Also those that another stem has made: a second li is li2, and so is the first of a stem li2.
WITH candidates AS (
    SELECT stem || token AS name
      FROM unnest(%(stems)s::text[]) AS stem,
           (SELECT '' UNION ALL SELECT generate_series(2, 99)::text) AS tokens (token))
SELECT username FROM usernames WHERE username = ANY(ARRAY(SELECT name FROM candidates))
 UNION ALL
SELECT name FROM candidates JOIN username_tombstones ON digest = name_digest(name);

-- insert_user --
INSERT INTO users (user_type, student_id, employee_id, first_name, last_name, username,
                   username_stem, email, ou, grade_level, graduation_year, department, role,
                   state, starts_on)
VALUES (%(user_type)s, %(student_id)s, %(employee_id)s, %(first_name)s, %(last_name)s,
        %(username)s, %(username_stem)s, %(email)s, %(ou)s, %(grade_level)s, %(graduation_year)s,
        %(department)s, %(role)s, %(state)s, %(starts_on)s)
RETURNING id;

-- update_user --
-- Only if it is still the version the caller saw.
UPDATE users
   SET first_name = %(first_name)s, last_name = %(last_name)s
 WHERE id = %(id)s AND version = %(version)s;

-- count_people --
SELECT user_type, state, count(*) AS people FROM users GROUP BY user_type, state;
