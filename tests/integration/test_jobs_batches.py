"""Small jobs are claimed and ended together; none suffers from its neighbours."""

import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from coreskills.actions import job_control
from coreskills.domain.jobs import MAX_ERRORS
from coreskills.errors import Unavailable
from coreskills.store import leases
from coreskills.store.leases import Claimant
from coreskills.worker.batch import BLAMELESS
from coreskills.worker.context import Outcome
from coreskills.worker.handlers import HANDLERS
from tests.people import ADA
from tests.pipeline import (
    GRACE,
    Gate,
    GatedEngine,
    any_worker,
    ask,
    attempts,
    expire_leases,
    in_background,
    job,
    make_due,
    polling_worker,
    run_out,
    student,
    submit,
    submit_import,
    trail,
    until,
    usernames,
)

DOOMED = Claimant("doomed", "native", 15.0)
ROSTER = "StudentID,FirstName,LastName,GradeLevel,GraduationYear\nS1,Bo,Li,9,2030\n"


@pytest.fixture(autouse=True)
def no_schedules(site):
    ask(site, "UPDATE schedules SET enabled = false")


@pytest.fixture
def in_batches(settings):
    return replace(settings, batch_jobs=8)


def crashed(worker_db, site, limit: int) -> list[int]:
    """A worker claims so many and is never heard of again."""
    make_due(site)
    with worker_db.reading() as conn:
        claimed = leases.claim_next_jobs(conn, limit, DOOMED)
        expire_leases(site)
        leases.reap_jobs(conn)
    return [each.id for each in claimed]


def test_a_batch_grows_while_its_jobs_are_quick(db, queue, worker, worker_db, in_batches):
    """Twofold each time, or not at all where this machine was slow; never beyond the largest."""
    for _ in range(31):
        submit(db, queue=queue)
    quick = any_worker(worker_db, queue, in_batches)
    sizes = [len(quick.run_once(wait_seconds=1)) for _ in range(5)]
    assert sizes[0] == 1
    assert all(now in (before, 2 * before) for before, now in pairwise(sizes))
    assert max(sizes) in (4, 8)


def test_a_batch_shrinks_when_its_jobs_are_slow(db, worker_db, in_batches):
    def slow(context):
        time.sleep(0.12)
        return Outcome({})

    for _ in range(20):
        submit(db, "self_test")
    worker = polling_worker(worker_db, in_batches, handlers=HANDLERS | {"self_test": slow})
    sizes = [len(worker.run_once(wait_seconds=1)) for _ in range(8)]
    assert max(sizes) == 1


def test_each_job_of_a_batch_ends_as_if_it_were_alone(db, queue, worker, worker_db, in_batches):
    ids = [
        submit(db, "create_student", student(n, last_name="L" + "i" * n), queue) for n in range(15)
    ]
    together = any_worker(worker_db, queue, in_batches)
    run_out(together, wait_seconds=0.05)
    for n, id in enumerate(ids):
        assert job(db, id)["status"] == "completed"
        assert job(db, id)["result"]["StudentID"] == f"S{n:03d}8001"
        assert attempts(db, id) == ["completed"]


def test_a_long_job_waits_for_the_quick_ones_read_with_it_and_then_runs_alone(
    db, queue, worker, worker_db, in_batches
):
    together = any_worker(worker_db, queue, in_batches)
    together._size = 4
    first = submit(db, queue=queue)
    roster = submit_import(db, ROSTER, queue)
    last = submit(db, queue=queue)
    ran = [[each.id for each in together.run_once(wait_seconds=0.1)] for _ in range(3)]
    assert ran == [[first, last], [roster], []]
    assert queue.ping()["waiting"] == 0


def test_a_long_job_that_is_the_oldest_does_not_wait(db, worker_db, in_batches):
    roster = submit_import(db, ROSTER)
    submit(db)
    polling = polling_worker(worker_db, in_batches)
    polling._size = 4
    assert [each.id for each in polling.run_once(wait_seconds=0)] == [roster]


def test_a_crash_in_company_charges_nobody_and_makes_everybody_a_suspect(db, worker_db, site):
    ids = [submit(db) for _ in range(3)]
    assert crashed(worker_db, site, limit=8) == ids
    assert [(job(db, id)["status"], job(db, id)["crash_count"]) for id in ids] == [
        ("queued", 0)
    ] * 3
    assert [attempts(db, id) for id in ids] == [["crashed"]] * 3


def test_a_suspect_runs_alone_from_then_on(db, worker_db, in_batches, site):
    ids = [submit(db) for _ in range(3)]
    crashed(worker_db, site, limit=8)
    polling = polling_worker(worker_db, in_batches)
    polling._size = 8
    assert [[each.id for each in polling.run_once(wait_seconds=0)] for _ in range(3)] == [
        [id] for id in ids
    ]


def test_only_the_poison_of_a_batch_dies(db, worker_db, in_batches, site):
    poison = submit(db)
    healthy = [submit(db, "create_student", student(n)) for n in range(4)]
    assert len(crashed(worker_db, site, limit=8)) == 5
    for _ in range(3):
        ask(site, f"UPDATE jobs SET run_at = now() - interval '1 h' WHERE id = {poison}")
        assert crashed(worker_db, site, limit=8) == [poison]
    assert (job(db, poison)["status"], job(db, poison)["crash_count"]) == ("dead", 3)
    make_due(site)
    polling = polling_worker(worker_db, in_batches)
    run_out(polling)
    assert {job(db, id)["status"] for id in healthy} == {"completed"}
    assert {job(db, id)["crash_count"] for id in healthy} == {0}


def test_twins_of_one_batch_get_different_names(db, worker_db, in_batches, site):
    ids = [submit(db, "create_student", ADA | {"student_id": f"S{n}8001"}) for n in range(10, 15)]
    polling = polling_worker(worker_db, in_batches)
    polling._size = 8
    assert len(polling.run_once(wait_seconds=0)) == 5
    assert {job(db, id)["status"] for id in ids} == {"completed"}
    assert len(set(usernames(site))) == 5
    assert [trail(site, id) for id in ids] == [["create_student.requested", "student.created"]] * 5


def test_what_cannot_be_written_costs_only_its_own_job(db, worker_db, in_batches, site):
    def unwritable(context):
        def write(conn):
            raise KeyError("a bug")

        return Outcome({}, write)

    healthy = [
        submit(db, "create_student", student(n, last_name="L" + "i" * n)) for n in range(3)
    ]  # whose names do not collide: the bug alone spoils the batch
    broken = submit(db)
    handlers = HANDLERS | {"self_test": unwritable}
    polling = polling_worker(worker_db, in_batches, handlers=handlers)
    polling._size = 8
    assert len(polling.run_once(wait_seconds=0)) == 4
    assert {job(db, id)["status"] for id in healthy} == {"completed"}
    assert len(usernames(site)) == 3
    assert (job(db, broken)["status"], job(db, broken)["error_count"]) == ("queued", 1)
    assert job(db, broken)["error_message"] == "KeyError: 'a bug'"


def test_a_job_cancelled_while_its_batch_runs_takes_no_effect_and_harms_no_other(
    db, worker_db, in_batches, site
):
    ids = [submit(db, "create_student", student(n)) for n in range(3)]
    gate = Gate()
    gated = polling_worker(worker_db, in_batches, engine=GatedEngine(gate, at=3))
    gated._size = 8
    with in_background(lambda: gated.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        job_control.cancel(db, GRACE, ids[1])
        gate.open()
    assert [job(db, id)["status"] for id in ids] == ["completed", "cancelled", "completed"]
    assert len(usernames(site)) == 2
    assert trail(site, ids[1]) == ["create_student.requested", "job.cancelled"]


def test_a_job_that_never_ends_is_reported_as_blocking_its_worker(db, worker_db, settings, site):
    submit(db, "create_student", ADA)
    ask(site, "UPDATE jobs SET deadline_seconds = 1")
    gate = Gate()
    stuck = polling_worker(worker_db, settings, engine=GatedEngine(gate), lease=0.3)
    with in_background(lambda: stuck.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        assert not stuck.blocked.is_set()
        until(stuck.blocked.is_set, 10)
        gate.open()


def test_a_server_that_is_away_is_no_fault_of_the_job(db, worker_db, settings, site):
    def starving(context):
        raise Unavailable("The database does not answer")

    id = submit(db)
    polling = polling_worker(worker_db, settings, handlers=HANDLERS | {"self_test": starving})
    for _ in range(MAX_ERRORS + 1):
        make_due(site)
        polling.run_once(wait_seconds=0)
    assert (job(db, id)["status"], job(db, id)["error_count"]) == ("queued", 0)
    assert Counter(attempts(db, id)) == {"released": MAX_ERRORS + 1}
    ask(site, f"UPDATE jobs SET attempt = {BLAMELESS}")
    make_due(site)
    polling.run_once(wait_seconds=0)
    assert job(db, id)["error_count"] == 1
