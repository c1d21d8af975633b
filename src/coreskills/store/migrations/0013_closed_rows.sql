-- A row of a delta that closes what we have is a result of its own, so that closings can be counted.
ALTER TABLE import_results
    DROP CONSTRAINT import_results_action_check,
    ADD CONSTRAINT import_results_action_check CHECK (action IN
        ('created', 'updated', 'unchanged', 'skipped', 'rejected', 'disabled', 'closed'));
