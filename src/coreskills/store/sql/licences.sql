-- select_licences --
SELECT id, sku, name, seats, used
  FROM licences
 WHERE id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_licence --
SELECT id, sku, name, seats, used, rule, version, created_at, updated_at
  FROM licences
 WHERE id = %(id)s;

-- insert_licence --
INSERT INTO licences (sku, name, seats, rule)
VALUES (%(sku)s, %(name)s, %(seats)s, %(rule)s)
RETURNING id;

-- update_licence --
UPDATE licences SET name = %(name)s, seats = %(seats)s, rule = %(rule)s
 WHERE id = %(id)s AND version = %(version)s;

-- delete_licence --
DELETE FROM licences WHERE id = %(id)s AND version = %(version)s;

-- select_assignments --
SELECT u.id, u.user_type AS type, u.username, a.since
  FROM licence_assignments a JOIN users u ON u.id = a.user_id
 WHERE a.licence_id = %(licence_id)s AND a.user_id > %(after)s
 ORDER BY a.user_id
 LIMIT %(limit)s;

-- select_licence_rules --
SELECT id, sku, rule, seats, used, version FROM licences ORDER BY id;

-- insert_assignments --
INSERT INTO licence_assignments (licence_id, user_id)
SELECT l.id, n.user_id
  FROM jsonb_to_recordset(%(rows)s) AS n(user_id bigint, sku text) JOIN licences l USING (sku)
 ORDER BY l.id, n.user_id
    ON CONFLICT DO NOTHING;

-- delete_assignments --
DELETE FROM licence_assignments a
 USING jsonb_to_recordset(%(rows)s) AS n(user_id bigint, sku text), licences l
 WHERE l.sku = n.sku AND a.licence_id = l.id AND a.user_id = n.user_id;

-- release_seats --
DELETE FROM licence_assignments WHERE user_id = ANY(%(user_ids)s::bigint[]);
