-- select_devices --
SELECT id, device_id, device_name, device_type, platform, os_version, serial_number, status,
       assigned_user_id, compliance_status, retired_at IS NOT NULL AS retired
  FROM devices
 WHERE id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_devices_by_compliance --
SELECT id, device_id, device_name, device_type, platform, os_version, serial_number, status,
       assigned_user_id, compliance_status, retired_at IS NOT NULL AS retired
  FROM devices
 WHERE compliance_status = %(compliance_status)s AND id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_device --
SELECT id, device_id, device_name, device_type, platform, os_version, serial_number, status,
       assigned_user_id, compliance_status, facts, facts_at, last_check_in, retired_at, version,
       created_at, updated_at
  FROM devices
 WHERE device_id = %(device_id)s;

-- insert_device --
WITH actor AS (SELECT set_config('coreskills.actor', %(actor)s, true))
INSERT INTO devices (device_id, device_name, device_type, platform, os_version, serial_number,
                     assigned_user_id, compliance_status)
SELECT %(device_id)s, %(device_name)s, %(device_type)s, %(platform)s, %(os_version)s,
       %(serial_number)s, %(assigned_user_id)s, %(compliance_status)s
  FROM actor
RETURNING id;

-- update_device --
WITH actor AS (SELECT set_config('coreskills.actor', %(actor)s, true))
UPDATE devices
   SET device_name = %(device_name)s, device_type = %(device_type)s, platform = %(platform)s,
       os_version = %(os_version)s, serial_number = %(serial_number)s,
       assigned_user_id = %(assigned_user_id)s, compliance_status = %(compliance_status)s
  FROM actor
 WHERE id = %(id)s AND version = %(version)s AND retired_at IS NULL;

-- retire_device --
UPDATE devices SET status = 'retired'
 WHERE id = %(id)s AND version = %(version)s AND retired_at IS NULL;

-- check_in_device --
-- What a device says of itself replaces what it said before.
UPDATE devices
   SET facts = %(facts)s, facts_at = lifecycle_now(), last_check_in = lifecycle_now()
 WHERE device_id = %(device_id)s AND retired_at IS NULL;

-- count_devices --
SELECT compliance_status, count(*) AS devices
  FROM devices WHERE retired_at IS NULL GROUP BY compliance_status;
