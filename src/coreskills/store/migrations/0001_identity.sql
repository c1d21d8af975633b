-- The district: people, devices, policies. Constraints carry the rules, so that no program,
-- ours or a lesson's psql, can leave a wrong state behind.

CREATE FUNCTION touch_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;  -- the ETag of the API
    NEW.updated_at := now();
    RETURN NEW;
END $$;

CREATE TABLE users (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_type       text NOT NULL,
    student_id      text CONSTRAINT users_student_id_unique UNIQUE,
    employee_id     text CONSTRAINT users_employee_id_unique UNIQUE,
    first_name      text NOT NULL CHECK (char_length(first_name) BETWEEN 1 AND 100),
    last_name       text NOT NULL CHECK (char_length(last_name) BETWEEN 1 AND 100),
    username        text NOT NULL CONSTRAINT users_username_unique UNIQUE,
    username_stem   text NOT NULL,  -- the username without its collision token
    email           text NOT NULL CONSTRAINT users_email_unique UNIQUE,
    ou              text NOT NULL,
    grade_level     smallint,
    graduation_year smallint,
    department      text,
    role            text,
    is_active       boolean NOT NULL DEFAULT true,
    disabled_at     timestamptz,
    disable_reason  text CHECK (disable_reason IN ('leaver', 'admin', 'security', 'leave')),
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_username_shape
        CHECK (username ~ '^[a-z0-9][a-z0-9.]*$' AND char_length(username) <= 20),
    CONSTRAINT users_type_known CHECK (user_type IN ('student', 'staff')),
    CONSTRAINT users_student_fields CHECK (
        num_nonnulls(student_id, grade_level, graduation_year)
        = CASE user_type WHEN 'student' THEN 3 ELSE 0 END),
    CONSTRAINT users_staff_fields CHECK (
        num_nonnulls(employee_id, department, role)
        = CASE user_type WHEN 'staff' THEN 3 ELSE 0 END),
    CONSTRAINT users_grade_known CHECK (grade_level BETWEEN 9 AND 12),
    CONSTRAINT users_year_plausible CHECK (graduation_year BETWEEN 2020 AND 2060),
    CONSTRAINT users_disabled_has_when_and_why CHECK (
        is_active = (disabled_at IS NULL) AND is_active = (disable_reason IS NULL))
);
CREATE INDEX users_by_type ON users (user_type, id);
CREATE INDEX users_by_stem ON users (username_stem);
CREATE INDEX users_by_last_name ON users (lower(last_name), id);
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_row();

CREATE TABLE devices (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id         text NOT NULL CONSTRAINT devices_device_id_unique UNIQUE,
    device_name       text NOT NULL,
    device_type       text NOT NULL
        CONSTRAINT devices_type_known CHECK (device_type IN ('laptop', 'desktop', 'tablet', 'mobile')),
    platform          text NOT NULL CONSTRAINT devices_platform_known
        CHECK (platform IN ('windows', 'macos', 'chromeos', 'ipados', 'linux')),
    os_version        text,
    assigned_user_id  bigint REFERENCES users,
    compliance_status text NOT NULL DEFAULT 'unknown' CONSTRAINT devices_compliance_known
        CHECK (compliance_status IN ('compliant', 'non_compliant', 'unknown')),
    last_check_in     timestamptz,
    retired_at        timestamptz,
    version           integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT devices_retired_is_unassigned CHECK (retired_at IS NULL OR assigned_user_id IS NULL)
);
CREATE INDEX devices_by_compliance ON devices (compliance_status, id);
CREATE INDEX devices_by_user ON devices (assigned_user_id) WHERE assigned_user_id IS NOT NULL;
CREATE TRIGGER devices_touch BEFORE UPDATE ON devices FOR EACH ROW EXECUTE FUNCTION touch_row();

CREATE TABLE policies (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    policy_name       text NOT NULL,
    policy_type       text NOT NULL
        CONSTRAINT policies_type_known CHECK (policy_type IN ('security', 'compliance', 'network')),
    description       text NOT NULL,
    applies_to        text NOT NULL CONSTRAINT policies_scope_known CHECK (applies_to IN
        ('all_users', 'all_devices', 'windows', 'macos', 'chromeos', 'ipados')),
    enforcement_level text NOT NULL CONSTRAINT policies_enforcement_known
        CHECK (enforcement_level IN ('required', 'recommended', 'informational')),
    enabled           boolean NOT NULL DEFAULT true,
    retired_at        timestamptz,
    version           integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT policies_retired_is_off CHECK (retired_at IS NULL OR NOT enabled)
);
CREATE UNIQUE INDEX policies_name_unique ON policies (lower(policy_name)) WHERE retired_at IS NULL;
CREATE TRIGGER policies_touch BEFORE UPDATE ON policies FOR EACH ROW EXECUTE FUNCTION touch_row();

GRANT SELECT, UPDATE ON users TO coreskills_api;
GRANT SELECT, INSERT, UPDATE ON devices, policies TO coreskills_api;
GRANT SELECT, INSERT, UPDATE ON users TO coreskills_worker;
GRANT SELECT, UPDATE ON devices TO coreskills_worker;
