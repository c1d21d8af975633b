"""The command line over containers: what a person does, with the engine and the stand-ins."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coreskills.stack.client import Client
from tests.compose.engine import Engine
from tests.compose.stack import TRUSTED_HERE
from tests.e2e.conftest import free_row

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]
WITHOUT = ["grafana"]  # has no stand-in
ALERTING = {"receiver", "alertmanager"}
HEARD_WITHIN = 120.0


@dataclass
class Seat:
    """One home on this engine."""

    engine: Engine
    home: Path

    def run(
        self, *words: str, within: float = 600, **more: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "coreskills", *words],
            capture_output=True,
            text=True,
            timeout=within,
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=os.environ
            | self.engine.environment
            | {
                "CORESKILLS_HOME": str(self.home),
                "CORESKILLS_MODE": "compose",
                "CORESKILLS_EXTRA_CA": str(TRUSTED_HERE),
            }
            | more,
        )

    def done(self, *words: str, **more: str) -> str:
        done = self.run(*words, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.done(*words, "--json"))
        return found

    def ours(self, project: str) -> list[str]:
        label = f"label=com.docker.compose.project={project}"
        return self.engine.docker("ps", "--all", "--quiet", "--filter", label).split()


@pytest.fixture(scope="module")
def seat(engine: Engine) -> Iterator[Seat]:
    with tempfile.TemporaryDirectory(prefix="coreskills-seat-") as folder:
        made = Seat(engine, Path(folder) / "a class's home")
        yield made
        made.run("reset", "--yes")


@pytest.fixture(scope="module")
def facts(seat: Seat, figures: dict[str, float]) -> dict[str, Any]:
    """Started as a beginner would, who says nothing about a mode."""
    began = time.monotonic()
    done = seat.run("start", "--port-base", str(free_row()), "--json", CORESKILLS_MODE="auto")
    figures["start.py, images built, a job proven, seeded"] = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    assert "mode: compose (chosen by itself: a Docker engine answers)" in done.stderr
    assert "grafana: not here, going on without it" in done.stderr
    assert "a job made the round trip" in done.stderr
    assert done.stderr.count("pulling grafana") == 1
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_facts_are_those_of_containers(facts: dict[str, Any]):
    assert (facts["mode"], facts["queue"], facts["engine"]) == ("compose", "redis", "native")
    assert facts["without"] == WITHOUT
    assert facts["urls"].keys() == {"api", "prometheus", "docs", "metrics"}
    assert [service["name"] for service in facts["services"]] == [
        *("postgres", "redis", "api", "worker", "prometheus")
    ]
    assert all(service["state"] == "running" for service in facts["services"])


def test_starting_again_is_harmless_and_fetches_nothing(seat: Seat, facts: dict[str, Any]):
    done = seat.run("start", "--json")
    assert "already running" in done.stderr
    assert "pulling" not in done.stderr
    again = json.loads(done.stdout)
    assert [s["pid"] for s in again["services"]] == [s["pid"] for s in facts["services"]]


def test_status_names_each_service_with_its_memory(seat: Seat, facts: dict[str, Any]):
    found = seat.json("status")
    assert found["running"]
    assert (found["mode"], found["engine"]) == ("compose", "native")
    assert found["engine_why"] == "PowerShell's image could not be had"
    assert 50 < found["memory_mib"] < 1536


def test_check_asks_the_same_as_in_the_native_mode(seat: Seat, facts: dict[str, Any]):
    began = time.monotonic()
    found = seat.json("check")
    assert time.monotonic() - began < 15
    assert found["ok"] == found["total"] >= 20, found
    asked = {check["id"] for check in found["checks"]}
    assert {
        "postgres.privileges",
        "redis.epoch",
        "jobs.dead",
        "docker.memory",
        "prometheus.targets",
    } <= asked


def test_smoke_seed_token_and_list_work_as_ever(seat: Seat, facts: dict[str, Any]):
    assert seat.json("smoke")["failed"] == 0
    assert seat.json("seed")["students"]["created"] == 0
    assert seat.done("token").strip() == facts["token"]
    assert "S2027001" in seat.done("list", "students")


def test_logs_are_plain_and_of_one_service_or_all(seat: Seat, facts: dict[str, Any]):
    api = [json.loads(line) for line in seat.done("logs", "api", "-n", "3", "--json").splitlines()]
    assert [line["service"] for line in api] == ["api"] * 3
    every = seat.done("logs", "-n", "2")
    assert "\x1b" not in every
    words = {line[13:].split(" ")[0] for line in every.splitlines()}
    assert {"postgres", "redis", "api", "worker", "prometheus"} <= words
    refused = seat.run("logs", "nonsense")
    assert (refused.returncode, "logs.service" in refused.stderr) == (1, True)


def test_sql_runs_with_the_rights_of_a_role(seat: Seat, facts: dict[str, Any]):
    assert "12" in seat.done("db", "query", "SELECT count(*) FROM devices")
    refused = seat.run("db", "query", "DELETE FROM audit_logs")
    assert refused.returncode != 0
    assert "permission denied" in refused.stderr
    assert seat.run("db", "url").returncode == 2


def test_the_settings_hold_no_secret_and_the_secrets_are_in_a_folder_of_ours(
    seat: Seat, facts: dict[str, Any]
):
    settings = (seat.home / "compose.env").read_text()
    secrets = [path.read_text() for path in (seat.home / "secrets").iterdir()]
    assert len(secrets) > 8
    assert not [secret for secret in secrets if secret in settings]
    assert (seat.home / "containers").stat().st_mode & 0o777 == 0o700


def test_a_service_is_restarted_and_jobs_go_on(seat: Seat, facts: dict[str, Any]):
    assert seat.json("restart", "worker") == {"home": str(seat.home), "restarted": ["worker"]}
    assert seat.json("smoke")["failed"] == 0


def test_another_mode_is_refused_for_this_home(seat: Seat, facts: dict[str, Any]):
    refused = seat.run("start", "--mode", "native")
    assert (refused.returncode, "mode.kept" in refused.stderr) == (5, True)


def test_stop_leaves_nothing_running_and_start_finds_the_data(
    seat: Seat, facts: dict[str, Any], figures: dict[str, float]
):
    api = Client(facts["urls"]["api"], facts["token"])
    before = api.get("/api/v1/students", limit=200)["students"]
    assert seat.json("stop") == {"home": str(seat.home), "stopped": True}
    assert seat.run("status").returncode == 3
    assert seat.json("stop")["stopped"] is False
    began = time.monotonic()
    again = seat.json("start")
    figures["start.py, images here, a job proven"] = time.monotonic() - began
    assert again["urls"] == facts["urls"]
    assert api.get("/api/v1/students", limit=200)["students"] == before


def test_alerting_comes_when_it_is_asked_for_and_goes_again(seat: Seat, facts: dict[str, Any]):
    assert seat.json("alerts", "list")["alerts"] == []
    seat.done("stop")
    there = seat.json("start", "--alerting")
    assert {service["name"] for service in there["services"]} > ALERTING
    deadline = time.monotonic() + HEARD_WITHIN
    while not seat.json("alerts", "list", "--all")["alerts"]:
        assert time.monotonic() < deadline, "the watchdog was not heard"
        time.sleep(2)
    checks = {check["id"]: check for check in seat.json("check")["checks"]}
    assert checks["alertmanager.tells"]["verdict"] == "ok", checks["alertmanager.tells"]
    seat.done("stop")
    assert seat.run("status").returncode == 3
    after = {service["name"] for service in seat.json("start", "--no-alerting")["services"]}
    assert after == {service["name"] for service in facts["services"]}


def test_a_second_instance_takes_other_ports_and_its_reset_leaves_the_first_alone(
    seat: Seat, facts: dict[str, Any], engine: Engine
):
    with tempfile.TemporaryDirectory(prefix="coreskills-seat-") as folder:
        other = Seat(engine, Path(folder) / "home")
        base = facts["urls"]["api"].rsplit(":", 1)[1]
        done = other.run("start", "--port-base", base, "--no-seed", "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["urls"]["api"] != facts["urls"]["api"]
        assert f"api: port {base} is busy" in done.stderr
        project = found["project"]
        assert project != facts["project"]
        volumes = ("volume", "ls", "--quiet", "--filter", f"name={project}")
        assert len(engine.docker(*volumes).split()) >= 3
        other.done("reset", "--yes")
        assert other.ours(project) == engine.docker(*volumes).split() == []
        assert not other.home.exists()
    assert seat.json("status")["running"]


def test_a_service_that_cannot_start_is_named_and_all_is_kept(seat: Seat, facts: dict[str, Any]):
    seat.done("stop")
    try:
        (seat.home / "secrets" / "redis_api").rename(seat.home / "kept")
        (seat.home / "secrets" / "redis_api").write_text("x y")
        failed = seat.run("start")
        assert failed.returncode != 0
        assert "fix: coreskills logs redis" in failed.stderr
    finally:
        (seat.home / "kept").rename(seat.home / "secrets" / "redis_api")
    assert len(seat.ours(facts["project"])) >= 6
    assert seat.json("start")["services"]
