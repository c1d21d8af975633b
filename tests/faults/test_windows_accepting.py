"""Loss windows 1 to 3 and 11: the API dies, or PostgreSQL, before its COMMIT or before its answer.

Window 12, the failover of PostgreSQL to a standby that lags, does not exist on a single node.
"""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.caller import NoAnswer
from tests.faults.lab import Lab
from tests.faults.programs import until
from tests.faults.quick_api import QuickApi
from tests.faults.windows import (
    REPEATS,
    STUDENTS,
    Demand,
    armed,
    crowd,
    dismiss,
    expect_done,
    known_jobs,
    leaderless,
    rescuers,
    slowest,
    submit,
    told,
    unsealed,
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
        cut = bare_lab.api.links.postgres.cut_acceptance()
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
            cut = worker.links.postgres.cut_commit()
            demands += submit(bare_lab, 1)
            cut.wait()
            until(lambda so_far=turn: told(worker, "job_lost") == so_far)
        expect_done(bare_lab, demands)
        dismiss(bare_lab, [worker])


def kill_postgres_at(lab: Lab, point: str) -> None:
    """When somebody is held there. Nobody goes on before the last of its sessions is gone."""
    until(lambda: lab.hit(point))
    lab.postgres.kill()
    lab.postgres.end_orphans()


@pytest.fixture
def slow_log_writer(bare_lab: Lab) -> Iterator[None]:
    """What does not wait for the disk stays in PostgreSQL's memory for a while."""
    bare_lab.ask("ALTER SYSTEM SET wal_writer_delay = '10 s'")
    bare_lab.ask("SELECT pg_reload_conf()")
    yield
    bare_lab.ask("ALTER SYSTEM RESET wal_writer_delay")
    bare_lab.ask("SELECT pg_reload_conf()")


@pytest.mark.parametrize("back", [True, False], ids=["back-already", "still-away"])
@pytest.mark.parametrize("point", ["submit.before_commit", "submit.after_publish"])
def test_11_a_postgresql_that_dies_before_the_disk_has_an_acceptance_has_accepted_nothing(
    bare_lab: Lab, slow_log_writer: None, point: str, back: bool
):
    """And nobody was told otherwise, whether it is back or not when the API asks it again."""
    demands = [Demand() for _ in range(REPEATS // 2)]
    for demand in demands:
        with ThreadPoolExecutor(1) as thread, armed(bare_lab, point, "hold"):
            posting = thread.submit(bare_lab.caller.post, STUDENTS, demand.body, demand.key)
            kill_postgres_at(bare_lab, point)
            if back:
                bare_lab.postgres.start()
        answer = posting.result()
        assert (answer.status, bool(answer.retry_after)) == (503, True)
        if not back:
            bare_lab.postgres.start()
        assert known_jobs(bare_lab, demand) == []
        demand.id = bare_lab.accept(STUDENTS, demand.body, demand.key)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)


@pytest.mark.parametrize("claim", [("running", 1), ("queued", 0)], ids=["kept", "forgotten"])
def test_11_an_effect_that_died_with_postgresql_before_its_commit_happens_once(
    bare_lab: Lab, slow_log_writer: None, claim: tuple[str, int]
):
    """A claim does not wait for the disk: it dies as well, and is made again. If it has reached the
    disk, the worker waits for PostgreSQL and writes once more. Nobody is charged with anything."""
    point, demands = "worker.before_commit", []
    with crowd(bare_lab, 1, lease_seconds=10) as (worker,):
        for turn in range(REPEATS // 2):
            with unsealed(bare_lab), armed(bare_lab, point, "hold"):
                with worker.frozen():  # or its claim would reach the disk with the acceptance
                    (demand,) = submit(bare_lab, 1)
                until(lambda: bare_lab.hit(point))
                if claim == ("running", 1):
                    bare_lab.ask("CHECKPOINT")
                kill_postgres_at(bare_lab, point)
                if back := bool(turn % 2):
                    bare_lab.postgres.start()
                    found = bare_lab.job(demand.id)
                    assert (found["status"], found["attempt"]) == claim
                    assert bare_lab.trail(demand.id) == ["create_student.requested"]
            if not back:
                bare_lab.postgres.start()
            bare_lab.wait_status(demand.id, "completed")
            demands.append(demand)
        expect_done(bare_lab, demands)
