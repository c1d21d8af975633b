"""The compose mode: the containers of compose.yaml, as a project of this home alone."""

from dataclasses import asdict
from typing import Any

from coreskills import config
from coreskills.engine.choice import Choice
from coreskills.errors import StackFailed
from coreskills.stack import compose_preflight, compose_settings, containers, images, monitoring
from coreskills.stack.compose_readiness import all_up, wait_until_ready
from coreskills.stack.docker import Docker, Report, find, last_line
from coreskills.stack.home import Home
from coreskills.stack.images import Images
from coreskills.stack.log_containers import LogContainers
from coreskills.stack.native import Wishes
from coreskills.stack.project import Project
from coreskills.stack.services import PUBLISHED, SERVICES
from coreskills.stack.state import ServiceState, listed

STOP_WITHIN = 90.0


def start(home: Home, wishes: Wishes, report: Report) -> bool:
    """Until every service is healthy and the API is ready; False if that was so already.

    To be called alone. Raises StackFailed; then everything stays as it is, to be looked at.
    """
    project = _project(home)
    if all_up(containers.states(project)):
        report("already running")
        wait_until_ready(project, None, report)
        return False
    _check(project, wishes, report)
    found = obtain(home, project.docker, report)
    _sweep(project, report)
    compose_settings.prepare(project, wishes, found, report)
    wanted = home.instance()["services"]
    _remove_unwanted(project, wanted)
    scale = ("--scale", f"worker={home.instance()['workers']}")
    up = project.words("up", "--detach", "--no-build", "--remove-orphans", *scale, *wanted)
    wait_until_ready(project, project.docker.begin(up, project.log), report)
    return True


def obtain(home: Home, docker: Docker, report: Report) -> Images:
    """The images, fetched or built if need be; nothing is started. What could not be had for this
    source is not asked for again."""
    project = Project(home, docker)
    home.create(None)
    saved = home.instance()
    found = images.present(project)
    if found and (found.tag in project.saved() or not found.without):
        return found
    compose_settings.save(project, saved | {"image_tag": "unbuilt"}, {})
    found = images.obtain(project, report)
    chosen = {"image_tag": found.tag, "worker_target": found.worker}
    compose_settings.save(project, saved | chosen, found.names)
    return found


def stop(home: Home, report: Report) -> bool:
    """Until no container of the instance runs; they and their logs stay. False if none ran."""
    project = _project(home)
    running = [c["Id"] for c in containers.inspected(project) if _lives(c)]
    if not running:
        return False
    report("stopping")
    # By Compose, which knows the order and the patience of each service.
    answer = project.docker.ask(*project.words("stop"), within=STOP_WITHIN)
    left = [c for c in containers.inspected(project) if _lives(c)]
    if answer.code or left:
        raise StackFailed(
            f"{len(left)} containers did not stop: {last_line(answer.err)}",
            check="compose.stop",
            fix=f"docker ps --filter label=com.docker.compose.project={project.name}",
        )
    return True


def restart(home: Home, names: list[str], report: Report) -> list[str]:
    """One service after the other. There is one container of the API: requests wait meanwhile, or
    are refused; jobs are not lost. Without names: the API and the workers."""
    project = _project(home)
    there = {state.name.split("-")[0] for state in status(home)}
    strange = [name for name in names if name not in there]
    if strange or not there:
        raise StackFailed(
            f"{', '.join(strange) or 'Nothing'} runs here under that name",
            check="restart.service",
            fix=f"one of: {', '.join(sorted(there))}" if there else "coreskills start",
            exit_code=2,
        )
    wanted = names or ["api", "worker"]
    for name in wanted:
        report(f"restarting {name}")
        project.docker.said(*project.words("restart", name), within=STOP_WITHIN)
    wait_until_ready(project, None, report)
    return wanted


def erase(home: Home) -> None:
    """The containers, networks and volumes of this instance. Images stay."""
    project = _project(home)
    down = project.words("down", "--volumes", "--remove-orphans", "--timeout", "30")
    project.docker.said(*down, within=STOP_WITHIN)


def status(home: Home) -> list[ServiceState]:
    found = containers.states(_project(home))
    return listed(found) if any(s.state == "running" for s in found) else []


def trouble(home: Home) -> StackFailed | None:
    """None: the engine keeps the containers, and one that does not answer says so to all."""
    return None


def facts(home: Home) -> dict[str, Any]:
    """What programs want to know of a running instance."""
    instance = home.instance()
    at = {
        name: f"http://{'127.0.0.1' if name == 'prometheus' else home.host}:{port}"
        for name, port in instance["ports"].items()
        if name in PUBLISHED and name in instance["services"]
    }
    api = at["api"]
    return {
        "mode": "compose",
        "home": str(home.path),
        "project": _project(home).name,
        "urls": {**at, "docs": f"{api}/docs", "metrics": f"{api}/metrics"},
        "token": home.secret("operator_token"),
        "queue": instance["queue"],
        "engine": engine_of(home).name,
        "open": instance["open"],
        "without": instance["without"],
        "services": [
            {k: v for k, v in asdict(s).items() if k not in ("started", "exit_code")}
            for s in status(home)
        ],
    }


def engine_of(home: Home) -> Choice:
    return Choice(**home.instance()["engine"])


def resident_mebibytes(home: Home) -> float:
    return containers.resident_mebibytes(_project(home))


def logs(home: Home, service: str | None) -> LogContainers:
    """Raises StackFailed for a service that has none."""
    project = _project(home)
    return LogContainers(project, [found.name for found in containers.states(project)], service)


def inside(home: Home, service: str, *command: str, within: float = 30.0) -> str:
    """What a command in the container of a service prints, whatever it thinks of its success."""
    project = _project(home)
    return project.docker.ask(*project.words("exec", "-T", service, *command), within=within).out


def container(home: Home, service: str) -> tuple[Docker, str]:
    """The docker command, and the id of the service's container, which must run."""
    project = _project(home)
    for found in containers.inspected(project):
        if containers.service_of(found) == service and _lives(found):
            return project.docker, str(found["Id"])
    raise StackFailed(
        f"{service} does not run",
        check=f"{service}.starts",
        fix="coreskills start",
        exit_code=3,
    )


def _project(home: Home) -> Project:
    docker = find()
    if docker is None:
        raise StackFailed(
            "This instance is made of containers, and there is no docker command here",
            check="docker.program",
            fix=compose_preflight.INSTALL,
            exit_code=4,
        )
    return Project(home, docker)


def _check(project: Project, wishes: Wishes, report: Report) -> None:
    if not wishes.redis:
        raise StackFailed(
            "The containers always include Redis",
            check="compose.redis",
            fix="leave --no-redis out, or use --mode native",
            exit_code=2,
        )
    if config.load().tracing:
        raise StackFailed(
            "The images that are started here keep no traces",
            check="compose.tracing",
            fix="observability/tracing/compose.yaml says how; or start without CORESKILLS_TRACING",
            exit_code=2,
        )
    monitoring.period()  # a wrong one is told before images are built
    results = compose_preflight.run(project.home.path, project.docker, wishes.skip_checks)
    odd = [f"{result.id}: {result.why}" for result in results if result.verdict != "ok"]
    passed = len(results) - len(odd)
    report(f"preflight: {passed} checks passed" + "".join(f"; {line}" for line in odd))


def _sweep(project: Project, report: Report) -> None:
    """Stop what a failed start has left: it has the secrets and settings of that start."""
    if project.saved() and any(_lives(c) for c in containers.inspected(project)):
        report("stopping what is not well")
        project.docker.said(*project.words("stop"), within=STOP_WITHIN)


def _remove_unwanted(project: Project, wanted: list[str]) -> None:
    """What was there at the start before; its volumes stay."""
    services = {containers.service_of(container) for container in containers.inspected(project)}
    unwanted = [s.name for s in SERVICES if s.name in services and s.name not in wanted]
    if unwanted:
        project.docker.said(*project.words("rm", "--force", "--stop", *unwanted))


def _lives(container: dict[str, Any]) -> bool:
    return bool(container["State"]["Running"] or container["State"]["Restarting"])
