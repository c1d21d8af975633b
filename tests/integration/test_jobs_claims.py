"""A job is one worker's at a time, and only that worker's outcome counts."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from coreskills.actions import job_control
from coreskills.errors import Conflict
from coreskills.store import leases
from coreskills.store.leases import Claimant
from coreskills.worker.handlers import HANDLERS
from coreskills.worker.heartbeat import Heartbeat
from coreskills.worker.pulse import Pulse
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
    running,
    student,
    submit,
    trail,
    until,
    usernames,
)

WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{}'"


alone_or_not = pytest.mark.parametrize("others", [0, 2], ids=["alone", "in company"])


def by(worker: str) -> Claimant:
    return Claimant(worker, "native", 15.0)


def test_of_eight_who_claim_at_once_one_gets_the_job(db, worker_db):
    ids = [submit(db) for _ in range(20)]
    start = threading.Barrier(8)

    def claim_all(name: str) -> list[int]:
        start.wait()
        with worker_db.reading() as conn:
            return [id for id in ids if leases.claim_jobs(conn, [id], by(name))[0]]

    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(claim_all, [f"w{n}" for n in range(8)]))
    assert sorted(id for some in claimed for id in some) == ids


def test_of_eight_who_poll_at_once_each_gets_another_job(db, worker_db):
    ids = [submit(db) for _ in range(40)]
    start = threading.Barrier(8)

    def claim_five(name: str) -> list[int]:
        start.wait()
        with worker_db.reading() as conn:
            return [job.id for job in leases.claim_next_jobs(conn, 5, by(name))]

    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(claim_five, [f"w{n}" for n in range(8)]))
    assert sorted(id for some in claimed for id in some) == ids


@alone_or_not
def test_what_was_claimed_is_not_claimed_again(db, worker_db, others):
    """One job is claimed by another statement than several."""
    ids = [submit(db) for _ in range(1 + others)]
    with worker_db.reading() as conn:
        claimed, _ = leases.claim_jobs(conn, ids, by("first"))
        assert [job.id for job in claimed] == ids
        assert leases.claim_jobs(conn, ids, by("second")) == ([], [])
        assert leases.finish_jobs(conn, [(job, {}) for job in claimed])
        assert leases.claim_jobs(conn, ids, by("third")) == ([], [])


@alone_or_not
def test_who_claims_what_another_has_claimed_and_not_committed_gets_nothing(
    db, worker_db, site, others
):
    """It waits for the other, and then looks again. Eight at once seldom meet like this."""
    ids = [submit(db) for _ in range(1 + others)]

    def claim(conn, name: str) -> list[int]:
        return [job.id for job in leases.claim_jobs(conn, ids, by(name))[0]]

    def second() -> list[int]:
        with worker_db.reading() as conn:
            return claim(conn, "second")

    with ThreadPoolExecutor(1) as pool:
        with worker_db.transaction() as conn:
            assert claim(conn, "first") == ids
            claiming = pool.submit(second)
            until(lambda: ask(site, WAITING.format(site.name)))
        assert claiming.result(20) == []
    assert [job(db, id)["attempt"] for id in ids] == [1] * len(ids)


def test_who_polls_passes_by_what_another_has_claimed_and_not_committed(db, worker_db):
    ids = [submit(db) for _ in range(3)]
    with worker_db.transaction() as first, worker_db.reading() as second:
        assert [job.id for job in leases.claim_next_jobs(first, 2, by("first"))] == ids[:2]
        assert [job.id for job in leases.claim_next_jobs(second, 2, by("second"))] == ids[2:]


@alone_or_not
def test_a_job_whose_time_has_not_come_is_not_claimed(db, worker_db, site, others):
    ids = [submit(db) for _ in range(1 + others)]
    ask(site, "UPDATE jobs SET run_at = now() + interval '1 minute'")
    with worker_db.reading() as conn:
        assert leases.claim_jobs(conn, ids, by("w")) == ([], [])
        assert leases.claim_next_jobs(conn, 9, by("w")) == []


def test_eight_workers_give_two_hundred_students_two_hundred_names(
    db, worker_db, queue, worker, settings, site
):
    same_name = [student(n) for n in range(80)]
    same_stem = [student(n, first_name="Alan") for n in range(80, 95)]
    others = [
        student(n, first_name=f"{chr(97 + n % 26)}da", student_id=f"S{n:07d}")
        for n in range(95, 200)
    ]
    ids = [submit(db, "create_student", one, queue) for one in same_name + same_stem + others]
    workers = [any_worker(worker_db, queue, settings) for _ in range(8)]
    with running(*workers):
        until(lambda: len(usernames(site)) == 200, 60)

    names = usernames(site)
    assert len(names) == len(set(names)) == 200
    assert {"alovelace8001"} | {f"alovelace8001{n}" for n in range(2, 96)} <= set(names)
    for id in ids:
        assert trail(site, id) == ["create_student.requested", "student.created"]
    told = {job(db, id)["result"]["Username"] for id in ids}
    assert told == set(names)
    assert Counter(tuple(attempts(db, id)) for id in ids) == {("completed",): 200}


def test_whoever_lost_the_lease_can_write_nothing_at_all(db, worker_db, site):
    id = submit(db)
    with worker_db.reading() as conn:
        mine = leases.claim_jobs(conn, [id], by("slow"))[0][0]
        expire_leases(site)
        leases.reap_jobs(conn)
        theirs = leases.claim_jobs(conn, [id], by("quick"))[0][0]
        assert (mine.attempt, theirs.attempt) == (1, 2)
        before = job(db, id)

        assert leases.renew_leases(conn, [mine], 15.0) == set()
        assert not leases.report_progress(conn, mine, {"done": 1}, 15.0)
        assert not leases.finish_jobs(conn, [(mine, {"by": "slow"})])
        assert not leases.fail_job(conn, mine, "x", "x")
        assert not leases.retry_job(conn, mine, "x", "x", 0)
        assert not leases.release_job(conn, mine, 0)
        assert job(db, id) == before

        assert leases.finish_jobs(conn, [(theirs, {"by": "quick"})])
        assert not leases.finish_jobs(conn, [(mine, {"by": "slow"})])
    assert job(db, id)["result"] == {"by": "quick"}
    assert attempts(db, id) == ["crashed", "completed"]


def test_a_claim_that_postgresql_forgot_is_not_mistaken_for_the_next(db, worker_db, site):
    """A claim does not wait for the disk; after a crash the next one has the same number."""
    id = submit(db)
    with worker_db.reading() as conn:
        mine = leases.claim_jobs(conn, [id], by("forgotten"))[0][0]
        with site.admin() as admin:
            admin.execute("DELETE FROM job_attempts")
            admin.execute(
                "UPDATE jobs SET status = 'queued', attempt = 0, worker = NULL, lease_until = NULL"
            )
        theirs = leases.claim_jobs(conn, [id], by("next"))[0][0]
        assert (mine.attempt, theirs.attempt) == (1, 1)

        assert leases.renew_leases(conn, [mine], 15.0) == set()
        assert not leases.lock_running(conn, mine)
        assert not leases.finish_jobs(conn, [(mine, {"by": "forgotten"})])
        assert not leases.release_job(conn, mine, 0)
        assert leases.finish_jobs(conn, [(theirs, {"by": "next"})])


def test_an_attempt_cannot_end_the_next_one_of_the_same_worker(db, worker_db, site):
    id = submit(db)
    with worker_db.reading() as conn:
        first = leases.claim_jobs(conn, [id], by("same"))[0][0]
        expire_leases(site)
        leases.reap_jobs(conn)
        second = leases.claim_jobs(conn, [id], by("same"))[0][0]
        assert (first.worker, first.attempt, second.attempt) == ("same", 1, 2)
        assert not leases.finish_jobs(conn, [(first, {"attempt": 1})])
        assert leases.finish_jobs(conn, [(second, {"attempt": 2})])
    assert job(db, id)["result"] == {"attempt": 2}


def test_what_somebody_ended_by_hand_stays_ended(db, worker_db, site):
    """In psql, without a thought for the columns that belong to the worker."""
    id = submit(db)
    with worker_db.reading() as conn:
        mine = leases.claim_jobs(conn, [id], by("w"))[0][0]
        ask(
            site,
            "UPDATE jobs SET status = 'cancelled', completed_at = now(), lease_until = NULL",
        )
        assert ask(site, "SELECT worker, attempt FROM jobs") == [("w", 1)]
        assert leases.renew_leases(conn, [mine], 15.0) == set()
        assert not leases.lock_running(conn, mine)
        assert not leases.finish_jobs(conn, [(mine, {})])
    assert job(db, id)["status"] == "cancelled"


def test_the_outcome_of_a_worker_that_was_thought_dead_is_discarded(db, worker_db, settings, site):
    id = submit(db, "create_student", ADA)
    gate = Gate()
    slow = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: slow.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        expire_leases(site)
        with worker_db.reading() as conn:
            assert [row["id"] for row in leases.reap_jobs(conn)] == [id]
        assert polling_worker(worker_db, settings).run_once(wait_seconds=0)[0].attempt == 2
        gate.open()
    assert job(db, id)["attempt"] == 2
    assert usernames(site) == ["alovelace8001"]
    assert trail(site, id) == ["create_student.requested", "student.created"]


def test_cancelling_a_running_job_discards_what_it_would_have_done(db, worker_db, settings, site):
    id = submit(db, "create_student", ADA)
    gate = Gate()
    slow = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: slow.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        job_control.cancel(db, GRACE, id)
        gate.open()
    assert job(db, id)["status"] == "cancelled"
    assert attempts(db, id) == ["cancelled"]
    assert usernames(site) == []
    assert trail(site, id) == ["create_student.requested", "job.cancelled"]


def test_a_cancelled_job_can_be_driven_again_while_its_old_worker_still_runs(
    db, worker_db, settings, site
):
    id = submit(db, "create_student", ADA)
    gate = Gate()
    slow = polling_worker(worker_db, settings, engine=GatedEngine(gate))
    with in_background(lambda: slow.run_once(wait_seconds=0), gate=gate):
        gate.await_arrival()
        job_control.cancel(db, GRACE, id)
        job_control.redrive(db, GRACE, id)
        assert polling_worker(worker_db, settings).run_once(wait_seconds=0)[0].attempt == 2
        gate.open()
    assert job(db, id)["status"] == "completed"
    assert attempts(db, id) == ["cancelled", "completed"]
    assert usernames(site) == ["alovelace8001"]


def test_what_has_ended_cannot_be_cancelled(db, worker_db, settings):
    id = submit(db)
    polling_worker(worker_db, settings).run_once(wait_seconds=0)
    with pytest.raises(Conflict, match="is completed; only a job that is queued") as refused:
        job_control.cancel(db, GRACE, id)
    assert refused.value.code == "state_conflict"


def test_a_lease_is_renewed_for_as_long_as_its_job_runs(db, worker_db, settings):
    id = submit(db)
    gate = Gate()
    slow = polling_worker(worker_db, settings, engine=GatedEngine(gate), lease=0.3)
    with (
        in_background(lambda: slow.run_once(wait_seconds=0), gate=gate),
        worker_db.reading() as conn,
    ):
        gate.await_arrival()
        for _ in range(10):
            assert not threading.Event().wait(0.1)
            assert leases.reap_jobs(conn) == []
        gate.open()
    assert job(db, id)["status"] == "completed"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_heartbeat_that_broke_beats_again_for_the_next_job(worker_db, settings, db, site):
    """Its thread outlives a batch; it must not take all later ones with it when it dies."""
    heartbeat = Heartbeat(BrokenOnce(worker_db), 0.3, threading.Event(), Pulse(""))
    for _ in range(2):
        id = submit(db)
        with worker_db.reading() as conn:
            [claimed], _ = leases.claim_jobs(conn, [id], Claimant("w", "native", 0.3))
        with heartbeat.holding([claimed]):
            assert not threading.Event().wait(1.0)
            left = ask(site, f"SELECT lease_until > now() FROM jobs WHERE id = {id}")
    assert left == [(True,)]


class BrokenOnce:
    """A database whose first answer is a bug."""

    def __init__(self, db):
        self._db, self._asked = db, 0

    def reading(self):
        self._asked += 1
        if self._asked == 1:
            raise RuntimeError("a bug")
        return self._db.reading()


def test_a_job_past_its_deadline_is_let_go_and_taken_over(db, worker_db, settings, site):
    id = submit(db, "create_student", ADA)
    ask(site, "UPDATE jobs SET deadline_seconds = 1")
    gate = Gate()
    stuck = polling_worker(worker_db, settings, engine=GatedEngine(gate), lease=0.3)
    with (
        in_background(lambda: stuck.run_once(wait_seconds=0), gate=gate),
        worker_db.reading() as conn,
    ):
        gate.await_arrival()
        until(lambda: leases.reap_jobs(conn), 10)
        make_due(site)
        assert polling_worker(worker_db, settings).run_once(wait_seconds=0)[0].id == id
        gate.open()
    assert attempts(db, id) == ["crashed", "completed"]
    assert usernames(site) == ["alovelace8001"]


def test_a_report_tells_the_progress_and_that_the_job_was_lost(db, worker_db, settings, site):
    lost = []

    def reporting(context):
        context.report({"done": 1, "total": 2})
        assert job(db, context.job.id)["progress"] == {"done": 1, "total": 2}
        expire_leases(site)
        with worker_db.reading() as conn:
            leases.reap_jobs(conn)
        try:
            context.report({"done": 2, "total": 2})
        finally:
            lost.append(True)

    id = submit(db)
    handlers = HANDLERS | {"self_test": reporting}
    polling_worker(worker_db, settings, handlers=handlers).run_once(wait_seconds=0)
    assert lost
    assert job(db, id)["status"] == "queued"
    assert job(db, id)["progress"] == {"done": 1, "total": 2}
    assert attempts(db, id) == ["crashed"]
