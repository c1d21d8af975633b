from tests.rules import insert

ORG = {"sourced_id": "'o9'", "name": "'North'", "type": "'school'"}
PLAN = {"job_id": "1", "digest": "'\\x09'"}
LINE = {"job_id": "1", "line": "9", "key": "'user:1'", "action": "'noop'"}
LIMIT = {"job_type": "'self_test'", "action": "'fly'", "most": "1", "percent": "1"}
WINDOW = {"starts_at": "now()", "ends_at": "now() + interval '1 day'", "reason": "'rollover'"}

THERE_ALREADY = [
    insert("orgs", ORG, sourced_id="'o1'"),
    insert("plans", PLAN),
    insert("job_rows", LINE, line="1"),
    "UPDATE users SET sourced_id = 'u1' WHERE id = 1",
]
REFUSED = [
    ("orgs_sourced_id_unique", insert("orgs", ORG, sourced_id="'o1'")),
    ("orgs_name_check", insert("orgs", ORG, name="''")),
    ("orgs_type_known", insert("orgs", ORG, type="'club'")),
    ("orgs_top_grade_known", insert("orgs", ORG, top_grade="13")),
    ("orgs_parent_id_fkey", insert("orgs", ORG, parent_id="999")),
    ("orgs_feeder_id_fkey", insert("orgs", ORG, feeder_id="999")),
    ("orgs_are_not_their_own", "UPDATE orgs SET parent_id = id"),
    ("orgs_are_not_their_own", "UPDATE orgs SET feeder_id = id"),
    ("orgs_only_schools_have_grades", insert("orgs", ORG, type="'district'", top_grade="12")),
    ("users_sourced_id_unique", "UPDATE users SET sourced_id = 'u1' WHERE id = 2"),
    ("users_school_id_fkey", "UPDATE users SET school_id = 999 WHERE id = 1"),
    ("plans_pkey", insert("plans", PLAN)),
    ("plans_job_id_fkey", insert("plans", PLAN, job_id="999")),
    ("job_rows_pkey", insert("job_rows", LINE, line="1")),
    ("job_rows_job_id_fkey", insert("job_rows", LINE, job_id="999")),
    (
        "thresholds_pkey",
        insert("thresholds", LIMIT, job_type="'graduate_cohort'", action="'disable'"),
    ),
    ("thresholds_most_check", insert("thresholds", LIMIT, most="-1")),
    ("thresholds_percent_check", insert("thresholds", LIMIT, percent="101")),
    ("freeze_windows_reason_check", insert("freeze_windows", WINDOW, reason="''")),
    ("freeze_windows_go_forward", insert("freeze_windows", WINDOW, ends_at="now()")),
]
GENERATED = {"orgs_pkey", "freeze_windows_pkey"}
