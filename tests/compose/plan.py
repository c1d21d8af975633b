"""compose.yaml as the rules of hardening read it, whoever has rendered it.

`docker compose config` needs no engine, but its program; without it, PyYAML and the defaults of the
variables give the same plan (tests/compose/test_hardening.py compares the two).
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

UNITS = {"m": 2**20, "g": 2**30}
SETTINGS = {"CORESKILLS_SECRETS": "/home/secrets"}
Row = dict[str, Any]


@dataclass(frozen=True)
class Service:
    image: str
    user: str = ""
    restart: str = ""
    init: bool = False
    read_only: bool = False
    cap_drop: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    memory: int = 0
    cpus: float = 0.0
    pids: int = 0
    grace: str = ""
    log: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    published_on: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    environment: frozenset[tuple[str, str]] = frozenset()
    writable: frozenset[str] = frozenset()
    mounts: frozenset[tuple[str, bool]] = frozenset()  # of the host: where, read-only?
    healthcheck: frozenset[str] = frozenset()
    profiles: frozenset[str] = frozenset()  # of those who are only started when asked for
    other: frozenset[str] = field(default_factory=frozenset)  # keys that no rule knows


@dataclass(frozen=True)
class Plan:
    services: dict[str, Service]
    internal: frozenset[str]  # networks that lead nowhere


def from_text(text: str) -> Plan:
    """Raises yaml.YAMLError, or another error for what is no plan at all."""
    return from_document(yaml.safe_load(_with_defaults(text)))


def from_document(document: Row) -> Plan:
    networks: Row = document["networks"]
    return Plan(
        {name: _service(found) for name, found in document["services"].items()},
        frozenset(name for name, found in networks.items() if (found or {}).get("internal")),
    )


KNOWN = {
    *("image", "user", "restart", "init", "read_only", "cap_drop", "security_opt", "mem_limit"),
    *("cpus", "pids_limit", "stop_grace_period", "logging", "networks", "ports", "secrets"),
    *("environment", "tmpfs", "volumes", "healthcheck", "build", "command", "entrypoint"),
    *("depends_on", "stop_signal", "shm_size", "profiles"),
}


def _service(found: Row) -> Service:
    volumes = [_volume(entry) for entry in found.get("volumes") or []]
    return Service(
        image=found["image"],
        user=str(found.get("user", "")),
        restart=str(found.get("restart", "")),
        init=found.get("init", False),
        read_only=found.get("read_only", False),
        cap_drop=tuple(found.get("cap_drop") or []),
        security=tuple(found.get("security_opt") or []),
        memory=_bytes(found.get("mem_limit", 0)),
        cpus=float(found.get("cpus", 0)),
        pids=found.get("pids_limit", 0),
        grace=found.get("stop_grace_period", ""),
        log=_log(**found.get("logging") or {}),
        networks=frozenset(found.get("networks") or []),
        published_on=frozenset(_address(port) for port in found.get("ports") or []),
        secrets=frozenset(_source(entry) for entry in found.get("secrets") or []),
        environment=frozenset((k, str(v)) for k, v in (found.get("environment") or {}).items()),
        writable=frozenset(entry.split(":")[0] for entry in found.get("tmpfs") or [])
        | {where for kind, where, _ in volumes if kind == "volume"},
        mounts=frozenset((where, only) for kind, where, only in volumes if kind == "bind"),
        healthcheck=frozenset(found.get("healthcheck") or []),
        profiles=frozenset(found.get("profiles") or []),
        other=frozenset(found) - KNOWN,
    )


def _log(driver: str = "", options: Row | None = None) -> frozenset[str]:
    return frozenset(options or {}) | {driver}


def _volume(entry: str | Row) -> tuple[str, str, bool]:
    """Kind, where in the container, read-only?"""
    if isinstance(entry, dict):
        return entry["type"], entry["target"], entry.get("read_only", False)
    source, where, *mode = entry.split(":")
    return "bind" if source[0] in "./" else "volume", where, mode == ["ro"]


def _address(port: str | Row) -> str:
    """Of the host; empty means every one it has."""
    if isinstance(port, dict):
        return str(port.get("host_ip", ""))
    host, _, _ = port.rpartition(":")
    return host.rpartition(":")[0]


def _source(entry: str | Row) -> str:
    return entry["source"] if isinstance(entry, dict) else entry


def _bytes(value: str | int) -> int:
    text = str(value)
    unit = UNITS.get(text[-1].lower(), 1)
    return int(text.rstrip("mgMG")) * unit


def _with_defaults(text: str) -> str:
    def value(found: re.Match[str]) -> str:
        name, default = found["name"], found["default"]
        return SETTINGS[name] if default is None else default

    return re.sub(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)\}", value, text)
