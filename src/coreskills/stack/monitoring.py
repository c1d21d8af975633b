"""Whether an instance is observed: by which Prometheus and Alertmanager, and are they ready.

They are there if their programs are: installed into the home, or on PATH. An instance starts and
works without; `start`, `status` and `check` then say what is missing, and how to get it.
"""

import time
from dataclasses import dataclass
from typing import Any

from coreskills import config
from coreskills.errors import Fault, Invalid, StackFailed
from coreskills.stack import state, tools
from coreskills.stack.client import Client, Refused
from coreskills.stack.home import Home
from coreskills.stack.observers import names
from coreskills.stack.prometheus import PERIODS
from coreskills.stack.readiness import Report

READY = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "receiver": "/health"}
TRIES = 3
READY_WITHIN = 20.0  # seconds, of which most have passed when it is asked


def chosen(home: Home, *, wanted: bool) -> dict[str, str]:
    """Which programs there are, and the period of the objectives: to be saved with the instance."""
    operation = config.load_operation()
    found = {"period": period()}
    for tool, given in (
        (tools.PROMETHEUS, operation.prometheus),
        (tools.ALERTMANAGER, operation.alertmanager),
    ):
        found[tool.name] = tools.find(home, tool, given) if wanted else ""
    return found if wanted else found | {"off": "yes"}


def period() -> str:
    """Of the objectives. Raises Invalid for one that there are none for."""
    found = config.load_operation().slo_period
    if found not in PERIODS:
        fault = Fault("CORESKILLS_SLO_PERIOD", "bad_setting", f"must be {' or '.join(PERIODS)}")
        raise Invalid(f"There are no objectives for {found!r}", [fault])
    return found


@dataclass(frozen=True)
class Absent:
    why: str
    fix: str


OFF = Absent("switched off with --no-monitoring", "coreskills stop, then coreskills start")
NOT_ASKED_FOR = Absent("not asked for", "coreskills stop, then coreskills start --alerting")


def missing(instance: dict[str, Any]) -> dict[str, Absent]:
    """By service that does not run in this instance: why, and what to do."""
    if instance.get("mode") == "compose":
        return _missing_in_containers({*instance["services"], *instance["without"]})
    choice = instance.get("monitoring")
    if choice is None:
        return {}
    if choice.get("off"):
        return dict.fromkeys(("prometheus", "alertmanager"), OFF)
    return {
        tool.name: Absent("not installed", tools.install_command(tool))
        for tool in (tools.PROMETHEUS, tools.ALERTMANAGER)
        if not choice[tool.name]
    }


def _missing_in_containers(asked: set[str]) -> dict[str, Absent]:
    if "prometheus" not in asked:
        return dict.fromkeys(("prometheus", "alertmanager"), OFF)
    return {} if "alertmanager" in asked else {"alertmanager": NOT_ASKED_FOR}


def wait_until_ready(home: Home, report: Report) -> dict[str, str]:
    """Of each service: `ready`, or why it is not. Never fails: the instance works without.

    Nothing of containers: Compose waits for them.
    """
    instance, deadline = home.instance(), time.monotonic() + READY_WITHIN
    found = {}
    for name in names(instance.get("monitoring", {})):
        port = instance["ports"][name]
        ready = _becomes_ready(home, name, port, deadline)
        found[name] = "ready" if ready else f"not ready; coreskills logs {name}"
        report(f"{name} {found[name]}" + (f" on port {port}" if ready else ""))
    for name, absent in missing(instance).items():
        found[name] = f"not run: {absent.why}; {absent.fix}"
        report(f"{name} {found[name]}")
    return found


def _becomes_ready(home: Home, name: str, port: int, deadline: float) -> bool:
    while not is_ready(name, port):
        running = state.read(home)
        service = running.service(name) if running else None
        if time.monotonic() > deadline or (service and service.restarts >= TRIES):
            return False
        time.sleep(0.05)
    return True


def is_ready(name: str, port: int) -> bool:
    try:
        Client(f"http://127.0.0.1:{port}", timeout=2).send("GET", READY[name])
    except (Refused, StackFailed, ValueError):
        return False
    return True


def fetch(home: Home, name: str, path: str) -> bytes:
    """Raises AppError when it does not answer, or not well."""
    port = home.instance()["ports"][name]
    return (
        Client(f"http://127.0.0.1:{port}", timeout=5, whose=name.capitalize())
        .send("GET", path)
        .body
    )
