"""What the API tells of PostgreSQL, Redis, jobs, people and devices: the truth, and in time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from coreskills.api.figures import Figures
from coreskills.broker.streams import NoQueue, RedisQueue
from coreskills.store import roles
from coreskills.store.db import Database
from coreskills.telemetry import exposition
from tests.apps import absent_database, absent_queue
from tests.conftest import PASSWORD
from tests.faults.programs import until
from tests.faults.proxy import Proxy
from tests.faults.servers import PostgresServer
from tests.pipeline import in_background, states, student, submit

AT_MOST = 2.0  # seconds, whatever the servers do; Prometheus waits for 5

OF_POSTGRES = ("pg_", "coreskills_jobs", "coreskills_people", "coreskills_audit")


def told(figures: Figures) -> dict[str, float]:
    lines = exposition.text_of(figures.collect()).decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


@pytest.fixture
def figures(db, queue) -> Figures:
    """That asks again each time."""
    return Figures(db, queue, seconds=0)


def test_numbers_are_those_of_the_tables(figures, worker, db, queue, site):
    submit(db, "create_student", student(1), queue)
    worker.run_once(wait_seconds=1)
    submit(db, queue=queue)
    found = told(figures)
    assert found['coreskills_jobs{status="queued"}'] == states(site)["queued"] > 0
    assert found['coreskills_jobs{status="completed"}'] == states(site)["completed"] > 0
    assert found['coreskills_jobs{status="dead"}'] == 0
    assert found['coreskills_people{state="active",type="student"}'] == 1
    assert found['coreskills_people{state="disabled",type="staff"}'] == 0
    assert found['coreskills_devices{compliance="unknown"}'] == 0
    assert found["coreskills_queue_depth"] == 1
    assert found["coreskills_jobs_oldest_age_seconds"] > 0


def test_sessions_of_others_are_seen_by_what_they_do(figures, site):
    state = f'pg_stat_activity_count{{datname="{site.name}",state="idle in transaction"}}'
    assert told(figures)[state] == 0
    with site.admin() as admin, admin.transaction():
        admin.execute("SELECT 1")
        assert told(figures)[state] == 1


def test_the_servers_tell_of_themselves(figures, site, queue):
    found = told(figures)
    assert found["pg_up"] == found["redis_up"] == 1
    assert found["pg_settings_max_connections"] > 10
    assert found[f'pg_database_size_bytes{{datname="{site.name}"}}'] > 1_000_000
    before = found["redis_commands_processed_total"]
    for _ in range(5):
        queue.epoch()
    assert told(figures)["redis_commands_processed_total"] >= before + 5


def test_without_redis_on_purpose_nothing_is_said_of_it(db):
    assert not any("redis" in name for name in told(Figures(db, NoQueue(), seconds=0)))


def test_servers_that_are_gone_are_told_as_down_at_once(settings):
    gone = Figures(absent_database(settings), absent_queue(), seconds=0)
    began = time.monotonic()
    assert told(gone) == {"pg_up": 0, "redis_up": 0}
    assert time.monotonic() - began < 1


@pytest.fixture
def links(postgres, redis) -> Iterator[tuple[Proxy, Proxy]]:
    with Proxy(postgres.port) as to_postgres, Proxy(redis.port) as to_redis:
        yield to_postgres, to_redis


@pytest.fixture
def far(links, postgres, redis, settings) -> Iterator[Figures]:
    """Figures of servers behind networks that can be broken."""
    to_postgres, to_redis = links
    url = settings.database_url.replace(f":{postgres.port}/", f":{to_postgres.port}/")
    db = Database(replace(settings, database_url=url), smallest=1, largest=2)
    queue = RedisQueue(redis.url().replace(f":{redis.port}/", f":{to_redis.port}/"))
    yield Figures(db, queue, seconds=0)
    queue.close()
    db.close()


def test_servers_that_swallow_everything_hold_a_scrape_up_for_a_bounded_time(far, links):
    assert told(far)["pg_up"] == 1
    for link in links:
        link.black_hole()
    began = time.monotonic()
    assert told(far) == {"pg_up": 0, "redis_up": 0}
    assert time.monotonic() - began < AT_MOST
    for link in links:
        link.heal()
    until(lambda: told(far)["pg_up"] == told(far)["redis_up"] == 1, 5)


@pytest.fixture
def held(folder) -> Iterator[PostgresServer]:
    """A server of this test alone, for it is held by signals."""
    server = PostgresServer(folder / "held", PASSWORD, folder / "held.log")
    server.create()
    yield server
    server.resume_all()
    server.kill()
    server.end_orphans()


def test_a_postgres_that_is_held_is_told_as_down_in_time_for_as_long_as_it_lasts(
    held, queue, settings
):
    db = Database(replace(settings, database_url=held.url(roles.API)), smallest=1, largest=2)
    figures = Figures(db, queue, seconds=1)
    assert told(figures)["pg_up"] == 1
    time.sleep(1.1)
    held.pause_all()
    ending = time.monotonic() + 9
    while (began := time.monotonic()) < ending:
        found = told(figures)
        assert time.monotonic() - began < AT_MOST
        assert {name: found[name] for name in found if name.startswith(OF_POSTGRES)} == {"pg_up": 0}
        assert found["redis_up"] == 1
        time.sleep(0.3)
    held.resume_all()
    until(lambda: told(figures)["pg_up"] == 1, 5)
    db.close()


def test_meanwhile_a_second_scrape_waits_for_the_same_answer_and_is_told_nothing_old(far, links):
    told(far)
    for link in links:
        link.black_hole()
    with in_background(far.collect):
        time.sleep(0.2)
        began = time.monotonic()
        assert told(far) == {"pg_up": 0, "redis_up": 0}
        assert time.monotonic() - began < AT_MOST


@contextmanager
def locked(site, table: str) -> Iterator[None]:
    with site.admin() as admin, admin.transaction():
        admin.execute(psycopg.sql.SQL("LOCK TABLE {}").format(psycopg.sql.Identifier(table)))
        yield


def test_a_table_that_is_locked_does_not_make_the_server_look_dead(figures, site):
    with locked(site, "jobs"):
        found = told(figures)
    assert found["pg_up"] == 1
    assert "pg_settings_max_connections" in found
    assert 'coreskills_jobs{status="queued"}' not in found


def test_what_was_found_is_told_for_a_while(db, queue, site):
    figures = Figures(db, queue, seconds=60)
    first = told(figures)
    submit(db, queue=queue)
    assert told(figures) == first


HELD = "coreskills_lock_held_seconds"


def test_a_lock_is_told_with_its_age_also_on_a_table_that_is_asked_next(figures, site):
    assert told(figures)[HELD] == 0
    with locked(site, "jobs"):
        time.sleep(0.3)
        assert told(figures)[HELD] >= 0.3
    assert told(figures)[HELD] == 0


def test_a_row_that_was_changed_and_not_committed_is_told_though_nobody_waits(figures, site):
    with site.admin() as admin, admin.transaction():
        admin.execute("UPDATE schedules SET enabled = enabled")
        time.sleep(0.3)
        assert told(figures)[HELD] >= 0.3


def test_who_works_on_with_a_lock_is_told_when_somebody_waits(figures, site):
    work = "LOCK TABLE devices; SELECT pg_sleep(2)"
    with (
        site.admin() as holder,
        site.admin() as waiter,
        in_background(lambda: holder.execute(work)),
    ):
        until(lambda: told(figures).get('pg_locks_count{mode="AccessExclusiveLock"}', 0) > 0, 5)
        with in_background(lambda: waiter.execute("SELECT FROM devices")):
            until(lambda: told(figures)[HELD] > 0.2, 5)


def test_who_only_reads_holds_nobody_up(figures, site):
    with site.admin() as admin, admin.transaction():
        admin.execute("SELECT FROM users")
        time.sleep(0.1)
        assert told(figures)[HELD] == 0
