-- select_groups --
SELECT id, name, kind, description
  FROM directory_groups
 WHERE id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_group --
SELECT id, name, kind, rule, description, version, created_at, updated_at,
       (SELECT count(*) FROM group_members m WHERE m.group_id = g.id AND NOT remembered) AS members
  FROM directory_groups g
 WHERE id = %(id)s;

-- insert_group --
INSERT INTO directory_groups (name, kind, rule, description)
VALUES (%(name)s, %(kind)s, %(rule)s, %(description)s)
RETURNING id;

-- update_group --
UPDATE directory_groups SET name = %(name)s, rule = %(rule)s, description = %(description)s
 WHERE id = %(id)s AND version = %(version)s;

-- delete_group --
DELETE FROM directory_groups WHERE id = %(id)s AND version = %(version)s;

-- select_members --
SELECT u.id, u.user_type AS type, u.username, m.source, m.remembered, m.since
  FROM group_members m JOIN users u ON u.id = m.user_id
 WHERE m.group_id = %(group_id)s AND m.user_id > %(after)s
 ORDER BY m.user_id
 LIMIT %(limit)s;

-- insert_member --
-- Of an account in use; the lock keeps it so until this is committed.
INSERT INTO group_members (group_id, user_id, source)
SELECT %(group_id)s, u.id, 'manual'
  FROM users u
 WHERE u.id = %(user_id)s AND u.state IN ('staged', 'active', 'suspended')
    ON CONFLICT DO NOTHING;

-- delete_member --
DELETE FROM group_members WHERE group_id = %(group_id)s AND user_id = %(user_id)s;

-- select_group_rules --
SELECT id, name, rule, version FROM directory_groups WHERE kind = 'rule' ORDER BY id;

-- insert_members --
-- What rules give.
INSERT INTO group_members (group_id, user_id, source)
SELECT g.id, n.user_id, 'rule'
  FROM jsonb_to_recordset(%(rows)s) AS n(user_id bigint, name text)
  JOIN directory_groups g ON g.name = n.name AND g.kind = 'rule'
    ON CONFLICT DO NOTHING;

-- delete_members --
-- What rules take.
DELETE FROM group_members m
 USING jsonb_to_recordset(%(rows)s) AS n(user_id bigint, name text), directory_groups g
 WHERE g.name = n.name AND g.kind = 'rule' AND m.group_id = g.id AND m.user_id = n.user_id
   AND NOT m.remembered;

-- remember_groups --
UPDATE group_members SET remembered = true
 WHERE user_id = ANY(%(user_ids)s::bigint[]) AND NOT remembered;

-- recall_groups --
UPDATE group_members SET remembered = false
 WHERE user_id = ANY(%(user_ids)s::bigint[]) AND remembered;

-- select_concerned --
-- Whom rules may give or take something: accounts in use, and those that still have it.
SELECT id FROM users
 WHERE state IN ('staged', 'active', 'suspended', 'disabled')
   AND (%(user_id)s::bigint IS NULL OR id = %(user_id)s)
 ORDER BY id;

-- lock_unchanged --
-- How many of these are still the version they were decided about; they stay so until the end.
WITH held AS (
    SELECT u.id FROM users u
      JOIN jsonb_to_recordset(%(rows)s) AS n(id bigint, version integer)
        ON u.id = n.id AND u.version = n.version
       FOR SHARE OF u)
SELECT count(*) FROM held;
