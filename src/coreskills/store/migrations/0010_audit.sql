-- A trail that cannot be changed unnoticed, and what the law wants to know about personal data.

-- The trail is read by actor and action, too. Time follows the ids nearly, so a BRIN is enough.
CREATE INDEX audit_logs_by_actor ON audit_logs (actor, id);
CREATE INDEX audit_logs_by_action ON audit_logs (action, id);
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

-- Of a person who was purged: their rows, and those of `jobs` that name nobody else.
CREATE FUNCTION redact_audit_of(person bigint, jobs bigint[], actor text, job bigint, request text)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM users WHERE id = person AND state = 'purged') THEN
        RAISE EXCEPTION 'the trail is redacted only of who was purged'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN redact_rows(ARRAY(
        SELECT id FROM audit_logs WHERE user_id = person
         UNION SELECT id FROM audit_logs WHERE job_id = ANY(jobs) AND user_id IS NULL),
        person, 'purge', actor, job, request);
END $$;
REVOKE ALL ON FUNCTION redact_rows, redact_audit_of, seal_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION redact_audit_of, seal_audit TO coreskills_worker;
GRANT SELECT ON audit_seals, audit_head, audit_redactions TO coreskills_api, coreskills_worker;
