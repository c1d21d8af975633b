-- What a job is going to do, said before it does it; who must agree; when nothing may change. And
-- the organisations that people belong to.

CREATE TABLE orgs (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sourced_id text NOT NULL CONSTRAINT orgs_sourced_id_unique UNIQUE,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    type       text NOT NULL CONSTRAINT orgs_type_known CHECK (type IN
        ('district', 'school', 'department', 'local', 'state', 'national')),
    identifier text,
    parent_id  bigint REFERENCES orgs,
    top_grade  smallint CONSTRAINT orgs_top_grade_known CHECK (top_grade BETWEEN 9 AND 12),
    feeder_id  bigint REFERENCES orgs,  -- the school that takes those who outgrow this one
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT orgs_are_not_their_own CHECK (id <> parent_id AND id <> feeder_id),
    CONSTRAINT orgs_only_schools_have_grades CHECK (
        type = 'school' OR num_nonnulls(top_grade, feeder_id) = 0)
);
CREATE INDEX orgs_by_parent ON orgs (parent_id) WHERE parent_id IS NOT NULL;
CREATE TRIGGER orgs_touch BEFORE UPDATE ON orgs FOR EACH ROW EXECUTE FUNCTION touch_row();

ALTER TABLE users
    ADD COLUMN sourced_id text CONSTRAINT users_sourced_id_unique UNIQUE,  -- in the rosters' system
    ADD COLUMN school_id bigint REFERENCES orgs,
    DROP CONSTRAINT users_purged_keeps_no_trace,
    ADD CONSTRAINT users_purged_keeps_no_trace CHECK (
        state <> 'purged' OR num_nonnulls(state_reason, original_ou, sourced_id, school_id) = 0);
CREATE INDEX users_by_school ON users (school_id, id) WHERE school_id IS NOT NULL;

-- The plan of a dry run, or of a job that waits for a second person; its lines are in job_rows.
CREATE TABLE plans (
    job_id     bigint PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    digest     bytea NOT NULL,  -- of all lines and the versions that they were decided about
    made_at    timestamptz NOT NULL DEFAULT now(),
    applied_by bigint           -- the job that carried it out; once
);

-- A line for everything that a job does, would do, or refuses to do.
CREATE TABLE job_rows (
    job_id     bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,
    line       integer NOT NULL,
    key        text NOT NULL,
    action     text NOT NULL,
    before     jsonb NOT NULL DEFAULT '{}',
    after      jsonb NOT NULL DEFAULT '{}',
    error_code text,
    message    text,
    PRIMARY KEY (job_id, line)
);
CREATE INDEX job_rows_by_key ON job_rows (key);

-- More of one action than this, and the job waits until a second person has approved it. `percent`
-- is of all there are; it does not count for a handful.
CREATE TABLE thresholds (
    job_type text NOT NULL,
    action   text NOT NULL,
    most     integer NOT NULL CHECK (most >= 0),
    percent  smallint NOT NULL CHECK (percent BETWEEN 0 AND 100),
    PRIMARY KEY (job_type, action)
);
INSERT INTO thresholds (job_type, action, most, percent) VALUES
    ('oneroster_import', 'disable', 100, 5),
    ('oneroster_import', 'close', 2000, 10),
    ('graduate_cohort', 'disable', 2000, 35),
    ('device_return_cohort', 'return', 1000, 50);

-- Mass changes wait while, say, a school year ends and the rosters are half made.
CREATE TABLE freeze_windows (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    starts_at timestamptz NOT NULL,
    ends_at   timestamptz NOT NULL,
    reason    text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 200),
    CONSTRAINT freeze_windows_go_forward CHECK (starts_at < ends_at)
);

ALTER TABLE jobs ADD COLUMN approved_by text;

GRANT SELECT ON orgs, plans, job_rows TO coreskills_api;
GRANT INSERT, UPDATE ON orgs TO coreskills_api;
GRANT SELECT, INSERT, UPDATE ON orgs TO coreskills_worker;
GRANT SELECT, UPDATE ON thresholds TO coreskills_api;
GRANT SELECT ON thresholds, freeze_windows TO coreskills_worker;
GRANT SELECT, INSERT, DELETE ON freeze_windows TO coreskills_api;
GRANT UPDATE (approved_by) ON jobs TO coreskills_api;
GRANT SELECT, INSERT, DELETE ON plans, job_rows TO coreskills_worker;
GRANT UPDATE (digest, made_at, applied_by) ON plans TO coreskills_worker;
GRANT UPDATE (before, after, message, key) ON job_rows TO coreskills_worker;
