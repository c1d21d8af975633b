"""The fault matrix, as far as Redis goes: it may freeze, die, forget or refuse; no job notices.

F10  frozen for 5 s                  every write accepted, jobs at most 5 s old
F11  killed, back from its disk      nothing is missing from the stream
F12  restarted empty                 healed in 2 s
F13  FLUSHALL, DEL, XGROUP DESTROY, XTRIM   healed in 2 s
F14  memory full                     every write accepted, jobs at most 5 s old
F15  disk full                       the same
F16  gone                            the same; `python -m tests.faults.outage --minutes 10`
F17  Sentinel comes with the servers that it watches.

The moments at which a program dies between PostgreSQL and Redis are in test_windows.py.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coreskills.broker.streams import STREAM
from tests.conftest import missing
from tests.faults import outage
from tests.faults.lab import Lab
from tests.faults.mounts import Disk, small_disk
from tests.faults.programs import until
from tests.faults.servers import RedisServer
from tests.faults.traffic import Traffic, student

pytestmark = [pytest.mark.e2e, pytest.mark.faults]
OLDEST = 5.0  # seconds from acceptance to the end of a job, whatever Redis does
HEALED = 2.0  # seconds from the loss of everything in Redis to the last of the jobs that were there
PATIENCE = 1.5  # seconds; a request waits 1 s for a frozen Redis, once
WAITING = 20
DISK = 8  # megabytes


@pytest.fixture(autouse=True)
def _as_it_was(lab: Lab) -> Iterator[None]:
    yield
    lab.mend()
    lab.settle()


@pytest.fixture
def full_disk(lab: Lab) -> Iterator[Disk]:
    """Redis lives on it from now on; not yet full."""
    lab.redis.kill()
    with small_disk(lab.redis.server.base, DISK) as disk:
        lab.redis.server.prepare()
        lab.redis.start()
        if disk is None:
            missing("A file system that root may mount")
            return
        yield disk
        lab.redis.kill()


def waiting(lab: Lab) -> list[int]:
    """Jobs that stand in the stream, for all workers are frozen. Beside them there may be entries
    whose reader an earlier fault took away."""
    for worker in lab.workers:
        worker.pause()
    until(lambda: all(worker.paused for worker in lab.workers))
    before = entries(lab)
    # The API leaves a Redis that failed alone for a second: the earlier fault may be so recent.
    until(lambda: lab.accept("/api/v1/students", student()) and entries(lab) > before)
    ids = [lab.accept("/api/v1/students", student()) for _ in range(WAITING)]
    assert entries(lab) >= WAITING
    return ids


def entries(lab: Lab) -> int:
    with lab.redis.client() as client:
        return int(client.xlen(STREAM))


def resume(lab: Lab) -> None:
    for worker in lab.workers:
        worker.resume()


def seconds_until_done(lab: Lab, ids: list[int], since: float) -> float:
    """And every job was run once, however often it was published."""
    done = "SELECT count(*), max(attempt) FROM jobs WHERE id = ANY(%s) AND status = 'completed'"
    until(lambda: lab.ask(done, ids) == [(len(ids), 1)], 30)
    return time.monotonic() - since


def assert_all_accepted(traffic: Traffic) -> None:
    assert traffic.statuses == {202}
    assert traffic.slowest < PATIENCE


def test_f10_a_frozen_redis_holds_up_no_write_and_no_job(lab: Lab):
    with Traffic(lab) as traffic:
        time.sleep(0.5)
        lab.redis.pause()
        time.sleep(5)
        lab.redis.resume()
        time.sleep(0.5)
    traffic.verify()
    assert_all_accepted(traffic)
    assert traffic.age(1.0) < OLDEST
    assert "redis_is_gone" in "".join(worker.text() for worker in lab.workers)


def test_f11_a_killed_redis_comes_back_with_every_entry(lab: Lab):
    ids = waiting(lab)
    epoch = lab.redis.epoch()
    before = entries(lab)
    lab.redis.restart()
    assert entries(lab) == before
    assert lab.redis.epoch() == epoch
    resume(lab)
    seconds_until_done(lab, ids, time.monotonic())


def test_f12_a_redis_that_comes_back_empty_is_filled_again(lab: Lab):
    ids = waiting(lab)
    epoch = lab.redis.epoch()
    since = time.monotonic()
    lab.redis.restart_empty()
    resume(lab)
    assert seconds_until_done(lab, ids, since) < HEALED
    assert until(lab.redis.epoch, 5) != epoch


@pytest.mark.parametrize(
    "destroy",
    [
        RedisServer.flush,
        RedisServer.delete_stream,
        RedisServer.destroy_group,
        RedisServer.trim,
    ],
)
def test_f13_what_somebody_deletes_from_redis_is_done_all_the_same(
    lab: Lab, destroy: Callable[[RedisServer], None]
):
    ids = waiting(lab)
    since = time.monotonic()
    destroy(lab.redis)
    resume(lab)
    assert seconds_until_done(lab, ids, since) < HEALED


def test_f13_under_load_nobody_notices_a_flush(lab: Lab):
    with Traffic(lab, rate=40) as traffic:
        for _ in range(4):
            time.sleep(0.6)
            lab.redis.flush()
    traffic.verify()
    assert_all_accepted(traffic)
    assert traffic.age(1.0) < HEALED


def test_f14_a_redis_without_memory_holds_up_no_write_and_no_job(lab: Lab):
    """It answers whoever reads, so workers must find in the table what it would not take."""
    with Traffic(lab) as traffic, lab.redis.client() as client:
        time.sleep(0.5)
        client.config_set("maxmemory", 1)
        time.sleep(OLDEST + 1)
        client.config_set("maxmemory", "128mb")
    traffic.verify()
    assert_all_accepted(traffic)
    assert traffic.age(1.0) < OLDEST


def test_f15_a_redis_with_a_full_disk_holds_up_no_write_and_no_job(lab: Lab, full_disk: Disk):
    with Traffic(lab) as traffic:
        time.sleep(0.5)
        full_disk.fill()
        until(lambda: refuses(lab), 10)
        time.sleep(3)
        full_disk.free()
        until(lambda: not refuses(lab), 10)
    traffic.verify()
    assert_all_accepted(traffic)
    assert traffic.age(1.0) < OLDEST


def refuses(lab: Lab) -> bool:
    with lab.redis.client() as client:
        # the library's type is of both its clients
        found: dict[str, str] = client.info("persistence")  # type: ignore[assignment]
    return found["aof_last_write_status"] != "ok"


def test_f16_without_redis_every_write_is_accepted_and_no_job_is_old(lab: Lab):
    figures = outage.outlast(lab, 10, rate=40)
    assert figures.accepted_at_once == figures.asked
    assert figures.slowest_answer < PATIENCE
    assert figures.age_p95 <= OLDEST


def test_the_folder_of_the_full_disk_is_given_back(lab: Lab):
    assert not Path(lab.redis.server.base).is_mount()
