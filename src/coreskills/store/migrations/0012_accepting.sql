-- A job is accepted by one statement, which must know the job's number before the job is there: the
-- Idempotency-Key comes first, and names it.
GRANT USAGE ON SEQUENCE jobs_id_seq TO coreskills_api;
