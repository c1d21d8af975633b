"""The profile `alerting`: what Prometheus finds out reaches the receiver."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compose.stack import Stack

pytestmark = [pytest.mark.compose, pytest.mark.e2e, pytest.mark.timeout(900)]
HEARD_WITHIN = 120.0  # seconds: looked for, evaluated and told every 15, and containers that start
SERVICES = ("alertmanager", "receiver")


@pytest.fixture(scope="module")
def alerting(stack: Stack) -> Iterator[Stack]:
    profile = ("--profile", "alerting")
    stack.compose(*profile, "up", "--detach", "--no-build", "--wait", *SERVICES)
    yield stack
    stack.compose(*profile, "rm", "--force", "--stop", *SERVICES)


def heard(stack: Stack) -> list[dict[str, Any]]:
    lines = stack.inside("receiver", "cat", "/var/lib/coreskills/alerts.jsonl", code=None)
    return [json.loads(line) for line in lines.splitlines()]


def wait_for(stack: Stack, name: str, status: str) -> None:
    deadline = time.monotonic() + HEARD_WITHIN
    while (name, status) not in {(a["labels"]["alertname"], a["status"]) for a in heard(stack)}:
        assert time.monotonic() < deadline, heard(stack)
        time.sleep(1)


def test_the_alert_that_always_fires_is_heard(alerting: Stack):
    wait_for(alerting, "Watchdog", "firing")


def test_a_worker_that_is_stopped_is_told_and_its_return_too(alerting: Stack):
    alerting.compose("stop", "--timeout", "5", "worker")
    try:
        wait_for(alerting, "WorkerDown", "firing")
    finally:
        alerting.compose("start", "worker")
    wait_for(alerting, "WorkerDown", "resolved")


@pytest.mark.parametrize("service", SERVICES)
def test_both_are_published_nowhere(alerting: Stack, service: str):
    ports = alerting.state(service)["NetworkSettings"]["Ports"] or {}
    assert not any(ports.values())
