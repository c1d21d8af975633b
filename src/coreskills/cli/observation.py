"""What observes an instance, as the probes of health/probes/monitoring.py want to ask it."""

from datetime import UTC, datetime

from coreskills.alerting import journal
from coreskills.errors import StackFailed
from coreskills.health.probe import Probe
from coreskills.health.probes import monitoring as probes_of
from coreskills.health.probes.monitoring import Observed
from coreskills.stack import alerts, modes, monitoring
from coreskills.stack.home import Home
from coreskills.stack.state import ServiceState


def probes(home: Home) -> list[Probe]:
    """Among containers: of what was asked for."""
    instance = home.instance()
    found = probes_of.probes(observed(home))
    if instance["mode"] != "compose":
        return found
    asked = {*instance["services"], *instance["without"]}
    return [probe for probe in found if probe.id.split(".")[0] in asked]


def observed(home: Home) -> Observed:
    absent = monitoring.missing(home.instance())
    return Observed(
        {name: (found.why, found.fix) for name, found in absent.items()},
        lambda service, path: _fetch(home, service, path),
        lambda: _age(home, "prometheus"),
        lambda: _silence(home),
    )


def _fetch(home: Home, service: str, path: str) -> bytes:
    """What is not published is asked by its container, which the engine then calls well or not."""
    if service in home.instance()["ports"]:
        return monitoring.fetch(home, service, path)
    if any(found.name == service and found.state == "running" for found in _services(home)):
        return b""
    raise StackFailed(
        f"{service} does not run, or is not well",
        check=f"{service}.ready",
        fix=f"coreskills logs {service}",
    )


def _age(home: Home, service: str) -> float:
    """Seconds since it was started; 0 when it does not run."""
    started = [s.started for s in _services(home) if s.name == service and s.started]
    return datetime.now(UTC).timestamp() - started[0] if started else 0.0


def _silence(home: Home) -> float:
    """Seconds since the watchdog was heard, or since Alertmanager was started."""
    now = datetime.now(UTC)
    heard = [
        (now - datetime.fromisoformat(alert["heard_at"])).total_seconds()
        for alert in alerts.told(home, watchdog=True)
        if alert["name"] == journal.WATCHDOG
    ]
    return min([*heard, _age(home, "alertmanager")])


def _services(home: Home) -> list[ServiceState]:
    return modes.of(home).status(home)
