-- reset_password --
-- The old one ends; the new one is made when it is shown.
INSERT INTO account_passwords (user_id, reset_job, reset_by)
VALUES (%(user_id)s, %(job_id)s, %(reset_by)s)
    ON CONFLICT (user_id) DO UPDATE
   SET password_hash = NULL, must_change = true, reset_job = %(job_id)s,
       reset_by = %(reset_by)s, reset_at = now(), shown_at = NULL;

-- lock_reset --
SELECT reset_job, reset_by, reset_at > now() - interval '1 hour' AS is_recent, shown_at
  FROM account_passwords
 WHERE user_id = %(user_id)s
   FOR UPDATE;

-- update_password --
UPDATE account_passwords SET password_hash = %(password_hash)s, shown_at = now()
 WHERE user_id = %(user_id)s;
