-- select_pupils_of_school --
SELECT id FROM users
 WHERE school_id = %(school_id)s AND user_type = 'student'
   AND state IN ('staged', 'active', 'suspended', 'disabled')
 ORDER BY id;

-- select_pupils_of_class --
SELECT id FROM users
 WHERE graduation_year = %(graduation_year)s AND user_type = 'student'
   AND state IN ('staged', 'active', 'suspended', 'disabled')
   AND (%(school_id)s::bigint IS NULL OR school_id = %(school_id)s)
 ORDER BY id;

-- count_pupils --
SELECT count(*) FROM users
 WHERE user_type = 'student' AND state IN ('staged', 'active', 'suspended')
   AND (%(school_id)s::bigint IS NULL OR school_id = %(school_id)s);

-- select_cohort_step --
SELECT school_year, org_id AS school_id, job_id, stepped_at
  FROM cohort_steps
 WHERE school_year = %(school_year)s AND org_id = %(school_id)s;

-- insert_cohort_step --
INSERT INTO cohort_steps (school_year, org_id, job_id)
VALUES (%(school_year)s, %(school_id)s, %(job_id)s);

-- hasten_recomputation --
-- For a whole school, one job instead of the timers of each pupil.
UPDATE schedules SET next_at = now()
 WHERE name IN ('group_recompute', 'licence_recompute') AND next_at > now();

-- select_cohort_steps --
SELECT job_id AS id, school_year, org_id AS school_id, job_id, stepped_at
  FROM cohort_steps
 WHERE job_id > %(after)s
 ORDER BY job_id
 LIMIT %(limit)s;
