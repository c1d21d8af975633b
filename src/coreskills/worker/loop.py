"""Take jobs, run them, take more: from Redis, or from the table when Redis does not answer."""

import threading
import time
from contextlib import suppress

import structlog

from coreskills.broker.streams import Entry, Queue
from coreskills.config import Settings
from coreskills.domain.jobs import Job
from coreskills.engine.base import Engine
from coreskills.errors import Unavailable
from coreskills.failpoints import reach
from coreskills.store import leases
from coreskills.store.db import Database
from coreskills.store.leases import Claimant
from coreskills.telemetry import traces
from coreskills.worker.batch import Runner
from coreskills.worker.handlers import HANDLERS, Handler
from coreskills.worker.pulse import Pulse

log = structlog.get_logger("worker")
QUICK, SLOW = 0.1, 0.4  # seconds: a full batch that took less may grow, one that took more shrinks
ABANDONED_EVERY = 2.0  # seconds between looks for entries whose reader is gone
LOOK_EVERY = 1.0  # seconds between looks at the table while Redis has work
OVERDUE = 1.0  # seconds: Redis should have told of a job by then; it may have lost the entry
REDIS_PAUSE = 2.0  # seconds of polling before Redis is asked again


class Worker:
    """One loop. `name` must be new for every start: it is who holds a lease.

    Small jobs are claimed and ended several at a time, as many as keep a batch under SLOW, and at
    most `batch_jobs`; so a slow engine gets one job at a time.
    """

    def __init__(
        self,
        db: Database,
        queue: Queue,
        engine: Engine,
        settings: Settings,
        name: str,
        *,
        handlers: dict[str, Handler] = HANDLERS,
    ) -> None:
        self._db = db
        self._queue = queue
        self._settings = settings
        self.name = name
        self.blocked = threading.Event()  # set when a job does not come to an end
        self._pulse = Pulse(settings.pulse_file)
        self._runner = Runner(db, engine, settings, handlers, self.blocked)
        self._claimant = Claimant(name, engine.name, settings.lease_seconds)
        self._size = 1
        self._deferred: list[Entry] = []
        self._look_for_abandoned_at = 0.0
        self._look_at_table_at = 0.0
        self._idle = False
        self._poll_until = 0.0
        self._asked_at = 0  # for the jobs at hand, in a trace

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; then the jobs at hand are finished first."""
        while not stop.is_set():
            self._pulse.beat()
            try:
                self.run_once(wait_seconds=1.0, stop=stop)
            except Unavailable as exc:
                log.warning("waiting", reason=exc.message)
                stop.wait(1.0)
        with suppress(Unavailable):  # then its entries are found by their age
            self._queue.leave(self.name)

    def run_once(self, wait_seconds: float, stop: threading.Event | None = None) -> list[Job]:
        """Run the jobs there are, a batch at most; wait for one at most about `wait_seconds`."""
        reach("worker.before_read")
        if time.monotonic() >= self._poll_until:
            try:
                return self._read(wait_seconds)
            except Unavailable as exc:
                if self._poll_until == 0.0:
                    log.warning("polling", reason=exc.message)
                self._poll_until = time.monotonic() + REDIS_PAUSE
        return self._poll(stop)

    def _read(self, wait_seconds: float) -> list[Job]:
        if self._poll_until:
            self._queue.epoch()  # cheaper to ask a Redis that may still be away than to wait for it
            self._poll_until = 0.0
            log.warning("reading_again")
        if overdue := self._overdue():
            self._run(overdue)
            return overdue
        entries = self._entries(wait_seconds)
        self._idle = not entries
        if not entries:
            return []
        reach("worker.after_read")
        ids = [entry.job_id for entry in entries]
        jobs, later = self._claimed(ids)
        self._run(jobs)
        self._deferred = [entry for entry in entries if entry.job_id in later]
        self._acknowledge([entry for entry in entries if entry.job_id not in later])
        return jobs

    def _claimed(self, ids: list[int]) -> tuple[list[Job], list[int]]:
        self._asked_at = traces.now()
        with self._db.reading() as conn:
            return leases.claim_jobs(conn, ids, self._claimant)

    def _overdue(self) -> list[Job]:
        """Redis is only where we hear of work: what it forgot to tell is found in the table, at
        once by a worker that has nothing else to do, and now and then by all others."""
        if time.monotonic() < self._look_at_table_at:
            return []
        self._asked_at = traces.now()
        with self._db.reading() as conn:
            jobs = leases.claim_next_jobs(conn, self._size, self._claimant, overdue=OVERDUE)
        if not (jobs and self._idle):
            self._look_at_table_at = time.monotonic() + LOOK_EVERY
        return jobs

    def _entries(self, wait_seconds: float) -> list[Entry]:
        """Those that had to wait for their turn come first; else a long job never would."""
        if self._deferred:
            return self._deferred
        if time.monotonic() >= self._look_for_abandoned_at and (found := self._abandoned()):
            return found
        return self._queue.read(self.name, wait_seconds, self._size) or self._abandoned()

    def _abandoned(self) -> list[Entry]:
        """Where there is one there are often more: then the next look is at once."""
        found = self._queue.read_abandoned(self.name, self._size)
        pause = 0.0 if found else ABANDONED_EVERY
        self._look_for_abandoned_at = time.monotonic() + pause
        return found

    def _poll(self, stop: threading.Event | None) -> list[Job]:
        """Redis is gone or absent: the table is the queue."""
        self._asked_at = traces.now()
        with self._db.reading() as conn:
            jobs = leases.claim_next_jobs(conn, self._size, self._claimant)
        self._run(jobs)
        if not jobs:
            (stop or threading.Event()).wait(self._settings.poll_seconds)
        return jobs

    def _run(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        reach("worker.after_claim")
        began = time.monotonic()
        self._runner.run(jobs, self._asked_at)
        took = time.monotonic() - began
        if took > SLOW:
            self._size = max(1, self._size // 2)
        elif took < QUICK and len(jobs) == self._size:
            self._size = min(self._settings.batch_jobs, self._size * 2)

    def _acknowledge(self, entries: list[Entry]) -> None:
        if not entries:
            return
        with suppress(Unavailable):  # delivered again later; the claim will find the jobs ended
            self._queue.acknowledge(entries)
        reach("worker.after_acknowledge")
