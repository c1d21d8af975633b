"""Keeps a lease alive while its job runs, and lets go when the job has overrun its deadline."""

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
    """Renews every third of the lease. Past the deadline it stops, and the lease runs out.

    A job that only blocks us is thereby taken over by another worker; what we write then is
    refused by the fence.
    """

    def __init__(self, db: Database, job: Job, lease: float) -> None:
        self._db = db
        self._job = job
        self._lease = lease
        self._ends = time.monotonic() + job.deadline_seconds
        self._progress: dict[str, Any] | None = None
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{job.id}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()

    def report(self, progress: dict[str, Any]) -> None:
        """Written at once; raises LeaseLost when the job is not ours any more."""
        self._progress = progress
        if self._lost.is_set() or not self._renew():
            raise LeaseLost(f"Job {self._job.id} is not ours any more")

    def _beat(self) -> None:
        while not self._stop.wait(self._lease / 3):
            if time.monotonic() > self._ends:
                log.warning("job_overran", job_id=self._job.id, seconds=self._job.deadline_seconds)
                self._lost.set()
                return
            try:
                if not self._renew():
                    self._lost.set()
                    return
            except Unavailable as exc:
                log.warning("lease_not_renewed", job_id=self._job.id, reason=exc.message)

    def _renew(self) -> bool:
        with self._db.reading() as conn:
            return leases.renew_lease(conn, self._job, lease=self._lease, progress=self._progress)
