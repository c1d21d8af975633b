"""Every list and every step of the queue is found by an index, also in a table of 50,000 rows."""

from datetime import datetime

import psycopg
import pytest

from coreskills.store import (
    access,
    audit,
    cohorts,
    compliance,
    custody,
    devices,
    groups,
    imports,
    jobs,
    leases,
    licences,
    lifecycle,
    orgs,
    policies,
    privacy,
    retention,
    roles,
    users,
)
from tests.databases import made_database

ROWS = 50_000
FILL = [
    """INSERT INTO users (user_type, student_id, first_name, last_name, username, username_stem,
                           email, ou, grade_level, graduation_year)
       SELECT 'student', 'S' || n, 'Ada', 'Name' || n % 5000, 'u' || n, 'u' || n, n || '@x', 'OU=x',
              9 + n % 4, 2026 + n % 4
         FROM generate_series(1, {n}) n""",
    """INSERT INTO users (user_type, employee_id, first_name, last_name, username, username_stem,
                           email, ou, department, role)
       SELECT 'staff', 'E' || n, 'Jean', 'Name' || n, 'e' || n, 'e' || n, 'e' || n || '@x', 'OU=x',
              'Department ' || n % 20, 'Teacher'
         FROM generate_series(1, {n} / 10) n""",
    """INSERT INTO devices (device_id, device_name, device_type, platform, compliance_status)
       SELECT 'D' || n, 'L' || n, 'laptop', 'linux',
              CASE n % 3 WHEN 0 THEN 'compliant' WHEN 1 THEN 'non_compliant' ELSE 'unknown' END
         FROM generate_series(1, {n}) n""",
    "UPDATE devices SET assigned_user_id = id WHERE id % 10 = 0",
    """UPDATE users SET state = 'disabled', disable_reason = 'leaver', disabled_at = now()
        WHERE id % 500 = 0""",
    """INSERT INTO policies (policy_name, policy_type, description, applies_to, enforcement_level)
       SELECT 'P' || n, 'security', 'd', 'all_users', 'required'
         FROM generate_series(1, {n} / 10) n""",
    """INSERT INTO policy_results (device_id, policy_id, revision, outcome, reason, evaluated_at,
                                   first_failed_at)
       SELECT n, p, 1, CASE WHEN n % 20 = 0 THEN 'fail' ELSE 'pass' END, '', now(),
              CASE WHEN n % 20 = 0 THEN now() END
         FROM generate_series(1, {n}) n, generate_series(1, 2) p""",
    """INSERT INTO jobs (job_type, parameters, requested_by, unique_key, status, result,
                          completed_at, published_at)
       SELECT 'create_student', '{{}}', 't', n::text,
              CASE WHEN n % 500 = 0 THEN 'queued' ELSE 'completed' END::job_status,
              CASE WHEN n % 500 <> 0 THEN '{{}}'::jsonb END,
              CASE WHEN n % 500 <> 0 THEN now() END,
              CASE WHEN n % 1000 <> 0 THEN now() END
         FROM generate_series(1, {n}) n""",
    """INSERT INTO job_attempts (job_id, attempt, worker)
       SELECT id, 1, 'w' FROM jobs WHERE status <> 'queued'""",
    """INSERT INTO import_rows (job_id, line, person_key, record)
       SELECT 1 + n % 10, n, 'student:S' || n, '{{}}' FROM generate_series(1, {n}) n""",
    """INSERT INTO import_results (job_id, line, action, username, username_stem, faults)
       SELECT 1 + n % 10, n, CASE WHEN n % 50 = 0 THEN 'rejected' ELSE 'created' END,
              'u' || n, 'u' || n, CASE WHEN n % 50 = 0 THEN '[]'::jsonb END
         FROM generate_series(1, {n}) n""",
    """INSERT INTO audit_logs (action, actor, resource_type, user_id, job_id, status)
       SELECT 'student.created', 't', 'user', n, n, 'success' FROM generate_series(1, {n}) n""",
    """INSERT INTO operators (username, role)
       SELECT 'op' || n, 'student' FROM generate_series(1, {n} / 10) n""",
    """INSERT INTO api_tokens (operator_id, name, token_hash)
       SELECT 1 + n % 100, 't', int8send(n) FROM generate_series(1, {n} / 10) n""",
    """INSERT INTO username_tombstones (digest, stem_digest)
       SELECT name_digest('gone' || n), name_digest('gone' || n) FROM generate_series(1, {n}) n""",
    """INSERT INTO lifecycle_timers (user_id, job_type, due_at, reason)
       SELECT n, 'archive_account', now() + n * interval '1 minute', 'left'
         FROM generate_series(1, {n} / 10) n""",
    """INSERT INTO disclosures (user_id, party, purpose, fields)
       SELECT n, 'p', 'p', '{{f}}' FROM generate_series(1, {n} / 10) n""",
    """INSERT INTO orgs (sourced_id, name, type)
       SELECT 'o' || n, 'School ' || n, 'school' FROM generate_series(1, {n} / 50) n""",
    "UPDATE users SET school_id = 1 + id % 1000 WHERE user_type = 'student'",
    """INSERT INTO directory_groups (name, kind)
       SELECT 'G' || n, 'static' FROM generate_series(1, {n} / 50) n""",
    """INSERT INTO group_members (group_id, user_id, source)
       SELECT 1 + n % 1000, n, 'manual' FROM generate_series(1, {n}) n""",
    """INSERT INTO licences (sku, name, seats, rule)
       SELECT 'L' || n, 'L', 1000, '{{}}' FROM generate_series(1, {n} / 50) n""",
    """INSERT INTO licence_assignments (licence_id, user_id)
       SELECT 1 + n % 1000, n FROM generate_series(1, {n}) n""",
    "VACUUM ANALYZE",
]
PAGE = {"after": 25_000, "limit": 50}
BACK = {"before": 25_000, "limit": 50}
EVER = BACK | {"since": datetime.min, "until": datetime.max}
LISTS = [
    (users, "select_users", PAGE),
    (users, "select_active_users", PAGE | {"is_active": True}),
    (users, "select_users_by_name", PAGE | {"last_name": "NAME17"}),
    (users, "select_users_by_username", PAGE | {"username": "U30000"}),
    (users, "select_students", PAGE | {"grade_level": None}),
    (users, "select_students", PAGE | {"grade_level": 11}),
    (users, "select_staff", PAGE | {"department": "Department 3"}),
    (devices, "select_devices", PAGE),
    (devices, "select_devices_by_compliance", PAGE | {"compliance_status": "compliant"}),
    (policies, "select_policies", PAGE | {"after": 100}),
    (custody, "select_assignments", BACK | {"id": 10}),
    (custody, "select_assignments_of_user", BACK | {"user_id": 10, "held": None}),
    (custody, "select_held_by_leavers", PAGE),
    (compliance, "select_results_of_policy", PAGE | {"policy_id": 2, "outcome": None}),
    (compliance, "select_results_of_policy", PAGE | {"policy_id": 2, "outcome": "fail"}),
    (compliance, "select_checkups", PAGE | {"device_id": None}),
    (jobs, "select_jobs", BACK),
    (jobs, "select_jobs_by_status", BACK | {"status": "queued"}),
    (jobs, "select_attempts", {"job_id": 7}),
    (audit, "select_audit", EVER),
    (audit, "select_audit_of_user", EVER | {"user_id": 7}),
    (audit, "select_audit_of_job", EVER | {"job_id": 7}),
    (audit, "select_audit_of_actor", EVER | {"actor": "t"}),
    (audit, "select_audit_of_action", EVER | {"action": "student.created"}),
    (privacy, "select_disclosures", BACK | {"user_id": 7}),
    (access, "select_operators", PAGE | {"after": 100}),
    (access, "select_api_tokens", {"operator_id": 7, "after": 0, "limit": 50}),
    (imports, "select_rows", {"job_id": 7, "after": 0, "limit": 1000}),
    (imports, "select_results", PAGE | {"job_id": 7, "action": None}),
    (imports, "select_rejected_records", PAGE | {"job_id": 7}),
    (orgs, "select_orgs", PAGE | {"after": 100}),
    (groups, "select_groups", PAGE | {"after": 100}),
    (groups, "select_members", PAGE | {"group_id": 7}),
    (licences, "select_licences", PAGE | {"after": 100}),
    (licences, "select_assignments", PAGE | {"licence_id": 7}),
    (cohorts, "select_pupils_of_school", {"school_id": 7}),
]
CLAIM = {"worker": "w", "engine": "native", "lease": 5, "alone": ["import_users"]}
STEPS = [
    (users, "select_user", {"id": 7}),
    (users, "select_user_id", {"user_type": "student", "key": "S7"}),
    (users, "select_taken_usernames", {"stems": ["u7"]}),
    (users, "select_taken_usernames_widely", {"stems": ["u7"]}),
    (lifecycle, "select_accounts", {"ids": [7]}),
    (lifecycle, "select_timers", {"user_id": 7}),
    (lifecycle, "fire_timers", {"actor": "t", "limit": 9, "deadlines": "{}"}),
    (devices, "select_device", {"device_id": "D7"}),
    (custody, "select_custody", {"device_id": "D10"}),
    (compliance, "select_results_of_device", {"id": 10}),
    (compliance, "select_checkups", {"after": 0, "limit": 9, "device_id": "D10"}),
    (jobs, "select_job", {"id": 7}),
    (jobs, "select_backlog", {}),
    (access, "select_api_token", {"token_hash": b"\0" * 8}),
    (imports, "select_planned_usernames", {"job_id": 7, "stems": ["u7"]}),
    (imports, "select_existing_people", {"student_ids": ["S7"], "employee_ids": ["E7"]}),
    (leases, "claim_jobs", {"ids": [500, 501], **CLAIM}),
    (leases, "claim_next_jobs", {"limit": 9, "overdue": 1, **CLAIM}),
    (leases, "reap_jobs", {"max_crashes": 3}),
    (leases, "lock_unpublished", {"grace": 0.1}),
]


def case(value) -> str | None:
    return value.__name__.split(".")[-1] if hasattr(value, "__name__") else None


@pytest.fixture(scope="module")
def full(postgres):
    with (
        made_database(postgres, migrated=True) as database,
        psycopg.connect(
            database.url(roles.OWNER), autocommit=True, cursor_factory=psycopg.ClientCursor
        ) as conn,
    ):
        for statement in FILL:
            conn.execute(statement.format(n=ROWS))
        yield conn


def plan(conn, module, query, arguments) -> dict:
    """As executed; what it changed is taken back."""
    explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {module.SQL[query]}"
    with conn.transaction(force_rollback=True):
        return conn.execute(explain, arguments).fetchone()[0][0]["Plan"]


def nodes(tree) -> list[dict]:
    return [tree] + [node for child in tree.get("Plans", []) for node in nodes(child)]


def thrown_away(tree) -> float:
    """Rows that were read and were not what was asked for."""
    return sum(n.get("Rows Removed by Filter", 0) * n["Actual Loops"] for n in nodes(tree))


@pytest.mark.parametrize(("module", "query", "arguments"), LISTS, ids=case)
def test_a_list_is_read_along_an_index(full, module, query, arguments):
    found = plan(full, module, query, arguments)
    assert not [node for node in nodes(found) if node["Node Type"] == "Seq Scan"]
    assert thrown_away(found) <= ROWS / 10


@pytest.mark.parametrize(("module", "query", "arguments"), STEPS, ids=case)
def test_a_single_thing_is_found_by_an_index(full, module, query, arguments):
    found = plan(full, module, query, arguments)
    assert not [node for node in nodes(found) if node["Node Type"] == "Seq Scan"]
    assert thrown_away(found) <= 1


def test_a_late_page_costs_what_the_first_costs(full):
    def blocks(after: int) -> int:
        tree = plan(full, users, "select_users", {"after": after, "limit": 50})
        return tree["Shared Hit Blocks"] + tree["Shared Read Blocks"]

    assert blocks(ROWS - 100) <= blocks(0) + 5


@pytest.mark.parametrize("index", ["jobs_waiting", "jobs_unpublished", "jobs_leased"])
def test_the_indexes_of_the_queue_are_as_small_as_the_backlog(full, index):
    ((size,),) = full.execute("SELECT pg_relation_size(%s::regclass)", [index]).fetchall()
    assert size <= 8 * 8192


def test_a_sweep_of_jobs_reads_only_what_is_due(full):
    found = plan(full, retention, "sweep_jobs", {"really": False})
    scans = [node for node in nodes(found) if node.get("Relation Name") == "jobs"]
    assert {node.get("Index Name") for node in nodes(found)} >= {"jobs_by_end"}
    assert not [node for node in scans if node["Node Type"] == "Seq Scan"]
    assert thrown_away(found) <= 100
