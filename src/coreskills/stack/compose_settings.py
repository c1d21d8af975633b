"""What an instance of containers is made with: chosen, kept, and told to Compose."""

from dataclasses import asdict
from typing import Any

from coreskills import config
from coreskills.actions.tokens import new_token
from coreskills.engine.choice import Choice
from coreskills.errors import StackFailed
from coreskills.stack import container_secrets, containers, images, ports
from coreskills.stack.docker import Report
from coreskills.stack.images import Images
from coreskills.stack.monitoring import period
from coreskills.stack.native import Wishes
from coreskills.stack.programs import API_PROCESSES
from coreskills.stack.project import Project
from coreskills.stack.prometheus import PERIODS
from coreskills.stack.services import PUBLISHED, SERVICES


def prepare(project: Project, wishes: Wishes, found: Images, report: Report) -> None:
    """What is not said is as at the start before. Raises StackFailed for what must not be."""
    home, operation = project.home, config.load_operation()
    if wishes.open and operation.bind not in config.LOOPBACK:
        raise StackFailed(
            f"An open sandbox must not be reachable at {operation.bind}",
            check="open.loopback",
            fix="leave --open or CORESKILLS_BIND out",
            exit_code=2,
        )
    home.generate_secrets(new_token())
    saved = home.instance()
    alerting = saved.get("alerting", False) if wishes.alerting is None else wishes.alerting
    asked = _asked_for(wishes, alerting)
    with_pwsh = found.worker == images.WITH_PWSH
    why = "in the image of the worker" if with_pwsh else "PowerShell's image could not be had"
    instance = saved | {
        "mode": "compose",
        "ports": _ports(project, saved, wishes, report),
        "queue": "redis",
        "open": wishes.open,
        "engine": asdict(Choice("pwsh" if with_pwsh else "native", why)),
        "workers": wishes.workers or saved.get("workers", 1),
        "api_processes": saved.get("api_processes", API_PROCESSES),
        "image_tag": found.tag,
        "worker_target": found.worker,
        "services": [name for name in asked if name not in found.without],
        "without": [name for name in asked if name in found.without],
        "alerting": alerting,
        "slo_period": period(),
        "bind": operation.bind,
    }
    home.save_instance(instance)
    container_secrets.write(home)
    save(project, instance, found.names)


def save(project: Project, instance: dict[str, Any], names: dict[str, str]) -> None:
    given = instance.get("ports", {})
    project.save(
        {
            "CORESKILLS_SECRETS": (project.home.path / "containers").as_posix(),
            "CORESKILLS_BIND": instance.get("bind", "127.0.0.1"),
            **{f"CORESKILLS_{name.upper()}_PORT": str(given[name]) for name in given},
            "CORESKILLS_IMAGE_TAG": instance["image_tag"],
            "CORESKILLS_WORKER_TARGET": instance.get("worker_target", images.WITH_PWSH),
            "CORESKILLS_API_PROCESSES": str(instance.get("api_processes", API_PROCESSES)),
            "CORESKILLS_SLO_PERIOD": instance.get("slo_period", PERIODS[0]),
            "CORESKILLS_OPEN_ACCESS": str(instance.get("open", False)).lower(),
            **images.certificates(),
            **names,
        }
    )


def _asked_for(wishes: Wishes, alerting: bool) -> list[str]:
    profiles = {"", "alerting"} if alerting else {""}
    return [s.name for s in SERVICES if s.needed or (wishes.monitoring and s.profile in profiles)]


def _ports(
    project: Project, saved: dict[str, Any], wishes: Wishes, report: Report
) -> dict[str, int]:
    """A port that a container of ours holds already is not busy."""
    ours = {state.port for state in containers.states(project) if state.port}
    wanted = ports.wanted(saved.get("ports", {}), wishes.port_base, PUBLISHED)
    busy = {name: port for name, port in wanted.items() if port not in ours}
    chosen = ports.choose(busy)
    for name, port in chosen.items():
        if port != wanted[name]:
            report(f"{name}: port {wanted[name]} is busy, using {port}")
    return wanted | chosen
