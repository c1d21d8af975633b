"""What must be so before containers are started; stack/preflight.py is for the native mode."""

import json
import re
from pathlib import Path

from coreskills.errors import StackFailed
from coreskills.health.probe import CannotTell, Finding, Probe, Result
from coreskills.stack import preflight
from coreskills.stack.docker import Docker, last_line
from coreskills.stack.project import FILE, ROOT, SAVED

ENGINE, COMPOSE = (25, 0), (2, 20)  # health checks with a start_interval
MEMORY_MIB = 1536  # resident, for all six; the limits in compose.yaml add up to more
DISK_MIB = 3072  # images, what they are built from, and a school's data
DISK_MIB_LATER = 300  # once the images are there
INSTALL = "install Docker Engine 25 or newer with Compose 2.20, or use --mode native"
HERE = (
    Probe("python.version", "Python", preflight.python, "install Python 3.11 or newer"),
    Probe(
        "compose.file", "compose.yaml", lambda: file(ROOT), "start from a checkout of the source"
    ),
)


def probes(home: Path, docker: Docker | None) -> list[Probe]:
    return [
        *HERE,
        Probe("home.writable", "Home is writable", lambda: preflight.writable(home), "give --home"),
        Probe("docker.engine", "Docker engine", lambda: engine(docker), INSTALL),
        Probe("docker.compose", "Compose", lambda: compose(docker), INSTALL),
        Probe("docker.memory", "Memory of the engine", lambda: memory(docker), "give it 4 GB"),
        Probe(
            "docker.disk", "Disk of the engine", lambda: disk(home, docker), "docker system prune"
        ),
    ]


def run(home: Path, docker: Docker | None, skip: frozenset[str]) -> list[Result]:
    """Raises StackFailed for the first that failed."""
    return preflight.refuse_failed([p.run() for p in probes(home, docker) if p.id not in skip])


def obstacle(docker: Docker | None) -> str:
    """Why containers are out of the question here; empty when they are not."""
    try:
        for found in (file(ROOT), engine(docker), compose(docker)):
            if found.why:
                return " ".join(part for part in (found.measured, found.why) if part)
    except StackFailed as exc:
        return exc.message
    return ""


def file(root: Path) -> Finding:
    there = (root / FILE).is_file()
    return Finding(str(root / FILE), "" if there else "is not there")


def engine(docker: Docker | None) -> Finding:
    if docker is None:
        return Finding("", "there is no docker command", INSTALL)
    answer = docker.ask("version", "--format", "{{.Server.Version}}")
    if answer.code or not answer.out:
        return Finding("", _silent(answer.err), "start the engine (Docker Desktop, or dockerd)")
    return _at_least("Docker engine", answer.out, ENGINE)


def compose(docker: Docker | None) -> Finding:
    if docker is None:
        return Finding("", "there is no docker command", INSTALL)
    answer = docker.ask("compose", "version", "--short")
    if answer.code:
        return Finding("", "docker has no compose plugin", "install docker-compose-plugin")
    return _at_least("Compose", answer.out, COMPOSE)


def memory(docker: Docker | None) -> Finding:
    """Of the machine that the containers run in; Docker Desktop's is smaller than this one."""
    has = int(_info(docker)["MemTotal"]) / 2**20
    measured = f"{has:.0f} MiB, {MEMORY_MIB} needed"
    return Finding(measured, "too little" if has < MEMORY_MIB * preflight.TOLERANCE else "")


def disk(home: Path, docker: Docker | None) -> Finding:
    place = Path(_info(docker)["DockerRootDir"])
    if not place.exists():
        raise CannotTell("the engine keeps its files on another machine")
    return preflight.disk(place, DISK_MIB_LATER if (home / SAVED).exists() else DISK_MIB)


def _info(docker: Docker | None) -> dict[str, str]:
    if docker is None:
        raise CannotTell("there is no docker command")
    found: dict[str, str] = json.loads(docker.said("info", "--format", "{{json .}}"))
    if found.get("ServerErrors"):
        raise CannotTell("the engine does not answer")
    return found


def _at_least(what: str, version: str, needed: tuple[int, int]) -> Finding:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if found is None:
        raise CannotTell(f"{what} calls itself {version!r}")
    older = (int(found[1]), int(found[2])) < needed
    why = f"{needed[0]}.{needed[1]} or newer is needed" if older else ""
    return Finding(f"{what} {version}", why, INSTALL)


def _silent(error: str) -> str:
    if "permission denied" in error.lower():
        return "the engine is there, and this user may not speak to it (group docker)"
    return f"the engine does not answer: {last_line(error)}"
