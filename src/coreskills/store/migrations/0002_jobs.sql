-- Work: jobs, their attempts, what makes a repeated request harmless, and the clockwork.

CREATE TYPE job_status AS ENUM (
    'queued',     -- accepted; waits for run_at and a worker
    'running',    -- claimed by exactly one worker until lease_until
    'completed',  -- the effect and the result were written in one transaction
    'failed',     -- the work was refused, or failed too often
    'dead',       -- it took too many workers down with it; kept for a person
    'cancelled',  -- a person stopped it before it took effect
    'suspended'   -- waits for a person's approval
);

CREATE TABLE jobs (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_type         text NOT NULL,
    status           job_status NOT NULL DEFAULT 'queued',
    parameters       jsonb NOT NULL,
    result           jsonb,
    error_code       text,
    error_message    text,
    progress         jsonb,
    attempt          integer NOT NULL DEFAULT 0,  -- the fence: every write of a worker names it
    error_count      integer NOT NULL DEFAULT 0,
    crash_count      integer NOT NULL DEFAULT 0,
    deadline_seconds integer NOT NULL DEFAULT 60 CHECK (deadline_seconds BETWEEN 1 AND 3600),
    run_at           timestamptz NOT NULL DEFAULT now(),
    lease_until      timestamptz,
    worker           text,
    published_at     timestamptz,  -- NULL: not in Redis; the row is its own outbox
    unique_key       text,
    fire_at          timestamptz,  -- of which tick of its schedule this is
    requested_by     text NOT NULL,
    request_id       text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    completed_at     timestamptz,
    CONSTRAINT jobs_result_iff_completed CHECK ((status = 'completed') = (result IS NOT NULL)),
    CONSTRAINT jobs_error_if_failed
        CHECK (status NOT IN ('failed', 'dead') OR (error_code IS NOT NULL AND error_message IS NOT NULL)),
    CONSTRAINT jobs_lease_iff_running
        CHECK ((status = 'running') = (lease_until IS NOT NULL AND worker IS NOT NULL)),
    CONSTRAINT jobs_ended_has_time CHECK (
        (status IN ('completed', 'failed', 'dead', 'cancelled')) = (completed_at IS NOT NULL))
);
-- Claiming, relaying and reaping read only these; they stay as small as the backlog.
CREATE INDEX jobs_waiting ON jobs (run_at, id) WHERE status = 'queued';
CREATE INDEX jobs_unpublished ON jobs (run_at) WHERE status = 'queued' AND published_at IS NULL;
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'running';
CREATE INDEX jobs_by_status ON jobs (status, id);
CREATE UNIQUE INDEX jobs_open_unique ON jobs (job_type, unique_key)
    WHERE status IN ('queued', 'running', 'suspended');
CREATE UNIQUE INDEX jobs_fired_once ON jobs (job_type, fire_at) WHERE fire_at IS NOT NULL;

CREATE TABLE job_attempts (
    job_id        bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    attempt       integer NOT NULL,
    worker        text NOT NULL,
    engine        text,
    started_at    timestamptz NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    outcome       text CHECK (outcome IN
        ('completed', 'failed', 'retried', 'released', 'crashed', 'cancelled')),
    error_code    text,
    error_message text,
    PRIMARY KEY (job_id, attempt),
    CONSTRAINT job_attempts_ended_has_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL))
);

CREATE TABLE idempotency_keys (
    actor        text NOT NULL,
    key          text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    request_hash bytea NOT NULL,
    job_id       bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_by_job ON idempotency_keys (job_id);

CREATE TABLE schedules (
    name       text PRIMARY KEY,
    job_type   text NOT NULL,
    parameters jsonb NOT NULL DEFAULT '{}',
    every      interval NOT NULL CHECK (every >= interval '1 minute'),
    next_at    timestamptz NOT NULL DEFAULT now(),
    enabled    boolean NOT NULL DEFAULT true
);
INSERT INTO schedules (name, job_type, every) VALUES ('sweep_expired', 'sweep_expired', '1 hour');

-- Which incarnation of Redis the published jobs are in. Redis holds the same word; if it differs,
-- Redis was emptied and everything that waits is published again.
CREATE TABLE broker_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    text NOT NULL
);
INSERT INTO broker_epoch (epoch) VALUES ('');

-- An import's file, row by row, and what became of each row.
CREATE TABLE import_rows (
    job_id     bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    line       integer NOT NULL,  -- physical line where the row starts; the header is line 1
    person_key text,              -- student:S2027001; NULL when the row does not say
    record     jsonb NOT NULL,
    PRIMARY KEY (job_id, line)
);

CREATE TABLE import_results (
    job_id          bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    line            integer NOT NULL,
    action          text NOT NULL CHECK (action IN ('created', 'unchanged', 'rejected')),
    person_key      text,
    user_type       text,
    student_id      text,
    employee_id     text,
    first_name      text,
    last_name       text,
    grade_level     smallint,
    graduation_year smallint,
    department      text,
    role            text,
    username        text,
    username_stem   text,
    email           text,
    ou              text,
    faults          jsonb,  -- [{at, code, message}] of a rejected row
    PRIMARY KEY (job_id, line),
    CONSTRAINT import_results_rejected_says_why CHECK ((action = 'rejected') = (faults IS NOT NULL)),
    CONSTRAINT import_results_created_has_account CHECK (action <> 'created' OR username IS NOT NULL)
);
CREATE INDEX import_results_by_stem ON import_results (job_id, username_stem) WHERE action = 'created';
CREATE INDEX import_results_rejected ON import_results (job_id, line) WHERE action = 'rejected';

GRANT SELECT, INSERT ON jobs TO coreskills_api;
GRANT UPDATE (status, published_at, run_at, error_code, error_message, error_count, crash_count,
              lease_until, worker, completed_at) ON jobs TO coreskills_api;
GRANT SELECT, INSERT ON idempotency_keys TO coreskills_api;
GRANT SELECT ON job_attempts, import_results, schedules TO coreskills_api;
GRANT UPDATE (ended_at, outcome) ON job_attempts TO coreskills_api;
GRANT SELECT, INSERT ON import_rows TO coreskills_api;

GRANT SELECT, INSERT, UPDATE ON jobs TO coreskills_worker;
GRANT SELECT, INSERT, UPDATE ON job_attempts TO coreskills_worker;
GRANT SELECT, UPDATE ON schedules, broker_epoch TO coreskills_worker;
GRANT SELECT, DELETE ON idempotency_keys, import_rows TO coreskills_worker;
GRANT SELECT, INSERT, DELETE ON import_results TO coreskills_worker;
