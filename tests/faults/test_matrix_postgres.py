"""The fault matrix, as far as PostgreSQL goes: what was not committed was not accepted, and the
answer to everything that cannot be done now is 503 with Retry-After, soon.

F18  restarted (fast, immediate), killed   only 2xx and 503; good answers 10 s after it is back
F19  all sessions ended once a second      the same
F20  slow (2 s away), jobs locked          503 or late; the API is alive meanwhile
F21  more callers than connections         a bounded wait, then 503; no connection is lost
F22  disk full                             writes get 503, reads are answered, all is well after
F23  a standby comes with its own servers
F24  black holes to the API and to workers nothing hangs for 15 s; all is well after
F25  cut between COMMIT and its reply      the repeated request is told of the same job

The same cut below a worker is in test_windows.py.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from coreskills.store import roles
from tests.conftest import missing
from tests.faults.caller import Caller
from tests.faults.lab import Lab
from tests.faults.mounts import Disk, small_disk
from tests.faults.programs import until
from tests.faults.servers import PostgresServer
from tests.faults.services import Api, WorkerProcess
from tests.faults.traffic import Traffic, student

pytestmark = [pytest.mark.e2e, pytest.mark.faults]
BACK = 10.0  # seconds from PostgreSQL's return to the first good answer
OLDEST = 10.0  # seconds from acceptance to the end of a job that a lost worker had begun
LONGEST = 15.0  # seconds that anything may hang
ALIVE = 1.0  # seconds in which the API says that it is alive, whatever PostgreSQL does
DISK = 160  # megabytes


@dataclass(frozen=True)
class Place:
    """Where the laboratory is, with PostgreSQL's data on a small disk, if one can be mounted."""

    folder: Path
    disk: Disk | None


@pytest.fixture(scope="module")
def place(new_folder: Callable[[], Path]) -> Iterator[Place]:
    folder = new_folder()
    with small_disk(folder / "postgres" / "data", DISK) as disk:
        yield Place(folder, disk)


@pytest.fixture(scope="module")
def lab(place: Place) -> Iterator[Lab]:
    with Lab(place.folder, workers=2, proxied=True) as made:
        yield made


@pytest.fixture
def disk(place: Place) -> Iterator[Disk]:
    """Free again after the test."""
    if place.disk is None:
        missing("A file system that root may mount")
        return
    yield place.disk
    place.disk.free()


@pytest.fixture(autouse=True)
def _as_it_was(lab: Lab) -> Iterator[None]:
    yield
    lab.mend()
    lab.settle()


def assert_only_503(traffic: Traffic) -> None:
    """Never 500, never silence, and always when to come again."""
    assert traffic.statuses <= {200, 202, 503}
    refused = [sample for sample in traffic.samples if sample.status == 503]
    assert all(sample.retry_after for sample in refused)


@contextmanager
def watched_life(lab: Lab) -> Iterator[list[float]]:
    """How long the API took to say that it is alive, again and again."""
    seconds: list[float] = []
    ending = threading.Event()

    def ask() -> None:
        with Caller(lab.api.port, timeout=30) as caller:
            while not ending.wait(0.2):
                began = time.monotonic()
                assert caller.get("/health/live").status == 200
                seconds.append(time.monotonic() - began)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    yield seconds
    ending.set()
    thread.join(30)
    assert not thread.is_alive()
    assert seconds


def threads(lab: Lab) -> int:
    return sum(psutil.Process(pid).num_threads() for pid in lab.api.children())


@pytest.mark.parametrize(
    "stop", [PostgresServer.stop_fast, PostgresServer.stop_immediately, PostgresServer.kill]
)
def test_f18_a_restart_is_answered_with_503_and_loses_nothing(
    lab: Lab, stop: Callable[[PostgresServer], object]
):
    with Traffic(lab, rate=30, reads=True) as traffic:
        time.sleep(0.7)
        stop(lab.postgres)
        time.sleep(0.7)
        lab.postgres.start()
        back = time.monotonic()
        for method in ("POST", "GET"):
            until(lambda method=method: traffic.good_after(back, method), BACK + 5)
    assert_only_503(traffic)
    assert 503 in traffic.statuses
    assert traffic.good_after(back) < BACK
    traffic.verify()


def test_f19_ended_sessions_cost_a_repetition_and_nothing_else(lab: Lab):
    with Traffic(lab, rate=30, reads=True) as traffic:
        ended = 0
        for _ in range(10):
            time.sleep(1)
            ended += lab.postgres.end_sessions()
        over = time.monotonic()
        until(lambda: traffic.good_after(over), 5)
    assert ended >= 20
    assert_only_503(traffic)
    traffic.verify()


def test_f20_a_server_that_is_2_s_away_makes_answers_late_and_nothing_worse(lab: Lab):
    """1 s there and 1 s back. A request crosses several times."""
    before = threads(lab)
    with watched_life(lab) as alive, Traffic(lab, rate=5, clients=1, timeout=60) as traffic:
        time.sleep(0.5)
        lab.api.links.postgres.delay(1.0)
        time.sleep(4)
        assert threads(lab) <= before + 2
        began = time.monotonic()
        lab.api.links.postgres.heal()
        until(lambda: traffic.good_after(began), BACK)
    assert_only_503(traffic)
    assert traffic.slowest < LONGEST
    assert max(alive) < ALIVE
    traffic.verify()


@contextmanager
def locked_jobs(lab: Lab) -> Iterator[None]:
    with psycopg.connect(lab.postgres.server.admin_url(roles.DATABASE)) as holder:
        holder.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE")
        yield


def test_f20_locked_jobs_are_503_and_everything_else_goes_on(lab: Lab):
    with watched_life(lab) as alive, Traffic(lab, rate=5, clients=1) as traffic:
        time.sleep(0.5)
        before = threads(lab)
        with locked_jobs(lab):
            locked = time.monotonic()
            while time.monotonic() < locked + 6:
                began = time.monotonic()
                assert lab.caller.get("/api/v1/users?limit=5").status == 200
                assert time.monotonic() - began < ALIVE
                assert threads(lab) <= before + 2
                time.sleep(0.5)
            assert traffic.good_after(locked) == 0
        released = time.monotonic()
        until(lambda: traffic.good_after(released), 5)
    assert_only_503(traffic)
    assert traffic.slowest < 4.0
    assert max(alive) < ALIVE
    traffic.verify()


def test_f20_more_callers_than_threads_leave_the_api_alive(lab: Lab):
    with watched_life(lab) as alive, Traffic(lab, rate=200, clients=40) as traffic:
        with locked_jobs(lab):
            time.sleep(5)
        released = time.monotonic()
        until(lambda: traffic.good_after(released), 5)
    assert_only_503(traffic)
    assert max(alive) < ALIVE
    traffic.verify()


@pytest.fixture
def narrow_api(lab: Lab) -> Iterator[Api]:
    """More threads than connections."""
    api = lab.another_api(threads=16, pool_min=1, pool_max=2)
    api.start()
    yield api
    api.kill()


def test_f21_who_gets_no_connection_in_time_is_told_so(lab: Lab, narrow_api: Api):
    assert narrow_api.links.postgres
    narrow_api.links.postgres.delay(0.05)
    with Traffic(lab, port=narrow_api.port, rate=1000, clients=100) as traffic:
        until(lambda: {202, 503} <= traffic.statuses, 20)
        narrow_api.links.postgres.heal()
    assert_only_503(traffic)
    assert max(waits(narrow_api)) < LONGEST
    until(lambda: pooled(narrow_api)['{state="used"}'] == 0, 5)
    assert sum(pooled(narrow_api).values()) <= 2
    traffic.verify()


def waits(api: Api) -> list[float]:
    """Seconds after which a thread of the API said 503."""
    lines = [json.loads(line) for line in api.text().splitlines() if '"request"' in line]
    return [line["ms"] / 1000 for line in lines if line["status"] == 503]


def pooled(api: Api) -> dict[str, float]:
    with Caller(api.port) as caller:
        text = caller.get("/metrics").body.decode()
    name = "coreskills_db_pool_connections"
    lines = [line.split() for line in text.splitlines() if line.startswith(name + "{")]
    return {line[0].removeprefix(name): float(line[1]) for line in lines}


def test_f22_a_full_disk_refuses_writes_answers_reads_and_is_left_behind(lab: Lab, disk: Disk):
    lab.ask("SELECT pg_switch_wal()")  # of the log a new file, in which there is room
    with Traffic(lab, rate=30, reads=True) as traffic:
        time.sleep(0.3)
        disk.fill()
        until(lambda: 503 in traffic.statuses, 20)
        assert lab.caller.get("/api/v1/users?limit=5").status == 200
        disk.free()
        freed = time.monotonic()
        until(lambda: traffic.good_after(freed), BACK)
    assert_only_503(traffic)
    reads = {sample.status for sample in traffic.samples if sample.method == "GET"}
    assert reads == {200}
    traffic.verify()


def test_f22_without_room_for_its_log_postgres_stops_and_comes_back(lab: Lab, disk: Disk):
    """It panics rather than lie. A supervisor starts it again and again; here the test does."""
    with Traffic(lab, rate=30) as traffic:
        time.sleep(0.3)
        disk.fill()
        with pytest.raises(psycopg.OperationalError):
            write_log(lab, 64)
        until(lambda: 503 in traffic.statuses, 20)
        disk.free()
        freed = time.monotonic()
        until(lambda: supervised(lab.postgres) and traffic.good_after(freed), BACK)
    assert "PANIC" in lab.postgres.text()
    assert_only_503(traffic)
    traffic.verify()


def supervised(server: PostgresServer) -> bool:
    """It may still be dying when one looks, so one looks again and again."""
    if not server.alive:
        server.start()
    return True


def write_log(lab: Lab, megabytes: int) -> None:
    """Write-ahead log that belongs to no table, at once."""
    with psycopg.connect(lab.postgres.server.admin_url(), autocommit=True) as conn:
        for _ in range(megabytes):
            conn.execute("SELECT pg_logical_emit_message(false, 'filler', repeat('x', 1048576))")


def reads_redis(worker: WorkerProcess) -> bool:
    return worker.text().rfind('"reading_again"') >= worker.text().rfind('"polling"')


def test_f24_in_black_holes_nothing_hangs_and_nothing_is_lost(lab: Lab):
    """Between the API and PostgreSQL, one worker and PostgreSQL, the other one and Redis."""
    cut_off, other = lab.workers
    holes = (lab.api.links.postgres, cut_off.links.postgres, other.links.redis)
    until(lambda: reads_redis(other))  # after a PostgreSQL that was away it polls for a while
    with Traffic(lab, rate=10, clients=2, timeout=30) as traffic:
        time.sleep(0.5)
        seen = len(cut_off.text()), len(other.text())
        for hole in holes:
            assert hole
            hole.black_hole()
        dark = time.monotonic()
        until(lambda: 503 in traffic.statuses, LONGEST)
        until(lambda: '"waiting"' in cut_off.text()[seen[0] :], dark + LONGEST - time.monotonic())
        until(lambda: '"polling"' in other.text()[seen[1] :], dark + LONGEST - time.monotonic())
        for hole in holes:
            assert hole
            hole.heal()
        healed = time.monotonic()
        until(lambda: traffic.good_after(healed), BACK)
    assert_only_503(traffic)
    assert traffic.slowest < LONGEST
    traffic.verify()
    assert traffic.age(1.0) < LONGEST
    other.terminate()  # the one that saw no PostgreSQL must work again
    lab.wait_status(lab.accept("/api/v1/students", student()), "completed", LONGEST)


def test_f24_one_worker_in_the_dark_leaves_no_job_to_be_old(lab: Lab):
    """The other goes on, and takes over what the first had begun."""
    cut_off, _ = lab.workers
    assert cut_off.links.postgres
    with Traffic(lab, rate=20) as traffic:
        time.sleep(0.5)
        cut_off.links.postgres.black_hole()
        time.sleep(4)
    cut_off.links.postgres.heal()
    traffic.verify()
    assert traffic.statuses == {202}
    assert traffic.age(1.0) < OLDEST


def test_f25_after_a_cut_commit_the_same_key_is_told_of_the_same_job(lab: Lab):
    cut = lab.api.links.postgres.cut_acceptance()
    body = student()
    answer = lab.caller.post("/api/v1/students", body, "cut-commit")
    assert cut.happened()
    assert answer.status == 503
    assert answer.retry_after
    ((committed,),) = lab.ask("SELECT job_id FROM idempotency_keys WHERE key = 'cut-commit'")
    assert lab.accept("/api/v1/students", body, "cut-commit") == committed
    lab.wait_status(committed, "completed")
    of_it = "SELECT count(*) FROM jobs WHERE parameters->>'student_id' = %s"
    assert lab.ask(of_it, body["student_id"]) == [(1,)]
    assert lab.trail(committed) == ["create_student.requested", "student.created"]
