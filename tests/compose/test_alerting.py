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


def test_the_alert_that_always_fires_is_heard(alerting: Stack):
    deadline = time.monotonic() + HEARD_WITHIN
    while not any(alert["labels"]["alertname"] == "Watchdog" for alert in heard(alerting)):
        assert time.monotonic() < deadline, heard(alerting)
        time.sleep(1)


@pytest.mark.parametrize("service", SERVICES)
def test_both_are_published_nowhere(alerting: Stack, service: str):
    ports = alerting.state(service)["NetworkSettings"]["Ports"] or {}
    assert not any(ports.values())
