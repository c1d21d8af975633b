"""What the engine knows of the containers of a project. They are found by Compose's label, which
bears the project's name, so that nobody else's are ever seen."""

import json
import re
from datetime import datetime
from typing import Any

from coreskills.stack.project import Project
from coreskills.stack.services import SERVICES
from coreskills.stack.state import Condition, ServiceState

LABEL = "com.docker.compose."
_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "kB": 10**3, "MB": 10**6, "GB": 10**9}
_ORDER = [service.name for service in SERVICES]


def inspected(project: Project) -> list[dict[str, Any]]:
    """In the order in which services start; several of one service by number."""
    wanted = f"label={LABEL}project={project.name}"
    ids = project.docker.said("ps", "--all", "--quiet", "--no-trunc", "--filter", wanted).split()
    if not ids:
        return []
    answer = project.docker.ask("inspect", *ids)  # refuses if one has gone since; tells the rest
    found: list[dict[str, Any]] = json.loads(answer.out or "[]")
    return sorted(found, key=_place)


def states(project: Project) -> list[ServiceState]:
    found = inspected(project)
    names = [service_of(container) for container in found]
    return [_state(c, _name(c, names.count(service_of(c)) > 1)) for c in found]


def service_of(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"].get(f"{LABEL}service", ""))


def log_tail(project: Project, name: str, lines: int) -> str:
    """Of the container of that name; empty when there is none."""
    for container in inspected(project):
        if name in (service_of(container), _name(container, several=True)):
            answer = project.docker.ask("logs", "--tail", str(lines), container["Id"])
            return "\n".join(part for part in (answer.out, answer.err) if part)
    return ""


def resident_mebibytes(project: Project) -> float:
    """Of all containers together, as the engine measures it."""
    ids = [c["Id"] for c in inspected(project) if c["State"]["Running"]]
    if not ids:
        return 0.0
    said = project.docker.said("stats", "--no-stream", "--format", "{{.MemUsage}}", *ids)
    return sum(_bytes(line.split("/")[0]) for line in said.splitlines()) / 2**20


def condition(container: dict[str, Any]) -> Condition:
    state = container["State"]
    health = state.get("Health", {}).get("Status", "healthy")
    if state["Status"] == "running":
        by_health: dict[str, Condition] = {"starting": "waiting", "unhealthy": "failed"}
        return by_health.get(health, "running")
    if state["Status"] == "created":
        return "waiting"
    if state["Status"] == "exited" and state["ExitCode"] == 0:
        return "done" if service_of(container) == "migrate" else "stopped"
    return "failed"


def _state(container: dict[str, Any], name: str) -> ServiceState:
    state = container["State"]
    bindings = container["NetworkSettings"].get("Ports") or {}
    ports = [int(b["HostPort"]) for found in bindings.values() for b in found or []]
    return ServiceState(
        name,
        condition(container),
        pid=state.get("Pid") or None,
        started=_instant(state["StartedAt"]) if state["Running"] else None,
        port=ports[0] if ports else None,
        restarts=container.get("RestartCount", 0),
        exit_code=None if state["Running"] else state["ExitCode"],
    )


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _name(container: dict[str, Any], several: bool) -> str:
    number = container["Config"]["Labels"].get(f"{LABEL}container-number", "1")
    return f"{service_of(container)}-{number}" if several else service_of(container)


def _place(container: dict[str, Any]) -> tuple[int, str]:
    name = service_of(container)
    order = _ORDER.index(name) if name in _ORDER else len(_ORDER)
    return order, _name(container, several=True)


def _bytes(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)\s*(\w+)", text.strip())
    return float(found[1]) * _UNITS.get(found[2], 0) if found else 0.0
