"""What a dead worker held is taken back; what keeps killing workers is put aside for a person."""

import time

import pytest

from coreskills.actions import job_control
from coreskills.store import leases
from coreskills.store.leases import Claimant
from coreskills.worker.dispatcher import Dispatcher
from tests.pipeline import (
    GRACE,
    NOWHERE,
    ask,
    attempts,
    expire_leases,
    job,
    make_due,
    polling_worker,
    running,
    submit,
    trail,
    until,
)

DOOMED = Claimant("doomed", "native", 15.0)


@pytest.fixture
def crash(worker_db, site):
    """A worker claims the next job and is never heard of again; then a leader ticks."""

    def act():
        make_due(site)
        with worker_db.reading() as conn:
            claimed = leases.claim_next_jobs(conn, 1, DOOMED)
            expire_leases(site)
            Dispatcher(worker_db, NOWHERE).tick(conn)
        return claimed

    return act


@pytest.fixture(autouse=True)
def no_schedules(site):
    ask(site, "UPDATE schedules SET enabled = false")


def test_a_job_of_a_dead_worker_is_queued_again_at_once(db, worker_db, settings, crash, site):
    id = submit(db)
    assert crash()[0].id == id
    found = job(db, id)
    assert (found["status"], found["crash_count"], found["error_count"]) == ("queued", 1, 0)
    assert found["error_message"] == "The worker doomed vanished while running attempt 1"
    assert ask(site, "SELECT run_at <= now() FROM jobs") == [(True,)]
    polling_worker(worker_db, settings).run_once(wait_seconds=0)
    assert job(db, id)["status"] == "completed"
    assert job(db, id)["error_code"] is None
    assert attempts(db, id) == ["crashed", "completed"]


def test_what_was_taken_back_is_published_anew(db, crash, site):
    submit(db)
    ask(site, "UPDATE jobs SET published_at = now()")
    crash()
    assert ask(site, "SELECT published_at FROM jobs") == [(None,)]


def test_the_apis_late_note_does_not_hide_a_job_that_was_taken_back(db, worker_db, crash, site):
    """The note is written after the commit and after Redis was told: a whole attempt may come
    between."""
    id = submit(db)
    crash()
    with db.reading() as conn:
        leases.mark_new_published(conn, [id])
    assert ask(site, "SELECT published_at FROM jobs") == [(None,)]


def test_after_the_second_crash_it_waits_a_little(db, crash, site):
    submit(db)
    crash(), crash()
    ((delay,),) = ask(site, "SELECT extract(epoch FROM run_at - now()) FROM jobs")
    assert 0.5 < delay <= 2


def test_the_third_crash_is_the_last(db, worker_db, settings, crash, site):
    id = submit(db)
    for _ in range(3):
        assert crash()[0].id == id
    found = job(db, id)
    assert (found["status"], found["error_code"], found["crash_count"]) == (
        "dead",
        "worker_lost",
        3,
    )
    assert found["completed_at"] is not None
    assert attempts(db, id) == ["crashed"] * 3
    assert trail(site, id) == ["self_test.requested", "self_test.died"]
    assert ask(site, f"SELECT status FROM audit_logs WHERE job_id = {id} ORDER BY id") == [
        ("pending",),
        ("failure",),
    ]
    assert crash() == []


def test_a_dead_job_can_be_driven_again_by_a_person(db, worker_db, settings, crash):
    id = submit(db)
    for _ in range(3):
        crash()
    job_control.redrive(db, GRACE, id)
    assert job(db, id)["crash_count"] == 0
    polling_worker(worker_db, settings).run_once(wait_seconds=0)
    assert job(db, id)["status"] == "completed"


def test_crashes_and_errors_are_counted_apart(db, crash, site):
    id = submit(db)
    crash()
    ask(site, "UPDATE jobs SET error_count = 4")
    crash()
    assert (job(db, id)["crash_count"], job(db, id)["error_count"]) == (2, 4)
    assert job(db, id)["status"] == "queued"


def test_a_job_whose_lease_still_runs_is_left_alone(db, worker_db):
    submit(db)
    with worker_db.reading() as conn:
        leases.claim_next_jobs(conn, 1, DOOMED)
        assert leases.reap_jobs(conn) == []


def test_two_reapers_at_once_count_a_crash_once(db, worker_db, site):
    id = submit(db)
    with worker_db.reading() as conn:
        leases.claim_next_jobs(conn, 1, DOOMED)
    expire_leases(site)
    with worker_db.transaction() as first, worker_db.transaction() as second:
        assert len(leases.reap_jobs(first)) == 1
        assert leases.reap_jobs(second) == []
    assert job(db, id)["crash_count"] == 1


AMNESTY = 1.0


@pytest.fixture
def overslept(db, worker_db, site):
    """A worker that is alive, and the job it runs, whose lease ended while all were away."""
    submit(db)
    make_due(site)
    with worker_db.reading() as conn:
        claimed = leases.claim_next_jobs(conn, 1, DOOMED)
    expire_leases(site)
    return claimed


def test_after_an_outage_a_worker_that_is_back_in_time_keeps_its_job(overslept, worker_db, db):
    id = overslept[0].id
    with running(Dispatcher(worker_db, NOWHERE, amnesty=AMNESTY)):
        time.sleep(AMNESTY / 2)
        assert job(db, id)["status"] == "running"
        with worker_db.reading() as conn:
            assert leases.renew_leases(conn, overslept, 15.0) == {id}
        time.sleep(AMNESTY * 2)
    assert (job(db, id)["status"], job(db, id)["crash_count"]) == ("running", 0)


def test_who_is_not_back_after_the_amnesty_has_crashed(overslept, worker_db, db):
    with running(Dispatcher(worker_db, NOWHERE, amnesty=AMNESTY)):
        until(lambda: job(db, overslept[0].id)["status"] == "queued")
    assert job(db, overslept[0].id)["crash_count"] == 1


def test_a_computer_that_slept_gives_its_workers_the_same_time(overslept, worker_db, db):
    clock = iter([1000.0, 1000.1, 4600.0, 4600.1])
    dispatcher = Dispatcher(worker_db, NOWHERE, amnesty=60.0, wall_clock=lambda: next(clock))
    with worker_db.reading() as conn:
        leases.renew_leases(conn, overslept, 15.0)
        dispatcher.tick(conn)
        conn.execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
        time.sleep(1.1)  # it reaps once a second
        dispatcher.tick(conn)
    assert job(db, overslept[0].id)["status"] == "running"
