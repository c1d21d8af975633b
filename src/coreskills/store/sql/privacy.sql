-- insert_disclosure --
INSERT INTO disclosures (user_id, party, purpose, fields, people, job_id, request_id)
VALUES (%(user_id)s, %(party)s, %(purpose)s, %(fields)s, %(people)s, %(job_id)s, %(request_id)s);

-- select_disclosures --
-- Of one person, newest first; with those of everybody since the person was there.
SELECT id, party, purpose, fields, people, job_id, request_id, at
  FROM ((SELECT * FROM disclosures
          WHERE user_id = %(user_id)s AND id < %(before)s
          ORDER BY id DESC
          LIMIT %(limit)s)
         UNION ALL
        (SELECT d.* FROM disclosures d
          WHERE d.user_id IS NULL AND d.id < %(before)s
            AND d.at >= (SELECT created_at FROM users
                          WHERE id = %(user_id)s AND state <> 'purged')
          ORDER BY id DESC
          LIMIT %(limit)s)) AS found
 ORDER BY id DESC
 LIMIT %(limit)s;

-- select_record --
SELECT person_record(%(user_id)s) AS record;

-- insert_export --
-- Only while the person is the one that was read: nobody is put back who was purged meanwhile.
INSERT INTO person_exports (job_id, user_id, body)
SELECT %(job_id)s, id, %(body)s FROM users
 WHERE id = %(user_id)s AND version = %(version)s
   FOR NO KEY UPDATE;

-- collect_export --
DELETE FROM person_exports WHERE job_id = %(job_id)s RETURNING user_id, body;

-- update_hold --
UPDATE users SET legal_hold = %(held)s WHERE id = %(id)s AND legal_hold <> %(held)s;
