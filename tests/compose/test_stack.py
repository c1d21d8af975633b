"""compose.yaml and the Dockerfile, unchanged, on a real engine."""

import json
import re
import time
import urllib.request

import pytest

from coreskills.cli.seed import load
from coreskills.errors import AppError
from tests.compose.programs import ROOT
from tests.compose.stack import SERVICES, Stack

pytestmark = [pytest.mark.compose, pytest.mark.e2e, pytest.mark.timeout(600)]
OURS = ("api", "worker")
LARGEST = 220 * 10**6


def test_a_job_makes_the_round_trip(stack: Stack):
    assert stack.self_test()["status"] == "completed"


def test_the_api_is_healthy_and_says_so(stack: Stack):
    health = stack.api.get("/health")
    assert (health["status"], health["database"], health["redis"]) == (
        "healthy",
        "connected",
        "connected",
    )


def test_the_sample_data_is_loaded_by_jobs(stack: Stack):
    counts = load(stack.api, ROOT / "data" / "sample", lambda _: None)
    assert counts["students"]["total"] == 20
    assert len(stack.api.get("/api/v1/devices")["devices"]) == 12


def test_the_migration_ran_once_and_ended(stack: Stack):
    state = stack.state("migrate")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)


@pytest.mark.parametrize("job", ["api", "worker"])
def test_prometheus_scrapes_the_programs(stack: Stack, job: str):
    address = (
        f"http://127.0.0.1:{stack.ports['prometheus']}/api/v1/query?query=up%7Bjob%3D%22{job}%22%7D"
    )
    deadline = time.monotonic() + 60
    found: list[dict[str, list[str]]] = []
    while not (found and found[0]["value"][1] == "1"):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
        with urllib.request.urlopen(address, timeout=5) as answer:
            found = json.load(answer)["data"]["result"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_has_a_right_it_does_not_need(stack: Stack, service: str):
    status = stack.inside(service, "cat", "/proc/1/status")
    facts = dict(re.findall(r"^(\w+):\s+(\S+)", status, re.MULTILINE))
    assert int(facts["CapEff"], 16) == 0
    assert int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"
    assert facts["Uid"] != "0"


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_can_be_written_outside_the_volumes(stack: Stack, service: str):
    said = stack.inside(
        service, "sh", "-c", "echo x > /written 2>&1; echo x > /etc/written", code=2
    )
    assert "Read-only file system" in said or said == ""
    assert stack.inside(service, "sh", "-c", "ls / /etc | grep -c written", code=1).strip() == "0"


@pytest.mark.parametrize("service", ["postgres", "redis", "worker"])
def test_the_data_network_leads_nowhere(stack: Stack, service: str):
    routes = stack.inside(service, "cat", "/proc/net/route").splitlines()[1:]
    assert routes
    assert all(line.split()[1] != "00000000" for line in routes)


def test_only_two_of_these_are_published_and_only_on_loopback(stack: Stack):
    published = {
        service: [
            binding["HostIp"]
            for bindings in (stack.state(service)["NetworkSettings"]["Ports"] or {}).values()
            for binding in bindings or []
        ]
        for service in SERVICES
    }
    assert {name for name, found in published.items() if found} == {"api", "prometheus"}
    assert {address for found in published.values() for address in found} == {"127.0.0.1"}


@pytest.mark.parametrize("service", [*SERVICES, "migrate"])
def test_no_secret_is_in_the_description_or_the_log_of_a_container(stack: Stack, service: str):
    shown = json.dumps(stack.state(service)) + stack.compose("logs", "--no-color", service)
    folder = stack.home.path / "secrets"
    kept = {path.name: path.read_text() for path in folder.iterdir()}
    assert len(kept) > 8
    assert [name for name, secret in kept.items() if secret.split("\n")[0] in shown] == [
        name for name in kept if name == "jwt_key" and "BEGIN PRIVATE" in shown
    ]


def test_redis_knows_nobody_without_a_password(stack: Stack):
    assert "NOAUTH" in stack.inside("redis", "valkey-cli", "ping", code=None)
    said = stack.inside(
        "redis", "valkey-cli", "--user", "health", "--pass", "x", "FLUSHALL", code=None
    )
    assert "NOPERM" in said


@pytest.mark.parametrize("service", OURS)
def test_the_images_are_small_and_hold_no_tools(stack: Stack, service: str):
    image = stack.state(service)["Image"]
    found = json.loads(stack.engine.docker("inspect", image))[0]
    assert found["Size"] < LARGEST
    assert found["Config"]["User"] == "10001:10001"
    assert found["Config"]["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    tools = "command -v gcc cc pip pip3; ls /opt/coreskills /opt/coreskills/src"
    assert stack.inside(service, "sh", "-c", tools, code=None).split() == (
        ["/opt/coreskills:"]
        + (["powershell"] if service == "worker" else [])
        + ["src", "venv", "/opt/coreskills/src:", "coreskills"]
    )


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_container_comes_back_and_jobs_go_on(
    stack: Stack, service: str, figures: dict[str, float]
):
    figures[f"{service} killed, healthy again"] = stack.recovery(service)
    deadline = time.monotonic() + 60
    while True:
        try:
            assert stack.self_test()["status"] == "completed"
            return
        except AppError:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_stop_and_start_keep_the_data(stack: Stack, figures: dict[str, float]):
    load(stack.api, ROOT / "data" / "sample", lambda _: None)
    before = stack.api.get("/api/v1/students", limit=200)["students"]
    stack.compose("down", "--timeout", "30")
    left = stack.engine.docker(
        "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={stack.project}"
    )
    assert left == ""
    began = time.monotonic()
    stack.up()
    figures["warm start, all healthy"] = time.monotonic() - began
    assert stack.self_test()["status"] == "completed"
    figures["warm start, a job proven"] = time.monotonic() - began
    assert stack.api.get("/api/v1/students", limit=200)["students"] == before
