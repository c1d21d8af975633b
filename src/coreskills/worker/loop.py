"""Take a job, run it, write its end. Every job leaves here ended, queued again, or not ours."""

import threading
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from coreskills.broker.streams import Entry, Queue
from coreskills.config import Settings
from coreskills.domain.jobs import MAX_ERRORS, Job, backoff_seconds
from coreskills.engine.base import Engine
from coreskills.errors import (
    AppError,
    Conflict,
    EngineFailed,
    LeaseLost,
    Unavailable,
    UsernameTaken,
)
from coreskills.store import audit, leases
from coreskills.store.audit import Entry as AuditEntry
from coreskills.store.db import Connection, Database
from coreskills.worker.context import Context, Outcome
from coreskills.worker.handlers import HANDLERS, Handler
from coreskills.worker.heartbeat import Heartbeat

log = structlog.get_logger("worker")
RACES = 100  # how often another worker may write first what we were about to write
RACED_FOR = (UsernameTaken.code, "duplicate_person")
UNKNOWN_KIND_DELAY = 5.0  # another worker, of a newer version, may know it


class Worker:
    """One loop, one job at a time. `name` must be new for every start: it is who holds a lease."""

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
        self._engine = engine
        self._settings = settings
        self.name = name
        self._handlers = handlers
        self._polls_until_abandoned = 0

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; then the job at hand is finished first."""
        while not stop.is_set():
            try:
                if not self.run_one(wait_seconds=1.0, stop=stop):
                    continue
            except Unavailable as exc:
                log.warning("waiting", reason=exc.message)
                stop.wait(1.0)
        with suppress(Unavailable):  # then its entries are found by their age
            self._queue.leave(self.name)

    def run_one(self, wait_seconds: float, stop: threading.Event | None = None) -> Job | None:
        """Run one job if there is one; wait for it at most about `wait_seconds`."""
        try:
            entry = self._next_entry(wait_seconds)
        except Unavailable:
            return self._poll(stop)
        if entry is None:
            return None
        with self._db.reading() as conn:
            job = leases.claim_job(conn, entry.job_id, **self._claim())
        if job:
            self._execute(job)
        self._acknowledge(entry)
        return job

    def _next_entry(self, wait_seconds: float) -> Entry | None:
        entry = self._queue.read(self.name, wait_seconds)
        if entry is None:
            entry = self._queue.read_abandoned(self.name)
        return entry

    def _poll(self, stop: threading.Event | None) -> Job | None:
        """Redis is gone or absent: the table is the queue."""
        with self._db.reading() as conn:
            job = leases.claim_next_job(conn, **self._claim())
        if job:
            self._execute(job)
        else:
            (stop or threading.Event()).wait(self._settings.poll_seconds)
        return job

    def _claim(self) -> dict[str, Any]:
        return {
            "worker": self.name,
            "engine": self._engine.name,
            "lease": self._settings.lease_seconds,
        }

    def _acknowledge(self, entry: Entry) -> None:
        with suppress(Unavailable):  # delivered again later; the claim will find the job ended
            self._queue.acknowledge(entry)

    def _execute(self, job: Job) -> None:
        handler = self._handlers.get(job.job_type)
        if handler is None:
            log.warning("job_released", job_id=job.id, job_type=job.job_type, why="unknown kind")
            with self._db.transaction() as conn:
                leases.release_job(conn, job, UNKNOWN_KIND_DELAY)
            return
        try:
            with Heartbeat(self._db, job, self._settings.lease_seconds) as heartbeat:
                self._attempt(handler, job, heartbeat)
            log.info("job_completed", job_id=job.id, job_type=job.job_type, attempt=job.attempt)
        except LeaseLost:
            log.warning("job_lost", job_id=job.id, job_type=job.job_type, attempt=job.attempt)
        except Exception as exc:  # noqa: BLE001  the worker outlives any job
            self._settle(job, exc)

    def _attempt(self, handler: Handler, job: Job, heartbeat: Heartbeat) -> None:
        """Names are chosen from what we saw; if somebody was quicker, look again and choose."""
        context = Context(self._db, self._engine, self._settings, job, heartbeat.report)
        for race in range(RACES):
            outcome = handler(replace(context, race=race))
            try:
                self._finish(job, outcome)
            except Conflict as exc:
                if exc.code not in RACED_FOR or race == RACES - 1:
                    raise
                continue
            return

    def _finish(self, job: Job, outcome: Outcome) -> None:
        """The effect, the result, the trail and the job's end: one transaction."""
        with self._db.transaction() as conn:
            outcome.write(conn)  # first: finishing locks the row, and the heartbeat needs it
            if not leases.finish_job(conn, job, outcome.result | {"engine": self._engine.name}):
                raise LeaseLost(f"Job {job.id} is not ours any more")

    def _settle(self, job: Job, exc: Exception) -> None:
        expected = isinstance(exc, AppError)
        code = exc.code if isinstance(exc, AppError) else "internal_error"
        message = exc.message if isinstance(exc, AppError) else f"{type(exc).__name__}: {exc}"
        again = _retryable(exc) and job.error_count + 1 < MAX_ERRORS
        event = "job_retried" if again else "job_failed"
        log.warning(event, job_id=job.id, code=code, error=message, exc_info=not expected)
        with self._db.transaction() as conn:
            if again:
                leases.retry_job(conn, job, code, message, backoff_seconds(job.error_count))
            elif leases.fail_job(conn, job, code, message):
                _note_failure(conn, job, code, message)


def _retryable(exc: Exception) -> bool:
    """Refusals stay refusals. What may pass by itself, and bugs a restart may cure, do not."""
    if isinstance(exc, EngineFailed):
        return not exc.permanent
    return isinstance(exc, Unavailable) or not isinstance(exc, AppError)


def _note_failure(conn: Connection, job: Job, code: str, message: str) -> None:
    audit.insert_audit(
        conn,
        AuditEntry(
            action=f"{job.job_type}.failed",
            actor=job.requested_by,
            resource_type="job",
            resource_id=job.id,
            job_id=job.id,
            request_id=job.request_id,
            details={"code": code, "message": message},
            status="failure",
        ),
    )
