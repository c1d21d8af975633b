"""The schema moves forward, whole steps at a time, whatever happens meanwhile."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from coreskills.errors import StackFailed
from coreskills.store import roles
from coreskills.store.migrations import Migration, bundled, migrate
from tests.databases import made_database

FIRST = Migration("0001_first", "CREATE TABLE first (id bigint);")
SECOND = Migration("0002_second", "CREATE TABLE second (); ALTER TABLE first ADD COLUMN note text;")
CHILD = """
import sys
from coreskills.store.migrations import Migration, migrate
migrate(sys.argv[1], [Migration(*pair.split("|")) for pair in sys.argv[2:]])
"""


@pytest.fixture
def empty(postgres):
    with made_database(postgres, migrated=False) as database:
        yield database


@pytest.fixture
def owner(empty):
    return empty.url(roles.OWNER)


@pytest.fixture
def look(empty):
    with empty.connect(roles.OWNER) as conn:
        yield conn


def ledger(conn) -> list[tuple[str, str]]:
    rows = "SELECT version, checksum FROM schema_migrations ORDER BY version"
    return conn.execute(rows).fetchall()


def exists(conn, table) -> bool:
    return conn.execute("SELECT to_regclass(%s)", [table]).fetchone()[0] is not None


def wait_until_blocked(conn, fragment: str) -> None:
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event_type = 'Lock' AND query LIKE %s"
    )
    deadline = time.monotonic() + 20
    while not conn.execute(waiting, [f"%{fragment}%"]).fetchone():
        assert time.monotonic() < deadline, "the migration never got to wait for the lock"
        time.sleep(0.02)


def test_an_empty_database_gets_every_migration_once(owner, look):
    versions = [migration.version for migration in bundled()]
    assert migrate(owner) == versions
    assert migrate(owner) == []
    assert ledger(look) == [(m.version, m.checksum) for m in bundled()]


def test_a_newer_program_adds_only_what_is_missing(owner, look):
    assert migrate(owner, [FIRST]) == ["0001_first"]
    assert migrate(owner, [FIRST, SECOND]) == ["0002_second"]
    assert exists(look, "second")


def test_a_migration_killed_midway_leaves_nothing_and_is_applied_by_the_next_run(owner, look):
    migrate(owner, [FIRST])
    with psycopg.connect(owner) as blocker:
        blocker.execute("LOCK TABLE first")
        pairs = [f"{m.version}|{m.sql}" for m in (FIRST, SECOND)]
        child = subprocess.Popen([sys.executable, "-c", CHILD, owner, *pairs])
        wait_until_blocked(look, "ALTER TABLE first")
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(timeout=10) == -signal.SIGKILL
        assert not exists(look, "second")

    assert migrate(owner, [FIRST, SECOND]) == ["0002_second"]
    assert [version for version, _ in ledger(look)] == ["0001_first", "0002_second"]
    look.execute("SELECT note FROM first")


def test_a_migration_that_fails_leaves_nothing_behind(owner, look):
    broken = Migration("0002_broken", "CREATE TABLE second (); SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(owner, [FIRST, broken])
    assert [version for version, _ in ledger(look)] == ["0001_first"]
    assert not exists(look, "second")


def test_an_applied_migration_that_was_edited_is_refused_before_anything_happens(owner, look):
    migrate(owner, [FIRST])
    edited = Migration(FIRST.version, FIRST.sql + " -- harmless, surely")
    with pytest.raises(StackFailed, match="0001_first was changed after it was applied") as failed:
        migrate(owner, [edited, SECOND])
    assert failed.value.check == "database.migrations"
    assert "new migration" in failed.value.fix
    assert not exists(look, "second")


def test_migrators_at_once_apply_every_migration_once(owner, look):
    with ThreadPoolExecutor(6) as pool:
        applied = [version for done in pool.map(migrate, [owner] * 6) for version in done]
    assert sorted(applied) == [migration.version for migration in bundled()]
    assert len(ledger(look)) == len(bundled())


def test_migrations_are_numbered_without_a_gap():
    numbers = [int(migration.version[:4]) for migration in bundled()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_who_was_disabled_before_there_was_a_lifecycle_is_disabled_in_it(owner, look):
    migrate(owner, bundled()[:4])
    look.execute(
        "INSERT INTO users (user_type, employee_id, first_name, last_name, username, username_stem,"
        " email, ou, department, role, is_active, disabled_at, disable_reason)"
        " VALUES ('staff', 'E1', 'Jean', 'Bartik', 'jean', 'jean', 'j@x', 'OU=x', 'd', 'r', false,"
        " '2026-01-01', 'leave'), ('staff', 'E2', 'Ida', 'Rhodes', 'ida', 'ida', 'i@x', 'OU=x',"
        " 'd', 'r', true, NULL, NULL)"
    )
    look.commit()
    migrate(owner, bundled()[:5])
    rows = look.execute("SELECT username, state, is_active, original_ou FROM users ORDER BY id")
    assert list(rows) == [("jean", "disabled", False, "OU=x"), ("ida", "active", True, None)]
    names = look.execute("SELECT username, kind FROM usernames ORDER BY user_id")
    assert list(names) == [("jean", "current"), ("ida", "current")]


def test_devices_that_were_out_before_their_history_are_in_it_since_their_last_change(owner, look):
    older = [one for one in bundled() if one.version < "0008"]
    migrate(owner, older)
    look.execute(
        "INSERT INTO users (user_type, employee_id, first_name, last_name, username, username_stem,"
        " email, ou, department, role)"
        " VALUES ('staff', 'E1', 'Jean', 'B', 'jean', 'jean', 'j@x', 'OU=x', 'd', 'r')"
    )
    look.execute(
        "INSERT INTO devices (device_id, device_name, device_type, platform, assigned_user_id,"
        " retired_at, updated_at) VALUES ('out', 'n', 'laptop', 'linux', 1, NULL, '2025-09-01'),"
        " ('here', 'n', 'laptop', 'linux', NULL, NULL, now()),"
        " ('gone', 'n', 'laptop', 'linux', NULL, '2024-01-01', now())"
    )
    migrate(owner, bundled())
    states = look.execute("SELECT device_id, status FROM devices ORDER BY id").fetchall()
    assert states == [("out", "assigned"), ("here", "in_stock"), ("gone", "retired")]
    kept = look.execute(
        "SELECT device_id, user_id, assigned_at::date::text, returned_at FROM device_assignments"
    ).fetchall()
    assert kept == [(1, 1, "2025-09-01", None)]
    years = look.execute("SELECT retired_at::date::text FROM devices WHERE id = 3").fetchall()
    assert years == [("2024-01-01",)]
