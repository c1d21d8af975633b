-- seal_rows --
SELECT seal_audit(%(most)s) AS sealed;

-- select_head --
-- The last number, its hash, and what waits to be sealed. A copy of it elsewhere proves what was.
SELECT h.seq, encode(h.hash, 'hex') AS hash, s.audit_id, s.sealed_at, h.floor
  FROM audit_head h LEFT JOIN audit_seals s USING (seq);

-- select_seal --
SELECT encode(hash, 'hex') AS hash FROM audit_seals WHERE seq = %(seq)s;

-- check_seals --
-- The next of them: how many, where they end, and what is wrong with which. A row is asked whether
-- it is the one that was sealed here, and whether the seal stands where it should.
WITH page AS (
    SELECT *, lag(hash, 1, decode(%(hash)s, 'hex')) OVER line AS hash_before,
           lag(seq, 1, %(seq)s) OVER line AS seq_before
      FROM (SELECT * FROM audit_seals WHERE seq > %(seq)s ORDER BY seq LIMIT %(limit)s) AS seals
    WINDOW line AS (ORDER BY seq)),
compared AS (
    SELECT p.seq, p.audit_id, p.hash, p.seq - p.seq_before - 1 AS lacking, a.id IS NULL AS gone,
           p.salt IS NULL AS redacted,
           p.salt IS NULL AND (a.details <> '{"redacted": true}' OR NOT EXISTS (
               SELECT FROM audit_redactions r JOIN audit_logs b ON b.id = r.said_in
                WHERE r.audit_id = p.audit_id AND b.action = 'audit.redacted'
                  AND b.details -> 'rows' @> to_jsonb(p.audit_id))) AS unsaid,
           audit_link(NULL, p.hash_before, p.seq,
                      CASE WHEN p.salt IS NULL THEN p.details_digest
                           ELSE audit_details_digest(p.salt, a.details) END,
                      audit_line(a)) AS expected
      FROM page p LEFT JOIN audit_logs a ON a.id = p.audit_id),
judged AS (
    SELECT seq, audit_id, hash, redacted, lacking,
           CASE WHEN gone THEN 'missing'
                WHEN lacking > 0 THEN 'seal_missing'
                WHEN unsaid OR expected IS DISTINCT FROM hash THEN 'changed' END AS fault
      FROM compared)
SELECT count(*) AS rows, max(seq) AS seq, count(*) FILTER (WHERE redacted) AS redacted,
       encode((array_agg(hash ORDER BY seq DESC))[1], 'hex') AS hash,
       count(*) FILTER (WHERE fault IS NOT NULL) AS faulty,
       coalesce((jsonb_agg(jsonb_build_object('audit_id', audit_id, 'seq', seq, 'fault', fault)
                           ORDER BY seq) FILTER (WHERE fault IS NOT NULL)), '[]') AS faults
  FROM judged;

-- select_strangers --
-- Rows that are older than the end of the chain and were never sealed.
SELECT a.id AS audit_id
  FROM audit_logs a
 WHERE a.id > %(after)s AND a.id <= %(floor)s
   AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = a.id)
 ORDER BY a.id
 LIMIT %(limit)s;

-- count_unsealed --
SELECT count(*) FROM audit_logs a
 WHERE a.id > %(floor)s AND NOT EXISTS (SELECT FROM audit_seals s WHERE s.audit_id = a.id);

-- select_exchanged --
-- Which of these rows hold what another of them held when it was sealed.
SELECT a.id AS audit_id, s.audit_id AS holds
  FROM audit_seals s
  LEFT JOIN audit_seals b ON b.seq = s.seq - 1
  JOIN audit_logs a ON a.id = ANY(%(ids)s) AND a.id <> s.audit_id
 WHERE s.audit_id = ANY(%(ids)s) AND s.salt IS NOT NULL
   AND s.hash = audit_link(b.hash, sha256('coreskills'), s.seq,
       audit_details_digest(s.salt, a.details),
       convert_to(jsonb_set(convert_from(audit_line(a), 'UTF8')::jsonb, '{0}',
                            to_jsonb(s.audit_id))::text, 'UTF8'))
 ORDER BY a.id;
