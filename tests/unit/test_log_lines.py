"""Lines that cannot be written."""

import json
import os
from pathlib import Path

import pytest
import structlog

from coreskills.telemetry import logs
from coreskills.telemetry.logs import Lines


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_line_that_finds_no_room_is_counted_and_the_next_one_says_so(tmp_path: Path):
    full = os.open("/dev/full", os.O_WRONLY)
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    lines = Lines("api", full)
    lines.write(b'{"n": 1}')
    lines.write(b'{"n": 2}')
    os.dup2(file, full)  # there is room again
    lines.write(b'{"n": 3}')
    lines.write(b'{"n": 4}')
    os.close(full)
    os.close(file)
    notice, *rest = [json.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]
    assert (notice["event"], notice["lines"]) == ("log_lines_dropped", 2)
    assert rest == [{"n": 3}, {"n": 4}]


def fail_about(name: str) -> None:
    try:
        raise KeyError(name)
    except KeyError as exc:
        raise ValueError(f"{name} is no number") from exc


@pytest.mark.parametrize("style", ["json", "text"])
@pytest.mark.parametrize(("level", "told"), [("info", False), ("debug", True)])
def test_a_failure_is_logged_with_kind_and_place_and_not_with_what_it_says(
    capfd, style, level, told
):
    logs.configure("test", level, style)
    try:
        fail_about("Lovelace")
    except ValueError as exc:
        structlog.get_logger().error("unhandled", exc_info=exc)
    line = capfd.readouterr().err
    assert "builtins.ValueError" in line
    assert "builtins.KeyError" in line
    assert "test_log_lines.py" in line
    assert "in fail_about" in line
    assert ("Lovelace" in line) == told
