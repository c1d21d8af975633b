"""The native mode: real servers from wheels, kept by a supervisor, no Docker and no root needed."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import fasteners

from coreskills import config
from coreskills.actions.tokens import new_token
from coreskills.engine.choice import Choice, chosen, proven
from coreskills.errors import StackFailed
from coreskills.stack import (
    monitoring,
    observers,
    ports,
    preflight,
    redis,
    state,
    supervision,
    tools,
)
from coreskills.stack.account import unprivileged
from coreskills.stack.home import Home
from coreskills.stack.processes import end, resident_bytes
from coreskills.stack.programs import API_PROCESSES, WORKERS, postgres_of, redis_of, worker_names
from coreskills.stack.readiness import READY_WITHIN, Report, wait_until_ready
from coreskills.stack.state import ServiceState, State
from coreskills.telemetry import shared, traces


@dataclass(frozen=True)
class Wishes:
    port_base: int | None = None
    open: bool = False
    workers: int | None = None
    redis: bool = True
    monitoring: bool = True
    alerting: bool | None = None  # containers; none: as at the start before
    skip_checks: frozenset[str] = frozenset()


@contextmanager
def alone(home: Home, report: Report) -> Iterator[None]:
    """Two starts of one home at once: the second waits, and then finds it running and seeded."""
    try:
        home.path.mkdir(parents=True, exist_ok=True)
        lock = fasteners.InterProcessLock(home.path / "start.lock")
        if not lock.acquire(blocking=False):
            report("another start of this home is under way; waiting for it")
            if not lock.acquire(timeout=READY_WITHIN * 2):
                raise StackFailed(
                    "Another start of this home does not come to an end",
                    check="home.lock",
                    fix=f"end that process, or give another --home than {home.path}",
                    exit_code=5,
                )
    except OSError as exc:
        raise StackFailed(
            f"The home {home.path} cannot be written: {exc.strerror}",
            check="home.writable",
            fix="give --home a folder that you may write, or run as its owner",
            exit_code=4,
        ) from exc
    try:
        yield
    finally:
        lock.release()


def start(home: Home, wishes: Wishes, report: Report) -> bool:
    """Until every service runs and the API is ready; False if that was so already.

    To be called `alone`. Raises StackFailed; then everything stays as it is, to be looked at.
    """
    found = state.read(home)
    if found and found.supervised:
        report("already running")
        wait_until_ready(home, report)
        return False
    _check(home, wishes, report)
    _sweep(home, found, report)
    _prepare(home, wishes, report)
    shared.clear(home.metrics)
    wait_until_ready(home, report, _launch(home))
    return True


def stop(home: Home, report: Report) -> bool:
    """Until no process of the instance is left; False if there was none."""
    found = state.read(home)
    if found is None:
        return False
    if found.supervised:
        (home.run / "stop").touch()
        report("stopping")
        supervision.wait_until_gone(found)
    _sweep(home, state.read(home), report)
    return True


def restart(home: Home, names: list[str], report: Report) -> list[str]:
    """One program after the other, without an interruption of the service; returns which.

    Without names: the API and the workers. Raises StackFailed for what cannot be restarted so.
    """
    supervision.refuse_trouble(state.read(home))
    services = status(home)
    if not services:
        raise StackFailed(
            f"Nothing runs in {home.path}",
            check="restart.service",
            fix="coreskills start",
            exit_code=3,
        )
    users = [s.name for s in services if s.name.split("-")[0] in ("api", "worker")]
    wanted = [s for s in users if s in names or s.split("-")[0] in names] if names else users
    strange = [n for n in names if n not in users and n not in {s.split("-")[0] for s in users}]
    if strange:
        raise StackFailed(
            f"{', '.join(strange)} cannot be restarted while the rest runs",
            check="restart.service",
            fix=f"one of: {', '.join(users)}; or coreskills stop and coreskills start for all",
            exit_code=2,
        )
    with alone(home, report):
        report("restarting " + ", ".join(wanted))
        supervision.wait_until_restarted(home, wanted)
        wait_until_ready(home, report)
    return wanted


def status(home: Home) -> list[ServiceState]:
    """Of each program, as it is seen now; none when no process of them is left."""
    found = state.read(home)
    if found is None:
        return []
    services = state.listed(supervision.seen(found))
    lives = found.supervised or any(service.state == "running" for service in services)
    return services if lives else []


def trouble(home: Home) -> StackFailed | None:
    """What keeps the supervisor from its work, with the next step."""
    return supervision.trouble(state.read(home))


def erase(home: Home) -> None:
    """The servers' folder, where it is not in the home."""
    servers = home.server_folder(unprivileged())
    if servers != home.path:
        shutil.rmtree(servers, ignore_errors=True)


def started(home: Home, name: str) -> datetime | None:
    """When the process of a service began; None when it does not run."""
    found = next((s for s in status(home) if s.name == name and s.started), None)
    return datetime.fromtimestamp(found.started, UTC) if found and found.started else None


def facts(home: Home) -> dict[str, Any]:
    """What programs want to know of a running instance."""
    instance, services = home.instance(), status(home)
    api = f"http://127.0.0.1:{instance['ports']['api']}"
    beside = observers.urls(instance)
    return {
        "mode": "native",
        "home": str(home.path),
        "urls": {"api": api, "docs": f"{api}/docs", "metrics": f"{api}/metrics"} | beside,
        "token": home.secret("operator_token"),
        "queue": instance["queue"],
        "engine": engine_of(home).name,
        "open": instance["open"],
        "services": [
            {
                k: v
                for k, v in asdict(s).items()
                if k in ("name", "state", "pid", "port", "restarts")
            }
            for s in services
        ],
    }


def engine_of(home: Home) -> Choice:
    """What the start decided; the workers are told the same."""
    saved = home.instance().get("engine") or {"name": "native", "why": "not decided yet"}
    return Choice(**saved)


def resident_mebibytes(home: Home) -> float:
    found = state.read(home)
    if found is None:
        return 0.0
    roots = [found.supervisor] if found.supervised else found.identities()
    return sum(resident_bytes(root) for root in roots) / 2**20


def _check(home: Home, wishes: Wishes, report: Report) -> None:
    results = preflight.run(home.path, wishes.skip_checks)
    odd = [f"{result.id}: {result.why}" for result in results if result.verdict != "ok"]
    passed = len(results) - len(odd)
    report(f"preflight: {passed} checks passed" + "".join(f"; {line}" for line in odd))


def _sweep(home: Home, found: State | None, report: Report) -> None:
    """End what a crash has left over. Known by pid and start time, never by name."""
    if found is None:
        return
    leftovers = found.identities()
    if leftovers and not found.supervised:
        report("ending what a crash left over")
    end([found.supervisor, *leftovers], patience=10.0)
    state.remove(home)


def _prepare(home: Home, wishes: Wishes, report: Report) -> None:
    account = unprivileged()
    home.create(account)
    home.generate_secrets(new_token())
    saved = home.instance()
    with_redis = wishes.redis and redis.binary() is not None
    workers = wishes.workers or saved.get("workers", WORKERS)
    names = ["api", "postgres", *(["redis"] if with_redis else []), *worker_names(workers)]
    beside = monitoring.chosen(home, wanted=wishes.monitoring)
    names += observers.names(beside)
    wanted = ports.wanted(saved.get("ports", {}), wishes.port_base, names)
    chosen = ports.choose(wanted)
    for name, port in chosen.items():
        if port != wanted[name]:
            report(f"{name}: port {wanted[name]} is busy, using {port}")
    engine = _engine(home, report)
    home.save_instance(
        saved
        | {
            "mode": "native",
            "ports": chosen,
            "queue": "redis" if with_redis else "postgresql",
            "open": wishes.open,
            "engine": asdict(engine),
            "monitoring": beside,
            "tracing": _tracing(),
            "workers": workers,
            "api_processes": saved.get("api_processes", API_PROCESSES),
        }
    )
    began = time.monotonic()
    if postgres_of(home, account).initialise():
        report(f"database created in {time.monotonic() - began:.1f} s")
    if with_redis:
        redis_of(home, account).prepare()
    observers.prepare(home, account)


def _engine(home: Home, report: Report) -> Choice:
    settings = config.load()
    choice = chosen(settings.engine, settings.pwsh or tools.installed(home, tools.PWSH))
    if settings.engine == "auto":
        choice = proven(choice)
    report(f"engine {choice.name}: {choice.why}")
    return choice


def _tracing() -> dict[str, Any]:
    settings = config.load()
    if settings.tracing and not traces.installed():
        raise StackFailed(
            "Traces need an optional part that is not installed",
            check="tracing.installed",
            fix=f"{traces.INSTALL}, or start without CORESKILLS_TRACING",
            exit_code=4,
        )
    return {"on": settings.tracing, "endpoint": settings.otlp_endpoint}


def _launch(home: Home) -> subprocess.Popen[bytes]:
    """The supervisor lives on when we end, and when the terminal closes."""
    with (home.logs / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "coreskills.stack.supervisor", str(home.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=config.inherited(),
            start_new_session=True,
            creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),  # the same on Windows
        )
