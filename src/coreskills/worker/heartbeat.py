"""Keeps the leases of a batch alive while it runs, and lets go when a job overruns its deadline."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from coreskills.domain.jobs import Job
from coreskills.errors import LeaseLost, Unavailable
from coreskills.store import leases
from coreskills.store.db import Database
from coreskills.worker.pulse import Pulse

log = structlog.get_logger("worker")


class Batch:
    """The jobs that a worker holds, and which of them runs. Of two threads: the worker's, which
    tells, and the heartbeat's, which renews."""

    def __init__(self, db: Database, jobs: list[Job], lease: float) -> None:
        self._db = db
        self._lease = lease
        self._held = {job.id for job in jobs}
        self.jobs = jobs
        self.overran_at: float | None = None
        self.begin(jobs[0])

    def begin(self, job: Job) -> None:
        """This one runs from now on; its deadline counts from here."""
        self.current = job
        self.ends = time.monotonic() + job.deadline_seconds

    def report(self, progress: dict[str, Any]) -> None:
        """Written at once; raises LeaseLost when the job is not ours any more."""
        job = self.current
        with self._db.reading() as conn:
            ours = job.id in self._held and leases.report_progress(conn, job, progress, self._lease)
        if not ours:
            raise LeaseLost(f"Job {job.id} is not ours any more")

    def renew(self) -> None:
        try:
            with self._db.reading() as conn:
                self._held &= leases.renew_leases(conn, self.jobs, self._lease)
        except Unavailable as exc:
            log.warning("leases_not_renewed", jobs=len(self.jobs), reason=exc.message)

    def let_go(self) -> None:
        """The leases run out, and others take over; what we write then is refused by the fence."""
        self.overran_at = time.monotonic()
        self._held = set()


class Heartbeat:
    """Renews every third of the lease, as long as the job at hand is within its deadline. If it
    still runs a lease later, `blocked` is set: half a worker helps nobody.

    Its thread outlives a batch, since starting one would show in the time of a quick job; it ends
    when it wakes up and there is nothing to hold.
    """

    def __init__(self, db: Database, lease: float, blocked: threading.Event, pulse: Pulse) -> None:
        self._db = db
        self._lease = lease
        self._blocked = blocked
        self._pulse = pulse
        self._lock = threading.Lock()
        self._batch: Batch | None = None
        self._beats = False

    @contextmanager
    def holding(self, jobs: list[Job]) -> Iterator[Batch]:
        batch = Batch(self._db, jobs, self._lease)
        with self._lock:
            self._batch = batch
            asleep, self._beats = not self._beats, True
        if asleep:
            threading.Thread(target=self._run, name="heartbeat", daemon=True).start()
        try:
            yield batch
        finally:
            self._batch = None

    def _run(self) -> None:
        try:
            while batch := self._next():
                self._tend(batch)
        except BaseException:
            self._beats = False  # the next batch starts another
            raise

    def _tend(self, batch: Batch) -> None:
        job, now = batch.current, time.monotonic()
        if batch.overran_at is None and now < batch.ends:
            self._pulse.beat()
            batch.renew()
        elif batch.overran_at is None:
            log.warning("job_overran", job_id=job.id, seconds=job.deadline_seconds)
            batch.let_go()
        elif now > batch.overran_at + self._lease:
            log.error("worker_blocked", job_id=job.id, job_type=job.job_type)
            self._blocked.set()

    def _next(self) -> Batch | None:
        """What is held a third of a lease later; None: nothing, or the worker is given up."""
        if self._blocked.wait(self._lease / 3):
            return None
        with self._lock:
            self._beats = self._batch is not None
            return self._batch
