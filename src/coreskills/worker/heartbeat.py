"""Keeps the leases of a batch alive while it runs, and lets go when a job overruns its deadline."""

import threading
import time
from types import TracebackType
from typing import Any

import structlog

from coreskills.domain.jobs import Job
from coreskills.errors import LeaseLost, Unavailable
from coreskills.store import leases
from coreskills.store.db import Database

log = structlog.get_logger("worker")


class Heartbeat:
    """Renews every third of the lease. Past the deadline of a job it stops, and the leases run out.

    The jobs are thereby taken over by other workers; what we write then is refused by the fence.
    If the job still runs a lease later, `blocked` is set: half a worker helps nobody.
    """

    def __init__(
        self, db: Database, jobs: list[Job], lease: float, blocked: threading.Event
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._lease = lease
        self._blocked = blocked
        self._current = jobs[0]
        self._ends = 0.0
        self._held = {job.id for job in jobs}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self.begin(self._current)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()

    def begin(self, job: Job) -> None:
        """This one runs from now on; its deadline counts from here."""
        self._current = job
        self._ends = time.monotonic() + job.deadline_seconds

    def report(self, progress: dict[str, Any]) -> None:
        """Written at once; raises LeaseLost when the job is not ours any more."""
        job = self._current
        with self._db.reading() as conn:
            ours = job.id in self._held and leases.report_progress(conn, job, progress, self._lease)
        if not ours:
            raise LeaseLost(f"Job {job.id} is not ours any more")

    def _beat(self) -> None:
        while not self._stop.wait(self._lease / 3):
            if time.monotonic() > self._ends:
                self._overrun()
                return
            try:
                with self._db.reading() as conn:
                    self._held &= leases.renew_leases(conn, self._jobs, self._lease)
            except Unavailable as exc:
                log.warning("leases_not_renewed", jobs=len(self._jobs), reason=exc.message)

    def _overrun(self) -> None:
        job = self._current
        log.warning("job_overran", job_id=job.id, seconds=job.deadline_seconds)
        self._held = set()
        if not self._stop.wait(self._lease):
            log.error("worker_blocked", job_id=job.id, job_type=job.job_type)
            self._blocked.set()
