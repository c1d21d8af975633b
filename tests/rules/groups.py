from tests.rules import insert

GROUP = {"name": "'G9'", "kind": "'static'"}
MEMBER = {"group_id": "1", "user_id": "2", "source": "'manual'"}
LICENCE = {"sku": "'L9'", "name": "'Office'", "seats": "5", "rule": "'{}'"}
SEAT = {"licence_id": "1", "user_id": "2"}
PASSWORD = {"user_id": "2", "reset_job": "1", "reset_by": "'t'"}
HASH = {"user_id": "1", "password_hash": "'$argon2id$x'"}
STEP = {"school_year": "2027", "org_id": "1", "job_id": "1"}

THERE_ALREADY = [
    insert("orgs", {"sourced_id": "'o7'", "name": "'South'", "type": "'school'"}),
    insert("directory_groups", GROUP, name="'Chess'"),
    insert("group_members", MEMBER, user_id="1"),
    insert("licences", LICENCE, sku="'L1'", seats="1"),
    insert("licence_assignments", SEAT, user_id="1"),
    insert("account_passwords", PASSWORD, user_id="1"),
    insert("account_password_hashes", HASH),
    insert("cohort_steps", STEP),
]
REFUSED = [
    ("directory_groups_name_unique", insert("directory_groups", GROUP, name="'CHESS'")),
    ("directory_groups_name_length", insert("directory_groups", GROUP, name="''")),
    ("directory_groups_kind_known", insert("directory_groups", GROUP, kind="'secret'")),
    ("directory_groups_rule_iff_kind", insert("directory_groups", GROUP, kind="'rule'")),
    ("directory_groups_rule_iff_kind", insert("directory_groups", GROUP, rule="'{}'")),
    ("group_members_pkey", insert("group_members", MEMBER, user_id="1")),
    ("group_members_group_id_fkey", insert("group_members", MEMBER, group_id="999")),
    ("group_members_user_id_fkey", insert("group_members", MEMBER, user_id="999")),
    ("group_members_source_known", insert("group_members", MEMBER, source="'luck'")),
    ("licences_sku_unique", insert("licences", LICENCE, sku="'L1'")),
    ("licences_seats_suffice", insert("licences", LICENCE, seats="-1")),
    ("licences_seats_suffice", insert("licence_assignments", SEAT)),
    ("licences_seats_suffice", "UPDATE licences SET seats = 0"),
    ("licence_assignments_pkey", insert("licence_assignments", SEAT, user_id="1")),
    ("licence_assignments_licence_id_fkey", insert("licence_assignments", SEAT, licence_id="9")),
    ("licence_assignments_user_id_fkey", insert("licence_assignments", SEAT, user_id="999")),
    ("account_passwords_pkey", insert("account_passwords", PASSWORD, user_id="1")),
    ("account_passwords_user_id_fkey", insert("account_passwords", PASSWORD, user_id="999")),
    ("account_password_hashes_pkey", insert("account_password_hashes", HASH)),
    (
        "account_password_hashes_user_id_fkey",
        insert("account_password_hashes", HASH, user_id="2"),
    ),
    (
        "account_password_hashes_digest",
        "UPDATE account_password_hashes SET password_hash = 'secret'",
    ),
    ("cohort_steps_pkey", insert("cohort_steps", STEP)),
    ("cohort_steps_org_id_fkey", insert("cohort_steps", STEP, org_id="999")),
    ("cohort_steps_year_plausible", insert("cohort_steps", STEP, school_year="1999")),
]
GENERATED = {"directory_groups_pkey", "licences_pkey"}
