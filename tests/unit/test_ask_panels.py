"""What the script for those without Grafana says when it cannot help."""

import subprocess
import sys
from pathlib import Path

from tests.ports import free_port

SCRIPT = Path(__file__).parents[2] / "scripts" / "ask_panels.py"


def asked(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True)


def test_a_panel_that_is_not_there_is_refused_with_those_that_are():
    done = asked("jobs", "Time at wrok")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no panel's title begins with 'Time at wrok'" in done.stderr
    assert "Time at work" in done.stderr


def test_without_prometheus_the_next_step_is_named():
    done = asked("jobs", "--url", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert "No Prometheus answers at http://127.0.0.1:" in done.stderr
    assert "./coreskills status" in done.stderr
    assert "Traceback" not in done.stderr
