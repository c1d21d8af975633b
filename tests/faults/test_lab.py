"""The laboratory itself: its processes are real, and can be broken and mended."""

import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.faults.lab import Lab
from tests.faults.programs import until

pytestmark = pytest.mark.e2e
NUMBERS = iter(range(1, 1000))


def student() -> dict[str, object]:
    return {
        "student_id": f"S90{next(NUMBERS):05d}",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "grade_level": 11,
        "graduation_year": 2028,
    }


@pytest.fixture(autouse=True)
def _as_it_was(lab: Lab) -> Iterator[None]:
    yield
    for proxy in lab.proxies:
        proxy.heal()
    for program in (lab.postgres, lab.redis, *lab.workers, lab.api):
        program.resume()
        if not program.alive:
            program.start()


def submitted(lab: Lab) -> int:
    return lab.accept("/api/v1/students", student())


def test_a_job_makes_the_round_trip_through_all_proxies(lab: Lab):
    done = lab.wait_status(submitted(lab), "completed")
    assert done["result"]["Created"]
    assert all(proxy.connections for proxy in lab.proxies)


def test_a_worker_is_a_process_of_its_own_that_starts_quickly(lab: Lab):
    worker = lab.workers[0]
    assert psutil.pid_exists(worker.pid)
    assert len({each.pid for each in lab.workers}) == 2
    worker.kill()
    assert worker.exit_code == -signal.SIGKILL
    before = worker.text().count('"started"')
    worker.start()
    until(lambda: worker.text().count('"started"') > before, 5)


def test_a_worker_that_is_asked_to_stop_ends_with_zero(lab: Lab):
    worker = lab.workers[0]
    worker.start() if not worker.alive else None
    until(lambda: '"started"' in worker.text())
    assert worker.terminate() == 0


def test_a_paused_worker_stands_still_until_it_is_resumed(lab: Lab):
    for worker in lab.workers:
        worker.pause()
    until(lambda: all(worker.paused for worker in lab.workers))
    id = submitted(lab)
    with pytest.raises(AssertionError, match="did not happen"):
        lab.wait_status(id, "completed", 0.5)
    for worker in lab.workers:
        worker.resume()
    lab.wait_status(id, "completed")


def test_a_killed_postgres_comes_back_with_what_it_had(lab: Lab):
    id = submitted(lab)
    lab.wait_status(id, "completed")
    lab.postgres.kill()
    assert not lab.postgres.answers()
    lab.postgres.start()
    assert lab.job(id)["status"] == "completed"


def test_redis_forgets_only_when_told_to(lab: Lab):
    with lab.redis.client() as client:
        client.set("kept", "yes")
    lab.redis.restart()
    with lab.redis.client() as client:
        assert client.get("kept") == "yes"
    lab.redis.restart_empty()
    with lab.redis.client() as client:
        assert client.get("kept") is None


def test_granian_replaces_a_killed_child(lab: Lab):
    killed = lab.api.kill_child()
    until(lambda: killed not in lab.api.children() and lab.api.children())
    until(lab.api.answers)


def test_a_killed_api_leaves_nothing_behind_and_starts_again(lab: Lab):
    children = lab.api.children()
    lab.api.kill()
    assert children
    assert not any(psutil.pid_exists(pid) for pid in children)
    lab.api.start()


@pytest.mark.parametrize("action", ["kill", "stop"])
def test_an_armed_failpoint_meets_one_process_once(lab: Lab, action: str):
    lab.arm("worker.after_claim", action)
    id = submitted(lab)
    lab.wait_hit("worker.after_claim")
    if action == "kill":
        (hit,) = until(lambda: [worker for worker in lab.workers if not worker.alive])
        assert hit.exit_code == -signal.SIGKILL
    else:
        (hit,) = until(lambda: [worker for worker in lab.workers if worker.paused])
        hit.resume()
    assert not lab.hit("worker.after_claim")
    lab.wait_status(id, "completed")
