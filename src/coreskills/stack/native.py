"""The native mode: real servers from wheels, kept by a supervisor, no Docker and no root needed."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import fasteners

from coreskills import config
from coreskills.actions.tokens import new_token
from coreskills.errors import StackFailed
from coreskills.stack import ports, preflight, redis, state
from coreskills.stack.account import unprivileged
from coreskills.stack.client import Client, Refused
from coreskills.stack.home import Home
from coreskills.stack.processes import end, resident_bytes
from coreskills.stack.programs import API_PROCESSES, WORKERS, postgres_of, redis_of
from coreskills.stack.state import ServiceState, State
from coreskills.telemetry import metrics

Report = Callable[[str], None]
READY_WITHIN = 60.0  # seconds for the whole stack; a cold one on a slow disk needs about 8


@dataclass(frozen=True)
class Wishes:
    port_base: int | None = None
    open: bool = False
    workers: int | None = None
    redis: bool = True
    skip_checks: frozenset[str] = frozenset()


def start(home: Home, wishes: Wishes, report: Report) -> bool:
    """Until every service runs and the API is ready; False if that was so already.

    Raises StackFailed; then everything stays as it is, to be looked at.
    """
    with _alone(home, report):
        found = state.read(home)
        if found and found.supervised:
            report("already running")
            _wait_until_ready(home, report)
            return False
        _check(home, wishes, report)
        _sweep(home, found, report)
        _prepare(home, wishes, report)
        metrics.clear(home.metrics)
        _wait_until_ready(home, report, _launch(home))
        return True


def stop(home: Home, report: Report) -> bool:
    """Until no process of the instance is left; False if there was none."""
    found = state.read(home)
    if found is None:
        return False
    if found.supervised:
        (home.run / "stop").touch()
        report("stopping")
        _wait_until_gone(home, found)
    _sweep(home, state.read(home), report)
    return True


def status(home: Home) -> list[ServiceState]:
    """Of each program; a program whose process is gone unnoticed counts as failed."""
    found = state.read(home)
    return found.services if found and found.supervised else []


def facts(home: Home) -> dict[str, Any]:
    """What programs want to know of a running instance."""
    instance, services = home.instance(), status(home)
    api = f"http://127.0.0.1:{instance['ports']['api']}"
    return {
        "mode": "native",
        "home": str(home.path),
        "urls": {"api": api, "docs": f"{api}/docs", "metrics": f"{api}/metrics"},
        "token": home.secret("operator_token"),
        "queue": instance["queue"],
        "engine": "native",
        "open": instance["open"],
        "services": [
            {
                k: v
                for k, v in asdict(s).items()
                if k in ("name", "state", "pid", "port", "restarts")
            }
            for s in services
            if s.name != "migrate"
        ],
    }


def resident_mebibytes(home: Home) -> float:
    found = state.read(home)
    if found is None:
        return 0.0
    return resident_bytes(found.supervisor) / 2**20


@contextmanager
def _alone(home: Home, report: Report) -> Iterator[None]:
    """Two starts of one home at once: the second waits, and then finds it running."""
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
    names = ["api", "postgres", *(["redis"] if with_redis else [])]
    wanted = ports.wanted(saved.get("ports", {}), wishes.port_base, names)
    chosen = ports.choose(wanted)
    for name, port in chosen.items():
        if port != wanted[name]:
            report(f"{name}: port {wanted[name]} is busy, using {port}")
    home.save_instance(
        saved
        | {
            "mode": "native",
            "ports": chosen,
            "queue": "redis" if with_redis else "postgresql",
            "open": wishes.open,
            "workers": wishes.workers or saved.get("workers", WORKERS),
            "api_processes": saved.get("api_processes", API_PROCESSES),
        }
    )
    began = time.monotonic()
    if postgres_of(home, account).initialise():
        report(f"database created in {time.monotonic() - began:.1f} s")
    if with_redis:
        redis_of(home, account).prepare()


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


def _wait_until_ready(
    home: Home, report: Report, supervisor: subprocess.Popen[bytes] | None = None
) -> None:
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
        for service in found.services if found else []:
            _refuse_broken(home, service)
            if service.state in ("running", "done") and service.name not in told:
                told.add(service.name)
                report(_line(service, time.monotonic() - began))
        up = found and all(s.state in ("running", "done") for s in found.services)
        if up and _api_ready(home):
            report(f"api ready after {time.monotonic() - began:.1f} s")
            return
        if time.monotonic() > deadline:
            raise _too_late(home, found)
        time.sleep(0.03)


def _line(service: ServiceState, seconds: float) -> str:
    where = f" on port {service.port}" if service.port else ""
    return f"{service.name} {service.state}{where} after {seconds:.1f} s"


def _api_ready(home: Home) -> bool:
    port = home.instance()["ports"]["api"]
    client = Client(f"http://127.0.0.1:{port}", timeout=5)
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


def _wait_until_gone(home: Home, found: State) -> None:
    deadline = time.monotonic() + 60
    while found.supervised and time.monotonic() < deadline:
        time.sleep(0.05)


def log_tail(home: Home, name: str, lines: int) -> str:
    path = home.logs / f"{name}.log"
    if not path.exists():
        return "(no log)"
    text = path.read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:])
