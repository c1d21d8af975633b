"""What happens by itself: schedules fire once a tick, and exactly one dispatcher leads."""

import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest

from coreskills.broker.streams import NoQueue
from coreskills.store import leases, roles
from coreskills.store.db import Database
from coreskills.worker.dispatcher import Dispatcher
from tests.pipeline import ask, in_background, job, running, submit, until

LEADER = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 7310101"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
FIRED = "SELECT count(*) FROM jobs WHERE requested_by = 'schedule:sweep_expired'"


@pytest.fixture(autouse=True)
def one_schedule(site):
    ask(site, "DELETE FROM schedules WHERE name <> 'sweep_expired'")


@pytest.fixture
def impatient(site, settings):
    """A worker's database whose statements give up early."""
    made = Database(
        replace(settings, database_url=site.url(roles.WORKER), statement_timeout_ms=200),
        smallest=3,
        largest=6,
    )
    yield made
    made.close()


def leader(site):
    rows = ask(site, LEADER)
    assert len(rows) <= 1
    return rows[0][0] if rows else None


def tick_at_once(worker_db, how_many: int) -> None:
    """As if nobody had elected anybody."""
    start = threading.Barrier(how_many)

    def act():
        with worker_db.reading() as conn:
            start.wait()
            Dispatcher(worker_db, NoQueue()).tick(conn)

    with ExitStack() as stack:
        for _ in range(how_many):
            stack.enter_context(in_background(act))


def test_a_schedule_fires_exactly_once_however_many_dispatchers_there_are(worker_db, site):
    for _ in range(5):
        ask(site, "UPDATE schedules SET next_at = now()")
        (before,) = ask(site, FIRED)[0]
        tick_at_once(worker_db, 3)
        assert ask(site, FIRED) == [(before + 1,)]


def test_a_tick_that_was_fired_is_not_fired_again_though_the_clock_was_turned_back(worker_db, site):
    ask(site, "UPDATE schedules SET next_at = '2026-01-01 12:00+00'")
    for _ in range(3):
        tick_at_once(worker_db, 1)
        ask(site, "UPDATE schedules SET next_at = '2026-01-01 12:00+00'")
    assert ask(site, FIRED) == [(1,)]


def test_ticks_that_were_slept_through_are_made_up_by_one(worker_db, site):
    ask(site, "UPDATE schedules SET next_at = date_trunc('hour', now()) - interval '5 hours'")
    for _ in range(3):
        tick_at_once(worker_db, 1)
    assert ask(site, FIRED) == [(1,)]
    assert ask(
        site, "SELECT next_at = date_trunc('hour', now()) + interval '1 hour' FROM schedules"
    ) == [(True,)]


def test_a_schedule_that_is_switched_off_does_not_fire(worker_db, site):
    ask(site, "UPDATE schedules SET enabled = false, next_at = now() - interval '1 hour'")
    tick_at_once(worker_db, 1)
    assert ask(site, FIRED) == [(0,)]


def test_one_of_many_leads(worker_db, site):
    with worker_db.reading() as first, worker_db.reading() as second:
        assert leases.try_lead(first)
        assert not leases.try_lead(second)
        leases.stop_leading(first)
        assert leases.try_lead(second)
        leases.stop_leading(second)


def test_leadership_passes_on_when_the_leaders_connection_dies(db, worker_db, queue, site):
    with running(Dispatcher(worker_db, queue), Dispatcher(worker_db, queue)):
        first = until(lambda: leader(site))
        ask(site, f"SELECT pg_terminate_backend({first})")
        until(lambda: leader(site) not in (None, first))
        id = submit(db)
        until(lambda: ask(site, f"SELECT 1 FROM jobs WHERE id = {id} AND published_at IS NOT NULL"))
    assert job(db, id)["status"] == "queued"


def test_a_leader_that_stumbles_leads_again_or_lets_another_lead(impatient, site):
    """A statement that timed out must not leave the lock with a connection nobody uses."""
    with running(Dispatcher(impatient, NoQueue())):
        first = until(lambda: leader(site))
        with site.admin() as conn, conn.transaction():
            conn.execute("LOCK TABLE schedules")
            until(lambda: leader(site) != first)
        until(lambda: leader(site))
        (before,) = ask(site, FIRED)[0]
        ask(site, "UPDATE schedules SET next_at = now()")
        until(lambda: ask(site, FIRED) > [(before,)], 5)


def test_a_dispatcher_that_stops_gives_leadership_back(worker_db, site):
    with running(Dispatcher(worker_db, NoQueue())):
        until(lambda: leader(site))
    assert leader(site) is None
