"""What a start among containers asks of Compose: which services, and with which settings."""

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from coreskills.errors import Invalid, StackFailed
from coreskills.stack import compose, compose_settings, images, monitoring
from coreskills.stack.home import Home
from coreskills.stack.images import Images
from coreskills.stack.native import Wishes
from coreskills.stack.project import ROOT, Project
from coreskills.stack.services import SERVICES
from tests.scripted_docker import ScriptedDocker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts are programs elsewhere")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
CORE = ["postgres", "redis", "migrate", "api", "worker"]
ALERTING = ["receiver", "alertmanager"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Of an engine that has no container of it."""
    docker = ScriptedDocker(tmp_path / "bin")
    docker.answers("ps", out="")
    made = Project(Home(tmp_path / "home"), docker)
    made.home.create(None)
    return made


def prepared(project: Project, *, without: tuple[str, ...] = (), **wishes: Any) -> dict[str, Any]:
    found = Images("1-abc", images.WITHOUT, {}, list(without))
    compose_settings.prepare(project, Wishes(**wishes), found, lambda _: None)
    return project.home.instance()


def test_the_services_are_those_of_the_file_with_their_profiles():
    profiles = {service.name: [service.profile] if service.profile else [] for service in SERVICES}
    assert profiles == {
        name: body.get("profiles", []) for name, body in COMPOSE["services"].items()
    }


def test_alerting_is_there_when_asked_for_and_from_then_on(project: Project):
    assert prepared(project)["services"] == [*CORE, "prometheus", "grafana"]
    assert prepared(project, alerting=True)["services"] == [
        *CORE, "prometheus", *ALERTING, "grafana"
    ]  # fmt: skip
    assert set(ALERTING) < set(prepared(project)["services"])
    assert set(ALERTING).isdisjoint(prepared(project, alerting=False)["services"])


def test_without_monitoring_nothing_observes(project: Project):
    instance = prepared(project, monitoring=False, alerting=True)
    assert (instance["services"], instance["without"]) == (CORE, [])
    assert monitoring.missing(instance) == dict.fromkeys(
        ("prometheus", "alertmanager"), monitoring.OFF
    )


def test_only_what_was_asked_for_is_said_to_be_missing(project: Project):
    gone = ("alertmanager", "grafana")
    assert prepared(project, without=gone)["without"] == ["grafana"]
    assert prepared(project, without=gone, alerting=True)["without"] == list(gone)


def test_who_did_not_ask_for_alerting_is_told_how_to(project: Project):
    assert monitoring.missing(prepared(project)) == {"alertmanager": monitoring.NOT_ASKED_FOR}
    assert monitoring.missing(prepared(project, alerting=True)) == {}


@pytest.mark.parametrize("period", ["8h", "30d"])
def test_the_period_of_the_objectives_reaches_compose(
    project: Project, period: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CORESKILLS_SLO_PERIOD", period)
    prepared(project)
    assert f"CORESKILLS_SLO_PERIOD='{period}'\n" in project.saved()
    (place,) = [v for v in COMPOSE["services"]["prometheus"]["volumes"] if "SLO_PERIOD" in v]
    folder = place.split(":-")[0].split("$")[0]
    assert (ROOT / folder / period / "slo.yml").is_file()


def started(project: Project, monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    monkeypatch.setenv("PATH", str(Path(project.docker.program).parent))
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    compose.start(project.home, Wishes(), lambda _: None)


def test_a_period_without_objectives_is_refused_before_anything_is_fetched(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(Invalid, match="7d"):
        started(project, monkeypatch, CORESKILLS_SLO_PERIOD="7d")


def test_traces_are_refused_rather_than_left_out(project: Project, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(StackFailed, match="keep no traces"):
        started(project, monkeypatch, CORESKILLS_TRACING="true")


def test_what_belongs_to_a_profile_is_stopped_and_erased_with_the_rest(project: Project):
    words = project.words("down")
    assert words[words.index("--profile") + 1] == "*"
