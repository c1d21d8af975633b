"""An outage reaches whoever is to hear of it, and ends there when it ends."""

import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

from coreskills.alerting import journal
from coreskills.stack import monitoring
from coreskills.stack.home import Home
from tests.e2e.conftest import Instance

pytestmark = pytest.mark.e2e
HEARD_WITHIN = 60.0  # what the class profile promises
OVER_WITHIN = 90.0


def heard(instance: Instance, name: str, status: str) -> list[journal.Alert]:
    kept = journal.read(Home(instance.home).alerts)
    return [alert for alert in kept if (alert.name, alert.status) == (name, status)]


def within(seconds: float, what: Callable[[], Any]) -> float:
    """How long it took."""
    began = time.monotonic()
    while not what():
        assert time.monotonic() < began + seconds, f"not within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - began


def all_asked(instance: Instance) -> bool:
    found = {check["id"]: check for check in instance.json("check")["checks"]}
    return bool(found["prometheus.targets"]["measured"] == "4 of 4 asked")


def kill(pid: int) -> None:
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        each.kill()


@pytest.mark.timeout(300)
def test_an_outage_is_heard_within_a_minute_and_resolves_by_itself(posix, monitored, new_instance):
    instance = new_instance()
    assert set(instance.start("--no-seed")["monitoring"].values()) == {"ready"}
    within(60, lambda: all_asked(instance) and heard(instance, "Watchdog", "firing"))
    assert not heard(instance, "ApiDown", "firing"), "a start is no outage"

    os.kill(instance.supervisor(), signal.SIGSTOP)  # or it would start them again at once
    for name in ("api", "worker"):
        kill(instance.pid(name))
    broken = datetime.now(UTC)
    for name in ("ApiDown", "WorkerDown"):
        within(HEARD_WITHIN, lambda name=name: heard(instance, name, "firing"))
        (alert,) = heard(instance, name, "firing")
        assert (alert.heard - broken).total_seconds() < HEARD_WITHIN
    shown = {alert["name"] for alert in instance.json("status")["alerts"]}
    assert {"ApiDown", "WorkerDown"} <= shown

    os.kill(instance.supervisor(), signal.SIGCONT)
    for name in ("ApiDown", "WorkerDown"):
        within(OVER_WITHIN, lambda name=name: heard(instance, name, "resolved"))
    assert {a["name"] for a in instance.json("status")["alerts"]}.isdisjoint(
        {"ApiDown", "WorkerDown"}
    )
    ended = {(alert["name"], alert["state"]) for alert in instance.json("alerts", "list")["alerts"]}
    assert ended >= {("ApiDown", "resolved"), ("WorkerDown", "resolved")}


def test_where_there_is_no_prometheus_all_else_works_and_it_is_said_how_to_get_one(
    new_instance, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    instance = new_instance()
    facts = instance.start("--no-seed")
    assert facts["monitoring"].keys() == {"prometheus", "alertmanager"}
    assert all(why.startswith("not run: not installed; ") for why in facts["monitoring"].values())
    status = instance.run("status")
    assert status.returncode == 0
    assert "coreskills tools install prometheus" in status.stderr
    found = {check["id"]: check for check in instance.json("check")["checks"]}
    assert found["prometheus.targets"]["verdict"] == "not_run"
    assert found["prometheus.targets"]["fix"].startswith("coreskills tools install prometheus")


def test_a_prometheus_that_does_not_start_fails_no_start(posix, new_instance, monkeypatch):
    monkeypatch.setenv("CORESKILLS_PROMETHEUS", "/bin/false")
    instance = new_instance()
    facts = instance.start("--no-seed")
    assert facts["monitoring"]["prometheus"] == "not ready; coreskills logs prometheus"
    assert instance.run("status").returncode == 1


def test_without_monitoring_nothing_of_it_runs(new_instance):
    instance = new_instance()
    facts = instance.start("--no-seed", "--no-monitoring")
    names = {service["name"] for service in facts["services"]}
    assert names.isdisjoint(monitoring.READY)
    assert "switched off" in facts["monitoring"]["prometheus"]
