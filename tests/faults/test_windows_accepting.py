"""Loss windows 1 to 3 and 11: the API dies, or PostgreSQL's answer to COMMIT never arrives.

Window 12, the failover of PostgreSQL to a standby that lags, does not exist on a single node.
"""

import signal
from collections.abc import Iterator

import pytest

from tests.faults.caller import NoAnswer
from tests.faults.lab import Lab
from tests.faults.programs import until
from tests.faults.quick_api import QuickApi
from tests.faults.windows import (
    REPEATS,
    STUDENTS,
    Demand,
    dismiss,
    expect_done,
    known_jobs,
    leaderless,
    rescuers,
    slowest,
    submit,
    told,
)

pytestmark = [pytest.mark.e2e, pytest.mark.faults]


@pytest.fixture
def api(bare_lab: Lab) -> Iterator[QuickApi]:
    made = QuickApi(bare_lab)
    made.start()
    yield made
    made.kill()


def dies(lab: Lab, api: QuickApi, point: str) -> Demand:
    """It dies there while it serves a request, and is started again."""
    demand = Demand()
    lab.arm(point)
    with pytest.raises(NoAnswer):
        api.caller.post(STUDENTS, demand.body, demand.key)
    assert api.wait() == -signal.SIGKILL
    lab.disarm(point)
    api.start()
    return demand


def asked_again(api: QuickApi, demand: Demand) -> int:
    answer = api.caller.post(STUDENTS, demand.body, demand.key)
    assert answer.status == 202, answer.body
    return int(answer.json()["job_id"])


def test_01_an_api_that_dies_before_its_commit_has_accepted_nothing(bare_lab: Lab, api: QuickApi):
    demands = [dies(bare_lab, api, "submit.before_commit") for _ in range(REPEATS)]
    assert [known_jobs(bare_lab, demand) for demand in demands] == [[]] * REPEATS
    for demand in demands:
        demand.id = asked_again(api, demand)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)


def test_02_who_was_not_told_asks_again_and_gets_the_same_job(bare_lab: Lab, api: QuickApi):
    """Whether it waits still, or was done meanwhile; and the key stands for nothing else."""
    demands = [dies(bare_lab, api, "submit.before_answer") for _ in range(REPEATS)]
    for demand in demands:
        (demand.id,) = known_jobs(bare_lab, demand)
        assert asked_again(api, demand) == demand.id
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)
        for demand in demands:
            assert asked_again(api, demand) == demand.id
            assert api.caller.post(STUDENTS, Demand().body, demand.key).status == 422
        expect_done(bare_lab, demands)


@pytest.mark.parametrize("point", ["submit.after_commit", "submit.after_publish"])
def test_03_what_was_committed_is_done_though_nobody_asks_again(
    bare_lab: Lab, api: QuickApi, point: str
):
    with rescuers(bare_lab):
        demands = [dies(bare_lab, api, point) for _ in range(REPEATS)]
        for demand in demands:
            (demand.id,) = known_jobs(bare_lab, demand)
        expect_done(bare_lab, demands)
    assert slowest(bare_lab, demands) < 5
    assert [asked_again(api, demand) for demand in demands] == [each.id for each in demands]


def test_11_an_acceptance_whose_commit_was_not_answered_counts_once(bare_lab: Lab):
    assert bare_lab.api.links.postgres
    demands = [Demand() for _ in range(REPEATS)]
    for demand in demands:
        cut = bare_lab.api.links.postgres.cut_before_reply(b"COMMIT", b"COMMIT")
        demand.id = bare_lab.accept(STUDENTS, demand.body, demand.key)
        cut.wait()
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)


def test_11_an_effect_whose_commit_was_not_answered_happens_once(bare_lab: Lab):
    """The worker asks its fence instead of writing again."""
    demands = []
    with leaderless(bare_lab):  # the commits that are cut are those of jobs
        worker = bare_lab.add_worker(proxied=True, lease_seconds=10)
        assert worker.links.postgres
        for turn in range(1, REPEATS + 1):
            cut = worker.links.postgres.cut_before_reply(b"COMMIT", b"COMMIT")
            demands += submit(bare_lab, 1)
            cut.wait()
            until(lambda so_far=turn: told(worker, "job_lost") == so_far)
        expect_done(bare_lab, demands)
        dismiss(bare_lab, [worker])
