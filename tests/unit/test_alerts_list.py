"""Alerts are where the receiver keeps them: in the home, or in its container."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coreskills.alerting import journal
from coreskills.stack.home import Home
from tests.scripted_docker import ScriptedDocker
from tests.unit.test_alert_journal import alert

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts are programs elsewhere")
CONTAINER = {
    "Id": "c1",
    "Name": "/receiver-1",
    "Config": {"Labels": {"com.docker.compose.service": "receiver"}},
    "State": {"Running": True, "Restarting": False, "Status": "running"},
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create(None)
    made.save_instance({"mode": "compose", "ports": {}})
    return made


@pytest.fixture
def docker(tmp_path: Path) -> ScriptedDocker:
    return ScriptedDocker(tmp_path / "bin")


def listed(home: Home, docker: ScriptedDocker) -> subprocess.CompletedProcess[str]:
    path = f"{docker.folder}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "coreskills", "alerts", "list", "--home", home.path, "--json"],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_among_containers_the_one_of_the_receiver_is_asked(home: Home, docker: ScriptedDocker):
    line = journal._line(alert(heard_at=datetime.now(UTC).isoformat())).decode()
    docker.answers("ps", out="c1")
    docker.answers("inspect", "c1", out=json.dumps([CONTAINER]))
    docker.answers("exec", "receiver", "cat", out=line)
    done = listed(home, docker)
    (found,) = json.loads(done.stdout)["alerts"]
    assert (found["name"], found["state"]) == ("ApiDown", "firing")


def test_where_no_receiver_runs_it_is_said(home: Home, docker: ScriptedDocker):
    docker.answers("ps", out="")
    done = listed(home, docker)
    assert done.returncode == 3
    assert "receiver does not run" in done.stderr
