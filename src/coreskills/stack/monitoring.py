"""Whether an instance is observed: by which Prometheus and Alertmanager, and are they ready.

They are there if their programs are: installed into the home, or on PATH. An instance starts and
works without; `start`, `status` and `check` then say what is missing, and how to get it.
"""

import time

from coreskills import config
from coreskills.errors import Fault, Invalid, StackFailed
from coreskills.stack import tools
from coreskills.stack.client import Client, Refused
from coreskills.stack.home import Home
from coreskills.stack.observers import names
from coreskills.stack.prometheus import PERIODS
from coreskills.stack.readiness import Report

READY = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "receiver": "/health"}
READY_WITHIN = 20.0  # seconds, of which most have passed when it is asked
OFF = "switched off with --no-monitoring"


def chosen(home: Home, *, wanted: bool) -> dict[str, str]:
    """Which programs there are, and the period of the objectives: to be saved with the instance."""
    settings = config.load()
    if settings.slo_period not in PERIODS:
        fault = Fault("CORESKILLS_SLO_PERIOD", "bad_setting", f"must be {' or '.join(PERIODS)}")
        raise Invalid(f"There are no objectives for {settings.slo_period!r}", [fault])
    found = {"period": settings.slo_period}
    for tool, given in (
        (tools.PROMETHEUS, settings.prometheus),
        (tools.ALERTMANAGER, settings.alertmanager),
    ):
        found[tool.name] = tools.find(home, tool, given) if wanted else ""
    return found if wanted else found | {"off": OFF}


def missing(choice: dict[str, str]) -> dict[str, str]:
    """By service that does not run: why, and what to do."""
    if "off" in choice:
        return dict.fromkeys(("prometheus", "alertmanager"), choice["off"])
    return {
        tool.name: f"not installed; {tools.install_command(tool)}"
        for tool in (tools.PROMETHEUS, tools.ALERTMANAGER)
        if not choice.get(tool.name)
    }


def wait_until_ready(home: Home, report: Report) -> dict[str, str]:
    """Of each service: `ready`, or why it is not. Never fails: the instance works without.

    Nothing of containers: Compose waits for them.
    """
    instance, began = home.instance(), time.monotonic()
    if (choice := instance.get("monitoring")) is None:
        return {}
    found = {}
    for name in names(choice):
        while not (ready := is_ready(name, instance["ports"][name])):
            if time.monotonic() > began + READY_WITHIN:
                break
            time.sleep(0.05)
        found[name] = "ready" if ready else f"not ready; coreskills logs {name}"
        report(f"{name} {found[name]} on port {instance['ports'][name]}")
    for name, why in missing(choice).items():
        found[name] = f"not run: {why}"
        report(f"{name} {found[name]}")
    return found


def is_ready(name: str, port: int) -> bool:
    try:
        Client(f"http://127.0.0.1:{port}", timeout=2).send("GET", READY[name])
    except (Refused, StackFailed, ValueError):
        return False
    return True
