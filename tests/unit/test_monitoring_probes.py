"""What `check` says of Prometheus and Alertmanager, after what they answer."""

import json
from typing import Any

from coreskills.errors import StackFailed
from coreskills.health.probe import Result
from coreskills.health.probes.monitoring import Observed, probes

ABSENT = {"prometheus": ("not installed", "install it")}


def target(job: str, health: str) -> dict[str, Any]:
    return {"labels": {"job": job}, "health": health, "lastError": "connection refused"}


def asked(*targets: dict[str, Any], age: float = 100, silence: float = 20, absent=None) -> Observed:
    def fetch(service: str, path: str) -> bytes:
        assert service in ("prometheus", "alertmanager", "receiver")
        assert path.startswith("/")
        return json.dumps({"data": {"activeTargets": targets}}).encode()

    return Observed(absent or {}, fetch, lambda: age, lambda: silence)


def results(observed: Observed) -> dict[str, Result]:
    found = [probe.run() for probe in probes(observed)]
    return {result.id: result for result in found}


def test_all_is_well_when_everybody_answers():
    found = results(asked(target("api", "up"), target("worker", "up")))
    assert {result.verdict for result in found.values()} == {"ok"}
    assert found["prometheus.targets"].measured == "2 of 2 asked"


def test_who_does_not_answer_is_named():
    found = results(asked(target("api", "up"), target("worker", "down")))["prometheus.targets"]
    assert (found.verdict, found.why) == ("failed", "worker: connection refused")
    assert found.fix == "coreskills logs worker"


def test_of_several_that_do_not_answer_each_log_is_named_once():
    down = [target("worker", "down"), target("api", "down"), target("worker", "down")]
    found = results(asked(target("prometheus", "up"), *down))["prometheus.targets"]
    assert found.fix == "coreskills logs worker; coreskills logs api"


def test_a_prometheus_that_does_not_answer_is_the_one_to_look_at():
    def fetch(service: str, path: str) -> bytes:
        raise StackFailed(f"{service} does not answer", check=service, fix="")

    found = results(Observed({}, fetch, lambda: 100, lambda: 20))["prometheus.targets"]
    assert (found.verdict, found.fix) == ("failed", "coreskills logs prometheus")


def test_soon_after_a_start_nobody_is_blamed_for_not_having_been_ready():
    early = asked(target("api", "down"), target("worker", "unknown"), age=5)
    assert results(early)["prometheus.targets"].verdict == "ok"


def test_a_watchdog_that_is_silent_for_long_is_a_failure():
    found = results(asked(silence=121))["alertmanager.tells"]
    assert (found.verdict, found.fix) == ("failed", "docs/runbooks/Watchdog.md")


def test_what_is_not_installed_is_not_run_and_says_how_to_get_it():
    found = results(asked(absent=ABSENT))["prometheus.targets"]
    assert (found.verdict, found.why, found.fix) == ("not_run", "not installed", "install it")
