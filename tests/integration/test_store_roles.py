"""Each program may do what it needs, and nothing else: a stolen API password rewrites no trail."""

import re

import psycopg
import pytest

from coreskills.stack.postgres import url
from coreskills.store import roles, server
from tests.conftest import PASSWORD
from tests.databases import made_database

AUDIT = (
    "INSERT INTO audit_logs (action, actor, resource_type, status)"
    " VALUES ('a.b', 'test', 'user', 'success')"
)
USER = (
    "INSERT INTO users (user_type, student_id, first_name, last_name, username, username_stem,"
    " email, ou, grade_level, graduation_year) VALUES ('student', 'S1', 'Ada', 'Lovelace', 'ada1',"
    " 'ada1', 'ada1@x', 'OU=x', 11, 2028)"
)


@pytest.fixture(scope="module")
def database(postgres):
    with made_database(postgres, migrated=True) as made:
        with made.connect(roles.OWNER) as conn:
            conn.execute(AUDIT)
        yield made


@pytest.fixture
def stranger(postgres):
    """A role of the server that is none of ours."""
    with psycopg.connect(postgres.admin_url(), autocommit=True) as conn:
        conn.execute("CREATE ROLE stranger LOGIN PASSWORD 'let me in'")
        yield "stranger"
        conn.execute("DROP ROLE stranger")


def refused(database, role, statement) -> str:
    with database.connect(role) as conn:
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
            conn.execute(statement)
        return str(caught.value)


FORBIDDEN = {
    roles.API: [
        "UPDATE audit_logs SET actor = 'somebody else'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "CREATE TABLE mine ()",
        "CREATE TEMP TABLE mine ()",
        "CREATE SCHEMA mine",
        "ALTER TABLE users DROP COLUMN email",
        "DROP TABLE users",
        "ALTER TABLE audit_logs DISABLE TRIGGER audit_logs_append_only",
        USER,
        "DELETE FROM users",
        "DELETE FROM jobs",
        "UPDATE jobs SET result = '{}'",
        "UPDATE jobs SET parameters = '{}'",
        "UPDATE jobs SET attempt = 7",
        "UPDATE jobs SET requested_by = 'somebody else'",
        "INSERT INTO job_attempts (job_id, attempt, worker) VALUES (1, 1, 'w')",
        "INSERT INTO import_results (job_id, line, action) VALUES (1, 1, 'unchanged')",
        "UPDATE schedules SET enabled = false",
        "UPDATE device_assignments SET user_id = 1",
        "INSERT INTO device_assignments (device_id, user_id, assigned_by) VALUES (1, 1, 'me')",
        "UPDATE policy_results SET outcome = 'pass'",
        "INSERT INTO device_moves VALUES ('retired', 'in_stock')",
        "UPDATE retention_rules SET least_days = 0",
        "DELETE FROM retention_rules",
        "INSERT INTO disclosures (party, purpose, fields) VALUES ('a', 'b', '{c}')",
        "DELETE FROM disclosures",
        "INSERT INTO person_exports VALUES (1, 1, '{}')",
        "SELECT person_record(1)",
        "SELECT redact_audit_by_age('audit_changes', true, 'a', 1, 'r')",
        "UPDATE broker_epoch SET epoch = ''",
        "UPDATE schema_migrations SET checksum = ''",
        "INSERT INTO licence_assignments (licence_id, user_id) VALUES (1, 1)",
        "UPDATE licences SET used = 0",
        "UPDATE group_members SET source = 'rule'",
        "UPDATE directory_groups SET kind = 'static'",
        "INSERT INTO cohort_steps VALUES (2027, 1, 1)",
        "UPDATE account_passwords SET reset_by = 'somebody else'",
        "SELECT password_hash FROM account_password_hashes",
        "DELETE FROM operators",
        "CREATE ROLE friend LOGIN",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY users TO PROGRAM 'cat'",
    ],
    roles.WORKER: [
        "UPDATE audit_logs SET actor = 'somebody else'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "CREATE TABLE mine ()",
        "DROP TABLE users",
        "SELECT password_hash FROM operators",
        "SELECT username FROM operators",
        "UPDATE operators SET role = 'admin'",
        "SELECT token_hash FROM api_tokens",
        "INSERT INTO api_tokens (operator_id, name, token_hash) VALUES (1, 't', '\\x00')",
        "SELECT token_hash FROM refresh_tokens",
        "SELECT operator_id FROM sessions",
        "UPDATE sessions SET revoked_at = NULL",
        "SELECT username FROM login_throttle",
        "DELETE FROM users",
        "DELETE FROM jobs",
        "UPDATE policies SET enabled = false",
        "UPDATE licences SET seats = 1000",
        "UPDATE directory_groups SET rule = NULL",
        "DELETE FROM directory_groups",
        "DELETE FROM cohort_steps",
        "SELECT password_hash FROM account_password_hashes",
        "INSERT INTO account_password_hashes VALUES (1, '$argon2id$x')",
        "SELECT id FROM policies FOR SHARE",
        "DELETE FROM device_assignments",
        "UPDATE device_assignments SET user_id = 1",
        "DELETE FROM policy_results",
        "UPDATE retention_rules SET keep_days = 1",
        "UPDATE disclosures SET party = 'nobody'",
        "DELETE FROM disclosures",
        "SELECT forget(u, '{}', 'a', 1, 'r') FROM users u",
        "INSERT INTO idempotency_keys VALUES ('a', 'k', '\\x00', 1)",
        "CREATE ROLE friend LOGIN",
    ],
}
CASES = [(role, statement) for role, statements in FORBIDDEN.items() for statement in statements]


@pytest.mark.parametrize(("role", "statement"), CASES)
def test_a_role_cannot_do_what_its_program_never_does(database, role, statement):
    assert re.search("permission denied|must be owner", refused(database, role, statement))


@pytest.mark.parametrize("role", [roles.API, roles.WORKER])
def test_both_programs_may_add_to_the_trail(database, role):
    with database.connect(role) as conn:
        assert conn.execute(AUDIT).rowcount == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_logs SET actor = 'x'", "DELETE FROM audit_logs", "TRUNCATE audit_logs"],
)
def test_not_even_the_owner_rewrites_the_trail_in_passing(database, statement):
    assert "append-only" in refused(database, roles.OWNER, statement)


@pytest.mark.parametrize("statement", ["UPDATE audit_logs SET actor = 'x'", "TRUNCATE audit_logs"])
def test_not_even_the_administrator_of_the_server_does(database, postgres, statement):
    with (
        psycopg.connect(postgres.admin_url(database.name), autocommit=True) as conn,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        conn.execute(statement)


def test_nobody_else_may_connect(database, postgres, stranger):
    address = url(stranger, "let%20me%20in", postgres.port, database.name)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(address, connect_timeout=5)


def test_a_wrong_password_does_not_come_in(database, postgres):
    address = url(roles.API, "wrong", postgres.port, database.name)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(address, connect_timeout=5)


def test_none_of_the_roles_is_more_than_a_role(database):
    with database.connect(roles.API) as conn:
        rows = conn.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'coreskills%'"
            " AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)"
        ).fetchall()
    assert rows == []


def test_creating_the_roles_again_changes_nothing(database, postgres):
    passwords = {role: PASSWORD for role in (roles.OWNER, roles.API, roles.WORKER)}
    roles.create(postgres.admin_url(), passwords, database.name)
    with database.connect(roles.API) as conn:
        assert conn.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_what_the_health_check_says_of_its_role_is_true(site, db, worker_db):
    for each in (db, worker_db):
        with each.reading() as conn:
            assert server.select_privileges(conn) == {
                "rewrite_audit": False,
                "delete_audit": False,
                "create_tables": False,
            }


def test_what_runs_with_the_owners_rights_looks_at_temporary_tables_last(database):
    """Or whoever may make one could put it before ours."""
    with database.connect(roles.OWNER) as conn:
        found = conn.execute(
            "SELECT proname, proconfig FROM pg_proc"
            " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert len(found) > 10
    assert [name for name, given in found if given != ["search_path=public, pg_temp"]] == []
