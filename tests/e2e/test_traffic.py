"""`coreskills traffic`, as a teacher runs it in the middle of a lesson."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coreskills.stack.traffic.deeds import PREFIX
from tests.e2e.conftest import Instance

pytestmark = pytest.mark.e2e


def invented(instance: Instance) -> list[str]:
    rows = instance.api.pages("/api/v1/students", "students")
    return [row["student_id"] for row in rows if row["student_id"].startswith(PREFIX)]


def begun(instance: Instance, *arguments: str) -> subprocess.Popen[str]:
    """In a session of its own, so that Ctrl-C is for it alone."""
    return subprocess.Popen(
        [sys.executable, "-m", "coreskills", "traffic", "--home", str(instance.home), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        start_new_session=True,
    )


def until_somebody_is_enrolled(instance: Instance) -> None:
    deadline = time.monotonic() + 20
    while not invented(instance):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_it_tells_its_figures_on_stdout_and_its_progress_on_stderr(running: Instance):
    done = running.run(
        "traffic", "--pattern", "spike", "--minutes", "0.1", "--rate", "10", "--json"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["no_answer"] == 0
    assert sum(found["statuses"].values()) == found["requests"] > 60
    assert found["unexpected"] == {}
    assert "spike for 0.1 minutes" in done.stderr
    assert "requests, p95" in done.stderr


def test_nobody_whom_it_invented_stays_and_the_others_do(running: Instance):
    before = [row["id"] for row in running.api.pages("/api/v1/users", "users")]
    found = running.json("traffic", "--minutes", "0.1", "--rate", "20")
    assert found["removed"] > 0
    assert (found["left"], invented(running)) == (0, [])
    assert [row["id"] for row in running.api.pages("/api/v1/users", "users")] == before


def test_ctrl_c_ends_it_with_a_summary_and_takes_the_invented_out(running: Instance, posix: None):
    process = begun(running, "--minutes", "10", "--rate", "20", "--json")
    until_somebody_is_enrolled(running)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert json.loads(out)["removed"] > 0
    assert invented(running) == []


def test_whom_a_killed_run_left_behind_is_taken_out_later(running: Instance, posix: None):
    process = begun(running, "--minutes", "10", "--rate", "20")
    until_somebody_is_enrolled(running)
    process.kill()
    process.communicate(timeout=60)
    time.sleep(1)  # for what it had handed in
    assert invented(running)
    found = running.json("traffic", "--remove")
    assert found["removed"] > 0
    assert (found["left"], invented(running)) == (0, [])


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--api", "http://192.0.2.1:5000"], 2, "add --yes"),
        (["--api", "ftp://127.0.0.1"], 2, "http://127.0.0.1:5000"),
        (["--api", "http://127.0.0.1:9"], 3, "does not answer"),
        (["--api", "http://127.0.0.1:9", "--token-file", "nowhere"], 2, "nowhere"),
        (["--rate", "1000"], 2, "--rate"),
        (["--minutes", "0"], 2, "--minutes"),
    ],
)
def test_it_refuses_what_is_unsafe_or_senseless(
    tmp_path: Path, arguments: list[str], code: int, words: str
):
    done = subprocess.run(
        [sys.executable, "-m", "coreskills", "traffic", *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={"CORESKILLS_HOME": str(tmp_path / "nowhere"), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_api_of_an_instance_can_be_named(running: Instance, tmp_path: Path):
    token = tmp_path / "token"
    token.write_text(running.facts["token"] + "\n")
    words = ["--api", running.facts["urls"]["api"], "--token-file", str(token)]
    found = running.json("traffic", "--minutes", "0.05", *words)
    assert found["no_answer"] == 0
    assert found["statuses"]["200"] > 0
