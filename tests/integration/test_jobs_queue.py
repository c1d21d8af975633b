"""Redis may be slow, empty, gone or wrong: work is delayed then, and never lost."""

import time

import pytest
import redis

from coreskills.actions import job_control
from coreskills.broker.streams import GROUP, STREAM, NoQueue, RedisQueue
from coreskills.errors import Unavailable
from coreskills.store import leases
from coreskills.worker.dispatcher import Dispatcher
from coreskills.worker.handlers import HANDLERS
from tests.apps import absent_queue
from tests.people import ADA
from tests.pipeline import (
    GRACE,
    Gate,
    GatedEngine,
    any_worker,
    ask,
    in_background,
    job,
    polling_worker,
    running,
    submit,
    until,
)


@pytest.fixture
def server(queue):
    """What an administrator sees of Redis."""
    return queue._client


@pytest.fixture
def due(site):
    """The relay leaves a moment to the API, which publishes what it accepts by itself."""

    def act():
        ask(site, "UPDATE jobs SET run_at = run_at - interval '1 s' WHERE status = 'queued'")

    return act


def tick(worker_db, queue):
    with worker_db.reading() as conn:
        Dispatcher(worker_db, queue).tick(conn)


def published(site, id) -> bool:
    return ask(site, f"SELECT published_at IS NOT NULL FROM jobs WHERE id = {id}") == [(True,)]


def run_all(worker) -> int:
    """Once nothing is not the end: it may have been the entry of a job that has ended already."""
    done = 0
    while worker.run_once(wait_seconds=0.3) or worker.run_once(wait_seconds=0.3):
        done += 1
    return done


def test_what_is_accepted_is_in_the_stream_at_once(db, queue, worker, server, site):
    id = submit(db, queue=queue)
    assert [fields for _, fields in server.xrange(STREAM)] == [{"id": str(id)}]
    assert published(site, id)


def test_a_finished_job_leaves_nothing_in_the_stream(db, queue, worker, server):
    submit(db, queue=queue)
    assert worker.run_once(wait_seconds=1)
    assert server.xlen(STREAM) == 0
    assert server.xpending(STREAM, GROUP)["pending"] == 0


def test_what_the_api_could_not_publish_is_accepted_and_relayed(
    db, worker_db, queue, worker, site, due
):
    id = submit(db, queue=absent_queue())
    assert job(db, id)["status"] == "queued"
    assert not published(site, id)
    assert worker.run_once(wait_seconds=0.1) == []
    due()
    tick(worker_db, queue)
    assert published(site, id)
    run_all(worker)
    assert job(db, id)["status"] == "completed"


def test_the_relay_publishes_a_job_once(db, worker_db, queue, worker, server, due):
    submit(db, queue=NoQueue())
    due()
    run_all(worker)
    before = server.xlen(STREAM)
    for _ in range(3):
        tick(worker_db, queue)
    assert server.xlen(STREAM) - before <= 3  # the job, and those of the two schedules


def test_a_relay_that_cannot_publish_forgets_nothing(db, worker_db, site, due):
    id = submit(db, queue=NoQueue())
    due()
    tick(worker_db, absent_queue())
    assert not published(site, id)
    assert job(db, id)["status"] == "queued"


def test_an_entry_that_vanished_unnoticed_is_missed_by_a_worker_that_looks_into_the_table(
    db, queue, worker, server, site
):
    id = submit(db, queue=queue)
    server.xtrim(STREAM, maxlen=0)
    assert worker.run_once(wait_seconds=0.1) == []
    ask(site, f"UPDATE jobs SET run_at = now() - interval '2 s' WHERE id = {id}")
    until(lambda: run_all(worker), 5)
    assert job(db, id)["status"] == "completed"


def test_an_emptied_redis_is_filled_again_within_one_tick(
    db, worker_db, queue, worker, server, due
):
    ids = [submit(db, queue=queue) for _ in range(20)]
    server.flushall()
    due()
    tick(worker_db, queue)
    run_all(worker)
    assert {job(db, id)["status"] for id in ids} == {"completed"}


def test_what_an_emptied_redis_held_is_in_the_stream_again_after_one_tick(
    db, worker_db, queue, worker, server, due
):
    """Nobody has to look into the table for it."""
    ids = [submit(db, queue=queue) for _ in range(20)]
    server.flushall()
    due()
    tick(worker_db, queue)
    found = [int(fields["id"]) for _, fields in server.xrange(STREAM)]
    assert [id for id in found if id in ids] == ids  # beside them, a schedule's


def test_a_redis_emptied_under_running_workers_loses_nothing(
    db, worker_db, queue, worker, server, settings, site
):
    workers = [any_worker(worker_db, queue, settings) for _ in range(2)]
    with running(Dispatcher(worker_db, queue), *workers):
        ids = []
        for n in range(60):
            ids.append(submit(db, queue=queue))
            if n % 20 == 10:
                server.flushall()
        until(lambda: all(job(db, id)["status"] == "completed" for id in ids))
    assert ask(site, "SELECT max(attempt) FROM jobs") == [(1,)]


def test_a_lost_group_is_created_again_by_whoever_notices(db, queue, worker, server):
    ids = [submit(db, queue=queue) for _ in range(3)]
    server.xgroup_destroy(STREAM, GROUP)
    assert worker.run_once(wait_seconds=0.1) == []
    run_all(worker)
    assert {job(db, id)["status"] for id in ids} == {"completed"}


def test_a_lost_group_ends_the_epoch(db, queue, worker, server):
    """Or nobody would publish again what went with it."""
    assert queue.epoch()
    server.delete(STREAM)
    assert worker.run_once(wait_seconds=0.1) == []
    assert queue.epoch() is None


def test_a_group_lost_between_reading_and_acknowledging_harms_nothing(
    db, queue, worker_db, worker, settings, server
):
    def losing(context):
        server.flushall()
        return HANDLERS["self_test"](context)

    id = submit(db, queue=queue)
    handlers = HANDLERS | {"self_test": losing}
    unlucky = any_worker(worker_db, queue, settings, handlers=handlers)
    assert unlucky.run_once(wait_seconds=1)
    assert job(db, id)["status"] == "completed"


def test_an_entry_delivered_twice_is_run_once(db, queue, worker, server):
    id = submit(db, queue=queue)
    queue.publish([id, id])
    assert run_all(worker) <= 1
    assert run_all(worker) == 0
    assert job(db, id)["attempt"] == 1
    assert server.xlen(STREAM) == 0


def test_an_entry_whose_reader_vanished_is_found_by_its_age(db, queue, worker, server):
    id = submit(db, queue=queue)
    [entry] = queue.read("vanished", 1)
    assert entry.job_id == id
    assert worker.run_once(wait_seconds=0.1) == []
    server.xclaim(STREAM, GROUP, "vanished", 0, [entry.entry_id], idle=20_000)
    assert worker.run_once(wait_seconds=0.1)[0].id == id
    assert job(db, id)["status"] == "completed"


def test_what_a_vanished_reader_left_is_taken_over_without_a_pause(db, queue, worker, server):
    ids = [submit(db, queue=queue) for _ in range(6)]
    entries = queue.read("vanished", 1, limit=6)
    old = [entry.entry_id for entry in entries]
    server.xclaim(STREAM, GROUP, "vanished", 0, old, idle=20_000)
    worker._look_for_abandoned_at = 0.0
    began = time.monotonic()
    assert [worker.run_once(wait_seconds=1)[0].id for _ in ids] == ids
    assert time.monotonic() - began < 1


def test_an_entry_stays_until_its_job_has_ended(db, queue, worker, worker_db, settings, server):
    """If its worker dies, somebody else still hears of it."""
    gate = Gate()
    id = submit(db, "create_student", ADA, queue)
    slow = any_worker(worker_db, queue, settings, engine=GatedEngine(gate))
    with in_background(lambda: slow.run_once(wait_seconds=1), gate=gate):
        gate.await_arrival()
        assert server.xpending(STREAM, GROUP)["pending"] == 1
        assert [fields for _, fields in server.xrange(STREAM)] == [{"id": str(id)}]
        gate.open()
    assert server.xlen(STREAM) == 0


@pytest.mark.parametrize("fields", [{"id": "rm -rf"}, {"other": "1"}, {"id": "999999999"}])
def test_an_entry_that_is_no_job_is_cleared_away(queue, worker, server, fields):
    server.xadd(STREAM, fields)
    assert worker.run_once(wait_seconds=0.1) == []
    assert server.xlen(STREAM) == 0


def test_a_worker_that_stops_leaves_no_consumer_behind(db, queue, worker, server):
    submit(db, queue=queue)
    with running(worker):
        until(lambda: server.xlen(STREAM) == 0)
    assert worker.name not in {c["name"] for c in server.xinfo_consumers(STREAM, GROUP)}


def test_a_consumer_that_holds_an_entry_is_not_forgotten_with_it(db, queue, worker, server):
    submit(db, queue=queue)
    queue.read("holder", 1)
    queue.leave("holder")
    assert "holder" in {c["name"] for c in server.xinfo_consumers(STREAM, GROUP)}


def test_without_redis_jobs_run_by_polling(db, worker_db, settings):
    ids = [submit(db) for _ in range(20)]
    with running(*[polling_worker(worker_db, settings) for _ in range(3)]):
        until(lambda: all(job(db, id)["status"] == "completed" for id in ids))
    assert {job(db, id)["attempt"] for id in ids} == {1}


def test_a_redis_that_does_not_answer_means_polling_too(db, worker_db, settings):
    id = submit(db, queue=absent_queue())
    with running(any_worker(worker_db, absent_queue(), settings)):
        until(lambda: job(db, id)["status"] == "completed")


def test_a_dead_redis_costs_only_the_first_request_its_patience():
    queue = absent_queue()
    with pytest.raises(Unavailable, match="Redis does not answer"):
        queue.publish([1])
    with pytest.raises(Unavailable, match="a moment ago"):
        queue.publish([1])


def test_no_queue_refuses_everything_in_the_same_words():
    for act in (
        lambda: NoQueue().publish([1]),
        lambda: NoQueue().read("w", 0),
        lambda: NoQueue().read_abandoned("w"),
        lambda: NoQueue().leave("w"),
        lambda: NoQueue().epoch(),
        lambda: NoQueue().start_epoch("e"),
        lambda: NoQueue().ping(),
    ):
        with pytest.raises(Unavailable, match="without Redis; workers poll"):
            act()


def test_a_key_of_another_kind_in_our_place_is_unavailable_and_no_crash(queue, server):
    server.set(STREAM, "not a stream")
    for act in (lambda: queue.publish([1]), lambda: queue.read("w", 0.1), queue.ping):
        with pytest.raises(Unavailable, match="WRONGTYPE"):
            act()


def test_a_password_that_redis_refuses_is_unavailable(queue):
    address = queue._client.connection_pool.connection_kwargs
    wrong = RedisQueue(f"redis://:wrong@{address['host']}:{address['port']}/0")
    with pytest.raises(Unavailable):
        wrong.ping()
    assert isinstance(queue._client, redis.Redis)


def test_a_late_note_of_publication_does_not_count_for_a_job_that_was_queued_again(db, site):
    """The API publishes, is slow to note it, and meanwhile somebody cancels and redrives the job,
    which the relay must publish anew."""
    id = submit(db)
    job_control.cancel(db, GRACE, id)
    job_control.redrive(db, GRACE, id)
    with db.reading() as conn:
        leases.mark_new_published(conn, [id])
    assert ask(site, "SELECT published_at FROM jobs") == [(None,)]


def test_the_note_counts_for_a_job_that_is_as_it_was(db, site):
    id = submit(db)
    with db.reading() as conn:
        leases.mark_new_published(conn, [id])
    assert ask(site, "SELECT published_at IS NOT NULL FROM jobs") == [(True,)]
