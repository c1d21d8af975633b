"""Lines that cannot be written."""

import json
import os
from pathlib import Path

import pytest

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
