"""What the supervisor says of itself and its programs; written by it alone, read by all."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from coreskills.stack.home import Home
from coreskills.stack.processes import Identity, alive
from coreskills.stack.services import ONCE

Condition = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True)
class ServiceState:
    name: str
    state: Condition
    pid: int | None = None
    started: float | None = None
    port: int | None = None
    restarts: int = 0
    exit_code: int | None = None

    @property
    def identity(self) -> Identity | None:
        return Identity(self.pid, self.started) if self.pid and self.started else None


@dataclass(frozen=True)
class State:
    supervisor: Identity
    services: list[ServiceState]

    @property
    def supervised(self) -> bool:
        return alive(self.supervisor)

    def identities(self) -> list[Identity]:
        return [service.identity for service in self.services if service.identity]

    def service(self, name: str) -> ServiceState | None:
        return next((service for service in self.services if service.name == name), None)


def read(home: Home) -> State | None:
    try:
        text = _path(home).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    found = json.loads(text)
    services = [ServiceState(**service) for service in found["services"]]
    return State(Identity(**found["supervisor"]), services)


def write(home: Home, state: State) -> None:
    partial = _path(home).with_suffix(".partial")
    partial.write_text(json.dumps(asdict(state), indent=2), encoding="utf-8")
    partial.replace(_path(home))


def remove(home: Home) -> None:
    _path(home).unlink(missing_ok=True)


def listed(services: list[ServiceState]) -> list[ServiceState]:
    """What is to be looked at: a step that each start runs to its end only if that failed."""
    return [s for s in services if s.name != ONCE or s.state == "failed"]


def _path(home: Home) -> Path:
    return home.run / "state.json"
