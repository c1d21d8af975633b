"""Loss windows 7 to 10: a worker dies or stands still at the worst moment, 20 times each."""

from contextlib import ExitStack

import pytest

from tests.faults.lab import Lab
from tests.faults.programs import until
from tests.faults.windows import (
    REPEATS,
    armed,
    crowd,
    expect_done,
    expect_paused,
    expect_stories,
    kill_all,
    leaderless,
    make_due,
    rescuers,
    resume,
    slowest,
    submit,
    told,
)

pytestmark = [pytest.mark.e2e, pytest.mark.faults]
MIDDLE = "worker.after_claim", "worker.running", "worker.before_finish", "worker.before_commit"


def test_07_what_a_worker_read_and_never_claimed_is_found_by_its_age(bare_lab: Lab):
    """Not in the dead reader's name: in the table, where it is overdue."""
    demands = kill_all(bare_lab, "worker.after_read", due_in=60)
    make_due(bare_lab, demands)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)
    assert slowest(bare_lab, demands) < 15


@pytest.mark.parametrize("point", MIDDLE)
def test_08_a_job_whose_worker_dies_in_the_middle_is_run_again(bare_lab: Lab, point: str):
    demands = kill_all(bare_lab, point)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands, ("crashed", "completed"), crashes=1)
    assert slowest(bare_lab, demands) < 17


@pytest.mark.parametrize("point", ["worker.after_commit", "worker.after_acknowledge"])
def test_09_a_job_whose_worker_dies_after_the_commit_is_not_run_again(bare_lab: Lab, point: str):
    demands = kill_all(bare_lab, point)
    expect_stories(bare_lab, demands)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)


def test_10_what_a_paused_worker_writes_when_it_wakes_up_is_refused(bare_lab: Lab):
    demands = submit(bare_lab)
    with ExitStack() as stack:
        with leaderless(bare_lab), armed(bare_lab, "worker.before_finish", "stop always"):
            sleepers = stack.enter_context(crowd(bare_lab))
            expect_paused(sleepers)
        with rescuers(bare_lab):
            bare_lab.settle()
            resume(sleepers)
            until(lambda: sum(told(each, "job_lost") for each in sleepers) == REPEATS)
            expect_done(bare_lab, demands, ("crashed", "completed"), crashes=1)


def test_10_a_leader_that_stands_still_loses_its_office(bare_lab: Lab):
    """Or nobody would take its job from it, nor any other job from anybody."""
    (demand,) = submit(bare_lab, 1)
    with crowd(bare_lab, 1) as leader:
        with armed(bare_lab, "worker.running", "hold always"):
            bare_lab.wait_status(demand.id, "running")
            until(lambda: told(leader[0], "leading"))
            leader[0].pause()
        with rescuers(bare_lab):
            bare_lab.settle(30)
            resume(leader)
            until(lambda: told(leader[0], "job_lost"))
            expect_done(bare_lab, [demand], ("crashed", "completed"), crashes=1)
