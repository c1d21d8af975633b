"""Real worker processes, as an instance starts them: killed, stopped, and misled."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from coreskills.store import roles
from tests.databases import made_database
from tests.pipeline import ask, attempts, job, states, student, submit, trail, until, usernames

LOAD = 200
KEPT = ("PATH", "LANG", "PYTHONPATH")
MADE = "SELECT count(*), count(DISTINCT user_id) FROM audit_logs WHERE action = 'student.created'"


@contextmanager
def worker_processes(database_url: str, redis_url: str, how_many: int, **more: str):
    environ = {name: value for name, value in os.environ.items() if name in KEPT}
    environ |= {
        "CORESKILLS_DATABASE_URL": database_url,
        "CORESKILLS_REDIS_URL": redis_url,
        "CORESKILLS_LEASE_SECONDS": "2",
        **more,
    }
    command = [sys.executable, "-m", "coreskills.worker"]
    started = [
        subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) for _ in range(how_many)
    ]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate(timeout=10)


@pytest.fixture
def processes(site, redis, queue):
    """Starts so many, on this test's database and the session's Redis, which is empty."""

    def start(how_many: int, **more: str):
        return worker_processes(site.url(roles.WORKER), redis.url(), how_many, **more)

    return start


def completed(site) -> int:
    return ask(
        site,
        "SELECT count(*) FROM jobs WHERE status = 'completed' AND job_type = 'create_student'",
    )[0][0]


def test_a_worker_killed_in_the_middle_of_a_load_loses_and_doubles_nothing(
    db, queue, processes, site, tmp_path
):
    ids = [
        submit(db, "create_student", student(n, student_id=f"S{n:03d}8{n % 90:03d}"), queue)
        for n in range(LOAD)
    ]
    point = tmp_path / f"worker.running@{ids[LOAD // 2]}"
    point.write_text("kill")
    with processes(2, CORESKILLS_FAILPOINTS=str(tmp_path)) as workers:
        until(lambda: [worker for worker in workers if worker.poll() is not None], 40)
        until(lambda: completed(site) == LOAD, 40)
        ended = [worker.poll() for worker in workers]

    assert sorted(ended, key=str) == [-signal.SIGKILL, None]
    assert not point.exists()
    assert {job(db, id)["status"] for id in ids} == {"completed"}
    assert ask(site, MADE) == [(LOAD, LOAD)]
    assert len(set(usernames(site))) == LOAD
    assert {tuple(trail(site, id)) for id in ids} == {
        ("create_student.requested", "student.created")
    }
    crashed = {
        id for (id,) in ask(site, "SELECT job_id FROM job_attempts WHERE outcome = 'crashed'")
    }
    assert ids[LOAD // 2] in crashed
    assert {job(db, id)["attempt"] for id in crashed} == {2}


def test_a_worker_asked_to_stop_finishes_its_job_and_leaves(db, queue, processes, site):
    with processes(1) as (worker,):
        submit(db, "create_student", student(1), queue)
        until(lambda: completed(site) == 1, 30)
        for n in range(2, 30):
            submit(db, "create_student", student(n), queue)
        worker.terminate()
        assert worker.wait(timeout=10) == 0
    assert "running" not in states(site)
    assert ask(site, "SELECT count(*) FROM job_attempts WHERE outcome IS NULL") == [(0,)]


def test_a_worker_asked_to_stop_finishes_the_job_it_is_in(db, queue, processes, site, tmp_path):
    """Held there until it has been asked."""
    point, hit = tmp_path / "worker.running", tmp_path / "worker.running.hit"
    point.write_text("hold")
    with processes(1, CORESKILLS_FAILPOINTS=str(tmp_path)) as (worker,):
        id = submit(db, "create_student", student(1), queue)
        until(hit.exists, 30)
        worker.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(timeout=0.5)
        hit.unlink()
        assert worker.wait(timeout=10) == 0
    assert job(db, id)["status"] == "completed"
    assert attempts(db, id) == ["completed"]


def test_a_worker_without_redis_polls(db, processes, site):
    with processes(1, CORESKILLS_REDIS_URL=""):
        submit(db, "create_student", student(1))
        until(lambda: completed(site) == 1, 30)


def test_a_worker_on_a_database_without_a_schema_ends_and_says_why(postgres, redis, queue):
    """So that its supervisor starts it again; it must not live on without its dispatcher."""
    with (
        made_database(postgres, migrated=False) as empty,
        worker_processes(empty.url(roles.WORKER), redis.url(), 1) as (worker,),
    ):
        _, said = worker.communicate(timeout=20)
    assert worker.returncode == 1
    assert b'relation "' in said
    assert b"does not exist" in said


def test_a_worker_whose_dispatcher_breaks_ends_and_says_why(processes, site):
    """Its loop would go on: there are jobs to do, and nothing is wrong with them."""
    ask(site, "REVOKE ALL ON schedules FROM coreskills_worker")
    with processes(1) as (worker,):
        _, said = worker.communicate(timeout=20)
    assert worker.returncode == 1
    assert b"permission denied for table schedules" in said


def test_a_worker_with_a_wrong_setting_ends_and_names_it(processes):
    with processes(1, CORESKILLS_LEASE_SECONDS="soon") as (worker,):
        _, said = worker.communicate(timeout=20)
    assert worker.returncode == 1
    assert b"CORESKILLS_LEASE_SECONDS" in said
