"""What the dashboards ask, a real Prometheus answers, on an instance with a class at work."""

import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.ask_panels import SHOWN, shown
from tests.dashboard_rules import queries
from tests.dashboards import BOARDS
from tests.e2e.conftest import Instance
from tests.scraper import Prometheus, prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
ROOT = Path(__file__).parents[2]
RULES = [
    *sorted((ROOT / "observability" / "prometheus" / "rules").glob("*.yml")),
    ROOT / "observability" / "prometheus" / "slo" / "8h" / "slo.yml",
]
QUERIES = [
    pytest.param(query, id=f"{name} {number}")
    for name, board in BOARDS.items()
    for number, query in enumerate(queries(board), 1)
]


@dataclass(frozen=True)
class Watched:
    instance: Instance
    prometheus: Prometheus
    traffic: dict[str, Any]


@pytest.fixture(scope="module")
def watched(running: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    ports = {s["name"]: s["port"] for s in running.json("status")["services"]}
    targets = {
        "api": [ports["api"]],
        "worker": [ports["worker"]],
        "postgres": [ports["postgres"]],  # as the original did
        "redis": [ports["redis"]],
    }
    with prometheus(tmp_path_factory.mktemp("prometheus"), targets, RULES) as scraper:
        scraper.wait_for('up{job="worker"} == 1')
        words = ["--pattern", "errors", "--minutes", "0.3", "--rate", "25"]
        yield Watched(running, scraper, running.json("traffic", *words))


def test_the_class_was_heard_and_has_left(watched: Watched):
    assert watched.traffic["no_answer"] == 0
    due = 0.3 * 60 * 25
    assert watched.traffic["requests"] + watched.traffic["skipped"] == pytest.approx(due, abs=1)
    assert watched.traffic["left"] == 0


@pytest.mark.parametrize("query", QUERIES)
def test_the_query_of_the_panel_is_answered(watched: Watched, query: str):
    found = watched.prometheus.ask(shown(query))
    assert any(math.isfinite(value) for _, value in found), f"{shown(query)}\n{found}"


def test_the_script_for_those_without_grafana_asks_the_same(watched: Watched):
    script = ROOT / "scripts" / "ask_panels.py"
    command = [sys.executable, str(script), "jobs", "--url", watched.prometheus.url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Time in the queue" in told
    assert "no data" not in told


def test_no_query_is_left_out():
    assert len(QUERIES) > 100
    assert len(BOARDS) == 7


def test_every_rule_is_evaluated_and_what_it_records_is_there(watched: Watched):
    """Alerts are silent as long as all is well: their queries are proven by promtool."""
    rules = watched.prometheus.rules()
    recorded = {rule["name"] for rule in rules if rule["type"] == "recording"}
    assert len(recorded) > 10
    for name in recorded:
        found = watched.prometheus.wait_for(name)
        assert any(math.isfinite(value) for _, value in found), f"{name}\n{found}"
    faults = {rule["name"]: rule.get("lastError") for rule in watched.prometheus.rules()}
    assert not any(faults.values()), faults


def test_what_is_counted_is_what_was_sent(watched: Watched):
    """Per status, over the whole life of the API; the seed and other tests have asked, too."""
    asked = 'sum by (status) (flask_http_request_total{route!~"/health.*|/metrics"})'
    counted = {labels["status"]: value for labels, value in watched.prometheus.ask(asked)}
    for status, sent in watched.traffic["statuses"].items():
        assert counted[status] >= sent


def test_the_original_saw_postgres_and_redis_down_and_ours_sees_them_up(watched: Watched):
    """It let Prometheus scrape servers that do not speak HTTP."""
    for job, ours in (("postgres", "pg_up"), ("redis", "redis_up")):
        assert watched.prometheus.ask(f'up{{job="{job}"}}')[0][1] == 0
        assert watched.prometheus.ask(ours)[0][1] == 1


def test_the_variables_offer_jobs_and_instances(watched: Watched):
    for label in ("job", "instance"):
        assert len(watched.prometheus.ask(f"count by ({label}) (up)")) >= 2
    assert SHOWN["$job"] == SHOWN["$instance"] == ".+"
