"""Lines that must not wait, lines that may, and lines that cannot be written."""

import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from coreskills.telemetry import logs
from coreskills.telemetry.lines import PIECE, Lines


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_lines_that_waited_for_a_full_disk_are_counted_each(tmp_path: Path):
    full = os.open("/dev/full", os.O_WRONLY)
    file = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    lines = Lines("api", full)
    for _ in range(3):
        lines.write_soon(b"{}")
    lines.write(b"{}")
    os.dup2(file, full)
    lines.write(b'{"n": 5}')
    os.close(full)
    os.close(file)
    notice, last = [json.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]
    assert (notice["lines"], last) == (4, {"n": 5})


def test_a_line_that_may_wait_comes_by_itself():
    source, sink = os.pipe()
    Lines("api", sink).write_soon(b"1")
    assert os.read(source, 100) == b"1\n"


def test_a_line_that_must_not_wait_takes_along_what_waits_in_its_order():
    source, sink = os.pipe()
    lines = Lines("api", sink)
    lines.write_soon(b"1")
    lines.write_soon(b"2")
    lines.write(b"3")
    assert os.read(source, 100) == b"1\n2\n3\n"


def test_lines_are_written_together_in_pieces_that_others_cannot_tear(monkeypatch):
    pieces: list[bytes] = []
    monkeypatch.setattr(os, "write", lambda _, data: pieces.append(data) or len(data))
    lines = Lines("api")
    for _ in range(100):
        lines.write_soon(b"x" * 99)
    lines.write(b"y" * 2 * PIECE)
    *small, large = pieces
    assert b"".join(pieces) == (b"x" * 99 + b"\n") * 100 + b"y" * 2 * PIECE + b"\n"
    assert len(small) == 3
    assert max(map(len, small)) <= PIECE
    assert large == b"y" * 2 * PIECE + b"\n"


LAST = """
import multiprocessing, sys
from coreskills.telemetry.lines import Lines
def tell():
    Lines("api").write_soon(b"last")
if sys.argv[1:]:
    process = multiprocessing.get_context(*sys.argv[1:]).Process(target=tell)
    process.start()
    process.join()
else:
    tell()
"""


@pytest.mark.parametrize("way", [[], ["fork"]], ids=["started", "forked"])
def test_what_waits_at_the_end_of_a_process_is_written(way):
    """The web server forks its processes."""
    if not set(way) <= set(multiprocessing.get_all_start_methods()):
        pytest.skip("no fork here")
    command = [sys.executable, "-c", LAST, *way]
    assert subprocess.run(command, stderr=subprocess.PIPE, check=True).stderr == b"last\n"


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
