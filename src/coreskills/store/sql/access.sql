-- select_operator --
SELECT id, username, role, password_hash, is_active FROM operators WHERE username = %(username)s;

-- select_operators --
SELECT id, username, role, is_active, password_hash IS NOT NULL AS has_password, created_at
  FROM operators WHERE id > %(after)s ORDER BY id LIMIT %(limit)s;

-- insert_operator --
INSERT INTO operators (username, role, password_hash)
VALUES (%(username)s, %(role)s, %(password_hash)s)
RETURNING id;

-- lock_operator --
SELECT role, is_active FROM operators WHERE id = %(id)s FOR NO KEY UPDATE;

-- update_operator --
UPDATE operators
   SET role = coalesce(%(role)s, role), is_active = coalesce(%(is_active)s, is_active),
       password_hash = coalesce(%(password_hash)s, password_hash)
 WHERE id = %(id)s;

-- insert_session --
INSERT INTO sessions (operator_id, expires_at)
VALUES (%(operator_id)s, now() + make_interval(secs => %(seconds)s))
RETURNING id;

-- revoke_session --
UPDATE sessions SET revoked_at = now() WHERE id = %(id)s AND revoked_at IS NULL;

-- revoke_sessions_of --
UPDATE sessions SET revoked_at = now() WHERE operator_id = %(operator_id)s AND revoked_at IS NULL;

-- select_session --
-- Only while it and its operator are good.
SELECT s.id AS session_id, o.id AS operator_id, o.username, o.role
  FROM sessions s JOIN operators o ON o.id = s.operator_id
 WHERE s.id = %(id)s AND s.revoked_at IS NULL AND s.expires_at > now() AND o.is_active;

-- insert_refresh_token --
INSERT INTO refresh_tokens (token_hash, session_id) VALUES (%(token_hash)s, %(session_id)s);

-- lock_refresh_token --
SELECT session_id, used_at IS NOT NULL AS used
  FROM refresh_tokens WHERE token_hash = %(token_hash)s FOR UPDATE;

-- use_refresh_token --
UPDATE refresh_tokens SET used_at = now() WHERE token_hash = %(token_hash)s;

-- insert_api_token --
INSERT INTO api_tokens (operator_id, name, token_hash, expires_at)
VALUES (%(operator_id)s, %(name)s, %(token_hash)s,
        now() + make_interval(days => %(days)s::int))
RETURNING id;

-- select_api_token --
SELECT o.id AS operator_id, o.username, o.role
  FROM api_tokens t JOIN operators o ON o.id = t.operator_id
 WHERE t.token_hash = %(token_hash)s AND t.revoked_at IS NULL
   AND (t.expires_at IS NULL OR t.expires_at > now()) AND o.is_active;

-- select_api_tokens --
SELECT id, name, created_at, expires_at, revoked_at IS NOT NULL AS revoked
  FROM api_tokens
 WHERE operator_id = %(operator_id)s AND id > %(after)s
 ORDER BY id LIMIT %(limit)s;

-- revoke_api_token --
UPDATE api_tokens SET revoked_at = now()
 WHERE id = %(id)s AND operator_id = %(operator_id)s AND revoked_at IS NULL;

-- note_failed_login --
-- 1 s after the first miss, doubled by each further one, 15 minutes at most; never for ever.
INSERT INTO login_throttle (username, failures, blocked_until)
VALUES (%(username)s, 1, now() + interval '1 second')
ON CONFLICT (username) DO UPDATE
   SET failures = login_throttle.failures + 1,
       blocked_until = now() + least(interval '15 minutes',
           make_interval(secs => power(2, least(login_throttle.failures, 10))));

-- select_login_block --
SELECT ceil(extract(epoch FROM blocked_until - now()))::int AS seconds
  FROM login_throttle WHERE username = %(username)s AND blocked_until > now();

-- clear_failed_logins --
DELETE FROM login_throttle WHERE username = %(username)s;
