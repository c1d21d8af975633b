-- Who may make temporary tables could put one of ours before the real one: these functions run with
-- their owner's rights, and must look into pg_temp last.
ALTER FUNCTION give_usernames() SET search_path = public, pg_temp;
ALTER FUNCTION change_username() SET search_path = public, pg_temp;
ALTER FUNCTION count_seats() SET search_path = public, pg_temp;
ALTER FUNCTION forget_belongings() SET search_path = public, pg_temp;
ALTER FUNCTION settle_device() SET search_path = public, pg_temp;
ALTER FUNCTION remember_holder() SET search_path = public, pg_temp;
ALTER FUNCTION drop_results_of_device() SET search_path = public, pg_temp;
ALTER FUNCTION drop_results_of_policy() SET search_path = public, pg_temp;
ALTER FUNCTION hold_policies(bigint[]) SET search_path = public, pg_temp;
