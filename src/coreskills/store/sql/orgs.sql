-- select_orgs --
SELECT id, sourced_id, name, type, identifier, parent_id, top_grade, feeder_id
  FROM orgs
 WHERE id > %(after)s
 ORDER BY id
 LIMIT %(limit)s;

-- select_org --
SELECT id, sourced_id, name, type, identifier, parent_id, top_grade, feeder_id, version,
       created_at, updated_at
  FROM orgs
 WHERE id = %(id)s;

-- insert_org --
INSERT INTO orgs (sourced_id, name, type, identifier, parent_id, top_grade, feeder_id)
VALUES (%(sourced_id)s, %(name)s, %(type)s, %(identifier)s, %(parent_id)s, %(top_grade)s,
        %(feeder_id)s)
RETURNING id;

-- update_org --
UPDATE orgs
   SET name = %(name)s, identifier = %(identifier)s, parent_id = %(parent_id)s,
       top_grade = %(top_grade)s, feeder_id = %(feeder_id)s
 WHERE id = %(id)s AND version = %(version)s;
