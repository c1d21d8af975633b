-- A trail that cannot be changed unnoticed, and what the law wants to know about personal data.

-- The trail is read by actor and action, too. Time follows the ids nearly, so a BRIN is enough.
CREATE INDEX audit_logs_by_actor ON audit_logs (actor, id);
CREATE INDEX audit_logs_by_action ON audit_logs (action, id);
CREATE INDEX audit_logs_of_devices ON audit_logs (resource_id)
    WHERE resource_type = 'device' AND user_id IS NULL;
CREATE INDEX audit_logs_by_time ON audit_logs USING brin (created_at);

-- The chain. Writers add to audit_logs as before and wait for nothing; a moment later seal_audit()
-- gives what is committed a number without gaps and a hash over it and all before it.
-- details are hashed with a salt: once the salt is gone, so is any way to guess what they were, and
-- the chain holds over the digest that is left.
CREATE TABLE audit_seals (
    seq            bigint PRIMARY KEY,
    audit_id       bigint NOT NULL CONSTRAINT audit_seals_row_unique UNIQUE,
    salt           bytea,  -- NULL: the details were redacted
    details_digest bytea NOT NULL,
    hash           bytea NOT NULL,
    sealed_at      timestamptz NOT NULL DEFAULT now()
);

-- Where the chain ends. Every row up to `floor` is sealed. One up to `ceiling` is, or belongs to one
-- of `holders`: transactions that were writing the trail when the ceiling was read.
CREATE TABLE audit_head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    seq      bigint NOT NULL DEFAULT 0,
    hash     bytea NOT NULL DEFAULT sha256('coreskills'),
    floor    bigint NOT NULL DEFAULT 0,
    ceiling  bigint NOT NULL DEFAULT 0,
    holders  text[] NOT NULL DEFAULT '{}'
);
INSERT INTO audit_head DEFAULT VALUES;

-- An array in JSON keeps null, "" and "null" apart, and one column from the next.
CREATE FUNCTION audit_line(a audit_logs) RETURNS bytea STABLE LANGUAGE sql
    RETURN convert_to(jsonb_build_array(
        a.id, a.action, a.actor, a.resource_type, a.resource_id, a.user_id, a.job_id, a.request_id,
        a.status, encode(timestamptz_send(a.created_at), 'hex'))::text, 'UTF8');

CREATE FUNCTION audit_details_digest(salt bytea, details jsonb) RETURNS bytea STABLE LANGUAGE sql
    RETURN sha256(salt || convert_to(details::text, 'UTF8'));

-- The hash of a row: all before it, its number, its details' digest, the rest of it.
CREATE FUNCTION audit_link(before bytea, first_before bytea, seq bigint, digest bytea, line bytea)
RETURNS bytea IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN sha256(coalesce(before, first_before) || int8send(seq) || digest || line);
END $$;
CREATE AGGREGATE audit_chain(first_before bytea, seq bigint, digest bytea, line bytea)
    (SFUNC = audit_link, STYPE = bytea);

-- Who writes the trail holds this lock from before it draws an id until after it has committed.
CREATE FUNCTION audit_writers() RETURNS text[] VOLATILE LANGUAGE sql SET search_path = public, pg_temp
AS $$
    SELECT coalesce(array_agg(DISTINCT virtualtransaction), '{}')
      FROM pg_locks
     WHERE locktype = 'relation' AND relation = 'audit_logs'::regclass
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND mode = 'RowExclusiveLock' AND virtualtransaction <> '-1/0'
$$;

-- SECURITY DEFINER: nobody may write seals but this. It seals what is there, so who may call it
-- cannot seal anything else.
CREATE FUNCTION seal_audit(most integer) RETURNS integer LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

CREATE FUNCTION refuse_new_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_seals is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_seals_append_only BEFORE DELETE OR TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_new_seal();
CREATE TRIGGER audit_seals_only_forget BEFORE UPDATE ON audit_seals FOR EACH ROW
    WHEN (NEW.salt IS NOT NULL OR (NEW.seq, NEW.audit_id, NEW.details_digest, NEW.hash, NEW.sealed_at)
          IS DISTINCT FROM (OLD.seq, OLD.audit_id, OLD.details_digest, OLD.hash, OLD.sealed_at))
    EXECUTE FUNCTION refuse_new_seal();

-- Redaction: the details of a row go, and a row of the trail says which. All else stays refused.
CREATE TABLE audit_redactions (
    audit_id bigint PRIMARY KEY,
    said_in  bigint NOT NULL  -- the row audit.redacted that names it
);

DROP TRIGGER audit_logs_append_only ON audit_logs;
CREATE TRIGGER audit_logs_append_only BEFORE DELETE OR TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER audit_logs_only_redacted BEFORE UPDATE ON audit_logs FOR EACH ROW
    WHEN (current_setting('coreskills.redacting', true) IS DISTINCT FROM 'on'
          OR NEW.details IS DISTINCT FROM '{"redacted": true}'
          OR to_jsonb(NEW) - 'details' <> to_jsonb(OLD) - 'details')
    EXECUTE FUNCTION refuse_rewrite();

CREATE FUNCTION redact_rows(rows bigint[], person bigint, why text, actor text, job bigint,
                            request text)
RETURNS integer LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

REVOKE ALL ON FUNCTION redact_rows, seal_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seal_audit TO coreskills_worker;
GRANT SELECT ON audit_seals, audit_head, audit_redactions TO coreskills_api, coreskills_worker;

-- Who was given which data about whom, and what for (FERPA, 34 CFR 99.32). It goes with the person.
CREATE TABLE disclosures (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint REFERENCES users,  -- NULL: of many at once
    party      text NOT NULL CHECK (char_length(party) BETWEEN 1 AND 200),
    purpose    text NOT NULL CHECK (char_length(purpose) BETWEEN 1 AND 500),
    fields     text[] NOT NULL CONSTRAINT disclosures_say_what CHECK (cardinality(fields) > 0),
    people     integer NOT NULL DEFAULT 1 CHECK (people >= 0),
    job_id     bigint,
    request_id text,
    at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT disclosures_of_one_or_many CHECK ((user_id IS NULL) OR people = 1)
);
CREATE INDEX disclosures_by_user ON disclosures (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX disclosures_of_many ON disclosures (id) WHERE user_id IS NULL;

-- All that is known about a person, until it is collected, once.
CREATE TABLE person_exports (
    job_id  bigint PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES users,
    body    jsonb NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX person_exports_by_user ON person_exports (user_id);

-- How long what is kept, and why: the written policy. NULL: as long as the person, or for ever.
CREATE TABLE retention_rules (
    entity     text PRIMARY KEY,
    keep_days  integer,
    least_days integer,
    most_days  integer,
    action     text NOT NULL CONSTRAINT retention_rules_action_known
        CHECK (action IN ('delete', 'redact', 'keep')),
    purpose    text NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT retention_rules_within_bounds CHECK (keep_days BETWEEN least_days AND most_days),
    CONSTRAINT retention_rules_kept_has_no_days CHECK (
        num_nonnulls(keep_days, least_days, most_days) = CASE action WHEN 'keep' THEN 0 ELSE 3 END)
);
CREATE TRIGGER retention_rules_touch BEFORE UPDATE ON retention_rules
    FOR EACH ROW EXECUTE FUNCTION touch_row();
INSERT INTO retention_rules (entity, keep_days, least_days, most_days, action, purpose) VALUES
    ('idempotency_keys', 1, 1, 1, 'delete', 'A repeated request must not act twice'),
    ('exports', 1, 1, 1, 'delete', 'Fetching a package of everybody'),
    ('person_exports', 7, 1, 30, 'delete', 'Time to collect what a person asked for'),
    ('import_rows', 90, 7, 365, 'delete', 'Mending rows that were rejected'),
    ('import_results', 90, 7, 365, 'delete', 'Answering what became of a row'),
    ('job_rows', 90, 7, 365, 'delete', 'Answering what a job did, and undoing it'),
    ('jobs', 365, 30, 730, 'redact', 'Looking into failures; numbers and times stay'),
    ('audit_requests', 365, 90, 1095, 'redact', 'Who asked for what; that they asked stays'),
    ('audit_changes', 2555, 365, 3650, 'redact', 'Accounting for changes of records'),
    ('disclosures', NULL, NULL, NULL, 'keep', 'The law: as long as the record of the person'),
    ('username_tombstones', NULL, NULL, NULL, 'keep', 'A name is never given to another person');

CREATE INDEX users_held ON users (id) WHERE legal_hold;
CREATE INDEX jobs_by_key ON jobs (unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX jobs_by_user ON jobs ((parameters ->> 'user_id')) WHERE parameters ? 'user_id';
CREATE INDEX jobs_by_end ON jobs (completed_at) WHERE completed_at IS NOT NULL;  -- for sweeps
CREATE INDEX jobs_that_retain ON jobs (id) WHERE parameters ? 'retained';
CREATE INDEX import_rows_by_person ON import_rows (person_key) WHERE person_key IS NOT NULL;
CREATE INDEX import_rows_by_roster_person ON import_rows ((record ->> 'userSourcedId'))
    WHERE file IS NOT NULL;
CREATE INDEX import_results_by_person ON import_results (person_key) WHERE person_key IS NOT NULL;

-- Under which keys the rows of jobs, plans and imports tell of a person; the natural one first. A new
-- sort of key belongs here: forgetting, holding and handing out all go by this.
CREATE FUNCTION person_keys(u users) RETURNS text[] STABLE LANGUAGE sql
    RETURN array_remove(ARRAY['student:' || u.student_id, 'staff:' || u.employee_id,
                              'user:' || u.id, 'users:' || roster_id(u.sourced_id, u.uuid)], NULL);

-- The jobs about one person and nobody else; by their ids, for those go with a purge.
CREATE FUNCTION jobs_about(person bigint, student text, employee text) RETURNS SETOF bigint
STABLE LANGUAGE sql AS $$
    SELECT id FROM jobs WHERE parameters ? 'user_id' AND parameters ->> 'user_id' = person::text
     UNION
    SELECT id FROM jobs WHERE unique_key = student AND parameters ->> 'student_id' = student
     UNION
    SELECT id FROM jobs WHERE unique_key = employee AND parameters ->> 'employee_id' = employee
     UNION
    SELECT j.id FROM audit_logs a JOIN jobs j ON j.id = a.job_id
     WHERE a.user_id = person AND j.parameters ?| ARRAY['student_id', 'employee_id']
$$;

-- Whether a job had to do with somebody who is held, by what it was asked for.
CREATE FUNCTION concerns_held(wanted jsonb, key text) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT EXISTS (SELECT FROM users
                    WHERE legal_hold
                      AND (wanted ->> 'user_id' = id::text OR key IN (student_id, employee_id)
                           OR wanted ->> 'student_id' = student_id
                           OR wanted ->> 'employee_id' = employee_id
                           OR wanted -> 'retained' ? student_id))
$$;

-- Redaction by age, as the rules say and for as long as nobody is held. By the real time: who turns
-- the clock of the lifecycle must not get rid of what they did a minute ago.
CREATE FUNCTION redact_audit_by_age(which text, really boolean, actor text, job bigint, request text)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Forgetting: whatever tells who it was is redacted, or goes. Called only for who was purged. Jobs
-- about the person lose all they say. Of jobs that had to do with them too, lines about nobody in
-- particular do, if they say one of `names`; lines about somebody else never do: names are shared.

-- As whole words, so that "Le" is not found in "leaver".
CREATE FUNCTION mentions(said text, names text[]) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
    SELECT said IS NOT NULL AND EXISTS (
        SELECT FROM unnest(names) AS name
         WHERE name <> '' AND lower(said) ~ (
             '(?<![[:alnum:]])' || regexp_replace(lower(name), '([^[:alnum:]])', '\\\1', 'g')
             || '(?![[:alnum:]])'))
$$;

-- In a text anywhere within, but not in a name of a field, and not where our own words stand: a pupil
-- called "Active" is no reason to redact a state.
CREATE FUNCTION mentions(said jsonb, names text[]) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$
    SELECT EXISTS (
        SELECT FROM jsonb_path_query(said, 'strict $.** ? (@.type() == "object").keyvalue()') AS kv
         WHERE jsonb_typeof(kv -> 'value') = 'string'
           AND lower(replace(kv ->> 'key', '_', '')) <> ALL ('{action,code,decision,errorcode,event,
               disablereason,enforcement,jobtype,kind,platform,status,state,type,usertype}')
           AND mentions(kv ->> 'value', names)
         UNION ALL
        SELECT FROM jsonb_path_query(said, 'strict $.** ? (@.type() == "array")[*]') AS item
         WHERE jsonb_typeof(item) = 'string' AND mentions(item #>> '{}', names))
$$;

-- Whether a job is about one person. One that is not about who is forgotten is about another.
CREATE FUNCTION is_personal(wanted jsonb) RETURNS boolean IMMUTABLE LANGUAGE sql
    RETURN wanted ?| ARRAY['user_id', 'student_id', 'employee_id'];

CREATE FUNCTION forget(was users, names text[], actor text, job bigint, request text)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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

-- The names of who is being purged, from when they are buried until the transaction ends. Empty for
-- everybody else.
CREATE TABLE farewells (user_id bigint PRIMARY KEY, names text[] NOT NULL);

CREATE OR REPLACE FUNCTION bury_usernames() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Deferred: also what the transaction of the purge writes after it, is forgotten. SECURITY DEFINER,
-- so the programs need no right to do any of this but by purging somebody.
CREATE FUNCTION forget_purged() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
CREATE CONSTRAINT TRIGGER users_forget_purged AFTER UPDATE OF state ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'purged' AND OLD.state <> 'purged') EXECUTE FUNCTION forget_purged();

-- Who was purged and is named by a job that ended since, or before this was looked after.
CREATE FUNCTION forget_residues(really boolean, actor text, job bigint, request text)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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

-- Everything about a person: each table that refers to people, whichever there are, and the rows
-- that name them by their key.
CREATE FUNCTION person_record(person bigint) RETURNS jsonb STABLE LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
END $$;

INSERT INTO schedules (name, job_type, every, next_at) VALUES
    ('retention_sweep', 'retention_sweep', '1 day', now() + interval '1 hour'),
    ('audit_verify', 'audit_verify', '1 day', now() + interval '2 hours');

REVOKE ALL ON FUNCTION redact_audit_by_age, person_record, forget, forget_purged, forget_residues
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION redact_audit_by_age, person_record, forget_residues TO coreskills_worker;
GRANT SELECT ON retention_rules TO coreskills_api, coreskills_worker;
GRANT UPDATE (keep_days) ON retention_rules TO coreskills_api;
GRANT SELECT ON disclosures TO coreskills_api;
GRANT SELECT, INSERT ON disclosures TO coreskills_worker;
GRANT SELECT, DELETE ON person_exports TO coreskills_api;
GRANT SELECT, INSERT, DELETE ON person_exports TO coreskills_worker;
