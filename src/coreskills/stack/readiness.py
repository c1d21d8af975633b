"""Waiting for an instance to be ready, and saying which part of it is not."""

import subprocess
import time
from collections.abc import Callable

from coreskills.errors import StackFailed
from coreskills.stack import state, supervision
from coreskills.stack.client import Client, Refused
from coreskills.stack.home import Home
from coreskills.stack.observers import OBSERVERS
from coreskills.stack.state import ServiceState, State

Report = Callable[[str], None]
READY_WITHIN = 60.0  # seconds for the whole stack; a cold one on a slow disk needs about 8


def wait_until_ready(
    home: Home, report: Report, supervisor: subprocess.Popen[bytes] | None = None
) -> None:
    """Until every program runs and the API answers. Raises StackFailed with the end of the log,
    or at once when nobody starts what is missing."""
    deadline, began = time.monotonic() + READY_WITHIN, time.monotonic()
    told: set[str] = set()
    while True:
        if supervisor and supervisor.poll() is not None:
            raise StackFailed(
                f"The supervisor ended. The end of its log:\n{log_tail(home, 'supervisor', 20)}",
                check="supervisor.starts",
                fix="coreskills stop, then coreskills start",
            )
        found = state.read(home)
        supervision.refuse_trouble(found)
        needed = [s for s in found.services if s.name not in OBSERVERS] if found else []
        for service in needed:
            _refuse_broken(home, service)
            if service.state in ("running", "done") and service.name not in told:
                told.add(service.name)
                report(_line(service, time.monotonic() - began))
        up = needed and all(s.state in ("running", "done") for s in needed)
        if up and api_ready(home):
            report(f"api ready after {time.monotonic() - began:.1f} s")
            return
        if time.monotonic() > deadline:
            raise _too_late(home, found)
        time.sleep(0.03)


def _line(service: ServiceState, seconds: float) -> str:
    where = f" on port {service.port}" if service.port else ""
    return f"{service.name} {service.state}{where} after {seconds:.1f} s"


def api_ready(home: Home) -> bool:
    port = home.instance()["ports"]["api"]
    client = Client(f"http://{home.host}:{port}", timeout=5)
    try:
        return bool(client.get("/health")["status"] != "unhealthy")
    except (StackFailed, Refused):
        return False


def _refuse_broken(home: Home, service: ServiceState) -> None:
    if service.restarts < 3:
        return
    raise StackFailed(
        f"{service.name} ended {service.restarts} times, last with code {service.exit_code}. "
        f"The end of its log:\n{log_tail(home, service.name, 20)}",
        check=f"{service.name.split('-')[0]}.starts",
        fix=f"coreskills logs {service.name}; then coreskills stop and coreskills start",
    )


def _too_late(home: Home, found: State | None) -> StackFailed:
    waiting = [s.name for s in (found.services if found else []) if s.state == "waiting"]
    name = waiting[0] if waiting else "api"
    log = "migrate" if waiting else "api"
    return StackFailed(
        f"{name} was not ready within {READY_WITHIN:.0f} s. The end of the log of {log}:\n"
        + log_tail(home, log, 20),
        check=f"{name.split('-')[0]}.ready",
        fix=f"coreskills logs {log}; then coreskills stop and coreskills start",
        exit_code=6,
    )


def log_tail(home: Home, name: str, lines: int) -> str:
    path = home.logs / f"{name}.log"
    if not path.exists():
        return "(no log)"
    text = path.read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:])
