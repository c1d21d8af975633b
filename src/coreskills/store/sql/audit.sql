-- insert_audit --
INSERT INTO audit_logs (action, actor, resource_type, resource_id, user_id, job_id, request_id,
                        details, status)
VALUES (%(action)s, %(actor)s, %(resource_type)s, %(resource_id)s, %(user_id)s, %(job_id)s,
        %(request_id)s, %(details)s, %(status)s);

-- insert_audits --
INSERT INTO audit_logs (action, actor, resource_type, resource_id, user_id, job_id, request_id,
                        details, status)
SELECT action, actor, resource_type, resource_id, user_id, job_id, request_id, details, status
  FROM ROWS FROM (jsonb_to_recordset(%(entries)s) AS (
           action text, actor text, resource_type text, resource_id bigint, user_id bigint,
           job_id bigint, request_id text, details jsonb, status text))
       WITH ORDINALITY AS new(action, actor, resource_type, resource_id, user_id, job_id,
                              request_id, details, status, place)
 ORDER BY place;

-- select_audit --
-- Newest first.
SELECT id, action, actor, resource_type, resource_id, user_id, job_id, request_id, details, status,
       created_at
  FROM audit_logs
 WHERE id < %(before)s AND created_at >= %(since)s AND created_at < %(until)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_audit_of_user --
SELECT id, action, actor, resource_type, resource_id, user_id, job_id, request_id, details, status,
       created_at
  FROM audit_logs
 WHERE user_id = %(user_id)s AND id < %(before)s
   AND created_at >= %(since)s AND created_at < %(until)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_audit_of_job --
SELECT id, action, actor, resource_type, resource_id, user_id, job_id, request_id, details, status,
       created_at
  FROM audit_logs
 WHERE job_id = %(job_id)s AND id < %(before)s
   AND created_at >= %(since)s AND created_at < %(until)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_audit_of_actor --
SELECT id, action, actor, resource_type, resource_id, user_id, job_id, request_id, details, status,
       created_at
  FROM audit_logs
 WHERE actor = %(actor)s AND id < %(before)s
   AND created_at >= %(since)s AND created_at < %(until)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_audit_of_action --
SELECT id, action, actor, resource_type, resource_id, user_id, job_id, request_id, details, status,
       created_at
  FROM audit_logs
 WHERE action = %(action)s AND id < %(before)s
   AND created_at >= %(since)s AND created_at < %(until)s
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_audit_entry --
SELECT id, action, actor, resource_type, resource_id, user_id, job_id, request_id, details, status,
       created_at
  FROM audit_logs
 WHERE id = %(id)s;
