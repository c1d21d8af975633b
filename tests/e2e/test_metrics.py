"""A running instance tells what it does, each of its programs where its state says."""

import time
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import Instance

pytestmark = pytest.mark.e2e
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scraped(port: int) -> Samples:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples}


def summed(samples: Samples, name: str, **labels: str) -> float:
    wanted = labels.items()
    return sum(v for (n, found), v in samples.items() if n == name and wanted <= found)


def ports(instance: Instance) -> dict[str, int]:
    return {s["name"]: s["port"] for s in instance.json("status")["services"]}


@pytest.fixture(scope="module")
def two_workers(reachable):
    instance = Instance(reachable / "two-workers")
    instance.start("--no-seed", "--workers", "2")
    yield instance
    instance.stop()


def test_each_worker_tells_on_a_port_of_its_own_and_one_of_them_leads(two_workers):
    found = ports(two_workers)
    assert found["worker-1"] != found["worker-2"]
    told = [scraped(found[name]) for name in ("worker-1", "worker-2")]
    assert [summed(one, "coreskills_build_info", service="worker") for one in told] == [1, 1]
    assert sum(summed(one, "coreskills_leader") for one in told) == 1


def test_what_the_api_accepts_the_workers_finish(two_workers):
    found = ports(two_workers)
    before = finished(found)
    accepted = summed(scraped(found["api"]), "coreskills_jobs_accepted_total", type="self_test")
    for _ in range(10):
        two_workers.api.post("/api/v1/jobs", {"type": "self_test"})
    deadline = time.monotonic() + 20
    while finished(found) < before + 10 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert finished(found) == before + 10
    now = summed(scraped(found["api"]), "coreskills_jobs_accepted_total", type="self_test")
    assert now == accepted + 10


def finished(found: dict[str, int]) -> float:
    workers = [port for name, port in found.items() if name.startswith("worker")]
    name, labels = "coreskills_jobs_finished_total", {"type": "self_test", "outcome": "completed"}
    return sum(summed(scraped(port), name, **labels) for port in workers)


def test_the_servers_are_told_as_up(two_workers):
    told = scraped(ports(two_workers)["api"])
    assert summed(told, "pg_up") == summed(told, "redis_up") == 1
    assert summed(told, "coreskills_db_pool_connections_max") == 20
