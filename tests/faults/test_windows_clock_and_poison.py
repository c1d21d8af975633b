"""Loss windows 13 and 14: a clock that is wrong, and a job that kills whoever runs it."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.faults.lab import LEASE_SECONDS, Lab
from tests.faults.programs import Command, until
from tests.faults.windows import (
    REPEATS,
    armed,
    crowd,
    dismiss,
    rescuers,
    submit,
    told,
)

pytestmark = [pytest.mark.e2e, pytest.mark.faults]
LIBRARIES = [Path("/usr/lib", *place, "libfaketime.so.1") for place in (
    ("x86_64-linux-gnu", "faketime"),
    ("aarch64-linux-gnu", "faketime"),
    ("faketime",),
)]  # fmt: skip


@contextmanager
def wrong_clock(lab: Lab, skew: str) -> Iterator[Command]:
    """A worker whose calendar is off, and whose stopwatch is right, as after a step of NTP."""
    library = next((path for path in LIBRARIES if path.exists()), None)
    if library is None:
        missing("libfaketime")
    model = lab.add_worker(proxied=False)
    environment = model.environment | {
        "LD_PRELOAD": str(library),
        "FAKETIME": skew,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    dismiss(lab, [model])
    command = [sys.executable, "-m", "coreskills.worker"]
    log = lab.folder / f"skewed{skew}.log"
    worker = Command(f"skewed{skew}", log, lambda: command, environment)
    worker.start()
    try:
        yield worker
    finally:
        worker.kill()


@pytest.mark.parametrize("skew", ["+1h", "-1h"])
def test_13_a_leader_whose_clock_is_wrong_takes_no_lease_and_misses_none(bare_lab: Lab, skew: str):
    """Every lease is renewed by a healthy worker under its eyes, then every worker dies."""
    running = "SELECT count(*) FROM jobs WHERE id = ANY(%s) AND status = 'running' AND attempt = 1"
    with wrong_clock(bare_lab, skew) as leader:
        until(lambda: told(leader, "leading"))
        stamp = leader.text().split('"timestamp":"')[1][:13]
        assert stamp != time.strftime("%Y-%m-%dT%H", time.gmtime()), "its clock is right"
        with armed(bare_lab, "worker.running", "hold always"), crowd(bare_lab, REPEATS + 1):
            demands = submit(bare_lab)
            ids = [demand.id for demand in demands]
            until(lambda: bare_lab.ask(running, ids) == [(REPEATS,)])
            time.sleep(2 * LEASE_SECONDS)
            assert bare_lab.ask(running, ids) == [(REPEATS,)]
        held = "SELECT count(*) FROM jobs WHERE id = ANY(%s) AND crash_count = 0"
        until(lambda: bare_lab.ask(held, ids)[0][0] <= 1, 15)  # the leader holds one at most
        bare_lab.settle()
    with rescuers(bare_lab):
        bare_lab.settle()
    effects = "SELECT count(*), count(DISTINCT job_id) FROM audit_logs WHERE job_id = ANY(%s)"
    made = effects + " AND action = 'student.created'"
    assert bare_lab.ask(made, ids) == [(REPEATS, REPEATS)]


def test_14_poison_dies_of_three_crashes_of_its_own_and_none_of_its_neighbours_pays(bare_lab: Lab):
    demands = submit(bare_lab, REPEATS)
    poison, healthy = demands[REPEATS // 2], demands[: REPEATS // 2] + demands[REPEATS // 2 + 1 :]
    with armed(bare_lab, "worker.running", "kill always", job=poison.id):
        until(lambda: _another_life(bare_lab) or bare_lab.job(poison.id)["status"] == "dead", 90)
    dead = bare_lab.job(poison.id)
    assert (dead["crash_count"], dead["error_code"]) == (3, "worker_lost")
    assert bare_lab.trail(poison.id) == ["create_student.requested", "create_student.died"]
    with rescuers(bare_lab):
        bare_lab.settle()
        charged = "SELECT count(*) FROM jobs WHERE id = ANY(%s) AND crash_count > 0"
        assert bare_lab.ask(charged, [demand.id for demand in healthy]) == [(0,)]
        for demand in healthy:
            assert bare_lab.job(demand.id)["status"] == "completed"
        again = bare_lab.caller.post(f"/api/v1/jobs/{poison.id}/retry", {}, "again")
        assert again.status == 202
        assert bare_lab.wait_status(poison.id, "completed")["crash_count"] == 0


def _another_life(lab: Lab) -> None:
    """One more worker, until it dies or has nothing to do."""
    with crowd(lab, 1, batch_jobs=32, lease_seconds=1) as (worker,):
        deadline = time.monotonic() + 3
        until(lambda: not worker.alive or time.monotonic() > deadline)
