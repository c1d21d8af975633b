-- The schema that all migrations add up to, for reading. Nothing executes this file; a test
-- compares it with a migrated database. To write it anew after adding a migration:
-- CORESKILLS_WRITE_SCHEMA=1 python -m pytest tests/contract/test_schema.py

CREATE TYPE public.job_status AS ENUM (
    'queued',
    'running',
    'completed',
    'failed',
    'dead',
    'cancelled',
    'suspended'
);

CREATE FUNCTION public.audit_details_digest(salt bytea, details jsonb) RETURNS bytea
    LANGUAGE sql STABLE
    RETURN sha256((salt || convert_to((details)::text, 'UTF8'::name)));

CREATE TABLE public.audit_logs (
    id bigint NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    resource_type text NOT NULL,
    resource_id bigint,
    user_id bigint,
    job_id bigint,
    request_id text,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    status text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT audit_logs_status_check CHECK ((status = ANY (ARRAY['success'::text, 'failure'::text, 'pending'::text])))
);

CREATE FUNCTION public.audit_line(a public.audit_logs) RETURNS bytea
    LANGUAGE sql STABLE
    RETURN convert_to((jsonb_build_array((a).id, (a).action, (a).actor, (a).resource_type, (a).resource_id, (a).user_id, (a).job_id, (a).request_id, (a).status, encode(timestamptz_send((a).created_at), 'hex'::text)))::text, 'UTF8'::name);

CREATE FUNCTION public.audit_link(before bytea, first_before bytea, seq bigint, digest bytea, line bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    RETURN sha256(coalesce(before, first_before) || int8send(seq) || digest || line);
END $$;

CREATE FUNCTION public.audit_writers() RETURNS text[]
    LANGUAGE sql
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT coalesce(array_agg(DISTINCT virtualtransaction), '{}')
      FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'audit_logs'::regclass
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND mode = 'RowExclusiveLock' AND virtualtransaction <> '-1/0'
$$;

CREATE FUNCTION public.bury_usernames() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO farewells (user_id, names)
    SELECT NEW.id, array_remove(
               ARRAY(SELECT username FROM usernames WHERE user_id = NEW.id)
               || ARRAY[OLD.username, OLD.student_id, OLD.employee_id, OLD.sourced_id,
                        OLD.first_name, OLD.last_name], NULL);
    INSERT INTO username_tombstones (digest, stem_digest)
    SELECT name_digest(username), name_digest(stem) FROM usernames WHERE user_id = NEW.id;
    DELETE FROM usernames WHERE user_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION public.change_username() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.concerns_held(wanted jsonb, key text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT EXISTS (SELECT FROM users
                    WHERE legal_hold
                      AND (wanted ->> 'user_id' = id::text OR key IN (student_id, employee_id)
                           OR wanted ->> 'student_id' = student_id
                           OR wanted ->> 'employee_id' = employee_id
                           OR wanted -> 'retained' ? student_id))
$$;

CREATE FUNCTION public.count_seats() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    UPDATE licences SET used = used + CASE TG_OP WHEN 'INSERT' THEN seats_changed.n
                                                 ELSE -seats_changed.n END
      FROM (SELECT licence_id, count(*) AS n FROM changed GROUP BY licence_id) AS seats_changed
     WHERE licences.id = licence_id;
    RETURN NULL;
END $$;

CREATE FUNCTION public.drop_results_of_device() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM policy_results WHERE device_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION public.drop_results_of_policy() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM policy_results WHERE policy_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TABLE public.users (
    id bigint NOT NULL,
    user_type text NOT NULL,
    student_id text,
    employee_id text,
    first_name text,
    last_name text,
    username text,
    username_stem text,
    email text,
    ou text,
    grade_level smallint,
    graduation_year smallint,
    department text,
    role text,
    disabled_at timestamp with time zone,
    disable_reason text,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    uuid uuid DEFAULT gen_random_uuid() NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    state_since timestamp with time zone DEFAULT now() NOT NULL,
    state_reason text,
    starts_on date,
    original_ou text,
    legal_hold boolean DEFAULT false NOT NULL,
    is_active boolean GENERATED ALWAYS AS ((state = 'active'::text)) STORED,
    sourced_id text,
    school_id bigint,
    stepped_in_year smallint,
    CONSTRAINT users_disable_reason_check CHECK ((disable_reason = ANY (ARRAY['leaver'::text, 'admin'::text, 'security'::text, 'leave'::text]))),
    CONSTRAINT users_disabled_has_when_and_why CHECK ((((state = ANY (ARRAY['disabled'::text, 'archived'::text, 'purged'::text])) = (disabled_at IS NOT NULL)) AND ((disabled_at IS NULL) = (disable_reason IS NULL)))),
    CONSTRAINT users_first_name_check CHECK (((char_length(first_name) >= 1) AND (char_length(first_name) <= 100))),
    CONSTRAINT users_grade_known CHECK (((grade_level >= 9) AND (grade_level <= 12))),
    CONSTRAINT users_held_is_kept CHECK ((NOT (legal_hold AND (state = 'purged'::text)))),
    CONSTRAINT users_last_name_check CHECK (((char_length(last_name) >= 1) AND (char_length(last_name) <= 100))),
    CONSTRAINT users_purged_is_nobody CHECK ((num_nonnulls(first_name, last_name, username, username_stem, email, ou) =
CASE
    WHEN (state = 'purged'::text) THEN 0
    ELSE 6
END)),
    CONSTRAINT users_purged_keeps_no_trace CHECK (((state <> 'purged'::text) OR (num_nonnulls(state_reason, original_ou, sourced_id, school_id) = 0))),
    CONSTRAINT users_staff_fields CHECK ((num_nonnulls(employee_id, department, role) =
CASE
    WHEN ((user_type = 'staff'::text) AND (state <> 'purged'::text)) THEN 3
    ELSE 0
END)),
    CONSTRAINT users_state_known CHECK ((state = ANY (ARRAY['staged'::text, 'active'::text, 'suspended'::text, 'disabled'::text, 'archived'::text, 'purged'::text, 'failed'::text]))),
    CONSTRAINT users_student_fields CHECK ((num_nonnulls(student_id, grade_level, graduation_year) =
CASE
    WHEN ((user_type = 'student'::text) AND (state <> 'purged'::text)) THEN 3
    ELSE 0
END)),
    CONSTRAINT users_type_known CHECK ((user_type = ANY (ARRAY['student'::text, 'staff'::text]))),
    CONSTRAINT users_username_shape CHECK (((username ~ '^[a-z0-9][a-z0-9.]*$'::text) AND (char_length(username) <= 20))),
    CONSTRAINT users_year_plausible CHECK (((graduation_year >= 2020) AND (graduation_year <= 2060)))
);

CREATE FUNCTION public.forget(was public.users, names text[], actor text, job bigint, request text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    person bigint := was.id;
    keys  text[] := person_keys(was);
    about bigint[] := ARRAY(SELECT jobs_about(person, was.student_id, was.employee_id));
    held  text[] := ARRAY(
        SELECT DISTINCT d.device_id FROM device_assignments a JOIN devices d ON d.id = a.device_id
         WHERE a.user_id = person);
    lent  bigint[] := ARRAY(
        SELECT DISTINCT device_id FROM device_assignments WHERE user_id = person);
    near  bigint[] := ARRAY(
        SELECT job_id FROM audit_logs WHERE user_id = person AND job_id IS NOT NULL
         UNION SELECT job_id FROM job_rows WHERE key = ANY(keys)
         UNION
        SELECT id FROM jobs WHERE parameters ? 'retained' AND parameters -> 'retained' ? was.student_id
         UNION
        SELECT id FROM jobs
         WHERE unique_key = ANY(held) AND parameters ->> 'device_id' = ANY(held));
BEGIN
    UPDATE jobs  -- whom it was about by number stays, so that what it did can be told
       SET parameters = jsonb_strip_nulls(jsonb_build_object(
               'redacted', true, 'user_id', parameters -> 'user_id')),
           result = CASE WHEN result IS NULL OR id = job THEN result ELSE '{"redacted": true}' END,
           error_message = CASE WHEN error_message IS NOT NULL THEN 'redacted' END,
           progress = NULL,
           unique_key = CASE WHEN parameters ? 'user_id' THEN unique_key END
     WHERE id = ANY(about);
    near := ARRAY(SELECT id FROM jobs
                   WHERE id = ANY(near) AND id <> ALL(about) AND NOT is_personal(parameters));
    UPDATE jobs
       SET parameters = CASE WHEN mentions(parameters, names) THEN '{"redacted": true}'
                             ELSE parameters END,
           result = CASE WHEN mentions(result, names) THEN '{"redacted": true}' ELSE result END,
           error_message = CASE WHEN mentions(error_message, names) THEN 'redacted'
                                ELSE error_message END
     WHERE id = ANY(near) AND (mentions(parameters, names) OR mentions(result, names)
                               OR mentions(error_message, names));
    UPDATE job_attempts SET error_message = 'redacted'
     WHERE (job_id = ANY(about) AND error_message IS NOT NULL)
        OR (job_id = ANY(near) AND mentions(error_message, names));
    -- A digest of what was sent. Few are left of a person who is old enough to be purged.
    DELETE FROM idempotency_keys WHERE job_id = ANY(about) OR job_ids && about;
    UPDATE job_rows SET key = 'user:' || person, before = '{}', after = '{}', message = NULL
     WHERE key = ANY(keys) OR job_id = ANY(about);
    UPDATE job_rows SET before = '{}', after = '{}', message = NULL
     WHERE (job_id = ANY(near) AND key !~ '^(user|users|student|staff|device):'
            OR key IN (SELECT 'device:' || unnest(held)))
       AND (mentions(before, names) OR mentions(after, names) OR mentions(message, names));
    DELETE FROM import_rows WHERE person_key = ANY(keys);
    DELETE FROM import_results WHERE person_key = ANY(keys);
    -- What a device says of itself may tell who used it, until the next holder's say replaces it.
    UPDATE devices d
       SET facts = '{}', facts_at = NULL,
           device_name = CASE WHEN mentions(device_name, names) THEN device_id ELSE device_name END,
           os_version = CASE WHEN NOT mentions(os_version, names) THEN os_version END
     WHERE d.id = ANY(lent)
       AND person = (SELECT user_id FROM device_assignments
                      WHERE device_id = d.id ORDER BY id DESC LIMIT 1);
    DELETE FROM import_rows  -- rosters tell of them in other files, too
     WHERE file IS NOT NULL AND record ->> 'userSourcedId' = roster_id(was.sourced_id, was.uuid);
    DELETE FROM exports;  -- packages of everybody: they can be made anew, without this person
    DELETE FROM disclosures WHERE user_id = person;
    DELETE FROM person_exports WHERE user_id = person;
    DELETE FROM enrollments WHERE user_id = person;
    DELETE FROM role_assignments WHERE user_id = person;
    PERFORM redact_rows(ARRAY(
        SELECT id FROM audit_logs WHERE user_id = person
         UNION SELECT id FROM audit_logs WHERE job_id = ANY(about) AND user_id IS NULL
         UNION SELECT id FROM audit_logs  -- also what a device said when it was nobody's again
                WHERE resource_type = 'device' AND resource_id = ANY(lent) AND user_id IS NULL
                  AND mentions(details, names)
         UNION SELECT id FROM audit_logs
                WHERE job_id = ANY(near) AND user_id IS NULL AND mentions(details, names)),
        person, 'purge', actor, job, request);
END $$;

CREATE FUNCTION public.forget_belongings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM group_members WHERE user_id = NEW.id;
    DELETE FROM licence_assignments WHERE user_id = NEW.id;
    DELETE FROM account_passwords WHERE user_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION public.forget_purged() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    ending jobs%ROWTYPE;
    called text[];
BEGIN
    SELECT * INTO ending FROM jobs  -- the job that ends in this transaction
     WHERE parameters ? 'user_id' AND parameters ->> 'user_id' = NEW.id::text
       AND job_type = 'delete_account' AND completed_at = now();
    DELETE FROM farewells WHERE user_id = NEW.id RETURNING names INTO called;
    called := called || ARRAY(  -- and how they were called formerly
        SELECT DISTINCT value #>> '{}'
          FROM audit_logs, jsonb_each(CASE jsonb_typeof(details -> 'before')
                                      WHEN 'object' THEN details -> 'before' ELSE '{}' END)
         WHERE user_id = NEW.id AND jsonb_typeof(value) = 'string'
           AND key IN ('first_name', 'last_name', 'FirstName', 'LastName', 'Username'));
    PERFORM forget(OLD, called, coalesce(ending.requested_by, 'system:purge'), ending.id,
                   ending.request_id);
    RETURN NULL;
END $$;

CREATE FUNCTION public.forget_residues(really boolean, actor text, job bigint, request text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    left_over bigint[];
    was users%ROWTYPE;
BEGIN
    left_over := ARRAY(
        SELECT DISTINCT u.id FROM users u CROSS JOIN LATERAL jobs_about(u.id, NULL, NULL) AS about
          JOIN jobs j ON j.id = about
         WHERE u.state = 'purged' AND NOT j.parameters ? 'redacted' AND j.completed_at IS NOT NULL
         ORDER BY u.id LIMIT 500);
    IF really THEN
        FOR was IN SELECT * FROM users WHERE id = ANY(left_over) ORDER BY id LOOP
            PERFORM forget(was, '{}', actor, job, request);
        END LOOP;
    END IF;
    RETURN cardinality(left_over);
END $$;

CREATE FUNCTION public.give_usernames() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows JOIN username_tombstones ON digest = name_digest(username)) THEN
        RAISE EXCEPTION 'the name belonged to somebody who was purged'
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'users_username_unique';
    END IF;
    INSERT INTO usernames (username, stem, user_id)
    SELECT username, username_stem, id FROM new_rows WHERE username IS NOT NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION public.has_left(state text, disable_reason text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN ((state = ANY (ARRAY['archived'::text, 'purged'::text])) OR ((state = 'disabled'::text) AND (disable_reason = 'leaver'::text)));

CREATE FUNCTION public.hold_policies(ids bigint[]) RETURNS SETOF bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT id FROM policies WHERE id = ANY(ids) ORDER BY id FOR SHARE
$$;

CREATE FUNCTION public.is_personal(wanted jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (wanted ?| ARRAY['user_id'::text, 'student_id'::text, 'employee_id'::text]);

CREATE FUNCTION public.jobs_about(person bigint, student text, employee text) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    AS $$
    SELECT id FROM jobs WHERE parameters ? 'user_id' AND parameters ->> 'user_id' = person::text
     UNION
    SELECT id FROM jobs WHERE unique_key = student AND parameters ->> 'student_id' = student
     UNION
    SELECT id FROM jobs WHERE unique_key = employee AND parameters ->> 'employee_id' = employee
     UNION
    SELECT j.id FROM audit_logs a JOIN jobs j ON j.id = a.job_id
     WHERE a.user_id = person AND j.parameters ?| ARRAY['student_id', 'employee_id']
$$;

CREATE TABLE public.lifecycle_clock (
    only_row boolean DEFAULT true NOT NULL,
    ahead interval DEFAULT '00:00:00'::interval NOT NULL,
    CONSTRAINT lifecycle_clock_ahead_check CHECK ((ahead >= '00:00:00'::interval)),
    CONSTRAINT lifecycle_clock_only_row_check CHECK (only_row)
);

CREATE FUNCTION public.lifecycle_now() RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    RETURN (now() + (SELECT lifecycle_clock.ahead FROM public.lifecycle_clock));

CREATE FUNCTION public.lock_held_seconds() RETURNS double precision
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    WITH sessions AS (
        SELECT pid, state, state_change, xact_start, backend_xid, wait_event_type
          FROM pg_stat_activity
         WHERE datname = current_database()),
    held AS (
        SELECT state_change AS since
          FROM sessions
         WHERE state LIKE 'idle in transaction%' AND backend_xid IS NOT NULL
        UNION ALL
        SELECT h.xact_start
          FROM sessions w
         CROSS JOIN unnest(pg_blocking_pids(w.pid)) AS b (pid)
          JOIN sessions h ON h.pid = b.pid
         WHERE w.wait_event_type = 'Lock')
    SELECT greatest(coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0), 0)::float
      FROM held
$$;

CREATE FUNCTION public.mentions(said jsonb, names text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$
    SELECT EXISTS (
        SELECT FROM jsonb_path_query(said, 'strict $.** ? (@.type() == "object").keyvalue()') AS kv
         WHERE jsonb_typeof(kv -> 'value') = 'string'
           AND lower(replace(kv ->> 'key', '_', '')) <> ALL ('{action,code,decision,errorcode,event,
               disablereason,enforcement,jobtype,kind,platform,status,state,type,usertype}')
           AND mentions(kv ->> 'value', names)
         UNION ALL
        SELECT FROM jsonb_path_query(said, 'strict $.** ? (@.type() == "array")[*]') AS item
         WHERE jsonb_typeof(item) = 'string' AND mentions(item #>> '{}', names))
$_$;

CREATE FUNCTION public.mentions(said text, names text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT said IS NOT NULL AND EXISTS (
        SELECT FROM unnest(names) AS name
         WHERE name <> '' AND lower(said) ~ (
             '(?<![[:alnum:]])' || regexp_replace(lower(name), '([^[:alnum:]])', '\\\1', 'g')
             || '(?![[:alnum:]])'))
$$;

CREATE FUNCTION public.name_digest(name text) RETURNS bytea
    LANGUAGE sql IMMUTABLE
    RETURN sha256(convert_to(name, 'UTF8'::name));

CREATE FUNCTION public.roster_id(sourced_id text, uuid uuid) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN COALESCE(sourced_id, (uuid)::text);

CREATE FUNCTION public.person_keys(u public.users) RETURNS text[]
    LANGUAGE sql STABLE
    RETURN array_remove(ARRAY[('student:'::text || (u).student_id), ('staff:'::text || (u).employee_id), ('user:'::text || (u).id), ('users:'::text || public.roster_id((u).sourced_id, (u).uuid))], NULL::text);

CREATE FUNCTION public.person_record(person bigint) RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $_$
DECLARE
    place record;
    rows  jsonb;
    found jsonb := '{}';
    keys  text[];
BEGIN
    SELECT person_keys(u) INTO keys FROM users u WHERE id = person;
    FOR place IN
        SELECT 'users' AS name, 'id' AS link, 'users' AS title
         UNION ALL
        SELECT c.conrelid::regclass::text, a.attname,
               c.conrelid::regclass::text
               || CASE WHEN a.attname = 'user_id' THEN '' ELSE '.' || a.attname END
          FROM pg_constraint c
          JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
         WHERE c.contype = 'f' AND c.confrelid = 'users'::regclass
           AND c.conrelid <> 'person_exports'::regclass
    LOOP
        EXECUTE format('SELECT jsonb_agg(to_jsonb(t)) FROM %s t WHERE %I = $1', place.name, place.link)
           INTO rows USING person;
        found := found || jsonb_build_object(place.title, coalesce(rows, '[]'));
    END LOOP;
    RETURN found || jsonb_build_object(
        'jobs', coalesce((SELECT jsonb_agg(jsonb_build_object('id', j.id, 'type', j.job_type,
                    'status', j.status, 'parameters', j.parameters, 'result', j.result,
                    'error_message', j.error_message, 'created_at', j.created_at) ORDER BY j.id)
                  FROM users u CROSS JOIN LATERAL jobs_about(u.id, u.student_id, u.employee_id) AS about
                  JOIN jobs j ON j.id = about WHERE u.id = person), '[]'),
        'job_rows', coalesce((SELECT jsonb_agg(to_jsonb(r)) FROM job_rows r
                               WHERE r.key = ANY(keys)), '[]'),
        'import_rows', coalesce((SELECT jsonb_agg(to_jsonb(r)) FROM import_rows r
                                  WHERE r.person_key = ANY(keys)), '[]'),
        'import_results', coalesce((SELECT jsonb_agg(to_jsonb(r)) FROM import_results r
                                     WHERE r.person_key = ANY(keys)), '[]'));
END $_$;

CREATE FUNCTION public.redact_audit_by_age(which text, really boolean, actor text, job bigint, request text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    due bigint[];
BEGIN
    due := ARRAY(
        SELECT a.id FROM audit_logs a JOIN retention_rules r ON r.entity = which
         WHERE a.created_at < now() - make_interval(days => r.keep_days)
           AND (a.status = 'pending') = (which = 'audit_requests')
           AND a.details NOT IN ('{}', '{"redacted": true}') AND a.action <> 'audit.redacted'
           AND NOT EXISTS (SELECT FROM users u WHERE u.id = a.user_id AND u.legal_hold)
           AND NOT EXISTS (SELECT FROM jobs j WHERE a.user_id IS NULL AND j.id = a.job_id
                              AND concerns_held(j.parameters, j.unique_key))
         ORDER BY a.id LIMIT 50000);
    IF really THEN
        PERFORM redact_rows(due, NULL, 'retention', actor, job, request);
    END IF;
    RETURN cardinality(due);
END $$;

CREATE FUNCTION public.redact_rows(rows bigint[], person bigint, why text, actor text, job bigint, request text) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    chunk bigint[];
    saying bigint;
    done integer := 0;
BEGIN
    PERFORM set_config('coreskills.redacting', 'on', true);
    PERFORM FROM audit_head FOR SHARE;  -- nothing is being sealed while it changes
    FOR chunk IN
        SELECT array_agg(id ORDER BY id) FROM (
            SELECT id, row_number() OVER (ORDER BY id) AS place FROM audit_logs
             WHERE id = ANY(rows) AND details NOT IN ('{}', '{"redacted": true}')
               AND action <> 'audit.redacted') AS found
         GROUP BY place / 1000
    LOOP
        INSERT INTO audit_logs (action, actor, resource_type, resource_id, user_id, job_id,
                                request_id, details, status)
        VALUES ('audit.redacted', actor, 'audit', NULL, person, job, request,
                jsonb_build_object('why', why, 'rows', to_jsonb(chunk)), 'success')
        RETURNING id INTO saying;
        UPDATE audit_logs SET details = '{"redacted": true}' WHERE id = ANY(chunk);
        UPDATE audit_seals SET salt = NULL WHERE audit_id = ANY(chunk);
        INSERT INTO audit_redactions (audit_id, said_in) SELECT unnest(chunk), saying;
        done := done + cardinality(chunk);
    END LOOP;
    PERFORM set_config('coreskills.redacting', 'off', true);
    RETURN done;
END $$;

CREATE FUNCTION public.refuse_new_seal() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'audit_seals is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION public.refuse_rewrite() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'audit_logs is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION public.refuse_to_forget_devices() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM devices WHERE assigned_user_id = NEW.id) THEN
        RAISE EXCEPTION 'who holds devices is not %', NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_hold_no_device';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION public.refuse_unknown_move() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM lifecycle_moves
                    WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'an account does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_state_moves';
    END IF;
    NEW.state_since := lifecycle_now();
    RETURN NEW;
END $$;

CREATE FUNCTION public.remember_holder() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.revise_policy() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.revision := OLD.revision + ((NEW.rule, NEW.applies_to)
        IS DISTINCT FROM (OLD.rule, OLD.applies_to))::integer;
    RETURN NEW;
END $$;

CREATE FUNCTION public.seal_audit(most integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
DECLARE
    head    audit_head%ROWTYPE;
    settled boolean;
    done    bigint;
    highest bigint;
BEGIN
    SELECT * INTO head FROM audit_head FOR UPDATE;
    -- Asked before the rows are looked at: who has ended by now, is seen.
    settled := NOT (head.holders && audit_writers());
    WITH fresh AS MATERIALIZED (
        SELECT a.id, audit_line(a) AS line, a.details, uuid_send(gen_random_uuid()) AS salt
          FROM audit_logs a
         WHERE a.id > head.floor
           AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = a.id)
         ORDER BY a.id LIMIT most),
    numbered AS (
        SELECT head.seq + row_number() OVER (ORDER BY id) AS number, id, line, salt,
               audit_details_digest(salt, details) AS digest
          FROM fresh),
    sealed AS (
        INSERT INTO audit_seals (seq, audit_id, salt, details_digest, hash)
        SELECT number, id, salt, digest,
               audit_chain(head.hash, number, digest, line) OVER (ORDER BY number)
          FROM numbered
        RETURNING seq, audit_id, hash)
    SELECT count(*), coalesce(max(audit_id), head.floor), coalesce(max(seq), head.seq),
           coalesce((array_agg(hash ORDER BY seq DESC))[1], head.hash)
      INTO done, highest, head.seq, head.hash
      FROM sealed;
    IF settled THEN
        head.holders := '{}';
        head.floor := CASE WHEN done < most THEN head.ceiling
                           ELSE greatest(head.floor, least(highest, head.ceiling)) END;
    END IF;
    IF head.floor = head.ceiling THEN
        SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO head.ceiling
          FROM audit_logs_id_seq;
        head.holders := audit_writers();  -- after the ceiling: whose id is below it, is among them
    END IF;
    UPDATE audit_head
       SET seq = head.seq, hash = head.hash, floor = head.floor, ceiling = head.ceiling,
           holders = head.holders;
    RETURN done;
END $$;

CREATE FUNCTION public.session_counts() RETURNS TABLE(datname text, state text, sessions bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
    SELECT d.datname, s.state, count(a.pid)
      FROM pg_database d
     CROSS JOIN (VALUES ('active'), ('idle'), ('idle in transaction'),
                        ('idle in transaction (aborted)'), ('fastpath function call'),
                        ('disabled')) AS s (state)
      LEFT JOIN pg_stat_activity a ON a.datid = d.oid AND a.state = s.state
     WHERE d.datallowconn AND NOT d.datistemplate
     GROUP BY d.datname, s.state
$$;

CREATE FUNCTION public.settle_device() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public', 'pg_temp'
    AS $$
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

CREATE FUNCTION public.touch_row() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.version := OLD.version + 1;  -- the ETag of the API
    NEW.updated_at := now();
    RETURN NEW;
END $$;

CREATE AGGREGATE public.audit_chain(first_before bytea, seq bigint, digest bytea, line bytea) (
    SFUNC = public.audit_link,
    STYPE = bytea
);

CREATE TABLE public.academic_sessions (
    id bigint NOT NULL,
    sourced_id text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    title text NOT NULL,
    type text NOT NULL,
    start_date date NOT NULL,
    end_date date NOT NULL,
    parent_id bigint,
    school_year smallint NOT NULL,
    CONSTRAINT academic_sessions_are_not_their_own CHECK ((id <> parent_id)),
    CONSTRAINT academic_sessions_go_forward CHECK ((start_date <= end_date)),
    CONSTRAINT academic_sessions_school_year_check CHECK (((school_year >= 1000) AND (school_year <= 2999))),
    CONSTRAINT academic_sessions_status_check CHECK ((status = ANY (ARRAY['active'::text, 'tobedeleted'::text])))
);

ALTER TABLE public.academic_sessions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.academic_sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.account_password_hashes (
    user_id bigint NOT NULL,
    password_hash text NOT NULL,
    CONSTRAINT account_password_hashes_digest CHECK ((password_hash ~~ '$argon2id$%'::text))
);

CREATE TABLE public.account_passwords (
    user_id bigint NOT NULL,
    must_change boolean DEFAULT true NOT NULL,
    reset_job bigint NOT NULL,
    reset_by text NOT NULL,
    reset_at timestamp with time zone DEFAULT now() NOT NULL,
    shown_at timestamp with time zone
);

CREATE TABLE public.api_tokens (
    id bigint NOT NULL,
    operator_id bigint NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_tokens_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
);

ALTER TABLE public.api_tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.api_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_head (
    only_row boolean DEFAULT true NOT NULL,
    seq bigint DEFAULT 0 NOT NULL,
    hash bytea DEFAULT sha256('\x636f7265736b696c6c73'::bytea) NOT NULL,
    floor bigint DEFAULT 0 NOT NULL,
    ceiling bigint DEFAULT 0 NOT NULL,
    holders text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT audit_head_only_row_check CHECK (only_row)
);

ALTER TABLE public.audit_logs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_logs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_redactions (
    audit_id bigint NOT NULL,
    said_in bigint NOT NULL
);

CREATE TABLE public.audit_seals (
    seq bigint NOT NULL,
    audit_id bigint NOT NULL,
    salt bytea,
    details_digest bytea NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.broker_epoch (
    only_row boolean DEFAULT true NOT NULL,
    epoch text NOT NULL,
    CONSTRAINT broker_epoch_only_row_check CHECK (only_row)
);

CREATE TABLE public.classes (
    id bigint NOT NULL,
    sourced_id text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    title text NOT NULL,
    class_code text,
    class_type text NOT NULL,
    grades text,
    location text,
    subjects text,
    subject_codes text,
    periods text,
    terms text NOT NULL,
    course_id bigint NOT NULL,
    school_id bigint NOT NULL,
    CONSTRAINT classes_status_check CHECK ((status = ANY (ARRAY['active'::text, 'tobedeleted'::text])))
);

ALTER TABLE public.classes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.classes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.cohort_steps (
    school_year smallint NOT NULL,
    org_id bigint NOT NULL,
    job_id bigint NOT NULL,
    stepped_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT cohort_steps_year_plausible CHECK (((school_year >= 2020) AND (school_year <= 2060)))
);

CREATE TABLE public.courses (
    id bigint NOT NULL,
    sourced_id text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    title text NOT NULL,
    course_code text,
    grades text,
    subjects text,
    subject_codes text,
    org_id bigint NOT NULL,
    school_year_id bigint,
    CONSTRAINT courses_status_check CHECK ((status = ANY (ARRAY['active'::text, 'tobedeleted'::text])))
);

ALTER TABLE public.courses ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.courses_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.device_assignments (
    id bigint NOT NULL,
    device_id bigint NOT NULL,
    user_id bigint NOT NULL,
    assigned_at timestamp with time zone DEFAULT now() NOT NULL,
    assigned_by text NOT NULL,
    returned_at timestamp with time zone,
    returned_by text,
    condition text,
    CONSTRAINT device_assignments_condition_known CHECK ((condition = ANY (ARRAY['good'::text, 'damaged'::text, 'lost'::text]))),
    CONSTRAINT device_assignments_return_is_whole CHECK ((num_nonnulls(returned_at, returned_by, condition) = ANY (ARRAY[0, 3])))
);

ALTER TABLE public.device_assignments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.device_assignments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.devices (
    id bigint NOT NULL,
    device_id text NOT NULL,
    device_name text NOT NULL,
    device_type text NOT NULL,
    platform text NOT NULL,
    os_version text,
    assigned_user_id bigint,
    compliance_status text DEFAULT 'unknown'::text NOT NULL,
    last_check_in timestamp with time zone,
    retired_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    serial_number text,
    status text DEFAULT 'in_stock'::text NOT NULL,
    moves integer DEFAULT 0 NOT NULL,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    facts_at timestamp with time zone,
    CONSTRAINT devices_compliance_known CHECK ((compliance_status = ANY (ARRAY['compliant'::text, 'non_compliant'::text, 'unknown'::text]))),
    CONSTRAINT devices_facts_are_an_object CHECK ((jsonb_typeof(facts) = 'object'::text)),
    CONSTRAINT devices_platform_known CHECK ((platform = ANY (ARRAY['windows'::text, 'macos'::text, 'chromeos'::text, 'ipados'::text, 'linux'::text]))),
    CONSTRAINT devices_retired_is_unassigned CHECK (((retired_at IS NULL) OR (assigned_user_id IS NULL))),
    CONSTRAINT devices_status_fits_holder CHECK (((status <> ALL (ARRAY['in_stock'::text, 'assigned'::text])) OR ((status = 'assigned'::text) = (assigned_user_id IS NOT NULL)))),
    CONSTRAINT devices_status_known CHECK ((status = ANY (ARRAY['in_stock'::text, 'assigned'::text, 'repair'::text, 'lost'::text, 'retired'::text]))),
    CONSTRAINT devices_type_known CHECK ((device_type = ANY (ARRAY['laptop'::text, 'desktop'::text, 'tablet'::text, 'mobile'::text])))
);

CREATE TABLE public.policies (
    id bigint NOT NULL,
    policy_name text NOT NULL,
    policy_type text NOT NULL,
    description text NOT NULL,
    applies_to text NOT NULL,
    enforcement_level text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    retired_at timestamp with time zone,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    rule jsonb,
    grace_days integer DEFAULT 0 NOT NULL,
    stale_hours integer DEFAULT 168 NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT policies_enforcement_known CHECK ((enforcement_level = ANY (ARRAY['required'::text, 'recommended'::text, 'informational'::text]))),
    CONSTRAINT policies_grace_plausible CHECK (((grace_days >= 0) AND (grace_days <= 365))),
    CONSTRAINT policies_retired_is_off CHECK (((retired_at IS NULL) OR (NOT enabled))),
    CONSTRAINT policies_rule_is_an_object CHECK ((jsonb_typeof(rule) = 'object'::text)),
    CONSTRAINT policies_rule_needs_devices CHECK (((rule IS NULL) OR (applies_to <> 'all_users'::text))),
    CONSTRAINT policies_scope_known CHECK ((applies_to = ANY (ARRAY['all_users'::text, 'all_devices'::text, 'windows'::text, 'macos'::text, 'chromeos'::text, 'ipados'::text]))),
    CONSTRAINT policies_staleness_plausible CHECK (((stale_hours >= 1) AND (stale_hours <= 8784))),
    CONSTRAINT policies_type_known CHECK ((policy_type = ANY (ARRAY['security'::text, 'compliance'::text, 'network'::text])))
);

CREATE TABLE public.policy_results (
    device_id bigint NOT NULL,
    policy_id bigint NOT NULL,
    revision integer NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    evaluated_at timestamp with time zone NOT NULL,
    first_failed_at timestamp with time zone,
    CONSTRAINT policy_results_fail_has_since CHECK (((outcome <> 'fail'::text) OR (first_failed_at IS NOT NULL))),
    CONSTRAINT policy_results_outcome_known CHECK ((outcome = ANY (ARRAY['pass'::text, 'fail'::text, 'unknown'::text, 'error'::text, 'not_applicable'::text, 'stale'::text]))),
    CONSTRAINT policy_results_pass_ends_it CHECK (((outcome <> 'pass'::text) OR (first_failed_at IS NULL)))
)
WITH (fillfactor='80');

CREATE VIEW public.device_compliance AS
 SELECT d.id AS device_id,
        CASE
            WHEN bool_or(((r.outcome = 'fail'::text) AND ((r.first_failed_at + make_interval(days => p.grace_days)) <= public.lifecycle_now()))) THEN 'non_compliant'::text
            WHEN bool_and((r.outcome = ANY (ARRAY['pass'::text, 'fail'::text]))) FILTER (WHERE (r.outcome <> 'not_applicable'::text)) THEN 'compliant'::text
            ELSE 'unknown'::text
        END AS compliance_status
   FROM (public.devices d
     LEFT JOIN (public.policy_results r
     JOIN public.policies p ON (((p.id = r.policy_id) AND (p.enforcement_level = 'required'::text)))) ON ((r.device_id = d.id)))
  WHERE (d.status <> 'retired'::text)
  GROUP BY d.id;

CREATE TABLE public.device_moves (
    from_status text NOT NULL,
    to_status text NOT NULL
);

ALTER TABLE public.devices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.devices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.directory_groups (
    id bigint NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    rule jsonb,
    description text DEFAULT ''::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT directory_groups_kind_known CHECK ((kind = ANY (ARRAY['static'::text, 'rule'::text]))),
    CONSTRAINT directory_groups_name_length CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT directory_groups_rule_iff_kind CHECK (((kind = 'rule'::text) = (rule IS NOT NULL)))
);

ALTER TABLE public.directory_groups ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.directory_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.disclosures (
    id bigint NOT NULL,
    user_id bigint,
    party text NOT NULL,
    purpose text NOT NULL,
    fields text[] NOT NULL,
    people integer DEFAULT 1 NOT NULL,
    job_id bigint,
    request_id text,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT disclosures_of_one_or_many CHECK (((user_id IS NULL) OR (people = 1))),
    CONSTRAINT disclosures_party_check CHECK (((char_length(party) >= 1) AND (char_length(party) <= 200))),
    CONSTRAINT disclosures_people_check CHECK ((people >= 0)),
    CONSTRAINT disclosures_purpose_check CHECK (((char_length(purpose) >= 1) AND (char_length(purpose) <= 500))),
    CONSTRAINT disclosures_say_what CHECK ((cardinality(fields) > 0))
);

ALTER TABLE public.disclosures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.disclosures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.enrollments (
    id bigint NOT NULL,
    sourced_id text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    class_id bigint NOT NULL,
    school_id bigint NOT NULL,
    user_id bigint NOT NULL,
    role text NOT NULL,
    is_primary boolean,
    begin_date date,
    end_date date,
    CONSTRAINT enrollments_go_forward CHECK ((begin_date <= end_date)),
    CONSTRAINT enrollments_status_check CHECK ((status = ANY (ARRAY['active'::text, 'tobedeleted'::text])))
);

ALTER TABLE public.enrollments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.enrollments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.exports (
    job_id bigint NOT NULL,
    part integer NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT exports_content_check CHECK ((octet_length(content) <= 1048576))
);

CREATE TABLE public.farewells (
    user_id bigint NOT NULL,
    names text[] NOT NULL
);

CREATE TABLE public.freeze_windows (
    id bigint NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    CONSTRAINT freeze_windows_go_forward CHECK ((starts_at < ends_at)),
    CONSTRAINT freeze_windows_reason_check CHECK (((char_length(reason) >= 1) AND (char_length(reason) <= 200)))
);

ALTER TABLE public.freeze_windows ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.freeze_windows_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.group_members (
    group_id bigint NOT NULL,
    user_id bigint NOT NULL,
    source text NOT NULL,
    remembered boolean DEFAULT false NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT group_members_source_known CHECK ((source = ANY (ARRAY['rule'::text, 'manual'::text])))
);

CREATE TABLE public.idempotency_keys (
    actor text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    job_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    job_ids bigint[],
    CONSTRAINT idempotency_keys_key_check CHECK (((char_length(key) >= 1) AND (char_length(key) <= 255)))
);

CREATE TABLE public.import_results (
    job_id bigint NOT NULL,
    line integer NOT NULL,
    action text NOT NULL,
    person_key text,
    user_type text,
    student_id text,
    employee_id text,
    first_name text,
    last_name text,
    grade_level smallint,
    graduation_year smallint,
    department text,
    role text,
    username text,
    username_stem text,
    email text,
    ou text,
    faults jsonb,
    sourced_id text,
    school text,
    user_id bigint,
    user_version integer,
    state text,
    changes jsonb,
    CONSTRAINT import_results_action_check CHECK ((action = ANY (ARRAY['created'::text, 'updated'::text, 'unchanged'::text, 'skipped'::text, 'rejected'::text, 'disabled'::text, 'closed'::text]))),
    CONSTRAINT import_results_created_has_account CHECK (((action <> 'created'::text) OR (user_type IS NULL) OR (username IS NOT NULL))),
    CONSTRAINT import_results_rejected_says_why CHECK (((action = ANY (ARRAY['rejected'::text, 'skipped'::text])) = (faults IS NOT NULL)))
);

CREATE TABLE public.import_rows (
    job_id bigint NOT NULL,
    line integer NOT NULL,
    person_key text,
    record jsonb NOT NULL,
    file text,
    file_line integer,
    sourced_id text,
    CONSTRAINT import_rows_file_has_line CHECK (((file IS NULL) = (file_line IS NULL)))
);

CREATE TABLE public.job_attempts (
    job_id bigint NOT NULL,
    attempt integer NOT NULL,
    worker text NOT NULL,
    engine text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    error_code text,
    error_message text,
    CONSTRAINT job_attempts_ended_has_outcome CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT job_attempts_outcome_check CHECK ((outcome = ANY (ARRAY['completed'::text, 'failed'::text, 'retried'::text, 'released'::text, 'crashed'::text, 'cancelled'::text])))
);

CREATE TABLE public.job_rows (
    job_id bigint NOT NULL,
    line integer NOT NULL,
    key text NOT NULL,
    action text NOT NULL,
    before jsonb DEFAULT '{}'::jsonb NOT NULL,
    after jsonb DEFAULT '{}'::jsonb NOT NULL,
    error_code text,
    message text
);

CREATE TABLE public.jobs (
    id bigint NOT NULL,
    job_type text NOT NULL,
    status public.job_status DEFAULT 'queued'::public.job_status NOT NULL,
    parameters jsonb NOT NULL,
    result jsonb,
    error_code text,
    error_message text,
    progress jsonb,
    attempt integer DEFAULT 0 NOT NULL,
    error_count integer DEFAULT 0 NOT NULL,
    crash_count integer DEFAULT 0 NOT NULL,
    deadline_seconds integer DEFAULT 60 NOT NULL,
    run_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_until timestamp with time zone,
    worker text,
    published_at timestamp with time zone,
    unique_key text,
    fire_at timestamp with time zone,
    requested_by text NOT NULL,
    request_id text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    claimed_with integer DEFAULT 1 NOT NULL,
    suspect boolean DEFAULT false NOT NULL,
    approved_by text,
    trace_parent text,
    CONSTRAINT jobs_deadline_seconds_check CHECK (((deadline_seconds >= 1) AND (deadline_seconds <= 3600))),
    CONSTRAINT jobs_ended_has_time CHECK (((status = ANY (ARRAY['completed'::public.job_status, 'failed'::public.job_status, 'dead'::public.job_status, 'cancelled'::public.job_status])) = (completed_at IS NOT NULL))),
    CONSTRAINT jobs_error_if_failed CHECK (((status <> ALL (ARRAY['failed'::public.job_status, 'dead'::public.job_status])) OR ((error_code IS NOT NULL) AND (error_message IS NOT NULL)))),
    CONSTRAINT jobs_lease_iff_running CHECK (((status = 'running'::public.job_status) = ((lease_until IS NOT NULL) AND (worker IS NOT NULL)))),
    CONSTRAINT jobs_result_iff_completed CHECK (((status = 'completed'::public.job_status) = (result IS NOT NULL)))
);

ALTER TABLE public.jobs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.jobs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.licence_assignments (
    licence_id bigint NOT NULL,
    user_id bigint NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.licences (
    id bigint NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    seats integer NOT NULL,
    used integer DEFAULT 0 NOT NULL,
    rule jsonb NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT licences_seats_suffice CHECK (((used >= 0) AND (used <= seats)))
);

ALTER TABLE public.licences ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.licences_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.lifecycle_moves (
    event text NOT NULL,
    from_state text NOT NULL,
    to_state text NOT NULL
);

CREATE TABLE public.lifecycle_steps (
    event text NOT NULL,
    user_type text NOT NULL,
    "position" smallint NOT NULL,
    job_type text NOT NULL,
    offset_days smallint NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    CONSTRAINT lifecycle_steps_event_check CHECK ((event = ANY (ARRAY['joined'::text, 'moved'::text, 'left'::text]))),
    CONSTRAINT lifecycle_steps_offset_days_check CHECK (((offset_days >= 0) AND (offset_days <= 3660))),
    CONSTRAINT lifecycle_steps_user_type_check CHECK ((user_type = ANY (ARRAY['student'::text, 'staff'::text])))
);

CREATE TABLE public.lifecycle_timers (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    job_type text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    fired_at timestamp with time zone,
    job_id bigint,
    cancelled_at timestamp with time zone,
    CONSTRAINT lifecycle_timers_ends_once CHECK ((num_nonnulls(fired_at, cancelled_at) <= 1)),
    CONSTRAINT lifecycle_timers_fired_has_job CHECK (((fired_at IS NULL) = (job_id IS NULL)))
);

ALTER TABLE public.lifecycle_timers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.lifecycle_timers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.login_throttle (
    username text NOT NULL,
    failures integer NOT NULL,
    blocked_until timestamp with time zone NOT NULL
);

CREATE TABLE public.operators (
    id bigint NOT NULL,
    username text NOT NULL,
    role text NOT NULL,
    password_hash text,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT operators_role_check CHECK ((role = ANY (ARRAY['student'::text, 'instructor'::text, 'admin'::text, 'service'::text]))),
    CONSTRAINT operators_username_check CHECK ((username ~ '^[a-z][a-z0-9._-]{1,31}$'::text))
);

ALTER TABLE public.operators ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.operators_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.orgs (
    id bigint NOT NULL,
    sourced_id text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    identifier text,
    parent_id bigint,
    top_grade smallint,
    feeder_id bigint,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT orgs_are_not_their_own CHECK (((id <> parent_id) AND (id <> feeder_id))),
    CONSTRAINT orgs_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT orgs_only_schools_have_grades CHECK (((type = 'school'::text) OR (num_nonnulls(top_grade, feeder_id) = 0))),
    CONSTRAINT orgs_top_grade_known CHECK (((top_grade >= 9) AND (top_grade <= 12))),
    CONSTRAINT orgs_type_known CHECK ((type = ANY (ARRAY['district'::text, 'school'::text, 'department'::text, 'local'::text, 'state'::text, 'national'::text])))
);

ALTER TABLE public.orgs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.orgs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.person_exports (
    job_id bigint NOT NULL,
    user_id bigint NOT NULL,
    body jsonb NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.plans (
    job_id bigint NOT NULL,
    digest bytea NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_by bigint
);

ALTER TABLE public.policies ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.policies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.policy_stats AS
 SELECT p.id AS policy_id,
    count(*) FILTER (WHERE (r.outcome = 'pass'::text)) AS pass,
    count(*) FILTER (WHERE (r.outcome = 'fail'::text)) AS fail,
    count(*) FILTER (WHERE (r.outcome = 'unknown'::text)) AS unknown,
    count(*) FILTER (WHERE (r.outcome = 'error'::text)) AS error,
    count(*) FILTER (WHERE (r.outcome = 'not_applicable'::text)) AS not_applicable,
    count(*) FILTER (WHERE (r.outcome = 'stale'::text)) AS stale,
    max(r.evaluated_at) AS evaluated_at
   FROM (public.policies p
     LEFT JOIN public.policy_results r ON ((r.policy_id = p.id)))
  GROUP BY p.id;

CREATE TABLE public.refresh_tokens (
    token_hash bytea NOT NULL,
    session_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.retention_rules (
    entity text NOT NULL,
    keep_days integer,
    least_days integer,
    most_days integer,
    action text NOT NULL,
    purpose text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT retention_rules_action_known CHECK ((action = ANY (ARRAY['delete'::text, 'redact'::text, 'keep'::text]))),
    CONSTRAINT retention_rules_kept_has_no_days CHECK ((num_nonnulls(keep_days, least_days, most_days) =
CASE action
    WHEN 'keep'::text THEN 0
    ELSE 3
END)),
    CONSTRAINT retention_rules_within_bounds CHECK (((keep_days >= least_days) AND (keep_days <= most_days)))
);

CREATE TABLE public.role_assignments (
    id bigint NOT NULL,
    sourced_id text NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    user_id bigint NOT NULL,
    org_id bigint NOT NULL,
    role_type text NOT NULL,
    role text NOT NULL,
    begin_date date,
    end_date date,
    CONSTRAINT role_assignments_go_forward CHECK ((begin_date <= end_date)),
    CONSTRAINT role_assignments_role_type_check CHECK ((role_type = ANY (ARRAY['primary'::text, 'secondary'::text]))),
    CONSTRAINT role_assignments_status_check CHECK ((status = ANY (ARRAY['active'::text, 'tobedeleted'::text])))
);

ALTER TABLE public.role_assignments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.role_assignments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW public.roster_records AS
 SELECT 'orgs'::text AS file,
    o.sourced_id,
    'active'::text AS status,
    jsonb_strip_nulls(jsonb_build_object('name', o.name, 'type', o.type, 'identifier', o.identifier, 'parentSourcedId', p.sourced_id)) AS record
   FROM (public.orgs o
     LEFT JOIN public.orgs p ON ((p.id = o.parent_id)))
UNION ALL
 SELECT 'orgs'::text AS file,
    'coreskills-district'::text AS sourced_id,
    'active'::text AS status,
    '{"name": "District", "type": "district"}'::jsonb AS record
  WHERE (NOT (EXISTS ( SELECT
           FROM public.orgs)))
UNION ALL
 SELECT 'academicSessions'::text AS file,
    s.sourced_id,
    s.status,
    jsonb_strip_nulls(jsonb_build_object('title', s.title, 'type', s.type, 'startDate', (s.start_date)::text, 'endDate', (s.end_date)::text, 'parentSourcedId', p.sourced_id, 'schoolYear', (s.school_year)::text)) AS record
   FROM (public.academic_sessions s
     LEFT JOIN public.academic_sessions p ON ((p.id = s.parent_id)))
UNION ALL
 SELECT 'users'::text AS file,
    public.roster_id(u.sourced_id, u.uuid) AS sourced_id,
        CASE
            WHEN public.has_left(u.state, u.disable_reason) THEN 'tobedeleted'::text
            ELSE 'active'::text
        END AS status,
    jsonb_strip_nulls(jsonb_build_object('enabledUser', ((u.state = ANY (ARRAY['active'::text, 'staged'::text])))::text, 'username', u.username, 'givenName', u.first_name, 'familyName', u.last_name, 'identifier', COALESCE(u.student_id, u.employee_id), 'email', u.email, 'grades', to_char((u.grade_level)::double precision, 'FM00'::text), 'primaryOrgSourcedId',
        CASE
            WHEN ((EXISTS ( SELECT
               FROM public.role_assignments r
              WHERE ((r.user_id = u.id) AND (r.status = 'active'::text) AND (r.org_id = o.id)))) OR (NOT (EXISTS ( SELECT
               FROM public.role_assignments r
              WHERE ((r.user_id = u.id) AND (r.status = 'active'::text)))))) THEN o.sourced_id
            ELSE NULL::text
        END, 'metadata.graduationYear', (u.graduation_year)::text, 'metadata.department', u.department, 'metadata.title', u.role)) AS record
   FROM (public.users u
     LEFT JOIN public.orgs o ON ((o.id = u.school_id)))
  WHERE (u.state <> 'purged'::text)
UNION ALL
 SELECT 'roles'::text AS file,
    r.sourced_id,
        CASE
            WHEN public.has_left(u.state, u.disable_reason) THEN 'tobedeleted'::text
            ELSE r.status
        END AS status,
    jsonb_strip_nulls(jsonb_build_object('userSourcedId', public.roster_id(u.sourced_id, u.uuid), 'roleType', r.role_type, 'role', r.role, 'beginDate', (r.begin_date)::text, 'endDate', (r.end_date)::text, 'orgSourcedId', o.sourced_id)) AS record
   FROM ((public.role_assignments r
     JOIN public.users u ON ((u.id = r.user_id)))
     JOIN public.orgs o ON ((o.id = r.org_id)))
UNION ALL
 SELECT 'roles'::text AS file,
    ('role-'::text || u.uuid) AS sourced_id,
    'active'::text AS status,
    jsonb_build_object('userSourcedId', public.roster_id(u.sourced_id, u.uuid), 'roleType', 'primary', 'role',
        CASE u.user_type
            WHEN 'student'::text THEN 'student'::text
            ELSE 'teacher'::text
        END, 'orgSourcedId', COALESCE(o.sourced_id, ( SELECT orgs.sourced_id
           FROM public.orgs
          ORDER BY (orgs.type <> 'district'::text), orgs.id
         LIMIT 1), 'coreskills-district'::text)) AS record
   FROM (public.users u
     LEFT JOIN public.orgs o ON ((o.id = u.school_id)))
  WHERE ((NOT public.has_left(u.state, u.disable_reason)) AND (NOT (EXISTS ( SELECT
           FROM public.role_assignments r
          WHERE ((r.user_id = u.id) AND (r.status = 'active'::text))))))
UNION ALL
 SELECT 'courses'::text AS file,
    c.sourced_id,
    c.status,
    jsonb_strip_nulls(jsonb_build_object('schoolYearSourcedId', s.sourced_id, 'title', c.title, 'courseCode', c.course_code, 'grades', c.grades, 'orgSourcedId', o.sourced_id, 'subjects', c.subjects, 'subjectCodes', c.subject_codes)) AS record
   FROM ((public.courses c
     JOIN public.orgs o ON ((o.id = c.org_id)))
     LEFT JOIN public.academic_sessions s ON (((s.id = c.school_year_id) AND (s.status = 'active'::text))))
UNION ALL
 SELECT 'classes'::text AS file,
    c.sourced_id,
    GREATEST(c.status, k.status) AS status,
    jsonb_strip_nulls(jsonb_build_object('title', c.title, 'grades', c.grades, 'courseSourcedId', k.sourced_id, 'classCode', c.class_code, 'classType', c.class_type, 'location', c.location, 'schoolSourcedId', o.sourced_id, 'termSourcedIds', c.terms, 'subjects', c.subjects, 'subjectCodes', c.subject_codes, 'periods', c.periods)) AS record
   FROM ((public.classes c
     JOIN public.courses k ON ((k.id = c.course_id)))
     JOIN public.orgs o ON ((o.id = c.school_id)))
UNION ALL
 SELECT 'enrollments'::text AS file,
    e.sourced_id,
        CASE
            WHEN public.has_left(u.state, u.disable_reason) THEN 'tobedeleted'::text
            ELSE GREATEST(e.status, c.status, k.status)
        END AS status,
    jsonb_strip_nulls(jsonb_build_object('classSourcedId', c.sourced_id, 'schoolSourcedId', o.sourced_id, 'userSourcedId', public.roster_id(u.sourced_id, u.uuid), 'role', e.role, 'primary', (e.is_primary)::text, 'beginDate', (e.begin_date)::text, 'endDate', (e.end_date)::text)) AS record
   FROM ((((public.enrollments e
     JOIN public.classes c ON ((c.id = e.class_id)))
     JOIN public.courses k ON ((k.id = c.course_id)))
     JOIN public.orgs o ON ((o.id = e.school_id)))
     JOIN public.users u ON ((u.id = e.user_id)));

CREATE TABLE public.schedules (
    name text NOT NULL,
    job_type text NOT NULL,
    parameters jsonb DEFAULT '{}'::jsonb NOT NULL,
    every interval NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    CONSTRAINT schedules_every_check CHECK ((every >= '00:01:00'::interval))
);

CREATE TABLE public.schema_migrations (
    version text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sessions (
    id bigint NOT NULL,
    operator_id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone
);

ALTER TABLE public.sessions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.sessions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.thresholds (
    job_type text NOT NULL,
    action text NOT NULL,
    most integer NOT NULL,
    percent smallint NOT NULL,
    CONSTRAINT thresholds_most_check CHECK ((most >= 0)),
    CONSTRAINT thresholds_percent_check CHECK (((percent >= 0) AND (percent <= 100)))
);

CREATE TABLE public.username_tombstones (
    digest bytea NOT NULL,
    stem_digest bytea NOT NULL,
    buried_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.usernames (
    username text NOT NULL,
    stem text NOT NULL,
    user_id bigint NOT NULL,
    kind text DEFAULT 'current'::text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT usernames_kind_check CHECK ((kind = ANY (ARRAY['current'::text, 'alias'::text])))
);

ALTER TABLE public.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.academic_sessions
    ADD CONSTRAINT academic_sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.academic_sessions
    ADD CONSTRAINT academic_sessions_sourced_id_unique UNIQUE (sourced_id);

ALTER TABLE ONLY public.account_password_hashes
    ADD CONSTRAINT account_password_hashes_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.account_passwords
    ADD CONSTRAINT account_passwords_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_hash_unique UNIQUE (token_hash);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_redactions
    ADD CONSTRAINT audit_redactions_pkey PRIMARY KEY (audit_id);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY public.audit_seals
    ADD CONSTRAINT audit_seals_row_unique UNIQUE (audit_id);

ALTER TABLE ONLY public.broker_epoch
    ADD CONSTRAINT broker_epoch_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.classes
    ADD CONSTRAINT classes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.classes
    ADD CONSTRAINT classes_sourced_id_unique UNIQUE (sourced_id);

ALTER TABLE ONLY public.cohort_steps
    ADD CONSTRAINT cohort_steps_pkey PRIMARY KEY (school_year, org_id);

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_sourced_id_unique UNIQUE (sourced_id);

ALTER TABLE ONLY public.device_assignments
    ADD CONSTRAINT device_assignments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.device_moves
    ADD CONSTRAINT device_moves_pkey PRIMARY KEY (from_status, to_status);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_device_id_unique UNIQUE (device_id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_serial_number_unique UNIQUE (serial_number);

ALTER TABLE ONLY public.directory_groups
    ADD CONSTRAINT directory_groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.disclosures
    ADD CONSTRAINT disclosures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrollments
    ADD CONSTRAINT enrollments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.enrollments
    ADD CONSTRAINT enrollments_sourced_id_unique UNIQUE (sourced_id);

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_pkey PRIMARY KEY (job_id, part);

ALTER TABLE ONLY public.farewells
    ADD CONSTRAINT farewells_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.freeze_windows
    ADD CONSTRAINT freeze_windows_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT group_members_pkey PRIMARY KEY (group_id, user_id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor, key);

ALTER TABLE ONLY public.import_results
    ADD CONSTRAINT import_results_pkey PRIMARY KEY (job_id, line);

ALTER TABLE ONLY public.import_rows
    ADD CONSTRAINT import_rows_pkey PRIMARY KEY (job_id, line);

ALTER TABLE ONLY public.job_attempts
    ADD CONSTRAINT job_attempts_pkey PRIMARY KEY (job_id, attempt);

ALTER TABLE ONLY public.job_rows
    ADD CONSTRAINT job_rows_pkey PRIMARY KEY (job_id, line);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.licence_assignments
    ADD CONSTRAINT licence_assignments_pkey PRIMARY KEY (licence_id, user_id);

ALTER TABLE ONLY public.licences
    ADD CONSTRAINT licences_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.licences
    ADD CONSTRAINT licences_sku_unique UNIQUE (sku);

ALTER TABLE ONLY public.lifecycle_clock
    ADD CONSTRAINT lifecycle_clock_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.lifecycle_moves
    ADD CONSTRAINT lifecycle_moves_pkey PRIMARY KEY (event, from_state);

ALTER TABLE ONLY public.lifecycle_steps
    ADD CONSTRAINT lifecycle_steps_pkey PRIMARY KEY (event, user_type, "position");

ALTER TABLE ONLY public.lifecycle_timers
    ADD CONSTRAINT lifecycle_timers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.login_throttle
    ADD CONSTRAINT login_throttle_pkey PRIMARY KEY (username);

ALTER TABLE ONLY public.operators
    ADD CONSTRAINT operators_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.operators
    ADD CONSTRAINT operators_username_unique UNIQUE (username);

ALTER TABLE ONLY public.orgs
    ADD CONSTRAINT orgs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.orgs
    ADD CONSTRAINT orgs_sourced_id_unique UNIQUE (sourced_id);

ALTER TABLE ONLY public.person_exports
    ADD CONSTRAINT person_exports_pkey PRIMARY KEY (job_id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (job_id);

ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.policy_results
    ADD CONSTRAINT policy_results_pkey PRIMARY KEY (device_id, policy_id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.retention_rules
    ADD CONSTRAINT retention_rules_pkey PRIMARY KEY (entity);

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_sourced_id_unique UNIQUE (sourced_id);

ALTER TABLE ONLY public.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.thresholds
    ADD CONSTRAINT thresholds_pkey PRIMARY KEY (job_type, action);

ALTER TABLE ONLY public.username_tombstones
    ADD CONSTRAINT username_tombstones_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.usernames
    ADD CONSTRAINT usernames_pkey PRIMARY KEY (username);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_unique UNIQUE (email);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_employee_id_unique UNIQUE (employee_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_sourced_id_unique UNIQUE (sourced_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_student_id_unique UNIQUE (student_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_username_unique UNIQUE (username);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_uuid_unique UNIQUE (uuid);

CREATE INDEX api_tokens_by_operator ON public.api_tokens USING btree (operator_id, id);

CREATE INDEX audit_logs_by_action ON public.audit_logs USING btree (action, id);

CREATE INDEX audit_logs_by_actor ON public.audit_logs USING btree (actor, id);

CREATE INDEX audit_logs_by_job ON public.audit_logs USING btree (job_id, id) WHERE (job_id IS NOT NULL);

CREATE INDEX audit_logs_by_time ON public.audit_logs USING brin (created_at);

CREATE INDEX audit_logs_by_user ON public.audit_logs USING btree (user_id, id) WHERE (user_id IS NOT NULL);

CREATE INDEX audit_logs_of_devices ON public.audit_logs USING btree (resource_id) WHERE ((resource_type = 'device'::text) AND (user_id IS NULL));

CREATE INDEX device_assignments_by_device ON public.device_assignments USING btree (device_id, id);

CREATE INDEX device_assignments_by_user ON public.device_assignments USING btree (user_id, id);

CREATE UNIQUE INDEX device_assignments_one_open ON public.device_assignments USING btree (device_id) WHERE (returned_at IS NULL);

CREATE INDEX devices_by_compliance ON public.devices USING btree (compliance_status, id);

CREATE INDEX devices_by_user ON public.devices USING btree (assigned_user_id) WHERE (assigned_user_id IS NOT NULL);

CREATE UNIQUE INDEX directory_groups_name_unique ON public.directory_groups USING btree (lower(name));

CREATE INDEX disclosures_by_user ON public.disclosures USING btree (user_id, id) WHERE (user_id IS NOT NULL);

CREATE INDEX disclosures_of_many ON public.disclosures USING btree (id) WHERE (user_id IS NULL);

CREATE INDEX enrollments_by_class ON public.enrollments USING btree (class_id);

CREATE INDEX enrollments_by_user ON public.enrollments USING btree (user_id);

CREATE INDEX group_members_by_user ON public.group_members USING btree (user_id);

CREATE INDEX group_members_remembered ON public.group_members USING btree (user_id) WHERE remembered;

CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (created_at);

CREATE INDEX idempotency_keys_by_job ON public.idempotency_keys USING btree (job_id);

CREATE INDEX import_results_by_person ON public.import_results USING btree (person_key) WHERE (person_key IS NOT NULL);

CREATE INDEX import_results_by_stem ON public.import_results USING btree (job_id, username_stem) WHERE (action = 'created'::text);

CREATE INDEX import_results_of_people ON public.import_results USING btree (job_id, action) WHERE (user_id IS NOT NULL);

CREATE INDEX import_results_rejected ON public.import_results USING btree (job_id, line) WHERE (action = 'rejected'::text);

CREATE INDEX import_rows_by_file ON public.import_rows USING btree (job_id, file, sourced_id) WHERE (file IS NOT NULL);

CREATE INDEX import_rows_by_person ON public.import_rows USING btree (person_key) WHERE (person_key IS NOT NULL);

CREATE INDEX import_rows_by_roster_person ON public.import_rows USING btree (((record ->> 'userSourcedId'::text))) WHERE (file IS NOT NULL);

CREATE INDEX job_rows_by_key ON public.job_rows USING btree (key);

CREATE INDEX jobs_by_end ON public.jobs USING btree (completed_at) WHERE (completed_at IS NOT NULL);

CREATE INDEX jobs_by_key ON public.jobs USING btree (unique_key) WHERE (unique_key IS NOT NULL);

CREATE INDEX jobs_by_status ON public.jobs USING btree (status, id);

CREATE INDEX jobs_by_user ON public.jobs USING btree (((parameters ->> 'user_id'::text))) WHERE (parameters ? 'user_id'::text);

CREATE UNIQUE INDEX jobs_fired_once ON public.jobs USING btree (job_type, fire_at) WHERE (fire_at IS NOT NULL);

CREATE INDEX jobs_leased ON public.jobs USING btree (lease_until) WHERE (status = 'running'::public.job_status);

CREATE UNIQUE INDEX jobs_open_unique ON public.jobs USING btree (job_type, unique_key) WHERE (status = ANY (ARRAY['queued'::public.job_status, 'running'::public.job_status, 'suspended'::public.job_status]));

CREATE INDEX jobs_that_retain ON public.jobs USING btree (id) WHERE (parameters ? 'retained'::text);

CREATE INDEX jobs_unpublished ON public.jobs USING btree (run_at) WHERE ((status = 'queued'::public.job_status) AND (published_at IS NULL));

CREATE INDEX jobs_waiting ON public.jobs USING btree (run_at, id) WHERE (status = 'queued'::public.job_status);

CREATE INDEX licence_assignments_by_user ON public.licence_assignments USING btree (user_id);

CREATE INDEX lifecycle_timers_by_user ON public.lifecycle_timers USING btree (user_id, due_at);

CREATE INDEX lifecycle_timers_due ON public.lifecycle_timers USING btree (due_at) WHERE ((fired_at IS NULL) AND (cancelled_at IS NULL));

CREATE UNIQUE INDEX lifecycle_timers_one_open ON public.lifecycle_timers USING btree (user_id, job_type) WHERE ((fired_at IS NULL) AND (cancelled_at IS NULL));

CREATE INDEX orgs_by_parent ON public.orgs USING btree (parent_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX person_exports_by_user ON public.person_exports USING btree (user_id);

CREATE UNIQUE INDEX policies_name_unique ON public.policies USING btree (lower(policy_name)) WHERE (retired_at IS NULL);

CREATE INDEX policy_results_by_policy ON public.policy_results USING btree (policy_id, device_id);

CREATE INDEX refresh_tokens_by_session ON public.refresh_tokens USING btree (session_id);

CREATE INDEX role_assignments_by_user ON public.role_assignments USING btree (user_id);

CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);

CREATE INDEX username_tombstones_by_stem ON public.username_tombstones USING btree (stem_digest);

CREATE INDEX usernames_by_stem ON public.usernames USING btree (stem);

CREATE INDEX usernames_by_user ON public.usernames USING btree (user_id);

CREATE UNIQUE INDEX usernames_one_current ON public.usernames USING btree (user_id) WHERE (kind = 'current'::text);

CREATE INDEX users_by_class ON public.users USING btree (graduation_year, id) WHERE (user_type = 'student'::text);

CREATE INDEX users_by_last_name ON public.users USING btree (lower(last_name), id);

CREATE INDEX users_by_roster_id ON public.users USING btree (public.roster_id(sourced_id, uuid));

CREATE INDEX users_by_school ON public.users USING btree (school_id, id) WHERE (school_id IS NOT NULL);

CREATE INDEX users_by_type ON public.users USING btree (user_type, id);

CREATE INDEX users_gone ON public.users USING btree (id) WHERE ((disable_reason = 'leaver'::text) AND (state = ANY (ARRAY['disabled'::text, 'archived'::text])));

CREATE INDEX users_held ON public.users USING btree (id) WHERE legal_hold;

CREATE TRIGGER audit_logs_append_only BEFORE DELETE OR TRUNCATE ON public.audit_logs FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_rewrite();

CREATE TRIGGER audit_logs_only_redacted BEFORE UPDATE ON public.audit_logs FOR EACH ROW WHEN (((current_setting('coreskills.redacting'::text, true) IS DISTINCT FROM 'on'::text) OR (new.details IS DISTINCT FROM '{"redacted": true}'::jsonb) OR ((to_jsonb(new.*) - 'details'::text) <> (to_jsonb(old.*) - 'details'::text)))) EXECUTE FUNCTION public.refuse_rewrite();

CREATE TRIGGER audit_seals_append_only BEFORE DELETE OR TRUNCATE ON public.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_new_seal();

CREATE TRIGGER audit_seals_only_forget BEFORE UPDATE ON public.audit_seals FOR EACH ROW WHEN (((new.salt IS NOT NULL) OR (((((new.seq IS DISTINCT FROM old.seq) OR (new.audit_id IS DISTINCT FROM old.audit_id)) OR (new.details_digest IS DISTINCT FROM old.details_digest)) OR (new.hash IS DISTINCT FROM old.hash)) OR (new.sealed_at IS DISTINCT FROM old.sealed_at)))) EXECUTE FUNCTION public.refuse_new_seal();

CREATE TRIGGER devices_drop_results AFTER UPDATE ON public.devices FOR EACH ROW WHEN (((new.status = 'retired'::text) AND (old.status <> 'retired'::text))) EXECUTE FUNCTION public.drop_results_of_device();

CREATE TRIGGER devices_first_holder AFTER INSERT ON public.devices FOR EACH ROW WHEN ((new.assigned_user_id IS NOT NULL)) EXECUTE FUNCTION public.remember_holder();

CREATE TRIGGER devices_next_holder AFTER UPDATE ON public.devices FOR EACH ROW WHEN ((new.assigned_user_id IS DISTINCT FROM old.assigned_user_id)) EXECUTE FUNCTION public.remember_holder();

CREATE TRIGGER devices_settle BEFORE INSERT OR UPDATE ON public.devices FOR EACH ROW EXECUTE FUNCTION public.settle_device();

CREATE TRIGGER devices_touch BEFORE UPDATE ON public.devices FOR EACH ROW EXECUTE FUNCTION public.touch_row();

CREATE TRIGGER directory_groups_touch BEFORE UPDATE ON public.directory_groups FOR EACH ROW EXECUTE FUNCTION public.touch_row();

CREATE TRIGGER licence_assignments_freed AFTER DELETE ON public.licence_assignments REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.count_seats();

CREATE TRIGGER licence_assignments_taken AFTER INSERT ON public.licence_assignments REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION public.count_seats();

CREATE TRIGGER licences_touch BEFORE UPDATE OF sku, name, seats, rule ON public.licences FOR EACH ROW EXECUTE FUNCTION public.touch_row();

CREATE TRIGGER orgs_touch BEFORE UPDATE ON public.orgs FOR EACH ROW EXECUTE FUNCTION public.touch_row();

CREATE TRIGGER policies_drop_results AFTER UPDATE ON public.policies FOR EACH ROW WHEN (((NOT new.enabled) OR (new.rule IS NULL))) EXECUTE FUNCTION public.drop_results_of_policy();

CREATE TRIGGER policies_revise BEFORE UPDATE ON public.policies FOR EACH ROW EXECUTE FUNCTION public.revise_policy();

CREATE TRIGGER policies_touch BEFORE UPDATE ON public.policies FOR EACH ROW EXECUTE FUNCTION public.touch_row();

CREATE TRIGGER retention_rules_touch BEFORE UPDATE ON public.retention_rules FOR EACH ROW EXECUTE FUNCTION public.touch_row();

CREATE TRIGGER users_bury_usernames AFTER UPDATE OF state ON public.users FOR EACH ROW WHEN ((new.state = 'purged'::text)) EXECUTE FUNCTION public.bury_usernames();

CREATE TRIGGER users_change_username AFTER UPDATE OF username ON public.users FOR EACH ROW WHEN (((new.username IS DISTINCT FROM old.username) AND (new.state <> 'purged'::text))) EXECUTE FUNCTION public.change_username();

CREATE TRIGGER users_forget_belongings AFTER UPDATE OF state ON public.users FOR EACH ROW WHEN ((new.state = 'purged'::text)) EXECUTE FUNCTION public.forget_belongings();

CREATE CONSTRAINT TRIGGER users_forget_purged AFTER UPDATE OF state ON public.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((new.state = 'purged'::text) AND (old.state <> 'purged'::text))) EXECUTE FUNCTION public.forget_purged();

CREATE TRIGGER users_give_usernames AFTER INSERT ON public.users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION public.give_usernames();

CREATE TRIGGER users_hold_no_device BEFORE UPDATE OF state ON public.users FOR EACH ROW WHEN (((new.state = ANY (ARRAY['archived'::text, 'purged'::text])) AND (old.state IS DISTINCT FROM new.state))) EXECUTE FUNCTION public.refuse_to_forget_devices();

CREATE TRIGGER users_state_moves BEFORE UPDATE OF state ON public.users FOR EACH ROW WHEN ((old.state IS DISTINCT FROM new.state)) EXECUTE FUNCTION public.refuse_unknown_move();

CREATE TRIGGER users_touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch_row();

ALTER TABLE ONLY public.academic_sessions
    ADD CONSTRAINT academic_sessions_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.academic_sessions(id);

ALTER TABLE ONLY public.account_password_hashes
    ADD CONSTRAINT account_password_hashes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.account_passwords(user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.account_passwords
    ADD CONSTRAINT account_passwords_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id);

ALTER TABLE ONLY public.audit_logs
    ADD CONSTRAINT audit_logs_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.classes
    ADD CONSTRAINT classes_course_id_fkey FOREIGN KEY (course_id) REFERENCES public.courses(id);

ALTER TABLE ONLY public.classes
    ADD CONSTRAINT classes_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.orgs(id);

ALTER TABLE ONLY public.cohort_steps
    ADD CONSTRAINT cohort_steps_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);

ALTER TABLE ONLY public.courses
    ADD CONSTRAINT courses_school_year_id_fkey FOREIGN KEY (school_year_id) REFERENCES public.academic_sessions(id);

ALTER TABLE ONLY public.device_assignments
    ADD CONSTRAINT device_assignments_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.device_assignments
    ADD CONSTRAINT device_assignments_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT devices_assigned_user_id_fkey FOREIGN KEY (assigned_user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.disclosures
    ADD CONSTRAINT disclosures_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.enrollments
    ADD CONSTRAINT enrollments_class_id_fkey FOREIGN KEY (class_id) REFERENCES public.classes(id);

ALTER TABLE ONLY public.enrollments
    ADD CONSTRAINT enrollments_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.orgs(id);

ALTER TABLE ONLY public.enrollments
    ADD CONSTRAINT enrollments_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.exports
    ADD CONSTRAINT exports_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT group_members_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.directory_groups(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT group_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_results
    ADD CONSTRAINT import_results_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.import_rows
    ADD CONSTRAINT import_rows_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.job_attempts
    ADD CONSTRAINT job_attempts_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.job_rows
    ADD CONSTRAINT job_rows_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.licence_assignments
    ADD CONSTRAINT licence_assignments_licence_id_fkey FOREIGN KEY (licence_id) REFERENCES public.licences(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.licence_assignments
    ADD CONSTRAINT licence_assignments_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.lifecycle_timers
    ADD CONSTRAINT lifecycle_timers_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.orgs
    ADD CONSTRAINT orgs_feeder_id_fkey FOREIGN KEY (feeder_id) REFERENCES public.orgs(id);

ALTER TABLE ONLY public.orgs
    ADD CONSTRAINT orgs_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.orgs(id);

ALTER TABLE ONLY public.person_exports
    ADD CONSTRAINT person_exports_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.person_exports
    ADD CONSTRAINT person_exports_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.plans
    ADD CONSTRAINT plans_job_id_fkey FOREIGN KEY (job_id) REFERENCES public.jobs(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.policy_results
    ADD CONSTRAINT policy_results_device_id_fkey FOREIGN KEY (device_id) REFERENCES public.devices(id);

ALTER TABLE ONLY public.policy_results
    ADD CONSTRAINT policy_results_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES public.policies(id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_org_id_fkey FOREIGN KEY (org_id) REFERENCES public.orgs(id);

ALTER TABLE ONLY public.role_assignments
    ADD CONSTRAINT role_assignments_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id);

ALTER TABLE ONLY public.usernames
    ADD CONSTRAINT usernames_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_school_id_fkey FOREIGN KEY (school_id) REFERENCES public.orgs(id);

GRANT SELECT,INSERT ON TABLE public.audit_logs TO coreskills_api;
GRANT SELECT,INSERT ON TABLE public.audit_logs TO coreskills_worker;

GRANT SELECT ON TABLE public.users TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.users TO coreskills_worker;

GRANT UPDATE(first_name) ON TABLE public.users TO coreskills_api;

GRANT UPDATE(last_name) ON TABLE public.users TO coreskills_api;

GRANT UPDATE(grade_level) ON TABLE public.users TO coreskills_api;

GRANT UPDATE(graduation_year) ON TABLE public.users TO coreskills_api;

GRANT UPDATE(department) ON TABLE public.users TO coreskills_api;

GRANT UPDATE(role) ON TABLE public.users TO coreskills_api;

GRANT UPDATE(legal_hold) ON TABLE public.users TO coreskills_api;

REVOKE ALL ON FUNCTION public.forget(was public.users, names text[], actor text, job bigint, request text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.forget_purged() FROM PUBLIC;

REVOKE ALL ON FUNCTION public.forget_residues(really boolean, actor text, job bigint, request text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.forget_residues(really boolean, actor text, job bigint, request text) TO coreskills_worker;

GRANT SELECT,UPDATE ON TABLE public.lifecycle_clock TO coreskills_api;
GRANT SELECT ON TABLE public.lifecycle_clock TO coreskills_worker;

REVOKE ALL ON FUNCTION public.lock_held_seconds() FROM PUBLIC;
GRANT ALL ON FUNCTION public.lock_held_seconds() TO coreskills_api;

REVOKE ALL ON FUNCTION public.person_record(person bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION public.person_record(person bigint) TO coreskills_worker;

REVOKE ALL ON FUNCTION public.redact_audit_by_age(which text, really boolean, actor text, job bigint, request text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.redact_audit_by_age(which text, really boolean, actor text, job bigint, request text) TO coreskills_worker;

REVOKE ALL ON FUNCTION public.redact_rows(rows bigint[], person bigint, why text, actor text, job bigint, request text) FROM PUBLIC;

REVOKE ALL ON FUNCTION public.seal_audit(most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.seal_audit(most integer) TO coreskills_worker;

REVOKE ALL ON FUNCTION public.session_counts() FROM PUBLIC;
GRANT ALL ON FUNCTION public.session_counts() TO coreskills_api;

GRANT SELECT ON TABLE public.academic_sessions TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.academic_sessions TO coreskills_worker;

GRANT INSERT ON TABLE public.account_password_hashes TO coreskills_api;
GRANT DELETE ON TABLE public.account_password_hashes TO coreskills_worker;

GRANT SELECT(user_id) ON TABLE public.account_password_hashes TO coreskills_worker;

GRANT SELECT ON TABLE public.account_passwords TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.account_passwords TO coreskills_worker;

GRANT UPDATE(shown_at) ON TABLE public.account_passwords TO coreskills_api;

GRANT SELECT,INSERT,UPDATE ON TABLE public.api_tokens TO coreskills_api;

GRANT SELECT ON TABLE public.audit_head TO coreskills_api;
GRANT SELECT ON TABLE public.audit_head TO coreskills_worker;

GRANT SELECT ON TABLE public.audit_redactions TO coreskills_api;
GRANT SELECT ON TABLE public.audit_redactions TO coreskills_worker;

GRANT SELECT ON TABLE public.audit_seals TO coreskills_api;
GRANT SELECT ON TABLE public.audit_seals TO coreskills_worker;

GRANT SELECT,UPDATE ON TABLE public.broker_epoch TO coreskills_worker;

GRANT SELECT ON TABLE public.classes TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.classes TO coreskills_worker;

GRANT SELECT ON TABLE public.cohort_steps TO coreskills_api;
GRANT SELECT,INSERT ON TABLE public.cohort_steps TO coreskills_worker;

GRANT SELECT ON TABLE public.courses TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.courses TO coreskills_worker;

GRANT SELECT ON TABLE public.device_assignments TO coreskills_api;
GRANT SELECT ON TABLE public.device_assignments TO coreskills_worker;

GRANT SELECT,INSERT,UPDATE ON TABLE public.devices TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.devices TO coreskills_worker;

GRANT SELECT,INSERT,UPDATE ON TABLE public.policies TO coreskills_api;
GRANT SELECT ON TABLE public.policies TO coreskills_worker;

GRANT SELECT ON TABLE public.policy_results TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.policy_results TO coreskills_worker;

GRANT SELECT ON TABLE public.device_compliance TO coreskills_api;
GRANT SELECT ON TABLE public.device_compliance TO coreskills_worker;

GRANT SELECT ON TABLE public.device_moves TO coreskills_api;
GRANT SELECT ON TABLE public.device_moves TO coreskills_worker;

GRANT SELECT,INSERT,DELETE ON TABLE public.directory_groups TO coreskills_api;
GRANT SELECT ON TABLE public.directory_groups TO coreskills_worker;

GRANT UPDATE(name) ON TABLE public.directory_groups TO coreskills_api;

GRANT UPDATE(rule) ON TABLE public.directory_groups TO coreskills_api;

GRANT UPDATE(description) ON TABLE public.directory_groups TO coreskills_api;

GRANT SELECT ON TABLE public.disclosures TO coreskills_api;
GRANT SELECT,INSERT ON TABLE public.disclosures TO coreskills_worker;

GRANT SELECT ON TABLE public.enrollments TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.enrollments TO coreskills_worker;

GRANT SELECT ON TABLE public.exports TO coreskills_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.exports TO coreskills_worker;

GRANT SELECT ON TABLE public.freeze_windows TO coreskills_worker;
GRANT SELECT,INSERT,DELETE ON TABLE public.freeze_windows TO coreskills_api;

GRANT SELECT,INSERT,DELETE ON TABLE public.group_members TO coreskills_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.group_members TO coreskills_worker;

GRANT SELECT,INSERT ON TABLE public.idempotency_keys TO coreskills_api;
GRANT SELECT,DELETE ON TABLE public.idempotency_keys TO coreskills_worker;

GRANT UPDATE(request_hash) ON TABLE public.idempotency_keys TO coreskills_api;

GRANT UPDATE(job_id) ON TABLE public.idempotency_keys TO coreskills_api;

GRANT UPDATE(created_at) ON TABLE public.idempotency_keys TO coreskills_api;

GRANT UPDATE(job_ids) ON TABLE public.idempotency_keys TO coreskills_api;

GRANT SELECT ON TABLE public.import_results TO coreskills_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.import_results TO coreskills_worker;

GRANT SELECT,INSERT ON TABLE public.import_rows TO coreskills_api;
GRANT SELECT,DELETE ON TABLE public.import_rows TO coreskills_worker;

GRANT SELECT ON TABLE public.job_attempts TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.job_attempts TO coreskills_worker;

GRANT UPDATE(ended_at) ON TABLE public.job_attempts TO coreskills_api;

GRANT UPDATE(outcome) ON TABLE public.job_attempts TO coreskills_api;

GRANT SELECT ON TABLE public.job_rows TO coreskills_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.job_rows TO coreskills_worker;

GRANT UPDATE(key) ON TABLE public.job_rows TO coreskills_worker;

GRANT UPDATE(before) ON TABLE public.job_rows TO coreskills_worker;

GRANT UPDATE(after) ON TABLE public.job_rows TO coreskills_worker;

GRANT UPDATE(message) ON TABLE public.job_rows TO coreskills_worker;

GRANT SELECT,INSERT ON TABLE public.jobs TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.jobs TO coreskills_worker;

GRANT UPDATE(status) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(error_code) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(error_message) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(error_count) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(crash_count) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(run_at) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(lease_until) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(worker) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(published_at) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(completed_at) ON TABLE public.jobs TO coreskills_api;

GRANT UPDATE(approved_by) ON TABLE public.jobs TO coreskills_api;

GRANT USAGE ON SEQUENCE public.jobs_id_seq TO coreskills_api;

GRANT SELECT ON TABLE public.licence_assignments TO coreskills_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.licence_assignments TO coreskills_worker;

GRANT SELECT,INSERT,DELETE ON TABLE public.licences TO coreskills_api;
GRANT SELECT ON TABLE public.licences TO coreskills_worker;

GRANT UPDATE(sku) ON TABLE public.licences TO coreskills_api;

GRANT UPDATE(name) ON TABLE public.licences TO coreskills_api;

GRANT UPDATE(seats) ON TABLE public.licences TO coreskills_api;

GRANT UPDATE(rule) ON TABLE public.licences TO coreskills_api;

GRANT SELECT ON TABLE public.lifecycle_moves TO coreskills_api;
GRANT SELECT ON TABLE public.lifecycle_moves TO coreskills_worker;

GRANT SELECT ON TABLE public.lifecycle_steps TO coreskills_api;
GRANT SELECT ON TABLE public.lifecycle_steps TO coreskills_worker;

GRANT UPDATE(offset_days) ON TABLE public.lifecycle_steps TO coreskills_api;

GRANT UPDATE(enabled) ON TABLE public.lifecycle_steps TO coreskills_api;

GRANT SELECT ON TABLE public.lifecycle_timers TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.lifecycle_timers TO coreskills_worker;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.login_throttle TO coreskills_api;
GRANT DELETE ON TABLE public.login_throttle TO coreskills_worker;

GRANT SELECT(blocked_until) ON TABLE public.login_throttle TO coreskills_worker;

GRANT SELECT,INSERT,UPDATE ON TABLE public.operators TO coreskills_api;

GRANT SELECT,INSERT,UPDATE ON TABLE public.orgs TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.orgs TO coreskills_worker;

GRANT SELECT,DELETE ON TABLE public.person_exports TO coreskills_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.person_exports TO coreskills_worker;

GRANT SELECT ON TABLE public.plans TO coreskills_api;
GRANT SELECT,INSERT,DELETE ON TABLE public.plans TO coreskills_worker;

GRANT UPDATE(digest) ON TABLE public.plans TO coreskills_worker;

GRANT UPDATE(made_at) ON TABLE public.plans TO coreskills_worker;

GRANT UPDATE(applied_by) ON TABLE public.plans TO coreskills_worker;

GRANT SELECT ON TABLE public.policy_stats TO coreskills_api;
GRANT SELECT ON TABLE public.policy_stats TO coreskills_worker;

GRANT SELECT,INSERT,UPDATE ON TABLE public.refresh_tokens TO coreskills_api;
GRANT DELETE ON TABLE public.refresh_tokens TO coreskills_worker;

GRANT SELECT(session_id) ON TABLE public.refresh_tokens TO coreskills_worker;

GRANT SELECT ON TABLE public.retention_rules TO coreskills_api;
GRANT SELECT ON TABLE public.retention_rules TO coreskills_worker;

GRANT UPDATE(keep_days) ON TABLE public.retention_rules TO coreskills_api;

GRANT SELECT ON TABLE public.role_assignments TO coreskills_api;
GRANT SELECT,INSERT,UPDATE ON TABLE public.role_assignments TO coreskills_worker;

GRANT SELECT ON TABLE public.roster_records TO coreskills_api;
GRANT SELECT ON TABLE public.roster_records TO coreskills_worker;

GRANT SELECT ON TABLE public.schedules TO coreskills_api;
GRANT SELECT,UPDATE ON TABLE public.schedules TO coreskills_worker;

GRANT SELECT ON TABLE public.schema_migrations TO PUBLIC;

GRANT SELECT,INSERT,UPDATE ON TABLE public.sessions TO coreskills_api;
GRANT DELETE ON TABLE public.sessions TO coreskills_worker;

GRANT SELECT(id) ON TABLE public.sessions TO coreskills_worker;

GRANT SELECT(expires_at) ON TABLE public.sessions TO coreskills_worker;

GRANT SELECT,UPDATE ON TABLE public.thresholds TO coreskills_api;
GRANT SELECT ON TABLE public.thresholds TO coreskills_worker;

GRANT SELECT ON TABLE public.username_tombstones TO coreskills_api;
GRANT SELECT ON TABLE public.username_tombstones TO coreskills_worker;

GRANT SELECT ON TABLE public.usernames TO coreskills_api;
GRANT SELECT ON TABLE public.usernames TO coreskills_worker;
