"""The words in which the tests of the loss windows are written."""

import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import psycopg

from coreskills.broker.streams import ABANDONED_MS, GROUP, STREAM
from coreskills.store import roles
from tests.faults.caller import Caller, NoAnswer
from tests.faults.lab import Lab
from tests.faults.programs import Program, until
from tests.faults.services import WorkerProcess

REPEATS = 20  # every window is hit so often
LEADERSHIP = 7310101  # try_lead in leases.sql
STUDENTS = "/api/v1/students"
NUMBERS = count(1)
LETTERS = "abcdefghij"
STORIES = """
SELECT j.id, j.status::text, j.result->>'Created', j.error_count, j.crash_count,
       (SELECT array_agg(outcome ORDER BY attempt) FROM job_attempts WHERE job_id = j.id),
       (SELECT array_agg(action ORDER BY id) FROM audit_logs WHERE job_id = j.id),
       (SELECT array_agg(first_name || ' ' || last_name) FROM users
         WHERE student_id = j.parameters->>'student_id'),
       (SELECT array_agg(k.id) FROM jobs k
         WHERE k.parameters->>'student_id' = j.parameters->>'student_id'),
       (SELECT array_agg(key) FROM idempotency_keys WHERE job_id = j.id)
  FROM jobs j WHERE id = ANY(%s)
"""


def student() -> dict[str, Any]:
    """A new one each time, with a name of its own."""
    number = next(NUMBERS)
    name = "".join(LETTERS[int(digit)] for digit in f"{number:05d}")
    return {
        "student_id": f"S20{number:06d}",
        "first_name": "Ada",
        "last_name": name.capitalize(),
        "grade_level": 11,
        "graduation_year": 2028,
    }


@dataclass
class Demand:
    """What a client wants, under its own Idempotency-Key. `id`: the job, once it knows."""

    body: dict[str, Any] = field(default_factory=student)
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    id: int = 0


def submit(lab: Lab, number: int = REPEATS) -> list[Demand]:
    demands = [Demand() for _ in range(number)]
    for demand in demands:
        demand.id = lab.accept(STUDENTS, demand.body, demand.key)
    return demands


def submit_killing(caller: Caller, demand: Demand) -> None:
    """The API dies while it serves this."""
    try:
        answer = caller.post(STUDENTS, demand.body, demand.key)
    except NoAnswer:
        return
    raise AssertionError(f"it was answered: {answer.status} {answer.body!r}")


def known_jobs(lab: Lab, demand: Demand) -> list[int]:
    """What the database knows of it, whoever was told."""
    rows = lab.ask("SELECT job_id FROM idempotency_keys WHERE key = %s", demand.key)
    return [id for (id,) in rows]


def expect_done(
    lab: Lab,
    demands: list[Demand],
    outcomes: tuple[str, ...] = ("completed",),
    *,
    crashes: int = 0,
    seconds: float = 40,
) -> None:
    """Each took effect exactly once, for the right person, and the stream is empty again.

    `outcomes`: of its attempts, in order.
    """
    lab.settle(seconds)
    expect_stories(lab, demands, outcomes, crashes)
    expect_empty_stream(lab)


def expect_stories(
    lab: Lab, demands: list[Demand], outcomes: tuple[str, ...] = ("completed",), crashes: int = 0
) -> None:
    rows = lab.ask(STORIES, [demand.id for demand in demands])
    found = {id: told for id, *told in rows}
    trail = ["create_student.requested", "student.created"]
    for demand in demands:
        person = [f"{demand.body['first_name']} {demand.body['last_name']}"]
        story = ["completed", "true", 0, crashes, list(outcomes), trail, person]
        assert found[demand.id] == [*story, [demand.id], [demand.key]], f"job {demand.id}"


def expect_empty_stream(lab: Lab) -> None:
    """Some worker must run, to find what the dead have read."""
    abandon(lab)
    with lab.redis.client() as client:
        until(lambda: client.xlen(STREAM) == 0)
        pending: Any = client.xpending(STREAM, GROUP)
    assert pending["pending"] == 0


def abandon(lab: Lab) -> None:
    """Whatever was read and not acknowledged was read long ago: nobody waits 10 s for it."""
    with lab.redis.client() as client:
        entries: Any = client.xpending_range(STREAM, GROUP, "-", "+", 10_000)
        for entry in entries:
            ids = [entry["message_id"]]
            client.xclaim(STREAM, GROUP, entry["consumer"], 0, ids, idle=ABANDONED_MS, justid=True)


def publications(lab: Lab) -> int:
    """XADDs since this Redis started."""
    with lab.redis.client() as client:
        stats: Any = client.info("commandstats")
    return int(stats.get("cmdstat_xadd", {}).get("calls", 0))


def make_due(lab: Lab, demands: list[Demand], seconds: float = 0.0) -> None:
    """From now on, or later: then whoever finds it in the table waits, and Redis tells of it."""
    ids = [demand.id for demand in demands]
    lab.ask(
        "UPDATE jobs SET run_at = now() + make_interval(secs => %s) WHERE id = ANY(%s)",
        seconds,
        ids,
    )


def slowest(lab: Lab, demands: list[Demand]) -> float:
    """Seconds from acceptance to effect, by the clock that decides."""
    ((seconds,),) = lab.ask(
        "SELECT max(extract(epoch FROM completed_at - created_at))::float FROM jobs"
        " WHERE id = ANY(%s)",
        [demand.id for demand in demands],
    )
    return float(seconds)


@contextmanager
def crowd(lab: Lab, number: int = REPEATS, **settings: object) -> Iterator[list[WorkerProcess]]:
    """Workers that take one job at a time, unless `batch_jobs` says more."""
    made = [lab.add_worker(proxied=False, **({"batch_jobs": 1} | settings)) for _ in range(number)]
    try:
        yield made
    finally:
        dismiss(lab, made)


@contextmanager
def rescuers(lab: Lab, number: int = 2) -> Iterator[list[WorkerProcess]]:
    """Healthy ones, which keep their leases on a machine that is slow today."""
    with crowd(lab, number, lease_seconds=10, batch_jobs=32) as made:
        yield made


def dismiss(lab: Lab, workers: list[WorkerProcess]) -> None:
    for worker in workers:
        worker.signal(signal.SIGKILL)
    for worker in workers:
        worker.wait()
        lab.workers.remove(worker)


@contextmanager
def leaderless(lab: Lab) -> Iterator[None]:
    """Nobody reaps, relays or fires: what the dead leave lies there until the end."""
    with psycopg.connect(lab.postgres.server.admin_url(roles.DATABASE), autocommit=True) as conn:
        conn.execute("SET lock_timeout = '10 s'")
        conn.execute("SELECT pg_advisory_lock(%s)", [LEADERSHIP])
        yield


@contextmanager
def unsealed(lab: Lab) -> Iterator[None]:
    """A seal is on the disk when it is made, and with it all that was written before."""
    conn = psycopg.connect(lab.postgres.server.admin_url(roles.DATABASE))
    conn.execute("SELECT FROM audit_head FOR UPDATE")
    yield
    conn.close()


@contextmanager
def armed(lab: Lab, point: str, action: str, job: int | None = None) -> Iterator[None]:
    lab.arm(point, action, job=job)
    try:
        yield
    finally:
        lab.disarm(point, job=job)


def expect_killed(programs: list[WorkerProcess]) -> None:
    until(lambda: not any(program.alive for program in programs), 30)
    assert {program.exit_code for program in programs} == {-signal.SIGKILL}


def kill_all(lab: Lab, point: str, *, due_in: float = 0.0) -> list[Demand]:
    """A worker for each of so many jobs, which dies there, while nobody mends anything."""
    with leaderless(lab), armed(lab, point, "kill always"):
        demands = submit(lab)
        make_due(lab, demands, due_in)
        with crowd(lab, lease_seconds=1) as workers:
            expect_killed(workers)
    return demands


def kill_leaders(lab: Lab, point: str, times: int = REPEATS) -> None:
    """So many dispatchers, one after the other, die there. None of their loops gets to a job."""
    with armed(lab, "worker.before_read", "hold always"):
        for _ in range(times):
            with armed(lab, point, "kill"), crowd(lab, 1) as leader:
                expect_killed(leader)


def expect_paused(programs: list[WorkerProcess]) -> None:
    until(lambda: all(program.paused for program in programs), 30)


def resume(programs: list[WorkerProcess]) -> None:
    for program in programs:
        program.resume()


def told(program: Program, event: str) -> int:
    """How often its log has said so."""
    return program.text().count(f'"{event}"')
