"""What breaks is seen where docs/howto/read-the-dashboards.md says that it is seen."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import pytest

from tests.dashboards import asked
from tests.e2e.conftest import Instance
from tests.scraper import Prometheus, prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
PATIENCE = 40.0
TIMEOUT = "5s"  # of a scrape, as in observability/prometheus; it is also the interval here
CENTER = "command-center"


@dataclass(frozen=True)
class Screen:
    """The dashboards, as somebody sees them who looks at an instance with a class at work."""

    instance: Instance
    prometheus: Prometheus

    def value(self, board: str, panel: str, legend: str = "") -> float | None:
        found = self.prometheus.ask(asked(board, panel, legend))
        return max((value for _, value in found), default=None)

    def up(self, job: str) -> float | None:
        found = self.prometheus.ask(asked(CENTER, "Services up"))
        return next((value for labels, value in found if labels["job"] == job), None)

    def lights(self) -> dict[str, float | None]:
        return {name: self.value(CENTER, name) for name in ("API status", "PostgreSQL", "Redis")}

    def until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"{what}: not seen; {self.lights()}"
            time.sleep(0.5)

    @contextmanager
    def held(self, service: str) -> Iterator[None]:
        """Its processes hang, as if the machine had forgotten them."""
        process = psutil.Process(self.instance.pid(service))
        family = [process, *process.children(recursive=True)]
        for each in family:
            each.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for each in family:
                each.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def screen(running: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    if sys.platform == "win32":
        pytest.skip("needs signals of POSIX systems")
    ports = {s["name"]: s["port"] for s in running.json("status")["services"]}
    targets = {"api": [ports["api"]], "worker": [ports["worker"]]}
    folder = tmp_path_factory.mktemp("prometheus")
    with prometheus(folder, targets, every=TIMEOUT) as scraper:
        words = ["--home", str(running.home), "--minutes", "10", "--rate", "12"]
        class_ = subprocess.Popen(
            [sys.executable, "-m", "coreskills", "traffic", "--pattern", "steady", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        yield Screen(running, scraper)
        class_.send_signal(signal.SIGINT)
        class_.wait(60)


@pytest.fixture(autouse=True)
def _well(screen: Screen) -> None:
    """Each begins when the one before is over."""

    def calm() -> bool:
        oldest, failed = screen.value(CENTER, "Oldest job"), screen.value(*FAILED)
        return set(screen.lights().values()) == {1} and oldest == 0 and failed == 0

    screen.until(calm, "all is well")


FAILED = (CENTER, "Error rate", "failed")
P95 = (CENTER, "Response time", "p95")


def test_a_worker_that_hangs_leaves_requests_quick_and_jobs_undone(screen: Screen):
    with screen.held("worker"):
        screen.until(lambda: screen.up("worker") == 0, "the worker is DOWN")
        screen.until(lambda: (screen.value(CENTER, "Oldest job") or 0) > 10, "jobs wait")
        assert (screen.value(CENTER, "Jobs waiting") or 0) > 0
        assert screen.value(*FAILED) == 0
        assert (screen.value(*P95) or 9) < 0.5
        assert set(screen.lights().values()) == {1}
    screen.until(lambda: screen.up("worker") == 1, "the worker is UP")


def test_redis_that_hangs_is_down_and_work_goes_on(screen: Screen):
    with screen.held("redis"):
        screen.until(lambda: screen.lights()["Redis"] == 0, "Redis is DOWN")
        assert screen.lights() == {"API status": 1, "PostgreSQL": 1, "Redis": 0}
        time.sleep(15)  # the interval of the rates: nothing of before is in them
        assert (screen.value(CENTER, "Jobs done") or 0) > 0
        assert screen.value(*FAILED) == 0


def test_postgres_that_hangs_is_down_and_requests_fail(screen: Screen):
    with screen.held("postgres"):
        screen.until(lambda: screen.lights()["PostgreSQL"] == 0, "PostgreSQL is DOWN")
        screen.until(lambda: (screen.value(*FAILED) or 0) > 0.1, "requests fail")
        assert screen.up("worker") == 1


def test_a_lock_makes_requests_slow_while_everything_is_up(screen: Screen):
    statement = "LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(20)"
    words = ["db", "query", "--home", str(screen.instance.home), "--role", "owner", statement]
    lock = subprocess.Popen(
        [sys.executable, "-m", "coreskills", *words], stdout=subprocess.DEVNULL, cwd="/"
    )
    try:
        screen.until(lambda: (screen.value(*P95) or 0) > 0.5, "requests are slow")
        modes = screen.prometheus.ask(asked("postgresql", "Locks"))
        assert any(labels["mode"] == "AccessExclusiveLock" for labels, _ in modes)
        assert set(screen.lights().values()) == {1}
        slow = screen.prometheus.ask(asked(CENTER, "Slowest routes"))
        assert any(
            "/users" in labels["route"] or "/students" in labels["route"] for labels, _ in slow
        )
    finally:
        lock.wait(60)
