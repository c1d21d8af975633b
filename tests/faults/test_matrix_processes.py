"""The fault matrix, as far as our own processes, their memory, logs and versions go.

F1   API killed in a request            test_windows_accepting.py, at its failpoints
F2   dispatcher killed                  test_windows_publishing.py
F3   worker killed                      test_windows_working.py
F4   PowerShell killed                  comes with that engine, as does F6
F5   a job that never ends              its worker leaves with 75; another one does the job
F7   poison                             test_windows_clock_and_poison.py
F8   refused by the worker              failed once, never repeated
F9   a worker that was frozen           test_windows_working.py
F26  clocks that are wrong              test_windows_clock_and_poison.py
F27  memory                             an error of the job, five times; killed: done by another
F28  no room for logs                   everything goes on, and says later how much is missing
F29  rolling restart                    tests/e2e/test_restart.py
F30  two versions at once               test_matrix_versions.py
F31  migration killed                   test_matrix_versions.py
F32  burst, cancel storm, same work     one live job per key, a cancelled job has no effect
F33  three dispatchers, one killed      every time of every schedule exactly once

`CORESKILLS_BURST=10000` makes F32's burst larger.
"""

import os
import queue
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from coreskills.domain.jobs import MAX_ERRORS
from coreskills.worker.process import EX_TEMPFAIL
from tests.conftest import missing
from tests.faults.caller import Answer, Caller
from tests.faults.handlers import harmful, limited
from tests.faults.lab import LEASE_SECONDS, Lab
from tests.faults.mounts import Disk, small_disk
from tests.faults.programs import until
from tests.faults.traffic import Traffic, student

pytestmark = [pytest.mark.e2e, pytest.mark.faults]
BURST = int(os.environ.get("CORESKILLS_BURST", "2000"))
SCHEDULES = 40


@pytest.fixture
def lab(plain_lab: Lab) -> Lab:
    return plain_lab


def test_f5_a_job_that_never_ends_costs_its_worker_and_is_done_by_another(lab: Lab):
    lab.add_worker(harmful)
    began = time.monotonic()
    id = lab.queue("block", deadline=1)
    stuck = lab.workers[0]
    lab.wait_status(id, "running")
    lab.add_worker(harmful)
    lab.wait_status(lab.accept("/api/v1/students", student()), "completed", 2)
    assert stuck.wait() == EX_TEMPFAIL
    assert 1 + LEASE_SECONDS < time.monotonic() - began < 1 + 3 * LEASE_SECONDS
    job = lab.wait_status(id, "completed")
    assert (job["result"]["attempt"], job["crash_count"], job["error_count"]) == (2, 1, 0)
    assert lab.attempts(id) == ["crashed", "completed"]


def test_f8_what_the_worker_refuses_fails_once(lab: Lab):
    lab.add_worker()
    wanted = {"type": "disable_account", "data": {"user_id": 2**40, "reason": "leaver"}}
    id = lab.accept("/api/v1/jobs", wanted)
    job = lab.wait_status(id, "failed")
    assert (job["error_code"], job["attempt"], job["crash_count"]) == ("not_found", 1, 0)
    assert lab.trail(id) == ["disable_account.requested", "disable_account.failed"]
    lab.make_due()
    time.sleep(0.5)
    assert lab.attempts(id) == ["failed"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="RLIMIT_AS is Linux's")
def test_f27_a_job_that_asks_for_too_much_memory_fails_and_its_worker_lives(lab: Lab):
    worker = lab.add_worker(limited)
    id = lab.queue("hoard")
    for errors in range(1, MAX_ERRORS):
        until(lambda errors=errors: lab.job(id)["error_count"] == errors)
        lab.make_due()
    job = lab.wait_status(id, "failed")
    assert (job["error_count"], job["crash_count"]) == (MAX_ERRORS, 0)
    assert lab.attempts(id) == ["retried"] * (MAX_ERRORS - 1) + ["failed"]
    ((message,),) = lab.ask("SELECT error_message FROM jobs WHERE id = %s", id)
    assert "MemoryError" in message
    lab.wait_status(lab.accept("/api/v1/students", student()), "completed")
    assert worker.alive
    assert worker.starts == 1


def test_f27_a_worker_that_the_system_kills_for_its_memory_is_replaced(lab: Lab):
    lab.add_worker()
    lab.arm("worker.running", "stop")
    id = lab.accept("/api/v1/students", student())
    lab.wait_hit("worker.running")
    killed = lab.workers[0]
    lab.add_worker()
    since = time.monotonic()
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    job = lab.wait_status(id, "completed", 17)
    assert time.monotonic() - since < LEASE_SECONDS + 3
    assert (job["attempt"], job["crash_count"], job["error_count"]) == (2, 1, 0)
    assert lab.trail(id).count("student.created") == 1


@pytest.fixture
def log_disk(lab: Lab) -> Iterator[Disk]:
    """Where a worker and the API keep their logs meanwhile."""
    programs = (lab.add_worker(), lab.api)
    before = [program.log for program in programs]
    with small_disk(lab.folder / "logs", 1) as disk:
        if disk is None:
            missing("A file system that root may mount")
            return
        for program in programs:
            program.log = disk.path / program.log.name
            program.restart()
        yield disk
        for program, log in zip(programs, before, strict=True):
            program.kill()
            program.log = log


def test_f28_without_room_for_logs_everything_goes_on(lab: Lab, log_disk: Disk):
    log_disk.fill()  # but for what is left of the last page of each log
    with Traffic(lab, rate=100, reads=True) as traffic:
        time.sleep(1)
    traffic.verify()
    assert traffic.statuses == {200, 202}
    (worker,) = lab.workers
    assert worker.alive
    log_disk.free()
    lab.wait_status(lab.accept("/api/v1/students", student()), "completed")
    for program in (worker, lab.api):
        until(lambda program=program: "log_lines_dropped" in program.text(), 5)


def test_f32_a_burst_with_a_storm_of_cancels_leaves_nothing_half_done(lab: Lab):
    bodies = [student() for _ in range(BURST)]
    with Crowd(lab, 8) as crowd:
        answers = crowd.post(("/api/v1/students", body) for body in bodies)
        assert {answer.status for answer in answers} == {202}
        ids = sorted(answer.json()["job_id"] for answer in answers)
        for _ in range(2):
            lab.add_worker()
        until(lambda: lab.job(ids[BURST // 10])["status"] == "completed")
        chosen = ids[::3]  # quicker than the workers, so it overtakes them
        told = crowd.post((f"/api/v1/jobs/{id}/cancel", None) for id in chosen)
    said = {id: answer.status for id, answer in zip(chosen, told, strict=True)}
    lab.settle()
    states = dict(lab.ask("SELECT id, status::text FROM jobs WHERE id = ANY(%s)", ids))
    assert set(said.values()) == {200, 409}
    assert states == {id: "cancelled" if said.get(id) == 200 else "completed" for id in ids}
    done = [id for id in ids if states[id] == "completed"]
    created = (
        "SELECT array_agg(a.job_id ORDER BY a.job_id) FROM jobs j"
        " JOIN audit_logs a ON a.job_id = j.id AND a.action = 'student.created'"
        " JOIN users u ON u.id = a.user_id AND u.student_id = j.parameters->>'student_id'"
        " WHERE j.id = ANY(%s)"
    )
    assert lab.ask(created, ids) == [(done,)]
    of_all = "SELECT count(*) FROM users WHERE student_id = ANY(%s)"
    assert lab.ask(of_all, [body["student_id"] for body in bodies]) == [(len(done),)]


def test_f32_the_same_work_asked_for_100_times_at_once_is_one_job(lab: Lab):
    body = student()
    with Crowd(lab, 100) as crowd:
        answers = crowd.post([("/api/v1/students", body)] * 100)
    assert sorted(answer.status for answer in answers) == [202] + [409] * 99
    assert {answer.json()["code"] for answer in answers if answer.status == 409} == {"job_open"}
    of_it = "SELECT count(*) FROM jobs WHERE parameters->>'student_id' = %s"
    assert lab.ask(of_it, body["student_id"]) == [(1,)]
    lab.add_worker()


class Crowd:
    """`clients` threads, each with a connection of its own."""

    def __init__(self, lab: Lab, clients: int) -> None:
        self._callers: queue.SimpleQueue[Caller] = queue.SimpleQueue()
        self._made = [Caller(lab.api.port, lab.token, 30) for _ in range(clients)]
        for caller in self._made:
            self._callers.put(caller)
        self._threads = ThreadPoolExecutor(clients)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        for caller in self._made:
            caller.close()

    def post(self, requests: Iterable[tuple[str, Any]]) -> list[Answer]:
        """As many at once as there are clients; the answers in the order of the requests."""
        return list(self._threads.map(self._post, requests))

    def _post(self, request: tuple[str, Any]) -> Answer:
        caller = self._callers.get()
        try:
            return caller.post(*request)
        finally:
            self._callers.put(caller)


def test_f33_every_time_of_a_schedule_comes_once_whoever_dies(lab: Lab):
    """Two of three dispatchers are killed at the tick, with the jobs written and not committed."""
    for _ in range(3):
        lab.add_worker()
    until(lambda: any('"leading"' in worker.text() for worker in lab.workers))
    wanted = []
    for _ in range(2):
        lab.arm("schedule.before_commit", "kill")
        wanted += add_schedules(lab)
        lab.wait_hit("schedule.before_commit")
    until(lambda: len([worker for worker in lab.workers if worker.alive]) == 1)
    wanted += add_schedules(lab)
    late = "SELECT 1 FROM schedules WHERE enabled AND next_at <= now()"
    until(lambda: lab.ask(late) == [])
    lab.settle()
    fired = (
        "SELECT fire_at, status::text FROM jobs WHERE requested_by LIKE 'schedule:f33-%%'"
        " ORDER BY fire_at"
    )
    assert len(wanted) == 3 * SCHEDULES
    assert lab.ask(fired) == [(moment, "completed") for moment in sorted(wanted)]
    lab.ask("DELETE FROM schedules WHERE name LIKE 'f33-%%'")


def add_schedules(lab: Lab) -> list[Any]:
    """Each due at a moment of its own; returns these."""
    rows = lab.ask(
        "INSERT INTO schedules (name, job_type, every, next_at)"
        " SELECT 'f33-' || gen_random_uuid(), 'self_test', '1 hour', now() - n * interval '1 s'"
        f" FROM generate_series(1, {SCHEDULES}) n RETURNING next_at"
    )
    return [moment for (moment,) in rows]
