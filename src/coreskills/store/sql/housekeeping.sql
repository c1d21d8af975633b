-- delete_old_keys --
DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours';

-- delete_old_sessions --
DELETE FROM sessions WHERE expires_at < now();

-- delete_old_throttles --
DELETE FROM login_throttle WHERE blocked_until < now() - interval '1 day';

-- delete_old_exports --
-- A copy of everybody is not left lying about.
DELETE FROM exports e USING jobs j
 WHERE j.id = e.job_id AND j.completed_at < now() - interval '24 hours';
