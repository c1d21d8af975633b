-- select_users --
-- A page by keyset: the cost of page 2,000 is that of page 1.
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_active_users --
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE id > %(after)s AND is_active = %(is_active)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_users_by_name --
SELECT id, user_type AS type, first_name, last_name, email, username, is_active,
       student_id, employee_id
  FROM users
 WHERE lower(last_name) = lower(%(last_name)s) AND id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_students --
SELECT id, user_type AS type, student_id, first_name, last_name, username, email, grade_level,
       graduation_year, is_active
  FROM users
 WHERE user_type = 'student' AND id > %(after)s
   AND (%(grade_level)s::int IS NULL OR grade_level = %(grade_level)s)
 ORDER BY id
 LIMIT %(limit)s;

-- select_staff --
SELECT id, user_type AS type, employee_id, first_name, last_name, username, email, department,
       role, is_active
  FROM users
 WHERE user_type = 'staff' AND id > %(after)s
   AND (%(department)s::text IS NULL OR department = %(department)s)
 ORDER BY id
 LIMIT %(limit)s;

-- select_user --
SELECT id, user_type AS type, student_id, employee_id, first_name, last_name, username, email, ou,
       grade_level, graduation_year, department, role, is_active, disabled_at, disable_reason,
       version, created_at, updated_at
  FROM users
 WHERE id = %(id)s;

-- select_user_id --
-- By the natural key of its kind.
SELECT id FROM users
 WHERE (%(user_type)s = 'student' AND student_id = %(key)s)
    OR (%(user_type)s = 'staff' AND employee_id = %(key)s);

-- select_taken_usernames --
SELECT username FROM users WHERE username_stem = ANY(%(stems)s);

-- select_taken_usernames_widely --
-- Also those that another stem has made: a second li is li2, and so is the first of a stem li2.
SELECT username FROM users
 WHERE username = ANY(ARRAY(
     SELECT stem || token
       FROM unnest(%(stems)s::text[]) AS stem,
            (SELECT '' UNION ALL SELECT generate_series(2, 99)::text) AS tokens (token)));

-- insert_user --
INSERT INTO users (user_type, student_id, employee_id, first_name, last_name, username,
                   username_stem, email, ou, grade_level, graduation_year, department, role)
VALUES (%(user_type)s, %(student_id)s, %(employee_id)s, %(first_name)s, %(last_name)s,
        %(username)s, %(username_stem)s, %(email)s, %(ou)s, %(grade_level)s, %(graduation_year)s,
        %(department)s, %(role)s)
RETURNING id;

-- update_user --
-- Only if it is still the version the caller saw.
UPDATE users
   SET first_name = %(first_name)s, last_name = %(last_name)s, grade_level = %(grade_level)s,
       graduation_year = %(graduation_year)s, department = %(department)s, role = %(role)s
 WHERE id = %(id)s AND version = %(version)s;

-- disable_user --
UPDATE users
   SET is_active = false, disabled_at = now(), disable_reason = %(reason)s
 WHERE id = %(id)s AND is_active;

-- count_people --
SELECT user_type, is_active, count(*) AS people FROM users GROUP BY user_type, is_active;
