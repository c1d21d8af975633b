-- The lifecycle of an account: its states, its names, and what time does to it.

-- The days of the lifecycle can be made to pass: for tests, and for a lesson that shows in ten
-- minutes what takes a year. Leases, tokens and the trail never look at this clock.
CREATE TABLE lifecycle_clock (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    ahead    interval NOT NULL DEFAULT '0' CHECK (ahead >= interval '0')
);
INSERT INTO lifecycle_clock DEFAULT VALUES;

CREATE FUNCTION lifecycle_now() RETURNS timestamptz STABLE LANGUAGE sql
    RETURN now() + (SELECT ahead FROM lifecycle_clock);

-- Every move there is; domain/lifecycle.py says the same, and a test compares them.
CREATE TABLE lifecycle_moves (
    event      text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (event, from_state)
);
INSERT INTO lifecycle_moves (event, from_state, to_state) VALUES
    ('activate', 'staged', 'active'),
    ('activate', 'failed', 'active'),
    ('fail', 'staged', 'failed'),
    ('suspend', 'active', 'suspended'),
    ('resume', 'suspended', 'active'),
    ('disable', 'staged', 'disabled'),
    ('disable', 'active', 'disabled'),
    ('disable', 'suspended', 'disabled'),
    ('disable', 'failed', 'disabled'),
    ('restore', 'disabled', 'active'),
    ('restore', 'archived', 'active'),
    ('archive', 'disabled', 'archived'),
    ('purge', 'archived', 'purged');

ALTER TABLE users
    DROP CONSTRAINT users_disabled_has_when_and_why,
    ADD COLUMN uuid uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT users_uuid_unique UNIQUE,
    ADD COLUMN state text NOT NULL DEFAULT 'active' CONSTRAINT users_state_known CHECK (state IN
        ('staged', 'active', 'suspended', 'disabled', 'archived', 'purged', 'failed')),
    ADD COLUMN state_since timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN state_reason text,
    ADD COLUMN starts_on date,        -- of a staged account
    ADD COLUMN original_ou text,      -- where a disabled account goes back to
    ADD COLUMN legal_hold boolean NOT NULL DEFAULT false;
UPDATE users SET state = 'disabled', state_since = disabled_at, original_ou = ou
 WHERE NOT is_active;
ALTER TABLE users DROP COLUMN is_active;
ALTER TABLE users
    ADD COLUMN is_active boolean GENERATED ALWAYS AS (state = 'active') STORED,
    ALTER COLUMN first_name DROP NOT NULL,
    ALTER COLUMN last_name DROP NOT NULL,
    ALTER COLUMN username DROP NOT NULL,
    ALTER COLUMN username_stem DROP NOT NULL,
    ALTER COLUMN email DROP NOT NULL,
    ALTER COLUMN ou DROP NOT NULL,
    DROP CONSTRAINT users_student_fields,
    DROP CONSTRAINT users_staff_fields,
    ADD CONSTRAINT users_student_fields CHECK (
        num_nonnulls(student_id, grade_level, graduation_year)
        = CASE WHEN user_type = 'student' AND state <> 'purged' THEN 3 ELSE 0 END),
    ADD CONSTRAINT users_staff_fields CHECK (
        num_nonnulls(employee_id, department, role)
        = CASE WHEN user_type = 'staff' AND state <> 'purged' THEN 3 ELSE 0 END),
    ADD CONSTRAINT users_purged_is_nobody CHECK (
        num_nonnulls(first_name, last_name, username, username_stem, email, ou)
        = CASE WHEN state = 'purged' THEN 0 ELSE 6 END),
    ADD CONSTRAINT users_purged_keeps_no_trace CHECK (
        state <> 'purged' OR (state_reason IS NULL AND original_ou IS NULL)),
    ADD CONSTRAINT users_disabled_has_when_and_why CHECK (
        (state IN ('disabled', 'archived', 'purged')) = (disabled_at IS NOT NULL)
        AND (disabled_at IS NULL) = (disable_reason IS NULL)),
    ADD CONSTRAINT users_held_is_kept CHECK (NOT (legal_hold AND state = 'purged'));

CREATE FUNCTION refuse_unknown_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM lifecycle_moves
                    WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'an account does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_state_moves';
    END IF;
    NEW.state_since := lifecycle_now();
    RETURN NEW;
END $$;
CREATE TRIGGER users_state_moves BEFORE UPDATE OF state ON users FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION refuse_unknown_move();

-- A name is given once. Those in use stand in `usernames`, with the former ones of the same person,
-- who still gets their mail. Of who was purged only digests are left, so that nobody gets their
-- name, and nobody reads it here. (Who has both a name and this table can tell that it was taken.)
CREATE TABLE usernames (
    username text PRIMARY KEY,
    stem     text NOT NULL,
    user_id  bigint NOT NULL REFERENCES users,
    kind     text NOT NULL DEFAULT 'current' CHECK (kind IN ('current', 'alias')),
    since    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX usernames_one_current ON usernames (user_id) WHERE kind = 'current';
CREATE INDEX usernames_by_user ON usernames (user_id);
CREATE INDEX usernames_by_stem ON usernames (stem);
INSERT INTO usernames (username, stem, user_id) SELECT username, username_stem, id FROM users;
DROP INDEX users_by_stem;

CREATE TABLE username_tombstones (
    digest      bytea PRIMARY KEY,
    stem_digest bytea NOT NULL,
    buried_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX username_tombstones_by_stem ON username_tombstones (stem_digest);

CREATE FUNCTION name_digest(name text) RETURNS bytea IMMUTABLE LANGUAGE sql
    RETURN sha256(convert_to(name, 'UTF8'));

-- SECURITY DEFINER: the programs read these tables, and change them only by changing users.
-- Whole statements at a time: a roster gives thousands of names at once.
CREATE FUNCTION give_usernames() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows JOIN username_tombstones ON digest = name_digest(username)) THEN
        RAISE EXCEPTION 'the name belonged to somebody who was purged'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'users_username_unique';
    END IF;
    INSERT INTO usernames (username, stem, user_id)
    SELECT username, username_stem, id FROM new_rows WHERE username IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER users_give_usernames AFTER INSERT ON users
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION give_usernames();

CREATE FUNCTION change_username() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE usernames SET kind = 'alias' WHERE username = OLD.username;
    IF EXISTS (SELECT FROM username_tombstones WHERE digest = name_digest(NEW.username)) THEN
        RAISE EXCEPTION 'the name belonged to somebody who was purged'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'users_username_unique';
    END IF;
    INSERT INTO usernames (username, stem, user_id)
    VALUES (NEW.username, NEW.username_stem, NEW.id)
        ON CONFLICT (username) DO UPDATE SET kind = 'current', since = now()
     WHERE usernames.user_id = EXCLUDED.user_id;  -- a former name of the same person
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the name is, or was, somebody else''s'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'users_username_unique';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER users_change_username AFTER UPDATE OF username ON users FOR EACH ROW
    WHEN (NEW.username IS DISTINCT FROM OLD.username AND NEW.state <> 'purged')
    EXECUTE FUNCTION change_username();

CREATE FUNCTION bury_usernames() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO username_tombstones (digest, stem_digest)
    SELECT name_digest(username), name_digest(stem) FROM usernames WHERE user_id = NEW.id;
    DELETE FROM usernames WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_bury_usernames AFTER UPDATE OF state ON users FOR EACH ROW
    WHEN (NEW.state = 'purged') EXECUTE FUNCTION bury_usernames();

-- What is to happen to an account at a time, and did. A timer is a row, so it survives everything.
CREATE TABLE lifecycle_timers (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id      bigint NOT NULL REFERENCES users,
    job_type     text NOT NULL,
    due_at       timestamptz NOT NULL,
    reason       text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    fired_at     timestamptz,
    job_id       bigint,  -- no foreign key: jobs are swept sooner
    cancelled_at timestamptz,
    CONSTRAINT lifecycle_timers_ends_once CHECK (num_nonnulls(fired_at, cancelled_at) <= 1),
    CONSTRAINT lifecycle_timers_fired_has_job CHECK ((fired_at IS NULL) = (job_id IS NULL))
);
CREATE UNIQUE INDEX lifecycle_timers_one_open ON lifecycle_timers (user_id, job_type)
    WHERE fired_at IS NULL AND cancelled_at IS NULL;
CREATE INDEX lifecycle_timers_by_user ON lifecycle_timers (user_id, due_at);
CREATE INDEX lifecycle_timers_due ON lifecycle_timers (due_at)
    WHERE fired_at IS NULL AND cancelled_at IS NULL;

-- Joiner, mover, leaver: which jobs follow an event, in which order, after how many days.
CREATE TABLE lifecycle_steps (
    event       text NOT NULL CHECK (event IN ('joined', 'moved', 'left')),
    user_type   text NOT NULL CHECK (user_type IN ('student', 'staff')),
    position    smallint NOT NULL,
    job_type    text NOT NULL,
    offset_days smallint NOT NULL CHECK (offset_days BETWEEN 0 AND 3660),
    enabled     boolean NOT NULL DEFAULT true,
    PRIMARY KEY (event, user_type, position)
);
INSERT INTO lifecycle_steps (event, user_type, position, job_type, offset_days) VALUES
    ('left', 'student', 1, 'archive_account', 30),
    ('left', 'student', 2, 'delete_account', 395),
    ('left', 'staff', 1, 'archive_account', 60),
    ('left', 'staff', 2, 'delete_account', 425);

INSERT INTO schedules (name, job_type, every) VALUES ('lifecycle_tick', 'lifecycle_tick', '1 minute');

REVOKE UPDATE ON users FROM coreskills_api;
GRANT UPDATE (first_name, last_name, grade_level, graduation_year, department, role, legal_hold)
    ON users TO coreskills_api;
GRANT SELECT ON lifecycle_moves, lifecycle_timers, lifecycle_steps, usernames, username_tombstones
    TO coreskills_api, coreskills_worker;
GRANT SELECT, UPDATE ON lifecycle_clock TO coreskills_api;
GRANT SELECT ON lifecycle_clock TO coreskills_worker;
GRANT UPDATE (offset_days, enabled) ON lifecycle_steps TO coreskills_api;
GRANT INSERT, UPDATE ON lifecycle_timers TO coreskills_worker;
