"""The fault matrix, as far as versions meet.

F30  two versions at once               unknown kinds wait for who knows them; N-1 works beside N
F31  migration killed                   all or nothing, and the next run completes it
"""

import io
import json
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
import pytest

from coreskills.stack.postgres import url
from coreskills.store import migrations, roles
from tests.conftest import missing
from tests.faults.handlers import harmful
from tests.faults.lab import Lab
from tests.faults.programs import Command, until
from tests.faults.services import WorkerProcess
from tests.faults.traffic import Traffic

pytestmark = [pytest.mark.e2e, pytest.mark.faults]
ROOT = Path(__file__).parents[2]
PREVIOUS = "2100781ece37cbd6795746f829da35116d750842"  # the release before batches


@pytest.fixture
def lab(plain_lab: Lab) -> Lab:
    return plain_lab


def test_f30_a_kind_from_a_newer_version_waits_for_a_worker_that_knows_it(lab: Lab):
    lab.add_worker()
    id = lab.queue("newer")
    until(lambda: lab.attempts(id) == ["released"])
    job = lab.job(id)
    assert (job["status"], job["error_count"], job["crash_count"]) == ("queued", 0, 0)
    lab.add_worker(harmful)
    until(lambda: lab.make_due() or lab.job(id)["status"] == "completed", every=0.3)
    assert lab.job(id)["result"]["version"] == "newer"
    *before, last = lab.attempts(id)
    assert (set(before), last) == ({"released"}, "completed")


@pytest.fixture
def previous_worker(lab: Lab) -> Iterator[Command]:
    """Of the release before this one, from its own sources."""
    archive = subprocess.run(
        ["git", "-C", ROOT, "archive", PREVIOUS, "src"], capture_output=True, check=False
    )
    if archive.returncode != 0:
        missing(f"Commit {PREVIOUS[:7]} of this repository")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(lab.folder / "previous", filter="data")
    present = lab.add_worker()
    environment = present.environment | {"PYTHONPATH": str(lab.folder / "previous" / "src")}
    command = [sys.executable, "-m", "coreskills.worker"]
    old = Command("previous", lab.folder / "previous.log", lambda: command, environment)
    old.start()
    until(lambda: '"started"' in old.text())
    yield old
    old.kill()


def test_f30_the_previous_version_works_beside_this_one(lab: Lab, previous_worker: Command):
    with Traffic(lab, rate=100, clients=8) as traffic:
        time.sleep(2)
    traffic.verify()
    by = lab.ask("SELECT DISTINCT worker FROM job_attempts WHERE job_id = ANY(%s)", traffic.ids)
    assert {name for (name,) in by} == {name_of(previous_worker), name_of(lab.workers[0])}
    outcomes = "SELECT DISTINCT outcome FROM job_attempts WHERE job_id = ANY(%s)"
    assert lab.ask(outcomes, traffic.ids) == [("completed",)]


def name_of(worker: Command | WorkerProcess) -> str:
    lines = [json.loads(line) for line in worker.text().splitlines() if '"started"' in line]
    return str(lines[-1]["worker"])


BEFORE = [each for each in migrations.bundled() if each.version < "0004_batches"]
BATCHES = migrations.bundled()[len(BEFORE)]
HALF = migrations.Migration(
    "9999_in_two_steps", "CREATE TABLE half (id int); ALTER TABLE users ADD COLUMN half int;"
)


@pytest.fixture
def old_schema(lab: Lab) -> Iterator[str]:
    """The name of a database as it was before batches."""
    name = "migrated"
    passwords = dict.fromkeys((roles.OWNER, roles.API, roles.WORKER), lab.postgres.server.password)
    roles.create(lab.postgres.server.admin_url(), passwords, name)
    migrations.migrate(owner(lab, name), BEFORE)
    yield name
    roles.drop(lab.postgres.server.admin_url(), name)


def owner(lab: Lab, database: str) -> str:
    server = lab.postgres.server
    return url(roles.OWNER, server.password, server.port, database)


@pytest.mark.parametrize(
    ("locked", "last"), [("jobs", BATCHES), ("users", HALF)], ids=["batches", "half"]
)
def test_f31_a_killed_migration_is_all_or_nothing_and_the_next_run_completes_it(
    lab: Lab, old_schema: str, locked: str, last: migrations.Migration
):
    wanted = [*BEFORE, last]
    before = schema(lab, old_schema)
    with psycopg.connect(lab.postgres.server.admin_url(old_schema)) as holder:
        # built by the test, never from outside
        holder.execute(f"LOCK TABLE {locked} IN ACCESS SHARE MODE")  # type: ignore[arg-type]
        process = get_context("spawn").Process(
            target=migrations.migrate, args=[owner(lab, old_schema), wanted]
        )
        process.start()
        until(lambda: waits_for_lock(lab, old_schema))
        process.kill()
        process.join()
    assert process.exitcode == -signal.SIGKILL
    until(lambda: not holds_advisory_lock(lab, old_schema))
    assert schema(lab, old_schema) == before
    assert migrations.migrate(owner(lab, old_schema), wanted) == [last.version]
    assert migrations.migrate(owner(lab, old_schema), wanted) == []
    if last is BATCHES:
        migrations.migrate(owner(lab, old_schema))
        assert schema(lab, old_schema) == schema(lab, roles.DATABASE)


def schema(lab: Lab, database: str) -> list[Any]:
    columns = (
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    return elsewhere(lab, database, columns) + elsewhere(
        lab, database, "SELECT version FROM schema_migrations ORDER BY 1"
    )


def elsewhere(lab: Lab, database: str, statement: str) -> list[Any]:
    with psycopg.connect(lab.postgres.server.admin_url(database)) as conn:
        # built by the test, never from outside
        return conn.execute(statement).fetchall()  # type: ignore[arg-type]


def waits_for_lock(lab: Lab, database: str) -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    return bool(lab.ask(waiting, database))


def holds_advisory_lock(lab: Lab, database: str) -> bool:
    held = (
        "SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND datname = %s"
    )
    return bool(lab.ask(held, database))
