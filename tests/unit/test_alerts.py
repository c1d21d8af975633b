"""What the receiver has heard is shown in either mode, by `alerts list` and by `status` alike."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coreskills.alerting.journal import Journal, received
from coreskills.stack import alerts
from coreskills.stack.home import Home
from coreskills.stack.project import Project
from tests.scripted_docker import ScriptedDocker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts are programs elsewhere")


STARTED = "2026-11-26T09:00:00.123456789Z"


def sent(name: str, status: str = "firing") -> dict[str, Any]:
    return {
        "fingerprint": name,
        "status": status,
        "startsAt": "2026-11-26T09:00:00Z",
        "endsAt": "2026-11-26T09:05:00Z",
        "labels": {"alertname": name},
    }


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Heard just now: one that fires, one that is over, and the watchdog."""
    path = tmp_path / "alerts.jsonl"
    heard = [sent("ApiDown"), sent("RedisDown", "resolved"), sent("Watchdog")]
    Journal(path).add(received({"alerts": heard}, datetime.now(UTC)))
    return path


def instance(folder: Path, mode: str) -> Home:
    home = Home(folder / "home")
    home.create(None)
    home.save_instance({"mode": mode})
    return home


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedDocker:
    made = ScriptedDocker(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(made.folder))
    return made


def runs(docker: ScriptedDocker, home: Home, service: str) -> None:
    labels = {"com.docker.compose.service": service}
    state = {"Status": "running", "Running": True, "StartedAt": STARTED, "Pid": 7, "ExitCode": 0}
    container = {
        "Id": "c1",
        "Config": {"Labels": labels},
        "State": state,
        "NetworkSettings": {},
    }
    label = f"label=com.docker.compose.project={Project(home, docker).name}"
    docker.answers("ps", label, out="c1")
    docker.answers("inspect", "c1", out=json.dumps([container]))


def names(told: list[dict[str, Any]]) -> set[str]:
    return {alert["name"] for alert in told}


def test_among_containers_the_receiver_is_asked(tmp_path, docker, journal):
    home = instance(tmp_path, "compose")
    runs(docker, home, "receiver")
    docker.answers("exec", "receiver", "cat", alerts.KEPT, out=journal.read_text())
    assert names(alerts.told(home)) == {"ApiDown", "RedisDown"}
    assert names(alerts.told(home, firing=True)) == {"ApiDown"}
    assert names(alerts.told(home, watchdog=True)) == {"ApiDown", "RedisDown", "Watchdog"}


def test_among_containers_without_a_receiver_nothing_is_known(tmp_path, docker):
    home = instance(tmp_path, "compose")
    runs(docker, home, "api")
    assert alerts.told(home) == []
    assert not docker.asked("exec")


def test_natively_what_fired_before_the_stop_is_unheard(tmp_path, journal):
    home = instance(tmp_path, "native")
    home.alerts.parent.mkdir()
    journal.rename(home.alerts)
    told = {alert["name"]: alert["state"] for alert in alerts.told(home)}
    assert told == {"ApiDown": "unheard", "RedisDown": "resolved"}
    assert alerts.told(home, firing=True) == []
