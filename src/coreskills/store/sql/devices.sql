-- select_devices --
SELECT id, device_id, device_name, device_type, platform, os_version, assigned_user_id,
       compliance_status, retired_at IS NOT NULL AS retired
  FROM devices
 WHERE id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_devices_by_compliance --
SELECT id, device_id, device_name, device_type, platform, os_version, assigned_user_id,
       compliance_status, retired_at IS NOT NULL AS retired
  FROM devices
 WHERE compliance_status = %(compliance_status)s AND id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_device --
SELECT id, device_id, device_name, device_type, platform, os_version, assigned_user_id,
       compliance_status, last_check_in, retired_at, version, created_at, updated_at
  FROM devices
 WHERE device_id = %(device_id)s;

-- insert_device --
INSERT INTO devices (device_id, device_name, device_type, platform, os_version, assigned_user_id,
                     compliance_status)
VALUES (%(device_id)s, %(device_name)s, %(device_type)s, %(platform)s, %(os_version)s,
        %(assigned_user_id)s, %(compliance_status)s)
RETURNING id;

-- update_device --
UPDATE devices
   SET device_name = %(device_name)s, device_type = %(device_type)s, platform = %(platform)s,
       os_version = %(os_version)s, assigned_user_id = %(assigned_user_id)s,
       compliance_status = %(compliance_status)s
 WHERE id = %(id)s AND version = %(version)s AND retired_at IS NULL;

-- retire_device --
UPDATE devices SET retired_at = now(), assigned_user_id = NULL
 WHERE id = %(id)s AND version = %(version)s AND retired_at IS NULL;

-- count_devices --
SELECT compliance_status, count(*) AS devices
  FROM devices WHERE retired_at IS NULL GROUP BY compliance_status;
