"""What a worker counts of jobs and of its engine: after the commit, and once."""

from functools import partial

import pytest

from coreskills.actions import job_control
from coreskills.engine.native import NativeEngine
from coreskills.errors import EngineFailed
from coreskills.store import leases
from coreskills.store.leases import Claimant
from coreskills.telemetry import work as work_metrics
from coreskills.worker.dispatcher import Dispatcher
from coreskills.worker.process import served
from tests.people import ADA
from tests.pipeline import (
    GRACE,
    NOWHERE,
    FailingEngine,
    ask,
    expire_leases,
    make_due,
    polling_worker,
    submit,
)

AWAY = EngineFailed("the directory is away", permanent=False)
REFUSED = EngineFailed("no such school", permanent=True, code="no_such_school")
FINISHED = "coreskills_jobs_finished_total"


@pytest.fixture(autouse=True)
def no_schedules(site):
    ask(site, "UPDATE schedules SET enabled = false")


@pytest.fixture
def work(worker_db, settings):
    """Runs the next job with this engine."""

    def run(engine=None):
        return polling_worker(worker_db, settings, engine=engine).run_once(wait_seconds=0)

    return run


class Counted:
    """By how much a sample has grown since this was made."""

    def __init__(self, registry):
        self._registry = registry
        self._before = self._samples()

    def __call__(self, name, **labels):
        key = (name, frozenset(labels.items()))
        return self._samples().get(key, 0) - self._before.get(key, 0)

    def _samples(self):
        samples = [s for metric in self._registry.collect() for s in metric.samples]
        return {(s.name, frozenset(s.labels.items())): s.value for s in samples}


@pytest.fixture
def counted(worker_db):
    return Counted(served(worker_db, NativeEngine()))


def test_a_completed_job_is_counted_with_its_waiting_its_running_and_its_call(db, work, counted):
    submit(db, "create_student", ADA)
    work()
    kind, call = {"type": "create_student"}, {"command": "New-KISDStudentAccount"}
    assert counted(FINISHED, **kind, outcome="completed", code="") == 1
    assert counted("coreskills_job_queued_seconds_count", **kind) == 1
    assert counted("coreskills_job_run_seconds_count", **kind) == 1
    assert 0 < counted("coreskills_job_run_seconds_sum", **kind) < 5
    assert 0 < counted("coreskills_job_queued_seconds_sum", **kind) < 5
    assert counted("coreskills_engine_calls_total", engine="native", outcome="ok", **call) == 1
    assert counted("coreskills_engine_call_seconds_count", engine="native", **call) == 1


def test_a_failed_attempt_is_retried_and_not_finished(db, work, counted, site):
    submit(db, "create_student", ADA)
    work(FailingEngine(AWAY))
    kind = {"type": "create_student"}
    assert counted("coreskills_jobs_retried_total", **kind) == 1
    assert counted(FINISHED, **kind, outcome="failed", code="engine_failed") == 0
    make_due(site)
    work()
    assert counted(FINISHED, **kind, outcome="completed", code="") == 1
    assert counted("coreskills_job_queued_seconds_count", **kind) == 2


def test_a_refusal_is_finished_under_its_code(db, work, counted):
    submit(db, "create_student", ADA)
    work(FailingEngine(REFUSED))
    kind = {"type": "create_student"}
    assert counted(FINISHED, **kind, outcome="failed", code="no_such_school") == 1
    assert counted("coreskills_jobs_retried_total", **kind) == 0
    call = {"engine": "native", "command": "New-KISDStudentAccount"}
    assert counted("coreskills_engine_calls_total", **call, outcome="no_such_school") == 1


def test_a_job_whose_workers_vanish_is_counted_as_crashed_and_in_the_end_as_dead(
    db, worker_db, counted, site
):
    submit(db)
    for crash in (1, 2, 3):
        make_due(site)
        with worker_db.reading() as conn:
            leases.claim_next_jobs(conn, 1, Claimant("doomed", "native", 15.0))
            expire_leases(site)
            Dispatcher(worker_db, NOWHERE).tick(conn)
        assert counted("coreskills_jobs_crashed_total", type="self_test") == crash
    ((code,),) = ask(site, "SELECT error_code FROM jobs")
    assert counted(FINISHED, type="self_test", outcome="dead", code=code) == 1


class Cancelling(NativeEngine):
    """Somebody cancels the job while it runs."""

    def __init__(self, db, id):
        self._cancel = partial(job_control.cancel, db, GRACE, id)

    def invoke(self, *arguments):
        self._cancel()
        return super().invoke(*arguments)


def test_a_job_that_is_cancelled_while_it_runs_is_cancelled_and_not_completed(db, work, counted):
    work(Cancelling(db, submit(db, "create_student", ADA)))
    kind = {"type": "create_student", "code": ""}
    assert counted(FINISHED, **kind, outcome="cancelled") == 1
    assert counted(FINISHED, **kind, outcome="completed") == 0


def test_what_can_be_counted_is_there_with_zero_before_it_happens(worker_db):
    work_metrics.start_at_zero(["never_run"])
    registry = served(worker_db, NativeEngine())
    kind = {"type": "never_run"}
    for outcome, code in (("completed", ""), ("dead", "worker_lost")):
        assert registry.get_sample_value(FINISHED, kind | {"outcome": outcome, "code": code}) == 0
    assert registry.get_sample_value("coreskills_jobs_crashed_total", kind) == 0
