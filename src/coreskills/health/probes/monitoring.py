import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from coreskills.health.probe import CannotTell, Finding, Probe

LONGEST_SILENCE = 120.0  # seconds; the watchdog is told every 30
SETTLED_AFTER = 40.0  # seconds; asked first before the API was ready, one is asked again after 15


@dataclass(frozen=True)
class Observed:
    """`absent`: by service that does not run, why and what to do. `age`: seconds since Prometheus
    was started. `silence`: since the watchdog was heard, or since there is somebody to tell it."""

    absent: Mapping[str, tuple[str, str]]
    fetch: Callable[[str, str], bytes]  # service, path
    age: Callable[[], float]
    silence: Callable[[], float]


def probes(observed: Observed) -> list[Probe]:
    return [
        Probe(
            "prometheus.targets",
            "Prometheus reaches all",
            lambda: targets(observed),
            _fix(observed, "prometheus"),
        ),
        Probe(
            "alertmanager.tells",
            "Alerts are passed on",
            lambda: tells(observed),
            _fix(observed, "alertmanager"),
        ),
    ]


def targets(observed: Observed) -> Finding:
    """Who was not asked yet, or too early, soon after a start, counts neither way."""
    _refuse_absent(observed, "prometheus")
    found = json.loads(observed.fetch("prometheus", "/api/v1/targets?state=active"))
    active = found["data"]["activeTargets"]
    up = sum(target["health"] == "up" for target in active)
    settled = observed.age() > SETTLED_AFTER
    down = [target for target in active if settled and target["health"] == "down"]
    why = "; ".join(f"{t['labels']['job']}: {t['lastError']}" for t in down)
    silent = dict.fromkeys(target["labels"]["job"] for target in down)  # a job has a service's name
    fix = "; ".join(f"coreskills logs {service}" for service in silent)
    return Finding(f"{up} of {len(active)} asked", why, fix)


def tells(observed: Observed) -> Finding:
    _refuse_absent(observed, "alertmanager")
    observed.fetch("alertmanager", "/-/ready")
    observed.fetch("receiver", "/health")
    silence = observed.silence()
    measured = f"silent for {silence:.0f} s"
    if silence > LONGEST_SILENCE:
        return Finding(measured, "the watchdog is not heard", "docs/runbooks/Watchdog.md")
    return Finding(measured)


def _refuse_absent(observed: Observed, service: str) -> None:
    if service in observed.absent:
        raise CannotTell(observed.absent[service][0])


def _fix(observed: Observed, service: str) -> str:
    return observed.absent.get(service, ("", f"coreskills logs {service}"))[1]
