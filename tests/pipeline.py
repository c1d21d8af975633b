"""What the tests of the pipeline do all the time: hand in work, run it, see what became of it."""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from coreskills.actions import csv_import
from coreskills.actions import jobs as job_actions
from coreskills.actions.jobs import Work
from coreskills.actions.request import Request
from coreskills.broker.streams import NoQueue
from coreskills.config import Settings
from coreskills.domain.access import Principal
from coreskills.domain.people import Planned
from coreskills.engine.native import NativeEngine
from coreskills.store import jobs
from coreskills.store.db import Database
from coreskills.worker.dispatcher import Dispatcher
from coreskills.worker.handlers import HANDLERS
from coreskills.worker.loop import Worker
from tests.people import ADA

GRACE = Request(Principal("grace", "admin"), request_id="request-1")
NOWHERE = NoQueue()


def submit(db: Database, kind: str = "self_test", parameters: Any = None, queue=NOWHERE) -> int:
    return job_actions.submit(db, queue, GRACE, Work(kind, parameters or {})).job_id


def submit_import(
    db: Database, text: str, queue=NOWHERE, *, dry_run: bool = False, **more: Any
) -> int:
    chunks = [text.encode()]
    accepted = csv_import.request_import(
        db, queue, GRACE, chunks, filename="roster.csv", planned=Planned(dry_run=dry_run, **more)
    )
    return accepted.job_id


def student(n: int, **changes: Any) -> dict[str, Any]:
    return ADA | {"student_id": f"S{n:03d}8001"} | changes


def job(db: Database, id: int) -> dict[str, Any]:
    with db.reading() as conn:
        row = jobs.select_job(conn, id)
    assert row is not None
    return row


def attempts(db: Database, id: int) -> list[str | None]:
    with db.reading() as conn:
        return [row["outcome"] for row in jobs.select_attempts(conn, id)]


def states(site) -> Counter[str]:
    return Counter(state for (state,) in ask(site, "SELECT status FROM jobs"))


def ask(site, statement: str) -> list[tuple[Any, ...]]:
    """As the server's administrator, who may look at everything and turn back every clock."""
    with site.admin() as conn:
        cursor = conn.execute(statement)
        return cursor.fetchall() if cursor.description else []


def usernames(site) -> list[str]:
    return [name for (name,) in ask(site, "SELECT username FROM users ORDER BY id")]


def trail(site, id: int) -> list[str]:
    return [
        a for (a,) in ask(site, f"SELECT action FROM audit_logs WHERE job_id = {id} ORDER BY id")
    ]


def make_due(site) -> None:
    """Nobody waits for a backoff in a test."""
    ask(site, "UPDATE jobs SET run_at = now() - interval '1 s' WHERE status = 'queued'")


def expire_leases(site) -> None:
    ask(site, "UPDATE jobs SET lease_until = now() - interval '1 s' WHERE status = 'running'")


def polling_worker(db: Database, settings: Settings, **more: Any) -> Worker:
    """One that needs no Redis."""
    return any_worker(db, NOWHERE, replace(settings, poll_seconds=0.01), **more)


def any_worker(
    db: Database, queue, settings: Settings, *, engine=None, handlers=HANDLERS, lease: float = 15.0
) -> Worker:
    name = f"worker-{secrets.token_hex(4)}"
    settings = replace(settings, lease_seconds=lease)
    return Worker(db, queue, engine or NativeEngine(), settings, name, handlers=handlers)


def run_out(worker: Worker, wait_seconds: float = 0) -> None:
    """Until there is nothing left to do."""
    while worker.run_once(wait_seconds=wait_seconds):
        pass


@contextmanager
def running(*runners: Worker | Dispatcher) -> Iterator[None]:
    """Each in a thread of its own, until the end of the block."""
    stop = threading.Event()
    with ExitStack() as stack:
        for each in runners:
            stack.enter_context(in_background(partial(each.run, stop)))
        stack.callback(stop.set)
        yield


@contextmanager
def in_background(act: Callable[[], Any], *, gate: "Gate | None" = None) -> Iterator[None]:
    """In a thread, which has ended when the block has. A gate is opened in any case."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    try:
        yield
    finally:
        if gate:
            gate.open()
        thread.join(timeout=20)
    assert not thread.is_alive()


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


class Gate:
    """Where a job stops until the test lets it go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self._opened.wait(20), "the test never opened the gate"

    def open(self) -> None:
        self._opened.set()

    def await_arrival(self) -> None:
        assert self.reached.wait(20), "nothing arrived at the gate"


class GatedEngine(NativeEngine):
    """Stops before it answers for the n-th time."""

    def __init__(self, gate: Gate, *, at: int = 1) -> None:
        self._gate = gate
        self._left = at

    def invoke(self, command, parameters, context, deadline):
        self._left -= 1
        if self._left == 0:
            self._gate.wait()
        return super().invoke(command, parameters, context, deadline)


class FailingEngine(NativeEngine):
    """Raises what it was given, in order; then it works."""

    def __init__(self, *errors: BaseException) -> None:
        self._errors = list(errors)

    def invoke(self, command, parameters, context, deadline):
        if self._errors:
            raise self._errors.pop(0)
        return super().invoke(command, parameters, context, deadline)
