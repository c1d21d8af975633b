-- Workers take small jobs in batches. If one dies, nobody knows which job of its batch it was: so
-- none is charged with the crash, and each is a suspect that runs alone from then on.

ALTER TABLE jobs
    ADD COLUMN claimed_with integer NOT NULL DEFAULT 1,
    ADD COLUMN suspect boolean NOT NULL DEFAULT false;

-- A request may make many jobs. NULL: one, written by an older version.
ALTER TABLE idempotency_keys ADD COLUMN job_ids bigint[];

-- A key that has outlived its 24 hours may be used again before the sweep removes it.
GRANT UPDATE (request_hash, job_id, job_ids, created_at) ON idempotency_keys TO coreskills_api;
