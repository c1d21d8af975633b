-- select_rules --
-- The policies that say something about devices; all, or one.
SELECT id, revision, applies_to, rule, stale_hours
  FROM policies
 WHERE enabled AND rule IS NOT NULL
   AND (%(policy_id)s::bigint IS NULL OR id = %(policy_id)s)
 ORDER BY id;

-- select_checkups --
-- Devices with their facts; all, or one.
SELECT id, device_id, platform, device_type, facts, last_check_in
  FROM devices
 WHERE status <> 'retired' AND id > %(after)s
   AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s)
 ORDER BY id
 LIMIT %(limit)s;

-- count_checkups --
SELECT count(*)
  FROM devices
 WHERE status <> 'retired' AND (%(device_id)s::text IS NULL OR device_id = %(device_id)s);

-- hold_policies --
SELECT hold_policies(%(ids)s);

-- hold_devices --
SELECT id FROM devices WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE;

-- record_results --
-- Only what was judged by facts and rules that still are the latest: under the locks of hold_*,
-- nobody changes them any more. The others are looked at again with the next turn.
INSERT INTO policy_results AS known
       (device_id, policy_id, revision, outcome, reason, evaluated_at, first_failed_at)
SELECT j.device_id, j.policy_id, j.revision, j.outcome, j.reason, clock.now,
       CASE j.outcome WHEN 'fail' THEN clock.now END
  FROM (SELECT lifecycle_now() AS now) clock,
       unnest(%(device_ids)s::bigint[], %(seen)s::timestamptz[], %(policy_ids)s::bigint[],
              %(revisions)s::integer[], %(outcomes)s::text[], %(reasons)s::text[])
           AS j(device_id, seen, policy_id, revision, outcome, reason)
  JOIN devices d ON d.id = j.device_id AND d.status <> 'retired'
                AND d.last_check_in IS NOT DISTINCT FROM j.seen
  JOIN policies p ON p.id = j.policy_id AND p.revision = j.revision AND p.enabled
    ON CONFLICT (device_id, policy_id) DO UPDATE
   SET revision = EXCLUDED.revision, outcome = EXCLUDED.outcome, reason = EXCLUDED.reason,
       evaluated_at = EXCLUDED.evaluated_at,
       first_failed_at = CASE EXCLUDED.outcome
           WHEN 'pass' THEN NULL
           ELSE coalesce(known.first_failed_at, EXCLUDED.first_failed_at) END;

-- follow_results --
-- What is known of the devices as a whole; each that changes gets its line in the trail.
WITH changed AS (
    UPDATE devices d SET compliance_status = c.compliance_status
      FROM device_compliance c JOIN devices was ON was.id = c.device_id
     WHERE d.id = c.device_id AND d.id = ANY(%(ids)s)
       AND d.compliance_status <> c.compliance_status
    RETURNING d.id, was.compliance_status AS before, d.compliance_status AS after)
INSERT INTO audit_logs (action, actor, resource_type, resource_id, job_id, request_id, details,
                        status)
SELECT 'device.compliance_changed', %(actor)s, 'device', id, %(job_id)s, %(request_id)s,
       jsonb_build_object('before', before, 'after', after), 'success'
  FROM changed ORDER BY id;

-- select_results_of_policy --
SELECT r.device_id AS id, d.device_id, r.outcome, r.reason, r.revision, r.evaluated_at,
       r.first_failed_at
  FROM policy_results r JOIN devices d ON d.id = r.device_id
 WHERE r.policy_id = %(policy_id)s AND r.device_id > %(after)s
   AND (%(outcome)s::text IS NULL OR r.outcome = %(outcome)s)
 ORDER BY r.device_id
 LIMIT %(limit)s;

-- select_results_of_device --
-- With the day until which a failure is forgiven.
SELECT r.policy_id, p.policy_name, p.enforcement_level, r.outcome, r.reason, r.revision,
       r.evaluated_at, r.first_failed_at,
       r.first_failed_at + make_interval(days => p.grace_days) AS grace_until
  FROM policy_results r JOIN policies p ON p.id = r.policy_id
 WHERE r.device_id = %(id)s
 ORDER BY r.policy_id;

-- select_stats --
SELECT p.id, p.policy_name, p.applies_to, p.enforcement_level, p.enabled,
       p.rule IS NOT NULL AS has_rule, s.pass, s.fail, s.unknown, s.error, s.not_applicable,
       s.stale, s.evaluated_at
  FROM policies p JOIN policy_stats s ON s.policy_id = p.id
 WHERE p.retired_at IS NULL AND p.id > %(after)s
 ORDER BY p.id
 LIMIT %(limit)s;
