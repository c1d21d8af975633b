"""Wrong states are impossible: whoever writes, the database refuses, and says which rule it was."""

import psycopg
import pytest

from coreskills.store import roles
from tests import rules
from tests.databases import made_database
from tests.rules import insert

STUDENT = {
    "user_type": "'student'",
    "student_id": "'S9'",
    "first_name": "'Ada'",
    "last_name": "'Lovelace'",
    "username": "'ada9'",
    "username_stem": "'ada9'",
    "email": "'ada9@x'",
    "ou": "'OU=x'",
    "grade_level": "11",
    "graduation_year": "2028",
}
STAFF = {
    "user_type": "'staff'",
    "employee_id": "'E9'",
    "first_name": "'Jean'",
    "last_name": "'Bartik'",
    "username": "'jean9'",
    "username_stem": "'jean9'",
    "email": "'jean9@x'",
    "ou": "'OU=x'",
    "department": "'Computing'",
    "role": "'Teacher'",
}
NO_STUDENT = {"student_id": "NULL", "grade_level": "NULL", "graduation_year": "NULL"}
LEFT = {"disabled_at": "now()", "disable_reason": "'leaver'"}
NOBODY = {"user_type": "'student'", "state": "'purged'"} | LEFT
BURIED = {"digest": "name_digest('buried9')", "stem_digest": "name_digest('buried9')"}
FORMER = {"username": "'old2'", "stem": "'old'", "user_id": "2", "kind": "'alias'"}
TIMER = {
    "user_id": "1",
    "job_type": "'archive_account'",
    "due_at": "now()",
    "reason": "'left, 30 days'",
}
STEP = {
    "event": "'left'",
    "user_type": "'student'",
    "position": "9",
    "job_type": "'archive_account'",
    "offset_days": "30",
}
DEVICE = {
    "device_id": "'D9'",
    "device_name": "'L9'",
    "device_type": "'laptop'",
    "platform": "'linux'",
}
POLICY = {
    "policy_name": "'P9'",
    "policy_type": "'security'",
    "description": "'d'",
    "applies_to": "'all_users'",
    "enforcement_level": "'required'",
}
JOB = {"job_type": "'self_test'", "parameters": "'{}'", "requested_by": "'t'"}
ATTEMPT = {"job_id": "1", "attempt": "9", "worker": "'w'"}
RESULT = {"job_id": "1", "line": "9", "action": "'unchanged'"}
OPERATOR = {"username": "'grace9'", "role": "'admin'"}
AUDIT = {"action": "'a.b'", "actor": "'t'", "resource_type": "'user'", "status": "'success'"}
TOKEN = {"operator_id": "1", "name": "'t'", "token_hash": "'\\x09'"}
KEY = {"actor": "'a'", "key": "'k9'", "request_hash": "'\\x00'", "job_id": "1"}


THERE_ALREADY = [
    insert("users", STUDENT, student_id="'S1'", username="'ada1'", email="'ada1@x'"),
    insert("users", STAFF, employee_id="'E1'", username="'jean1'", email="'jean1@x'"),
    insert("username_tombstones", BURIED),
    insert("lifecycle_timers", TIMER),
    insert("usernames", FORMER),
    insert("devices", DEVICE, device_id="'D1'"),
    insert("policies", POLICY, policy_name="'Screens lock'"),
    insert("jobs", JOB, job_type="'create_student'", unique_key="'S1'", fire_at="'2026-01-01'"),
    insert("job_attempts", ATTEMPT, attempt="1"),
    insert("idempotency_keys", KEY, key="'k1'"),
    insert("import_rows", {"job_id": "1", "line": "1", "record": "'{}'"}),
    insert("import_results", RESULT, line="1"),
    insert("operators", OPERATOR, username="'grace'"),
    insert("sessions", {"operator_id": "1", "expires_at": "now()"}),
    insert("refresh_tokens", {"token_hash": "'\\x01'", "session_id": "1"}),
    insert("api_tokens", TOKEN, token_hash="'\\x01'"),
    insert("login_throttle", {"username": "'m'", "failures": "1", "blocked_until": "now()"}),
]
LONG = "repeat('x', 101)"
REFUSED = [
    (
        "users_type_known",
        insert(
            "users",
            STUDENT,
            user_type="'parent'",
            student_id="NULL",
            grade_level="NULL",
            graduation_year="NULL",
        ),
    ),
    ("users_student_id_unique", insert("users", STUDENT, student_id="'S1'")),
    ("users_employee_id_unique", insert("users", STAFF, employee_id="'E1'")),
    ("users_username_unique", insert("users", STUDENT, username="'ada1'")),
    ("users_email_unique", insert("users", STUDENT, email="'ada1@x'")),
    ("users_first_name_check", insert("users", STUDENT, first_name="''")),
    ("users_first_name_check", insert("users", STUDENT, first_name=LONG)),
    ("users_last_name_check", insert("users", STUDENT, last_name="''")),
    ("users_last_name_check", insert("users", STUDENT, last_name=LONG)),
    ("users_username_shape", insert("users", STUDENT, username="''")),
    ("users_username_shape", insert("users", STUDENT, username="'Ada'")),
    ("users_username_shape", insert("users", STUDENT, username="'.ada'")),
    ("users_username_shape", insert("users", STUDENT, username="'ada lovelace'")),
    ("users_username_shape", insert("users", STUDENT, username="E'ada\\n'")),
    ("users_username_shape", insert("users", STUDENT, username="repeat('a', 21)")),
    ("users_student_fields", insert("users", STUDENT, student_id="NULL")),
    ("users_student_fields", insert("users", STUDENT, grade_level="NULL")),
    ("users_student_fields", insert("users", STAFF, grade_level="11")),
    ("users_staff_fields", insert("users", STAFF, employee_id="NULL")),
    ("users_staff_fields", insert("users", STUDENT, department="'Computing'")),
    ("users_staff_fields", "UPDATE users SET role = 'Teacher' WHERE student_id = 'S1'"),
    ("users_grade_known", insert("users", STUDENT, grade_level="8")),
    ("users_grade_known", "UPDATE users SET grade_level = 13 WHERE student_id = 'S1'"),
    ("users_year_plausible", insert("users", STUDENT, graduation_year="2019")),
    ("users_disabled_has_when_and_why", "UPDATE users SET state = 'disabled'"),
    ("users_disabled_has_when_and_why", "UPDATE users SET disable_reason = 'leaver'"),
    (
        "users_disabled_has_when_and_why",
        "UPDATE users SET state = 'disabled', disabled_at = now()",
    ),
    (
        "users_disable_reason_check",
        "UPDATE users SET state = 'disabled', disabled_at = now(), disable_reason = 'because'",
    ),
    ("users_state_known", insert("users", STUDENT, state="'asleep'")),
    ("users_state_moves", "UPDATE users SET state = 'archived'"),
    ("users_state_moves", "UPDATE users SET state = 'purged'"),
    ("users_state_moves", "UPDATE users SET state = 'staged'"),
    ("users_uuid_unique", insert("users", STUDENT, uuid="(SELECT uuid FROM users WHERE id = 1)")),
    ("users_purged_is_nobody", insert("users", STUDENT, username="NULL")),
    ("users_purged_is_nobody", "UPDATE users SET ou = NULL WHERE id = 1"),
    (
        "users_purged_is_nobody",
        insert("users", STUDENT, state="'purged'", **LEFT, **NO_STUDENT),
    ),
    (
        "users_purged_keeps_no_trace",
        insert("users", NOBODY, state_reason="'moved to Leeds'"),
    ),
    ("users_held_is_kept", insert("users", NOBODY, legal_hold="true")),
    ("users_username_unique", insert("users", STUDENT, username="'buried9'")),
    ("users_username_unique", "UPDATE users SET username = 'buried9' WHERE id = 1"),
    ("users_username_unique", "UPDATE users SET username = 'old2' WHERE id = 1"),
    ("usernames_pkey", insert("users", STUDENT, username="'old2'")),
    ("usernames_user_id_fkey", insert("usernames", FORMER, username="'old3'", user_id="999")),
    ("usernames_kind_check", "UPDATE usernames SET kind = 'borrowed'"),
    ("usernames_one_current", "UPDATE usernames SET kind = 'current' WHERE username = 'old2'"),
    ("username_tombstones_pkey", insert("username_tombstones", BURIED)),
    ("lifecycle_clock_ahead_check", "UPDATE lifecycle_clock SET ahead = '-1 day'"),
    ("lifecycle_clock_only_row_check", "UPDATE lifecycle_clock SET only_row = false"),
    ("lifecycle_clock_pkey", "INSERT INTO lifecycle_clock DEFAULT VALUES"),
    (
        "lifecycle_moves_pkey",
        "INSERT INTO lifecycle_moves VALUES ('suspend', 'active', 'archived')",
    ),
    ("lifecycle_timers_one_open", insert("lifecycle_timers", TIMER)),
    ("lifecycle_timers_user_id_fkey", insert("lifecycle_timers", TIMER, user_id="999")),
    (
        "lifecycle_timers_ends_once",
        "UPDATE lifecycle_timers SET fired_at = now(), job_id = 1, cancelled_at = now()",
    ),
    ("lifecycle_timers_fired_has_job", "UPDATE lifecycle_timers SET fired_at = now()"),
    ("lifecycle_steps_pkey", insert("lifecycle_steps", STEP, position="1")),
    ("lifecycle_steps_event_check", insert("lifecycle_steps", STEP, event="'sang'")),
    ("lifecycle_steps_user_type_check", insert("lifecycle_steps", STEP, user_type="'cat'")),
    ("lifecycle_steps_offset_days_check", insert("lifecycle_steps", STEP, offset_days="-1")),
    ("devices_device_id_unique", insert("devices", DEVICE, device_id="'D1'")),
    ("devices_type_known", insert("devices", DEVICE, device_type="'toaster'")),
    ("devices_platform_known", insert("devices", DEVICE, platform="'vms'")),
    ("devices_compliance_known", insert("devices", DEVICE, compliance_status="'maybe'")),
    ("devices_assigned_user_id_fkey", insert("devices", DEVICE, assigned_user_id="999")),
    ("devices_assigned_user_id_fkey", "UPDATE devices SET assigned_user_id = 999"),
    (
        "devices_retired_is_unassigned",
        "UPDATE devices SET retired_at = now(), assigned_user_id = 1",
    ),
    ("policies_name_unique", insert("policies", POLICY, policy_name="'SCREENS LOCK'")),
    ("policies_type_known", insert("policies", POLICY, policy_type="'moral'")),
    ("policies_scope_known", insert("policies", POLICY, applies_to="'everybody'")),
    ("policies_enforcement_known", insert("policies", POLICY, enforcement_level="'strict'")),
    ("policies_retired_is_off", "UPDATE policies SET retired_at = now()"),
    ("jobs_open_unique", insert("jobs", JOB, job_type="'create_student'", unique_key="'S1'")),
    ("jobs_fired_once", insert("jobs", JOB, job_type="'create_student'", fire_at="'2026-01-01'")),
    ("jobs_deadline_seconds_check", insert("jobs", JOB, deadline_seconds="0")),
    ("jobs_deadline_seconds_check", insert("jobs", JOB, deadline_seconds="3601")),
    ("jobs_result_iff_completed", "UPDATE jobs SET result = '{}'"),
    ("jobs_result_iff_completed", "UPDATE jobs SET status = 'completed', completed_at = now()"),
    ("jobs_error_if_failed", "UPDATE jobs SET status = 'failed', completed_at = now()"),
    (
        "jobs_error_if_failed",
        "UPDATE jobs SET status = 'dead', completed_at = now(), error_code = 'x'",
    ),
    ("jobs_lease_iff_running", "UPDATE jobs SET status = 'running'"),
    ("jobs_lease_iff_running", "UPDATE jobs SET status = 'running', worker = 'w'"),
    ("jobs_lease_iff_running", "UPDATE jobs SET worker = 'w', lease_until = now()"),
    ("jobs_ended_has_time", "UPDATE jobs SET status = 'cancelled'"),
    ("jobs_ended_has_time", "UPDATE jobs SET completed_at = now()"),
    ("job_attempts_pkey", insert("job_attempts", ATTEMPT, attempt="1")),
    ("job_attempts_job_id_fkey", insert("job_attempts", ATTEMPT, job_id="999")),
    ("job_attempts_ended_has_outcome", "UPDATE job_attempts SET ended_at = now()"),
    ("job_attempts_ended_has_outcome", "UPDATE job_attempts SET outcome = 'failed'"),
    (
        "job_attempts_outcome_check",
        "UPDATE job_attempts SET ended_at = now(), outcome = 'forgotten'",
    ),
    ("idempotency_keys_pkey", insert("idempotency_keys", KEY, key="'k1'")),
    ("idempotency_keys_key_check", insert("idempotency_keys", KEY, key="''")),
    ("idempotency_keys_key_check", insert("idempotency_keys", KEY, key="repeat('k', 256)")),
    ("idempotency_keys_job_id_fkey", insert("idempotency_keys", KEY, job_id="999")),
    ("schedules_pkey", "INSERT INTO schedules VALUES ('sweep_expired', 'x', '{}', '1 hour')"),
    ("schedules_every_check", "UPDATE schedules SET every = '59 seconds'"),
    ("broker_epoch_pkey", "INSERT INTO broker_epoch (epoch) VALUES ('second')"),
    ("broker_epoch_only_row_check", "INSERT INTO broker_epoch VALUES (false, 'second')"),
    (
        "import_rows_pkey",
        insert("import_rows", {"job_id": "1", "line": "1", "record": "'{}'"}),
    ),
    (
        "import_rows_job_id_fkey",
        insert("import_rows", {"job_id": "999", "line": "1", "record": "'{}'"}),
    ),
    ("import_results_pkey", insert("import_results", RESULT, line="1")),
    ("import_results_job_id_fkey", insert("import_results", RESULT, job_id="999")),
    ("import_results_action_check", insert("import_results", RESULT, action="'ignored'")),
    ("import_results_rejected_says_why", insert("import_results", RESULT, action="'rejected'")),
    ("import_results_rejected_says_why", insert("import_results", RESULT, faults="'[]'")),
    (
        "import_results_created_has_account",
        insert("import_results", RESULT, action="'created'", user_type="'student'"),
    ),
    ("operators_username_unique", insert("operators", OPERATOR, username="'grace'")),
    ("operators_username_check", insert("operators", OPERATOR, username="'Grace Hopper'")),
    ("operators_username_check", insert("operators", OPERATOR, username="'g'")),
    ("operators_role_check", insert("operators", OPERATOR, role="'root'")),
    (
        "sessions_operator_id_fkey",
        "INSERT INTO sessions (operator_id, expires_at) VALUES (9, now())",
    ),
    ("refresh_tokens_pkey", "INSERT INTO refresh_tokens VALUES ('\\x01', 1)"),
    ("refresh_tokens_session_id_fkey", "INSERT INTO refresh_tokens VALUES ('\\x02', 999)"),
    ("api_tokens_hash_unique", insert("api_tokens", TOKEN, token_hash="'\\x01'")),
    ("api_tokens_name_check", insert("api_tokens", TOKEN, name="''")),
    ("api_tokens_operator_id_fkey", insert("api_tokens", TOKEN, operator_id="999")),
    ("login_throttle_pkey", "INSERT INTO login_throttle VALUES ('m', 2, now())"),
    ("audit_logs_status_check", insert("audit_logs", AUDIT, status="'fine'")),
    ("audit_logs_user_id_fkey", insert("audit_logs", AUDIT, user_id="999")),
    ("schema_migrations_pkey", "INSERT INTO schema_migrations VALUES ('0001_identity', 'x')"),
]
# Generated and never given by a caller; PostgreSQL refuses a value for them before the key does.
GENERATED = {
    f"{table}_pkey"
    for table in (
        "users",
        "devices",
        "policies",
        "jobs",
        "operators",
        "sessions",
        "api_tokens",
        "audit_logs",
        "lifecycle_timers",
    )
}


for file in rules.files():
    THERE_ALREADY += file.THERE_ALREADY
    REFUSED += file.REFUSED
    GENERATED |= file.GENERATED


@pytest.fixture(scope="module")
def owner(postgres):
    """Even the owner of every table is refused."""
    with (
        made_database(postgres, migrated=True) as database,
        database.connect(roles.OWNER) as conn,
    ):
        for statement in THERE_ALREADY:
            conn.execute(statement)
        yield conn


@pytest.mark.parametrize(("rule", "statement"), REFUSED, ids=[rule for rule, _ in REFUSED])
def test_a_wrong_state_is_refused_by_the_rule_it_breaks(owner, rule, statement):
    with pytest.raises(psycopg.IntegrityError) as refused, owner.transaction():
        owner.execute(statement)
    assert refused.value.diag.constraint_name == rule


def test_what_the_refused_rows_were_made_from_is_right(owner):
    """Otherwise they could be refused for another reason than the one they show."""
    rows = [
        ("users", STUDENT),
        ("users", STAFF),
        ("devices", DEVICE),
        ("policies", POLICY),
        ("jobs", JOB),
        ("job_attempts", ATTEMPT),
        ("import_results", RESULT),
        ("operators", OPERATOR),
        ("audit_logs", AUDIT),
        ("api_tokens", TOKEN),
        ("idempotency_keys", KEY),
    ]
    with owner.transaction(force_rollback=True):
        for table, row in rows:
            owner.execute(insert(table, row))


def test_every_rule_of_the_database_is_tried_here(owner):
    known = owner.execute(
        """SELECT conname FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'p', 'f', 'x')
           UNION
           SELECT indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = indrelid
            WHERE indisunique AND relnamespace = 'public'::regnamespace"""
    ).fetchall()
    assert {rule for (rule,) in known} - {rule for rule, _ in REFUSED} == GENERATED


@pytest.mark.parametrize("table", ["users", "jobs", "audit_logs"])
def test_an_id_cannot_be_chosen(owner, table):
    row = {"users": STUDENT, "jobs": JOB, "audit_logs": AUDIT}[table]
    with pytest.raises(psycopg.errors.GeneratedAlways), owner.transaction():
        owner.execute(insert(table, row, id="5"))


def test_a_retired_policy_gives_its_name_back(owner):
    with owner.transaction(force_rollback=True):
        owner.execute("UPDATE policies SET retired_at = now(), enabled = false")
        owner.execute(insert("policies", POLICY, policy_name="'Screens lock'"))


def test_ended_work_may_be_asked_for_again(owner):
    with owner.transaction(force_rollback=True):
        owner.execute("UPDATE jobs SET status = 'cancelled', completed_at = now()")
        owner.execute(insert("jobs", JOB, job_type="'create_student'", unique_key="'S1'"))


@pytest.mark.parametrize("table", ["users", "devices", "policies"])
def test_every_change_of_a_row_raises_its_version(owner, table):
    with owner.transaction(force_rollback=True):
        before = dict(owner.execute(f"SELECT id, version FROM {table}").fetchall())
        owner.execute(f"UPDATE {table} SET version = 77, updated_at = '2020-01-01'")
        rows = owner.execute(
            f"SELECT id, version, updated_at > now() - '1h'::interval FROM {table}"
        )
        assert set(rows) == {(id, version + 1, True) for id, version in before.items()}
