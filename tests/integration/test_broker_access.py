"""In containers each program is a user of Redis of its own, who may do its work and no more."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis as client

from coreskills.broker import access
from coreskills.broker.streams import RedisQueue
from coreskills.stack import redis as stack_redis
from tests.conftest import missing
from tests.ports import free_port

PASSWORDS = {access.API: "of-the-api", access.WORKER: "of-the-worker"}


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    program = stack_redis.binary()
    if program is None:
        missing("Valkey")
    rules, found = folder / "users.acl", free_port()
    rules.write_text(access.acl(PASSWORDS))
    words = ["--port", str(found), "--bind", "127.0.0.1", "--aclfile", str(rules), "--save", ""]
    process = subprocess.Popen(
        [str(program), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(found)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def api(port: int) -> Iterator[RedisQueue]:
    queue = RedisQueue(url(port, access.API))
    yield queue
    queue.close()


@pytest.fixture
def worker(port: int) -> Iterator[RedisQueue]:
    queue = RedisQueue(url(port, access.WORKER))
    queue.start_epoch("first")
    yield queue
    queue.close()


def url(port: int, user: str) -> str:
    return f"redis://{user}:{PASSWORDS[user]}@127.0.0.1:{port}/0"


def _wait_for(port: int) -> None:
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    patient = Retry(ConstantBackoff(0.05), 100)
    with client.Redis(port=port, username="health", password="any", retry=patient) as health:
        health.ping()


def test_the_api_publishes_and_asks_how_much_waits(api: RedisQueue, worker: RedisQueue):
    before = api.ping()["waiting"]
    api.publish([1])
    api.publish([2, 3])
    assert api.ping()["waiting"] == before + 3


def test_the_worker_does_all_that_a_queue_needs(api: RedisQueue, worker: RedisQueue):
    api.publish([4])
    worker.publish([5])
    entries = worker.read("w", 1.0, limit=50)
    assert {4, 5} <= {entry.job_id for entry in entries}
    worker.acknowledge(entries)
    assert worker.read_abandoned("w") == []
    worker.leave("w")
    assert worker.epoch() == "first"
    assert worker.ping()["waiting"] == 0


def test_the_worker_makes_good_what_a_flush_took(port: int, worker: RedisQueue):
    with client.Redis.from_url(url(port, access.WORKER)) as raw:
        raw.delete("coreskills:jobs")
    assert worker.read("w", 0.05) == []
    assert worker.epoch() is None


@pytest.mark.parametrize("user", [access.API, access.WORKER, "health"])
@pytest.mark.parametrize(
    "command",
    [
        *(
            "FLUSHALL",
            "FLUSHDB",
            "KEYS *",
            "CONFIG GET *",
            "SHUTDOWN",
            "ACL LIST",
            "SAVE",
        ),
        *("SET other 1", "GET other", "EVAL return 0", "SCAN 0", "CLIENT LIST", "MONITOR"),
    ],
)
def test_nobody_may_do_what_nobody_needs(port: int, user: str, command: str):
    password = PASSWORDS.get(user, "any")
    with (
        client.Redis(port=port, username=user, password=password) as raw,
        pytest.raises(client.exceptions.NoPermissionError),
    ):
        raw.execute_command(*command.split())


def test_the_api_cannot_take_jobs_from_the_queue(port: int):
    with client.Redis.from_url(url(port, access.API)) as raw:
        for command in ("XREAD STREAMS coreskills:jobs 0", "XDEL coreskills:jobs 1-0"):
            with pytest.raises(client.exceptions.NoPermissionError):
                raw.execute_command(*command.split())


def test_a_stranger_may_do_nothing(port: int):
    with (
        client.Redis(port=port) as raw,
        pytest.raises(client.exceptions.AuthenticationError),
    ):
        raw.ping()
