-- What an account gets beside its name: groups, licences, a password; and the turn of the year.

CREATE TABLE directory_groups (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL
        CONSTRAINT directory_groups_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    kind        text NOT NULL
        CONSTRAINT directory_groups_kind_known CHECK (kind IN ('static', 'rule')),
    rule        jsonb,  -- in the language of domain/rules.py
    description text NOT NULL DEFAULT '',
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT directory_groups_rule_iff_kind CHECK ((kind = 'rule') = (rule IS NOT NULL))
);
CREATE UNIQUE INDEX directory_groups_name_unique ON directory_groups (lower(name));
CREATE TRIGGER directory_groups_touch BEFORE UPDATE ON directory_groups
    FOR EACH ROW EXECUTE FUNCTION touch_row();

-- `remembered`: of a disabled account, which has no groups, and gets them back if it is restored.
CREATE TABLE group_members (
    group_id   bigint NOT NULL REFERENCES directory_groups ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users,
    source     text NOT NULL
        CONSTRAINT group_members_source_known CHECK (source IN ('rule', 'manual')),
    remembered boolean NOT NULL DEFAULT false,
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_by_user ON group_members (user_id);
CREATE INDEX group_members_remembered ON group_members (user_id) WHERE remembered;

CREATE TABLE licences (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku        text NOT NULL CONSTRAINT licences_sku_unique UNIQUE,
    name       text NOT NULL,
    seats      integer NOT NULL,
    used       integer NOT NULL DEFAULT 0,  -- always the number of assignments: the trigger below
    rule       jsonb NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT licences_seats_suffice CHECK (used BETWEEN 0 AND seats)
);
CREATE TRIGGER licences_touch BEFORE UPDATE OF sku, name, seats, rule ON licences
    FOR EACH ROW EXECUTE FUNCTION touch_row();

CREATE TABLE licence_assignments (
    licence_id bigint NOT NULL REFERENCES licences ON DELETE CASCADE,
    user_id    bigint NOT NULL REFERENCES users,
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (licence_id, user_id)
);
CREATE INDEX licence_assignments_by_user ON licence_assignments (user_id);

CREATE FUNCTION count_seats() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    UPDATE licences SET used = used + CASE TG_OP WHEN 'INSERT' THEN seats_changed.n
                                                 ELSE -seats_changed.n END
      FROM (SELECT licence_id, count(*) AS n FROM changed GROUP BY licence_id) AS seats_changed
     WHERE licences.id = licence_id;
    RETURN NULL;
END $$;
CREATE TRIGGER licence_assignments_taken AFTER INSERT ON licence_assignments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_seats();
CREATE TRIGGER licence_assignments_freed AFTER DELETE ON licence_assignments
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_seats();

-- Of the simulated directory. The worker ends the old password; the API makes the new one in the
-- moment in which it shows it, so that no secret is ever kept.
CREATE TABLE account_passwords (
    user_id     bigint PRIMARY KEY REFERENCES users,
    must_change boolean NOT NULL DEFAULT true,
    reset_job   bigint NOT NULL,  -- no foreign key: jobs are swept sooner
    reset_by    text NOT NULL,    -- the only one who may see it
    reset_at    timestamptz NOT NULL DEFAULT now(),
    shown_at    timestamptz
);
-- A table of its own: what is known about a person is told to that person, but never this.
CREATE TABLE account_password_hashes (
    user_id       bigint PRIMARY KEY REFERENCES account_passwords ON DELETE CASCADE,
    password_hash text NOT NULL
        CONSTRAINT account_password_hashes_digest CHECK (password_hash LIKE '$argon2id$%')
);

CREATE FUNCTION forget_belongings() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    DELETE FROM group_members WHERE user_id = NEW.id;
    DELETE FROM licence_assignments WHERE user_id = NEW.id;
    DELETE FROM account_passwords WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER users_forget_belongings AFTER UPDATE OF state ON users FOR EACH ROW
    WHEN (NEW.state = 'purged') EXECUTE FUNCTION forget_belongings();

-- A school steps once a year, and so does a pupil, who may move between two schools meanwhile.
CREATE TABLE cohort_steps (
    school_year smallint NOT NULL
        CONSTRAINT cohort_steps_year_plausible CHECK (school_year BETWEEN 2020 AND 2060),
    org_id      bigint NOT NULL REFERENCES orgs,
    job_id      bigint NOT NULL,  -- no foreign key: jobs are swept sooner
    stepped_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (school_year, org_id)
);
ALTER TABLE users ADD COLUMN stepped_in_year smallint;
CREATE INDEX users_by_class ON users (graduation_year, id) WHERE user_type = 'student';

INSERT INTO lifecycle_steps (event, user_type, position, job_type, offset_days)
SELECT event, user_type, position, job_type, 0
  FROM unnest(ARRAY['student', 'staff']) AS user_type,
       (VALUES ('joined', 1, 'activate_account'), ('moved', 1, 'group_recompute'),
               ('moved', 2, 'licence_recompute')) AS step (event, position, job_type);

-- What events did not reach (a roster of thousands, a rule that was changed) is caught up with.
INSERT INTO schedules (name, job_type, every, next_at) VALUES
    ('group_recompute', 'group_recompute', '1 hour', now() + interval '1 hour'),
    ('licence_recompute', 'licence_recompute', '1 hour', now() + interval '1 hour');

GRANT SELECT ON directory_groups, group_members, licences, licence_assignments, cohort_steps
    TO coreskills_api, coreskills_worker;
GRANT INSERT, DELETE ON directory_groups, licences, group_members TO coreskills_api;
GRANT UPDATE (name, rule, description) ON directory_groups TO coreskills_api;
GRANT UPDATE (sku, name, seats, rule) ON licences TO coreskills_api;
GRANT INSERT, UPDATE, DELETE ON group_members TO coreskills_worker;
GRANT INSERT, DELETE ON licence_assignments TO coreskills_worker;
GRANT INSERT ON cohort_steps TO coreskills_worker;
GRANT SELECT, UPDATE (shown_at) ON account_passwords TO coreskills_api;
GRANT INSERT ON account_password_hashes TO coreskills_api;
GRANT SELECT, INSERT, UPDATE ON account_passwords TO coreskills_worker;
GRANT SELECT (user_id), DELETE ON account_password_hashes TO coreskills_worker;
