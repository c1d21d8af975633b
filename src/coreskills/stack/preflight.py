"""What must be so before anything is changed: each check has an id, a measure and a fix."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import psutil

from coreskills.errors import StackFailed
from coreskills.health.probe import CannotTell, Finding, Probe, Result
from coreskills.stack import postgres, redis
from coreskills.stack.account import unprivileged

DISK_MIB = 300  # 60 of PostgreSQL's data, 100 of its log, room to work
MEMORY_MIB = 512
TOLERANCE = 0.95  # a "4 GB" machine never has quite 4 GB


def probes(home: Path) -> list[Probe]:
    return [
        Probe("python.version", "Python", python, "install Python 3.11 or newer"),
        Probe("home.writable", "Home is writable", lambda: writable(home), "give --home a folder"),
        Probe(
            "disk.free", "Disk space", lambda: disk(home), "give --home a folder on another disk"
        ),
        Probe("memory.free", "Memory", memory, "close other programs"),
        Probe("account.unprivileged", "An account for servers", account, "run as ordinary user"),
        Probe("wheel.postgres", "PostgreSQL", server, "remove .venv and run start.py again"),
        Probe("wheel.redis", "Redis", queue, "workers will poll PostgreSQL instead"),
    ]


def run(home: Path, skip: frozenset[str]) -> list[Result]:
    """Raises StackFailed for the first that failed; a missing Redis does not fail a start."""
    return refuse_failed([probe.run() for probe in probes(home) if probe.id not in skip])


def refuse_failed(results: list[Result]) -> list[Result]:
    for result in results:
        if result.verdict == "failed":
            raise StackFailed(
                f"{result.title}: {result.why} ({result.measured})",
                check=result.id,
                fix=f"{result.fix}; or, at your own risk, --skip-check {result.id}",
                exit_code=4,
            )
    return results


def python() -> Finding:
    return Finding(".".join(map(str, sys.version_info[:3])))


def writable(home: Path) -> Finding:
    """Asked without leaving a trace: of the nearest folder that exists."""
    folder = _existing(home)
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as exc:
        return Finding(str(folder), f"cannot be written: {exc.strerror}")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(str(folder), "cannot be written")
    return Finding(str(folder))


def disk(home: Path, needed: int = DISK_MIB) -> Finding:
    free = shutil.disk_usage(_existing(home)).free / 2**20
    measured = f"{free:.0f} MiB free, {needed} needed"
    return Finding(measured, "too little" if free < needed * TOLERANCE else "")


def memory() -> Finding:
    free = psutil.virtual_memory().available / 2**20
    measured = f"{free:.0f} MiB free, {MEMORY_MIB} needed"
    return Finding(measured, "too little" if free < MEMORY_MIB * TOLERANCE else "")


def account() -> Finding:
    found = unprivileged()
    return Finding(f"servers run as {found.name}" if found else "servers run as you")


def server() -> Finding:
    return Finding(str(postgres.version()))


def queue() -> Finding:
    program = redis.binary()
    if program is None:
        raise CannotTell("there is no Redis for this platform")
    return Finding(program.name)


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
