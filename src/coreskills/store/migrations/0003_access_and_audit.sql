-- Who may come in, and what was done.

CREATE TABLE operators (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    username      text NOT NULL CONSTRAINT operators_username_unique UNIQUE
        CHECK (username ~ '^[a-z][a-z0-9._-]{1,31}$'),
    role          text NOT NULL CHECK (role IN ('student', 'instructor', 'admin', 'service')),
    password_hash text,  -- argon2id; NULL: no password login
    is_active     boolean NOT NULL DEFAULT true,
    created_at    timestamptz NOT NULL DEFAULT now()
);

-- One login. Its access tokens name it, its refresh tokens form a chain; ending it ends both.
CREATE TABLE sessions (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operators,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,  -- SHA-256 of 256 random bits: nothing to guess, so no salt
    session_id bigint NOT NULL REFERENCES sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz          -- a second use means it was stolen: the session ends
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

CREATE TABLE api_tokens (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operators,
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    token_hash  bytea NOT NULL CONSTRAINT api_tokens_hash_unique UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz,
    revoked_at  timestamptz
);
CREATE INDEX api_tokens_by_operator ON api_tokens (operator_id, id);

-- Wrong passwords per account. In PostgreSQL, so that emptying Redis opens no gate.
CREATE TABLE login_throttle (
    username      text PRIMARY KEY,
    failures      integer NOT NULL,
    blocked_until timestamptz NOT NULL
);

CREATE TABLE audit_logs (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action        text NOT NULL,      -- past tense: student.created
    actor         text NOT NULL,
    resource_type text NOT NULL,
    resource_id   bigint,
    user_id       bigint REFERENCES users,  -- the person concerned
    job_id        bigint,             -- no foreign key: the trail outlives the jobs
    request_id    text,
    details       jsonb NOT NULL DEFAULT '{}',
    status        text NOT NULL CHECK (status IN ('success', 'failure', 'pending')),
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_logs_by_user ON audit_logs (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_logs_by_job ON audit_logs (job_id, id) WHERE job_id IS NOT NULL;

CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_logs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

GRANT SELECT, INSERT ON audit_logs TO coreskills_api, coreskills_worker;
GRANT SELECT, INSERT, UPDATE ON operators, sessions, refresh_tokens, api_tokens TO coreskills_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON login_throttle TO coreskills_api;
GRANT SELECT (id, expires_at), DELETE ON sessions TO coreskills_worker;
GRANT SELECT (session_id), DELETE ON refresh_tokens TO coreskills_worker;
GRANT SELECT (blocked_until), DELETE ON login_throttle TO coreskills_worker;
