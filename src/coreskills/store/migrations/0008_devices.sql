-- Who holds which device, and what the devices' own facts say about the district's policies.

-- Every move there is; engine/native/devices.py says the same, and a test compares them.
CREATE TABLE device_moves (
    from_status text NOT NULL,
    to_status   text NOT NULL,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO device_moves (from_status, to_status) VALUES
    ('in_stock', 'assigned'),
    ('in_stock', 'repair'),
    ('in_stock', 'lost'),
    ('in_stock', 'retired'),
    ('assigned', 'in_stock'),
    ('assigned', 'repair'),
    ('assigned', 'lost'),
    ('repair', 'in_stock'),
    ('repair', 'lost'),
    ('repair', 'retired'),
    ('lost', 'in_stock'),
    ('lost', 'repair'),  -- it turned up, damaged, and was given back
    ('lost', 'retired');

ALTER TABLE devices
    ADD COLUMN serial_number text CONSTRAINT devices_serial_number_unique UNIQUE,
    ADD COLUMN status text NOT NULL DEFAULT 'in_stock' CONSTRAINT devices_status_known
        CHECK (status IN ('in_stock', 'assigned', 'repair', 'lost', 'retired')),
    ADD COLUMN moves integer NOT NULL DEFAULT 0,  -- changes of status or holder: what plans rely on
    ADD COLUMN facts jsonb NOT NULL DEFAULT '{}' CONSTRAINT devices_facts_are_an_object
        CHECK (jsonb_typeof(facts) = 'object'),
    ADD COLUMN facts_at timestamptz;

-- The table devices says who holds a device now; this one is its memory, written by triggers only.
CREATE TABLE device_assignments (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id   bigint NOT NULL REFERENCES devices,
    user_id     bigint NOT NULL REFERENCES users,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    assigned_by text NOT NULL,
    returned_at timestamptz,
    returned_by text,
    condition   text CONSTRAINT device_assignments_condition_known
        CHECK (condition IN ('good', 'damaged', 'lost')),
    CONSTRAINT device_assignments_return_is_whole
        CHECK (num_nonnulls(returned_at, returned_by, condition) IN (0, 3))
);
CREATE UNIQUE INDEX device_assignments_one_open ON device_assignments (device_id)
    WHERE returned_at IS NULL;
CREATE INDEX device_assignments_by_device ON device_assignments (device_id, id);
CREATE INDEX device_assignments_by_user ON device_assignments (user_id, id);
CREATE INDEX users_gone ON users (id)
    WHERE disable_reason = 'leaver' AND state IN ('disabled', 'archived');
-- Since when is known no better than by the last change of the row.
INSERT INTO device_assignments (device_id, user_id, assigned_at, assigned_by)
SELECT id, assigned_user_id, updated_at, 'migration' FROM devices
 WHERE assigned_user_id IS NOT NULL ORDER BY id;
UPDATE devices SET status = CASE WHEN retired_at IS NULL THEN 'assigned' ELSE 'retired' END
 WHERE retired_at IS NOT NULL OR assigned_user_id IS NOT NULL;
ALTER TABLE devices ADD CONSTRAINT devices_status_fits_holder CHECK (
    status NOT IN ('in_stock', 'assigned')
    OR (status = 'assigned') = (assigned_user_id IS NOT NULL));

-- Who names only a holder, or only the day of retirement, gets the status that goes with it. A
-- device is handed out from stock, or from hand to hand, and to somebody who is here.
CREATE FUNCTION settle_device() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
DECLARE
    former devices := CASE TG_OP WHEN 'UPDATE' THEN OLD ELSE jsonb_populate_record(
        NULL::devices, '{"status": "in_stock", "moves": 0}') END;
    holder_state text;
BEGIN
    IF NEW.retired_at IS NOT NULL AND former.retired_at IS NULL THEN
        NEW.status := 'retired';
    ELSIF NEW.status = former.status AND NEW.status IN ('in_stock', 'assigned') THEN
        NEW.status := CASE WHEN NEW.assigned_user_id IS NULL THEN 'in_stock' ELSE 'assigned' END;
    END IF;
    NEW.retired_at := CASE WHEN NEW.status = 'retired'
        THEN coalesce(former.retired_at, NEW.retired_at, now()) END;
    IF NEW.status <> former.status AND NOT EXISTS (SELECT FROM device_moves
        WHERE from_status = former.status AND to_status = NEW.status) THEN
        RAISE EXCEPTION 'a device does not go from % to %', former.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'devices_status_moves';
    END IF;
    IF NEW.assigned_user_id IS DISTINCT FROM former.assigned_user_id
       AND NEW.assigned_user_id IS NOT NULL THEN
        IF former.status NOT IN ('in_stock', 'assigned') THEN
            RAISE EXCEPTION 'a device that is % is not handed out', former.status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'devices_handed_out_from_stock';
        END IF;
        SELECT state INTO holder_state FROM users WHERE id = NEW.assigned_user_id FOR SHARE;
        IF FOUND AND holder_state NOT IN ('staged', 'active') THEN
            RAISE EXCEPTION 'somebody who is % gets no device', holder_state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'devices_holder_is_here';
        END IF;
    END IF;
    NEW.moves := former.moves + ((NEW.status, NEW.assigned_user_id)
        IS DISTINCT FROM (former.status, former.assigned_user_id))::integer;
    RETURN NEW;
END $$;
CREATE TRIGGER devices_settle BEFORE INSERT OR UPDATE ON devices FOR EACH ROW
    EXECUTE FUNCTION settle_device();

-- Who did it says the setting coreskills.actor of the transaction; otherwise it was who logged in.
-- In which condition a device came back follows from where it went.
CREATE FUNCTION remember_holder() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
DECLARE
    who text := coalesce(nullif(current_setting('coreskills.actor', true), ''), session_user);
BEGIN
    UPDATE device_assignments
       SET returned_at = now(), returned_by = who,
           condition = CASE NEW.status WHEN 'repair' THEN 'damaged' WHEN 'lost' THEN 'lost'
                                       ELSE 'good' END
     WHERE device_id = NEW.id AND returned_at IS NULL;
    IF NEW.assigned_user_id IS NOT NULL THEN
        INSERT INTO device_assignments (device_id, user_id, assigned_by)
        VALUES (NEW.id, NEW.assigned_user_id, who);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER devices_first_holder AFTER INSERT ON devices FOR EACH ROW
    WHEN (NEW.assigned_user_id IS NOT NULL) EXECUTE FUNCTION remember_holder();
CREATE TRIGGER devices_next_holder AFTER UPDATE ON devices FOR EACH ROW
    WHEN (NEW.assigned_user_id IS DISTINCT FROM OLD.assigned_user_id)
    EXECUTE FUNCTION remember_holder();

-- The lock that handing out takes on the person, and this look, exclude each other.
CREATE FUNCTION refuse_to_forget_devices() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM devices WHERE assigned_user_id = NEW.id) THEN
        RAISE EXCEPTION 'who holds devices is not %', NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_hold_no_device';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER users_hold_no_device BEFORE UPDATE OF state ON users FOR EACH ROW
    WHEN (NEW.state IN ('archived', 'purged') AND OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION refuse_to_forget_devices();

ALTER TABLE policies
    ADD COLUMN rule jsonb CONSTRAINT policies_rule_is_an_object
        CHECK (jsonb_typeof(rule) = 'object'),
    ADD COLUMN grace_days integer NOT NULL DEFAULT 0 CONSTRAINT policies_grace_plausible
        CHECK (grace_days BETWEEN 0 AND 365),
    ADD COLUMN stale_hours integer NOT NULL DEFAULT 168 CONSTRAINT policies_staleness_plausible
        CHECK (stale_hours BETWEEN 1 AND 8784),
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD CONSTRAINT policies_rule_needs_devices CHECK (rule IS NULL OR applies_to <> 'all_users');

CREATE FUNCTION revise_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := OLD.revision + ((NEW.rule, NEW.applies_to)
        IS DISTINCT FROM (OLD.rule, OLD.applies_to))::integer;
    RETURN NEW;
END $$;
CREATE TRIGGER policies_revise BEFORE UPDATE ON policies FOR EACH ROW
    EXECUTE FUNCTION revise_policy();

-- What a policy says of a device, by the last look. `first_failed_at` ends with the next pass, and
-- with nothing else: not with a new rule, nor while facts are missing.
CREATE TABLE policy_results (
    device_id       bigint NOT NULL REFERENCES devices,
    policy_id       bigint NOT NULL REFERENCES policies,
    revision        integer NOT NULL,  -- of the policy by which it was judged
    outcome         text NOT NULL CONSTRAINT policy_results_outcome_known CHECK (outcome IN
        ('pass', 'fail', 'unknown', 'error', 'not_applicable', 'stale')),
    reason          text NOT NULL,
    evaluated_at    timestamptz NOT NULL,
    first_failed_at timestamptz,
    PRIMARY KEY (device_id, policy_id),
    CONSTRAINT policy_results_fail_has_since
        CHECK (outcome <> 'fail' OR first_failed_at IS NOT NULL),
    CONSTRAINT policy_results_pass_ends_it CHECK (outcome <> 'pass' OR first_failed_at IS NULL)
) WITH (fillfactor = 80);  -- each look rewrites the row
CREATE INDEX policy_results_by_policy ON policy_results (policy_id, device_id);

CREATE FUNCTION drop_results_of_device() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    DELETE FROM policy_results WHERE device_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER devices_drop_results AFTER UPDATE ON devices FOR EACH ROW
    WHEN (NEW.status = 'retired' AND OLD.status <> 'retired')
    EXECUTE FUNCTION drop_results_of_device();

CREATE FUNCTION drop_results_of_policy() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public AS $$
BEGIN
    DELETE FROM policy_results WHERE policy_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER policies_drop_results AFTER UPDATE ON policies FOR EACH ROW
    WHEN (NOT NEW.enabled OR NEW.rule IS NULL) EXECUTE FUNCTION drop_results_of_policy();

-- Until the transaction ends, nobody changes these policies. The worker may not change them either,
-- and PostgreSQL would therefore not let it lock them.
CREATE FUNCTION hold_policies(ids bigint[]) RETURNS SETOF bigint LANGUAGE sql
    SECURITY DEFINER SET search_path = public AS $$
    SELECT id FROM policies WHERE id = ANY(ids) ORDER BY id FOR SHARE
$$;

-- Counted from the rows whenever somebody asks, so they cannot differ from them.
CREATE VIEW policy_stats AS
SELECT p.id AS policy_id,
       count(*) FILTER (WHERE r.outcome = 'pass') AS pass,
       count(*) FILTER (WHERE r.outcome = 'fail') AS fail,
       count(*) FILTER (WHERE r.outcome = 'unknown') AS unknown,
       count(*) FILTER (WHERE r.outcome = 'error') AS error,
       count(*) FILTER (WHERE r.outcome = 'not_applicable') AS not_applicable,
       count(*) FILTER (WHERE r.outcome = 'stale') AS stale,
       max(r.evaluated_at) AS evaluated_at
  FROM policies p LEFT JOIN policy_results r ON r.policy_id = p.id
 GROUP BY p.id;

-- Only required policies decide. A failure counts when its grace is over; until then the device is
-- given the benefit of the doubt. Nothing that says anything means: unknown.
CREATE VIEW device_compliance AS
SELECT d.id AS device_id,
       CASE WHEN bool_or(r.outcome = 'fail'
                     AND r.first_failed_at + make_interval(days => p.grace_days) <= lifecycle_now())
            THEN 'non_compliant'
            WHEN bool_and(r.outcome IN ('pass', 'fail')) FILTER (WHERE r.outcome <> 'not_applicable')
            THEN 'compliant'
            ELSE 'unknown' END AS compliance_status
  FROM devices d
  LEFT JOIN (policy_results r JOIN policies p ON p.id = r.policy_id
                                             AND p.enforcement_level = 'required')
    ON r.device_id = d.id
 WHERE d.status <> 'retired'
 GROUP BY d.id;

INSERT INTO schedules (name, job_type, every, next_at) VALUES
    ('policy_evaluate', 'policy_evaluate', '1 hour', now() + interval '1 hour');

GRANT SELECT ON device_moves, device_assignments, policy_results, policy_stats, device_compliance
    TO coreskills_api, coreskills_worker;
GRANT SELECT ON policies TO coreskills_worker;
GRANT INSERT ON devices TO coreskills_worker;
GRANT INSERT, UPDATE ON policy_results TO coreskills_worker;
