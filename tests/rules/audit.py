from tests.rules import insert

SEAL = {"seq": "9", "audit_id": "9", "details_digest": "'x'", "hash": "'x'"}
GIVEN = {"party": "'p'", "purpose": "'w'", "fields": "'{a}'"}
EXPORT = {"job_id": "1", "user_id": "1", "body": "'{}'"}
RULE = {
    "entity": "'x'",
    "keep_days": "2",
    "least_days": "1",
    "most_days": "3",
    "action": "'delete'",
    "purpose": "'p'",
}

THERE_ALREADY = [
    insert("audit_seals", SEAL, seq="1", audit_id="1"),
    insert("person_exports", EXPORT),
    "INSERT INTO audit_redactions VALUES (1, 1)",
    "INSERT INTO farewells VALUES (1, '{}')",
]
REFUSED = [
    ("audit_seals_pkey", insert("audit_seals", SEAL, seq="1")),
    ("audit_seals_row_unique", insert("audit_seals", SEAL, audit_id="1")),
    ("audit_head_pkey", "INSERT INTO audit_head DEFAULT VALUES"),
    ("audit_head_only_row_check", "INSERT INTO audit_head (only_row) VALUES (false)"),
    ("audit_redactions_pkey", "INSERT INTO audit_redactions VALUES (1, 2)"),
    ("farewells_pkey", "INSERT INTO farewells VALUES (1, '{}')"),
    ("disclosures_user_id_fkey", insert("disclosures", GIVEN, user_id="999")),
    ("disclosures_party_check", insert("disclosures", GIVEN, party="''")),
    ("disclosures_purpose_check", insert("disclosures", GIVEN, purpose="''")),
    ("disclosures_say_what", insert("disclosures", GIVEN, fields="'{}'")),
    ("disclosures_people_check", insert("disclosures", GIVEN, people="-1")),
    ("disclosures_of_one_or_many", insert("disclosures", GIVEN, user_id="1", people="2")),
    ("person_exports_pkey", insert("person_exports", EXPORT)),
    ("person_exports_job_id_fkey", insert("person_exports", EXPORT, job_id="999")),
    ("person_exports_user_id_fkey", "UPDATE person_exports SET user_id = 999"),
    ("retention_rules_pkey", insert("retention_rules", RULE, entity="'jobs'")),
    ("retention_rules_action_known", insert("retention_rules", RULE, action="'sell'")),
    ("retention_rules_within_bounds", insert("retention_rules", RULE, keep_days="4")),
    ("retention_rules_within_bounds", insert("retention_rules", RULE, keep_days="0")),
    ("retention_rules_kept_has_no_days", insert("retention_rules", RULE, action="'keep'")),
    ("retention_rules_kept_has_no_days", insert("retention_rules", RULE, keep_days="NULL")),
]
GENERATED = {"disclosures_pkey"}
