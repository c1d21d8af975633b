"""The profile `alerting`: what fires in Prometheus is on the disk of the receiver."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compose.stack import Stack

pytestmark = [pytest.mark.compose, pytest.mark.e2e, pytest.mark.timeout(600)]
PROFILE = ("--profile", "alerting")
SERVICES = ("alertmanager", "receiver")
KEPT = "/var/lib/coreskills/alerts.jsonl"


@pytest.fixture(scope="module")
def alerting(stack: Stack) -> Iterator[Stack]:
    stack.compose(*PROFILE, "up", "--detach", "--no-build", "--wait", *SERVICES)
    yield stack
    stack.compose(*PROFILE, "rm", "--stop", "--force", *SERVICES)


def heard(stack: Stack, name: str, status: str, within: float) -> dict[str, Any]:
    deadline = time.monotonic() + within
    while True:
        lines = stack.compose(*PROFILE, "exec", "--no-TTY", "receiver", "cat", KEPT).splitlines()
        for alert in map(json.loads, lines):
            if (alert["labels"]["alertname"], alert["status"]) == (name, status):
                return alert
        assert time.monotonic() < deadline, f"{name} was not heard to be {status}"
        time.sleep(1)


def test_the_watchdog_is_heard(alerting: Stack):
    assert heard(alerting, "Watchdog", "firing", 90)["labels"]["severity"] == "none"


def test_a_worker_that_is_stopped_is_told_and_its_return_too(alerting: Stack):
    alerting.compose("stop", "--timeout", "5", "worker")
    try:
        heard(alerting, "WorkerDown", "firing", 150)  # its name goes first, then its last answer
    finally:
        alerting.compose("start", "worker")
    heard(alerting, "WorkerDown", "resolved", 120)
