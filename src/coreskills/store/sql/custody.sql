-- select_custody --
-- What a command may rely on. The key of the person is what an account's commands call PersonKey.
SELECT d.id, d.device_id, d.device_name, d.device_type, d.platform, d.os_version, d.serial_number,
       d.status, d.assigned_user_id, d.moves, d.version,
       coalesce(u.student_id, u.employee_id) AS holder
  FROM devices d LEFT JOIN users u ON u.id = d.assigned_user_id
 WHERE d.device_id = %(device_id)s;

-- select_custody_of_cohort --
-- Everything that the students of a year hold, or the people of a school; null is any.
SELECT d.id, d.device_id, d.device_name, d.device_type, d.platform, d.os_version, d.serial_number,
       d.status, d.assigned_user_id, d.moves, d.version,
       coalesce(u.student_id, u.employee_id) AS holder
  FROM devices d JOIN users u ON u.id = d.assigned_user_id
 WHERE (%(graduation_year)s::integer IS NULL OR u.graduation_year = %(graduation_year)s)
   AND (%(school_id)s::bigint IS NULL OR u.school_id = %(school_id)s)
 ORDER BY d.device_id COLLATE "C";

-- register_device --
INSERT INTO devices (device_id, device_name, device_type, platform, os_version, serial_number)
VALUES (%(device_id)s, %(device_name)s, %(device_type)s, %(platform)s, %(os_version)s,
        %(serial_number)s)
RETURNING id;

-- move_devices --
-- Only those that nobody has moved since the command looked.
WITH actor AS (SELECT set_config('coreskills.actor', %(actor)s, true)),
wanted AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(moves)s::integer[], %(statuses)s::text[],
                         %(holders)s::bigint[]) AS w(id, moves, status, holder)),
held AS (
    SELECT d.id, w.status, w.holder FROM devices d JOIN wanted w ON w.id = d.id AND w.moves = d.moves
     ORDER BY d.id FOR NO KEY UPDATE OF d)
UPDATE devices d SET status = held.status, assigned_user_id = held.holder
  FROM actor, held WHERE d.id = held.id;

-- describe_device --
UPDATE devices SET device_name = %(device_name)s, os_version = %(os_version)s
 WHERE id = %(id)s AND version = %(version)s;

-- select_assignments --
-- Of one device, newest first.
SELECT a.id, a.user_id, u.username, a.assigned_at, a.assigned_by, a.returned_at, a.returned_by,
       a.condition
  FROM device_assignments a JOIN users u ON u.id = a.user_id
 WHERE a.device_id = %(id)s AND a.id < %(before)s
 ORDER BY a.id DESC
 LIMIT %(limit)s;

-- select_assignments_of_user --
SELECT a.id, d.device_id, d.device_name, d.device_type, d.status, a.assigned_at, a.assigned_by,
       a.returned_at, a.returned_by, a.condition
  FROM device_assignments a JOIN devices d ON d.id = a.device_id
 WHERE a.user_id = %(user_id)s AND a.id < %(before)s
   AND (%(held)s::boolean IS NULL OR (a.returned_at IS NULL) = %(held)s)
 ORDER BY a.id DESC
 LIMIT %(limit)s;

-- select_held_by_leavers --
SELECT d.id, d.device_id, d.device_name, d.status, d.assigned_user_id AS user_id, u.username,
       coalesce(u.student_id, u.employee_id) AS person, u.state, u.disable_reason, u.disabled_at,
       a.assigned_at
  FROM devices d
  JOIN users u ON u.id = d.assigned_user_id AND u.disable_reason = 'leaver'
              AND u.state IN ('disabled', 'archived')
  JOIN device_assignments a ON a.device_id = d.id AND a.returned_at IS NULL
 WHERE d.id > %(after)s
 ORDER BY d.id
 LIMIT %(limit)s;

-- count_custody --
SELECT count(*) FROM devices WHERE assigned_user_id IS NOT NULL;
