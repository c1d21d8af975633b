"""Folders of laboratories, and laboratories for tests that leave them as they found them."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coreskills.stack import redis as stack_redis
from tests.conftest import _memory, missing
from tests.faults.caller import NoAnswer
from tests.faults.lab import Lab
from tests.faults.programs import until

ABANDON = """
UPDATE jobs SET status = 'cancelled', completed_at = now(), lease_until = NULL, worker = NULL
 WHERE status IN ('queued', 'running')
"""


@pytest.fixture(scope="session")
def new_folder() -> Iterator[Callable[[], Path]]:
    """Folders that the servers' account can reach, gone after the session."""
    if stack_redis.binary() is None:
        missing("Valkey")
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="coreskills-lab-", dir=_memory())))
        return made[-1]

    yield make
    for path in made:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def lab(new_folder: Callable[[], Path]) -> Iterator[Lab]:
    """Two workers, each program behind its own proxies. A module that breaks it mends it."""
    with Lab(new_folder(), workers=2, proxied=True) as made:
        yield made


@pytest.fixture(scope="session")
def _plain_lab(new_folder: Callable[[], Path]) -> Iterator[Lab]:
    with Lab(new_folder(), workers=0) as made:
        yield made


@pytest.fixture
def plain_lab(_plain_lab: Lab) -> Iterator[Lab]:
    """Without proxies, and without workers: each test starts its own, which end with it."""
    yield _plain_lab
    _plain_lab.mend()
    _plain_lab.settle()
    for worker in _plain_lab.workers:
        worker.kill()
    _plain_lab.workers.clear()


@pytest.fixture(scope="session")
def _open_lab(new_folder: Callable[[], Path]) -> Iterator[Lab]:
    """Redis is known to its first leader: what happens next is no first start."""
    with Lab(new_folder(), workers=0, proxied=True, connections=150) as made:
        first = made.add_worker()
        until(made.redis.epoch)
        made.settle()
        first.terminate()
        made.workers.remove(first)
        yield made


@pytest.fixture
def bare_lab(_open_lab: Lab) -> Iterator[Lab]:
    """Without workers; a test adds those it needs, and none outlives it. A failed one leaves no
    work to the next, and no connection of the API that died with its PostgreSQL."""
    until(lambda: all(_reads(_open_lab) for _ in range(20)))
    yield _open_lab
    for file in _open_lab.failpoints.iterdir():
        file.unlink()
    while _open_lab.workers:
        _open_lab.workers.pop().kill()
    _open_lab.mend()
    _open_lab.ask(ABANDON)


def _reads(lab: Lab) -> bool:
    """Each time with the next connection of the API."""
    try:
        return lab.caller.get("/api/v1/jobs?limit=1").status == 200
    except NoAnswer:
        return False
