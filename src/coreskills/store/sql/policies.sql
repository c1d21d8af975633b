-- select_policies --
SELECT id, policy_name, policy_type, description, applies_to, enforcement_level, enabled,
       rule IS NOT NULL AS has_rule, retired_at IS NOT NULL AS retired
  FROM policies
 WHERE id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_policy --
SELECT id, policy_name, policy_type, description, applies_to, enforcement_level, enabled, rule,
       grace_days, stale_hours, revision, retired_at, version, created_at, updated_at
  FROM policies
 WHERE id = %(id)s;

-- insert_policy --
INSERT INTO policies (policy_name, policy_type, description, applies_to, enforcement_level, enabled,
                      rule, grace_days, stale_hours)
VALUES (%(policy_name)s, %(policy_type)s, %(description)s, %(applies_to)s, %(enforcement_level)s,
        %(enabled)s, %(rule)s, %(grace_days)s, %(stale_hours)s)
RETURNING id;

-- update_policy --
UPDATE policies
   SET policy_name = %(policy_name)s, policy_type = %(policy_type)s, description = %(description)s,
       applies_to = %(applies_to)s, enforcement_level = %(enforcement_level)s,
       enabled = %(enabled)s, rule = %(rule)s, grace_days = %(grace_days)s,
       stale_hours = %(stale_hours)s
 WHERE id = %(id)s AND version = %(version)s AND retired_at IS NULL;

-- retire_policy --
UPDATE policies SET retired_at = now(), enabled = false
 WHERE id = %(id)s AND version = %(version)s AND retired_at IS NULL;
