"""What the API says it has answered, against what its callers were answered.

The full count is 10,000 requests, 50 processes renewed and 10 killed:

    CORESKILLS_METRICS_REQUESTS=10000 pytest tests/faults/test_metrics_exact.py
"""

import itertools
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.caller import Caller, NoAnswer
from tests.faults.lab import Lab
from tests.faults.programs import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
REQUESTS = int(os.environ.get("CORESKILLS_METRICS_REQUESTS", "1000"))
RENEWED, KILLED = REQUESTS // 200, REQUESTS // 1000
PROCESSES = 2
PATHS = {  # what is asked for, and as what it is counted
    "/api/v1/users?limit=1": "/api/v1/users",
    "/api/v1/jobs?limit=1": "/api/v1/jobs",
    "/api/v1/jobs/4711": "/api/v1/jobs/<int:id>",
    "/health/live": "/health/live",
}
LINE = re.compile(r'flask_http_request_total\{method="GET",route="(.+)",status="(\d+)"\} (\d+)')
Counts = Counter[tuple[str, int]]  # by route and status


class Callers:
    """Eight, until so many requests were answered, and whoever has them is done with the rest."""

    def __init__(self, lab: Lab, requests: int) -> None:
        self._lab = lab
        self._requests = requests
        self._turns = itertools.count()
        self._may_end = threading.Event()
        self._threads = [threading.Thread(target=self._call, daemon=True) for _ in range(8)]
        self._writing = threading.Lock()
        self.answered: Counts = Counter()
        self.unanswered = 0

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed:
            self._requests = 0
        self._may_end.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        with Caller(self._lab.api.port, self._lab.token) as caller:
            for turn in self._turns:
                if self.answered.total() >= self._requests and self._may_end.is_set():
                    return
                path, route = list(PATHS.items())[turn % len(PATHS)]
                self._ask(caller, path, route)

    def _ask(self, caller: Caller, path: str, route: str) -> None:
        try:
            status = caller.get(path).status
        except NoAnswer:
            with self._writing:
                self.unanswered += 1
            time.sleep(0.05)
            return
        with self._writing:
            self.answered[route, status] += 1


@pytest.fixture
def lab(new_folder: Callable[[], Path]):
    many = 1_000_000  # nobody is to be refused for asking too often
    with Lab(
        new_folder(), workers=0, api_processes=PROCESSES, renewal=3.0, reads_per_minute=many
    ) as made:
        yield made


def counted(lab: Lab) -> Counts:
    with Caller(lab.api.port) as caller:
        text = caller.get("/metrics").body.decode()
    found = Counter({(route, int(status)): int(n) for route, status, n in LINE.findall(text)})
    return Counter({key: n for key, n in found.items() if key[0] in PATHS.values()})


def renew(lab: Lab) -> int:
    """All processes, one after the other; returns how many."""
    before = set(lab.api.children())
    lab.api.signal(signal.SIGHUP)
    until(lambda: len(lab.api.children()) == PROCESSES and not before & set(lab.api.children()), 60)
    until(lab.api.answers)
    return len(before)


def kill(lab: Lab) -> None:
    """The oldest: granian gives up where a new one dies soon."""
    pid = lab.api.kill_child(0)
    until(lambda: len(lab.api.children()) == PROCESSES and pid not in lab.api.children(), 30)
    until(lab.api.answers)


def test_what_is_counted_is_what_was_answered_however_processes_end(lab):
    before = counted(lab)  # of the laboratory's own start
    with Callers(lab, REQUESTS * 4 // 5) as callers:
        renewed = 0
        while renewed < RENEWED:
            renewed += renew(lab)
    of_renewals = counted(lab) - before
    assert of_renewals == callers.answered, f"{callers.unanswered} without an answer"

    with Callers(lab, REQUESTS // 5) as killed_under:
        for number in range(KILLED):
            until(lambda n=number: killed_under.answered.total() > n * 20)
            kill(lab)
            time.sleep(0.1)
    of_kills = counted(lab) - before - callers.answered
    lost = of_kills - killed_under.answered  # counted, and the answer died with its process
    assert not killed_under.answered - of_kills, "answered, and not counted"
    assert lost.total() <= killed_under.unanswered
    total = callers.answered.total() + killed_under.answered.total()
    assert total >= REQUESTS
    assert files(lab) <= 3 * PROCESSES + PROCESSES + 2
    print(
        f"{total} requests, {renewed} renewed, {KILLED} killed; {lost.total()} died while answered"
    )


def files(lab: Lab) -> int:
    return len(list((lab.folder / "api-metrics").iterdir()))
