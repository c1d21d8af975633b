"""A worker shows those who look from outside that its work goes on: it touches a file."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pipeline import (
    NOWHERE,
    Gate,
    GatedEngine,
    any_worker,
    in_background,
    polling_worker,
    run_out,
    running,
    submit,
)


@pytest.fixture
def pulse(tmp_path: Path) -> Path:
    return tmp_path / "pulse"


def beats(pulse: Path, within: float = 5.0) -> bool:
    """Anew: it has been set back to long ago."""
    pulse.touch()
    os.utime(pulse, (0, 0))
    deadline = time.monotonic() + within
    while pulse.stat().st_mtime == 0:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_the_loop_beats_while_there_is_nothing_to_do(worker_db, settings, pulse):
    with running(polling_worker(worker_db, replace(settings, pulse_file=str(pulse)))):
        assert beats(pulse)
        assert beats(pulse)


def test_the_heartbeat_beats_while_a_job_takes_long(db, worker_db, settings, pulse):
    gate = Gate()
    seen = replace(settings, pulse_file=str(pulse))
    worker = any_worker(worker_db, NOWHERE, seen, engine=GatedEngine(gate), lease=0.3)
    submit(db)
    with in_background(lambda: run_out(worker), gate=gate):
        assert gate.reached.wait(10)
        assert beats(pulse)
