from tests.rules import insert

DEVICE = {
    "device_id": "'D9'",
    "device_name": "'n'",
    "device_type": "'laptop'",
    "platform": "'linux'",
}
HANDED_OUT = {"device_id": "2", "user_id": "1", "assigned_by": "'t'"}
POLICY = {
    "policy_name": "'P9'",
    "policy_type": "'security'",
    "description": "'d'",
    "applies_to": "'all_devices'",
    "enforcement_level": "'required'",
}
RESULT = {
    "device_id": "2",
    "policy_id": "1",
    "revision": "1",
    "outcome": "'stale'",
    "reason": "''",
    "evaluated_at": "now()",
}

THERE_ALREADY = [
    insert("devices", DEVICE, device_id="'D2'", serial_number="'X1'", assigned_user_id="1"),
    insert("policy_results", RESULT, device_id="1"),
]
REFUSED = [
    ("device_moves_pkey", "INSERT INTO device_moves VALUES ('lost', 'retired')"),
    ("devices_serial_number_unique", insert("devices", DEVICE, serial_number="'X1'")),
    ("devices_status_moves", "UPDATE devices SET status = 'retired' WHERE device_id = 'D2'"),
    ("devices_status_moves", insert("devices", DEVICE, status="'borrowed'")),
    (
        "devices_status_known",
        "INSERT INTO device_moves VALUES ('in_stock', 'borrowed');"
        " UPDATE devices SET status = 'borrowed' WHERE device_id = 'D1'",
    ),
    ("devices_status_fits_holder", "UPDATE devices SET status = 'assigned' WHERE device_id = 'D1'"),
    ("devices_status_fits_holder", "UPDATE devices SET status = 'in_stock' WHERE device_id = 'D2'"),
    (
        "devices_handed_out_from_stock",
        "UPDATE devices SET status = 'lost' WHERE device_id = 'D1';"
        " UPDATE devices SET assigned_user_id = 1 WHERE device_id = 'D1'",
    ),
    (
        "devices_holder_is_here",
        "UPDATE users SET state = 'suspended' WHERE id = 2;"
        " UPDATE devices SET assigned_user_id = 2 WHERE device_id = 'D1'",
    ),
    (
        "users_hold_no_device",
        "UPDATE users SET state = 'disabled', disabled_at = now(), disable_reason = 'leaver'"
        " WHERE id = 1; UPDATE users SET state = 'archived' WHERE id = 1",
    ),
    ("devices_facts_are_an_object", "UPDATE devices SET facts = '[]'"),
    ("device_assignments_device_id_fkey", insert("device_assignments", HANDED_OUT, device_id="9")),
    ("device_assignments_user_id_fkey", "INSERT INTO device_assignments (device_id, user_id,"
     " assigned_by) VALUES (1, 9, 't')"),
    ("device_assignments_one_open", insert("device_assignments", HANDED_OUT)),
    (
        "device_assignments_return_is_whole",
        insert("device_assignments", HANDED_OUT, returned_at="now()"),
    ),
    (
        "device_assignments_condition_known",
        insert("device_assignments", HANDED_OUT, returned_at="now()", returned_by="'t'",
               condition="'so so'"),
    ),
    ("policies_rule_is_an_object", insert("policies", POLICY, rule="'[]'")),
    ("policies_rule_needs_devices", insert("policies", POLICY, rule="'{}'",
                                           applies_to="'all_users'")),
    ("policies_grace_plausible", insert("policies", POLICY, grace_days="-1")),
    ("policies_staleness_plausible", insert("policies", POLICY, stale_hours="0")),
    ("policy_results_pkey", insert("policy_results", RESULT, device_id="1")),
    ("policy_results_device_id_fkey", insert("policy_results", RESULT, device_id="9")),
    ("policy_results_policy_id_fkey", insert("policy_results", RESULT, policy_id="9")),
    ("policy_results_outcome_known", insert("policy_results", RESULT, outcome="'maybe'")),
    ("policy_results_fail_has_since", insert("policy_results", RESULT, outcome="'fail'")),
    (
        "policy_results_pass_ends_it",
        insert("policy_results", RESULT, outcome="'pass'", first_failed_at="now()"),
    ),
]  # fmt: skip
GENERATED = {"device_assignments_pkey"}
