"""Jobs claimed together: run one after the other, ended in one transaction.

Every job leaves here ended, queued again, or not ours. One that cannot be ended with the others is
ended by itself, so that none suffers from its neighbours.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from coreskills.config import Settings
from coreskills.domain.jobs import MAX_ERRORS, Job, backoff_seconds
from coreskills.engine.base import Engine
from coreskills.errors import (
    AppError,
    ChangedMeanwhile,
    Conflict,
    EngineFailed,
    LeaseLost,
    NeedsApproval,
    Unavailable,
    UsernameTaken,
)
from coreskills.failpoints import reach
from coreskills.store import audit, leases
from coreskills.store.audit import Entry as AuditEntry
from coreskills.store.db import Connection, Database
from coreskills.telemetry import traces, work
from coreskills.worker.context import Context, Outcome
from coreskills.worker.handlers import Handler
from coreskills.worker.heartbeat import Batch, Heartbeat
from coreskills.worker.pulse import Pulse

log = structlog.get_logger("worker")
Ending = tuple[Job, Outcome]
RACES = 100  # how often another worker may write first what we were about to write
RACED_FOR = (
    UsernameTaken.code,
    "duplicate_person",
    "duplicate_device",
    "seats_in_use",
    ChangedMeanwhile.code,
)
UNKNOWN_KIND_DELAY = 5.0  # another worker, of a newer version, may know it
BLAMELESS = 20  # attempts; what fails so often for want of a server is counted as its own fault


class Runner:
    """Runs batches; sets `blocked` when a job does not come to an end."""

    def __init__(
        self,
        db: Database,
        engine: Engine,
        settings: Settings,
        handlers: dict[str, Handler],
        blocked: threading.Event,
    ) -> None:
        self.db = db
        self.engine = engine
        self.settings = settings
        self.handlers = handlers
        self._spent: dict[int, float] = {}  # seconds in the handler, by job of the batch at hand
        pulse = Pulse(settings.pulse_file)
        self._heartbeat = Heartbeat(db, settings.lease_seconds, blocked, pulse)

    def run(self, jobs: list[Job], asked_at: int = 0) -> None:
        """`asked_at` is when we asked for them, for their traces."""
        self._trace = traces.batch(jobs, asked_at)
        endings: list[Ending] = []
        self._spent.clear()
        for job in jobs:
            work.claimed(job.job_type, job.queued_seconds)
        with self._heartbeat.holding(jobs) as batch, closing(self._trace):
            for job in jobs:
                batch.begin(job)
                bind_contextvars(**_ids(job))  # what the engine logs meanwhile is about it
                outcome = self._outcome(job, batch)
                if outcome:
                    endings.append((job, outcome))
            clear_contextvars()
            if endings:
                self._end(endings, batch)

    def _outcome(self, job: Job, batch: Batch, race: int = 0) -> Outcome | None:
        """What to write; None when the job did not come so far, which is settled then."""
        handler = self.handlers.get(job.job_type)
        if handler is None:
            self._tell(job, "released", why="unknown kind")
            self._stubbornly(lambda: self._release(job, UNKNOWN_KIND_DELAY))
            return None
        context = Context(self.db, self.engine, self.settings, job, batch.report, race)
        try:
            with self._trace.running(job):
                reach("worker.running", job.id)
                return self._timed(handler, context)
        except Exception as exc:  # noqa: BLE001  the worker outlives any job
            self._settle(job, exc)
            return None

    def _timed(self, handler: Handler, context: Context) -> Outcome:
        job, began = context.job, time.perf_counter()
        try:
            return handler(context)
        finally:
            self._spent[job.id] = self._spent.get(job.id, 0.0) + time.perf_counter() - began

    def _end(self, endings: list[Ending], batch: Batch) -> None:
        reach("worker.before_finish")
        error = self._committed(endings)
        if error is None:
            return
        if len(endings) > 1:
            log.info("batch_split", jobs=len(endings), why=str(error))
            error = None
        for job, outcome in endings:
            batch.begin(job)
            self._end_alone(job, outcome, error, batch)

    def _end_alone(self, job: Job, outcome: Outcome, error: Exception | None, batch: Batch) -> None:
        """Names were chosen from what we saw; if somebody was quicker, look again and choose."""
        for race in range(1, RACES):
            if error is None or isinstance(error, Unavailable):
                error = self._committed([(job, outcome)], again=True)
            if error is None:
                return
            if not isinstance(error, Conflict) or error.code not in RACED_FOR:
                break
            revised = self._outcome(job, batch, race)
            if revised is None:
                return
            outcome, error = revised, None
        self._settle(job, error or Conflict("Others were quicker every time", code="raced"))

    def _committed(self, endings: list[Ending], *, again: bool = False) -> Exception | None:
        """Why not; None when it is written.

        `again`: whether an earlier try was committed is not known, so the fence is asked first.
        """
        try:
            if again:
                self._stubbornly(lambda: self._commit(endings, again=True))
            else:
                self._commit(endings, again=False)
        except Exception as exc:  # noqa: BLE001  the caller finds out whose fault it is
            return exc
        reach("worker.after_commit")
        for job, _ in endings:
            work.ended(job.job_type, "completed", "", self._spent[job.id])
            log.info("job_completed", **_ids(job), attempt=job.attempt)
            self._trace.ended(job, "completed")
        return None

    def _commit(self, endings: list[Ending], *, again: bool) -> None:
        """The effects, the results, the trail and the jobs' ends: one transaction."""
        jobs = [job for job, _ in endings]
        with self._trace.committing(jobs), self.db.pipelined() as conn:
            if again and not all(leases.lock_running(conn, job) for job in jobs):
                raise LeaseLost("It is not ours any more, or was written already")
            for _, outcome in endings:
                outcome.write(conn)  # first: finishing locks the rows, and the heartbeat needs them
            results = [
                (job, outcome.result | {"Engine": self.engine.name}) for job, outcome in endings
            ]
            if not leases.finish_jobs(conn, results):
                raise LeaseLost("It is not ours any more")
            reach("worker.before_commit")

    def _settle(self, job: Job, exc: Exception) -> None:
        """The job did not succeed: again later, or never."""
        if isinstance(exc, LeaseLost):
            self._tell(job, "lost", exc.code, attempt=job.attempt)
        elif isinstance(exc, Unavailable) and job.attempt < BLAMELESS:
            self._tell(job, "released", exc.code, why=exc.message)
            self._stubbornly(lambda: self._release(job, backoff_seconds(0)))
        elif isinstance(exc, NeedsApproval):
            self._tell(job, "suspended", why=exc.message)
            self._stubbornly(lambda: self._suspend(job, exc))
        else:
            self._stubbornly(lambda: self._blame(job, exc))

    def _tell(self, job: Job, outcome: str, code: str = "", **more: Any) -> None:
        """The log, and the trace."""
        told = {"code": code} if code else {}
        log.warning(f"job_{outcome}", **_ids(job), **told, **more)
        self._trace.ended(job, outcome, code)

    def _suspend(self, job: Job, exc: NeedsApproval) -> None:
        with self.db.transaction() as conn:
            if leases.suspend_job(conn, job, exc.code, exc.message):
                exc.keep(conn)
                _note(conn, job, "suspended", "pending", exc.code, exc.message)

    def _release(self, job: Job, delay: float) -> None:
        with self.db.transaction() as conn:
            leases.release_job(conn, job, delay)

    def _blame(self, job: Job, exc: Exception) -> None:
        expected = isinstance(exc, AppError)
        code = exc.code if isinstance(exc, AppError) else "internal_error"
        message = exc.message if isinstance(exc, AppError) else f"{type(exc).__name__}: {exc}"
        again = _retryable(exc) and job.error_count + 1 < MAX_ERRORS
        # The message may name somebody; it is in the job.
        outcome = "retried" if again else "failed"
        self._tell(job, outcome, code, exc_info=not expected and exc)
        with self.db.transaction() as conn:
            if again:
                pause = backoff_seconds(job.error_count)
                ours = leases.retry_job(conn, job, code, message, pause)
            elif ours := leases.fail_job(conn, job, code, message):
                _note(conn, job, "failed", "failure", code, message)
        if ours:
            work.blamed(job.job_type, code, self._spent.get(job.id, 0.0), again=again)

    def _stubbornly(self, act: Callable[[], None]) -> None:
        """PostgreSQL is away: our leases may still hold when it is back; if not, we are refused."""
        until = time.monotonic() + self.settings.lease_seconds
        while True:
            try:
                return act()
            except Unavailable:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


def _ids(job: Job) -> dict[str, Any]:
    """What every line of the log about this job begins with."""
    ids = {"job_id": job.id, "job_type": job.job_type, "request_id": job.request_id}
    return ids | {"trace_id": job.trace_id} if job.trace_parent else ids


def _retryable(exc: Exception) -> bool:
    """Refusals stay refusals. What may pass by itself, and bugs a restart may cure, do not."""
    if isinstance(exc, EngineFailed):
        return not exc.permanent
    return isinstance(exc, Unavailable) or not isinstance(exc, AppError)


def _note(conn: Connection, job: Job, what: str, status: str, code: str, message: str) -> None:
    audit.insert_audit(
        conn,
        AuditEntry(
            action=f"{job.job_type}.{what}",
            actor=job.requested_by,
            resource_type="job",
            resource_id=job.id,
            job_id=job.id,
            request_id=job.request_id,
            details={"code": code, "message": message},
            status=status,
        ),
    )
