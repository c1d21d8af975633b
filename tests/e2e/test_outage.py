"""What `check`, `status` and `restart` say while something is away."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import Instance

pytestmark = pytest.mark.e2e
SOON = 10.0  # seconds for a check of an instance without PostgreSQL; it took 29


@contextmanager
def held(instance: Instance) -> Iterator[int]:
    """The supervisor, which else would start again at once what is killed."""
    supervisor = instance.supervisor()
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield supervisor
    finally:
        os.kill(supervisor, signal.SIGCONT)


def kill(pid: int) -> None:
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        each.kill()


def by_verdict(found: dict[str, Any]) -> dict[str, list[str]]:
    return {
        verdict: [check["id"] for check in found["checks"] if check["verdict"] == verdict]
        for verdict in ("ok", "failed", "not_run")
    }


def test_a_check_without_postgresql_ends_soon_and_fails_for_nothing_else(
    posix: None, new_instance: Callable[..., Instance]
):
    instance = new_instance()
    instance.start("--no-seed", "--no-monitoring")
    with held(instance):
        kill(instance.pid("postgres"))
        began = time.monotonic()
        done = instance.run("check")
        assert time.monotonic() - began < SOON
        found = instance.json("check")
    assert done.returncode == 1
    assert "not run  The schema is the newest     for postgres.answers failed" in done.stdout
    verdicts = by_verdict(found)
    assert "postgres.answers" in verdicts["failed"]
    about_services = {"services.running", "supervisor.works"}
    assert set(verdicts["failed"]) - about_services == {"postgres.answers"}
    assert {"redis.answers", "api.live"} <= set(verdicts["ok"])
    assert {"postgres.schema", "jobs.round_trip", "data.people"} <= set(verdicts["not_run"])
    assert [found[name] for name in verdicts] == [len(ids) for ids in verdicts.values()]


def test_with_a_held_supervisor_a_dead_api_is_seen_and_the_next_step_is_named(
    posix: None, new_instance: Callable[..., Instance]
):
    instance = new_instance()
    instance.start("--no-seed", "--no-monitoring")
    before = instance.pid("api")
    with held(instance) as supervisor:
        kill(before)
        status, found = instance.run("status"), instance.json("status")
        checks = {check["id"]: check for check in instance.json("check")["checks"]}
        began = time.monotonic()
        restart = instance.run("restart", "api")
        took = time.monotonic() - began
    step = f"kill -CONT {supervisor}"
    assert status.returncode == 1
    assert step in status.stderr
    assert {s["name"]: s["state"] for s in found["services"]}["api"] == "failed"
    assert (found["running"], found["trouble"]["fix"]) == (False, step)
    for name in ("supervisor.works", "services.running"):
        assert (checks[name]["verdict"], checks[name]["fix"]) == ("failed", step)
    assert "not running: api" in checks["services.running"]["why"]
    assert (restart.returncode, took < 5) == (1, True)
    assert f"fix: {step}" in restart.stderr
    deadline = time.monotonic() + 20
    while instance.pid("api") in (0, before):
        assert time.monotonic() < deadline, "the step did not help"
        time.sleep(0.1)


def test_with_a_dead_supervisor_what_lives_is_listed_and_a_start_mends_it(
    posix: None, new_instance: Callable[..., Instance]
):
    instance = new_instance()
    instance.start("--no-seed", "--no-monitoring")
    api, supervisor = instance.pid("api"), instance.supervisor()
    os.kill(supervisor, signal.SIGKILL)
    kill(api)
    status, restart = instance.run("status"), instance.run("restart", "api")
    assert (status.returncode, restart.returncode) == (1, 1)
    for said in (status.stderr, restart.stderr):
        assert f"The supervisor (process {supervisor}) is gone" in said
        assert "coreskills start" in said
    states = {s["name"]: s["state"] for s in instance.json("status")["services"]}
    assert (states["api"], states["postgres"]) == ("failed", "running")
    instance.start("--no-seed", "--no-monitoring")
    assert instance.run("status").returncode == 0
