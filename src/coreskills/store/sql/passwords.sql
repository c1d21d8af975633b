-- reset_password --
-- The old one ends; the new one is made when it is shown.
WITH ended AS (DELETE FROM account_password_hashes WHERE user_id = %(user_id)s)
INSERT INTO account_passwords (user_id, reset_job, reset_by)
VALUES (%(user_id)s, %(job_id)s, %(reset_by)s)
    ON CONFLICT (user_id) DO UPDATE
   SET must_change = true, reset_job = %(job_id)s, reset_by = %(reset_by)s, reset_at = now(),
       shown_at = NULL;

-- lock_reset --
SELECT reset_job, reset_by, reset_at > now() - interval '1 hour' AS is_recent, shown_at
  FROM account_passwords
 WHERE user_id = %(user_id)s
   FOR UPDATE;

-- insert_hash --
WITH shown AS (UPDATE account_passwords SET shown_at = now() WHERE user_id = %(user_id)s)
INSERT INTO account_password_hashes (user_id, password_hash)
VALUES (%(user_id)s, %(password_hash)s);
