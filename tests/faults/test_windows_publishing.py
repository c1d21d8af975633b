"""Loss windows 4 to 6 and 15: between PostgreSQL, which knows, and Redis, which forgets.

Also every moment at which a dispatcher may die: it is the one who mends all that.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from coreskills.broker.streams import STREAM
from coreskills.worker.dispatcher import GRACE
from tests.faults.lab import Lab
from tests.faults.programs import until
from tests.faults.windows import (
    REPEATS,
    armed,
    crowd,
    expect_done,
    kill_all,
    kill_leaders,
    make_due,
    publications,
    rescuers,
    resume,
    slowest,
    submit,
    told,
)

pytestmark = [pytest.mark.e2e, pytest.mark.faults]
BACKLOG = 300
AGE = (
    "UPDATE jobs SET published_at = published_at - make_interval(secs => %s)"
    " WHERE status = 'queued'"
)


@contextmanager
def unpublished(lab: Lab) -> Iterator[None]:
    """The API does not reach Redis: what it accepts is the relay's business."""
    assert lab.api.links.redis
    lab.api.links.redis.refuse()
    lab.api.links.redis.drop()
    try:
        yield
    finally:
        lab.api.links.redis.heal()


def test_04_what_a_dying_relay_published_twice_and_more_is_run_once(bare_lab: Lab):
    with unpublished(bare_lab):
        demands = submit(bare_lab)
    time.sleep(GRACE * 2)  # or the first leader may die of those alone that are old enough for it
    before = publications(bare_lab)
    kill_leaders(bare_lab, "relay.after_publish")
    assert publications(bare_lab) - before == REPEATS * len(demands)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)


def test_04_a_relay_that_dies_before_it_published_forgets_nothing(bare_lab: Lab):
    with unpublished(bare_lab):
        demands = submit(bare_lab)
    before = publications(bare_lab)
    kill_leaders(bare_lab, "relay.before_publish")
    assert publications(bare_lab) == before
    make_due(bare_lab, demands, 1.0)  # not overdue, or the rescuers would not wait for the relay
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)
    assert publications(bare_lab) - before == len(demands)


def test_04_what_a_relay_committed_before_it_died_is_not_published_again(bare_lab: Lab):
    before, demands = publications(bare_lab), []
    for _ in range(REPEATS):
        with unpublished(bare_lab):
            demands += submit(bare_lab, 1)
        kill_leaders(bare_lab, "relay.after_commit", 1)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)
    assert publications(bare_lab) - before == REPEATS


def test_05_jobs_whose_entries_vanish_under_a_standing_epoch_are_found_all_the_same(bare_lab: Lab):
    """One by one they are deleted. The table tells what Redis should have told."""
    demands, epoch = submit(bare_lab), bare_lab.redis.epoch()
    with bare_lab.redis.client() as client:
        for entry, _ in client.xrange(STREAM):
            assert client.xdel(STREAM, entry)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)
    assert slowest(bare_lab, demands) < 10
    assert bare_lab.redis.epoch() == epoch


def test_05_a_redis_that_comes_back_without_its_last_moments_loses_nothing(bare_lab: Lab):
    """The disk of a while ago: epoch and group are there, the entries are not."""
    redis, saved = bare_lab.redis, bare_lab.folder / "saved"
    redis.kill()
    shutil.copytree(redis.server.base, saved)
    redis.start()
    demands, epoch = submit(bare_lab), redis.epoch()
    redis.kill()
    for file in (saved / "appendonlydir").iterdir():
        (redis.server.base / "appendonlydir" / file.name).write_bytes(file.read_bytes())
    redis.start()
    with redis.client() as client:
        assert client.xlen(STREAM) == 0
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)
    assert slowest(bare_lab, demands) < 10
    assert redis.epoch() == epoch


def test_06_an_emptied_redis_is_filled_again_at_once_and_no_more_than_that(bare_lab: Lab):
    """By FLUSHALL and by a restart without its disk, in turns, under workers that run on."""
    demands, again, slowest = [], 0, 0.0
    with rescuers(bare_lab) as workers:
        for turn in range(REPEATS):
            for worker in workers:
                worker.pause()
            demands += submit(bare_lab, 3)
            if turn % 2:
                bare_lab.redis.restart_empty()
            else:
                bare_lab.redis.flush()
            before, began = publications(bare_lab), time.monotonic()
            resume(workers)
            bare_lab.settle(30)
            slowest = max(slowest, time.monotonic() - began)
            again += publications(bare_lab) - before
        expect_done(bare_lab, demands)
    assert again <= len(demands) + 3
    assert slowest < 5


def test_15_a_backlog_is_not_published_again_however_long_it_waits(bare_lab: Lab):
    """Twenty leaders come and look at it; then it is worked off."""
    before = publications(bare_lab)
    demands = submit(bare_lab, BACKLOG)
    bare_lab.ask(AGE, 3600)
    with armed(bare_lab, "worker.before_read", "hold always"):
        for _ in range(REPEATS):
            with crowd(bare_lab, 1) as (leader,):
                until(lambda log=leader: told(log, "leading"))
                time.sleep(0.3)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)
    assert publications(bare_lab) - before <= 1.01 * BACKLOG


def test_a_reaper_that_dies_before_its_commit_charges_nobody(bare_lab: Lab):
    demands = kill_all(bare_lab, "worker.running")
    ids = [demand.id for demand in demands]
    expired = "SELECT count(*) FROM jobs WHERE id = ANY(%s) AND lease_until < now()"
    until(lambda: bare_lab.ask(expired, ids) == [(REPEATS,)])
    kill_leaders(bare_lab, "reaper.before_commit")
    assert bare_lab.ask(expired + " AND crash_count = 0", ids) == [(REPEATS,)]
    with rescuers(bare_lab):
        expect_done(bare_lab, demands, ("crashed", "completed"), crashes=1)


def test_an_epoch_that_is_begun_and_not_committed_is_begun_again(bare_lab: Lab):
    demands = submit(bare_lab)
    bare_lab.redis.flush()
    before = publications(bare_lab)
    kill_leaders(bare_lab, "epoch.before_commit")
    make_due(bare_lab, demands, 1.0)
    with rescuers(bare_lab):
        expect_done(bare_lab, demands)
    assert publications(bare_lab) - before == len(demands)


def test_each_tick_of_a_schedule_fires_once_whoever_dies_of_it(bare_lab: Lab):
    bare_lab.ask(
        "INSERT INTO schedules (name, job_type, every, next_at)"
        " SELECT 'tick-' || n, 'self_test', '1 day', now() - n * interval '1 minute'"
        " FROM generate_series(1, %s) n",
        REPEATS,
    )
    fired = "SELECT status::text, requested_by FROM jobs WHERE requested_by LIKE 'schedule:tick-%%'"
    try:
        kill_leaders(bare_lab, "schedule.before_commit")
        assert bare_lab.ask(fired + " AND id > %s", 0) == []
        with rescuers(bare_lab, 3):
            until(lambda: len(bare_lab.ask(fired + " AND id > %s", 0)) == REPEATS)
            bare_lab.settle()
    finally:
        bare_lab.ask("DELETE FROM schedules WHERE name LIKE %s", "tick-%")
    expected = [("completed", f"schedule:tick-{n}") for n in range(1, REPEATS + 1)]
    assert sorted(bare_lab.ask(fired + " AND id > %s", 0)) == sorted(expected)
