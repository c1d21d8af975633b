"""What people do with a job that is there: stop it, drive it again, agree to it."""

from typing import NoReturn

from coreskills.actions.request import Request
from coreskills.domain.kinds import kind_of
from coreskills.errors import Conflict, Forbidden, NotFound
from coreskills.store import audit, jobs
from coreskills.store.audit import Entry
from coreskills.store.db import Connection, Database
from coreskills.telemetry import metrics


def cancel(db: Database, request: Request, job_id: int) -> None:
    """Final, also for a job that is running: its outcome is discarded."""
    with db.transaction() as conn:
        before = _held(conn, request, job_id)
        job_type = jobs.cancel_job(conn, job_id)
        if job_type is None:
            _refuse(conn, job_id, "cancelled", "queued, running or suspended")
        audit.insert_audit(conn, _moved(request, "job.cancelled", job_id, before, "cancelled"))
    metrics.jobs_finished.labels(job_type, "cancelled", "").inc()


def redrive(db: Database, request: Request, job_id: int) -> None:
    """Queue again what failed, died or was cancelled, with its counters at zero.

    The relay publishes it: a note of ours that it is published could come after its next attempt.
    """
    with db.transaction() as conn:
        before = _held(conn, request, job_id)
        if not jobs.redrive_job(conn, job_id):
            _refuse(conn, job_id, "retried", "failed, dead or cancelled")
        audit.insert_audit(conn, _moved(request, "job.retried", job_id, before, "queued"))


def approve(db: Database, request: Request, job_id: int) -> None:
    """Let go on what waits for a second person. Raises Forbidden for who asked for the job."""
    with db.transaction() as conn:
        if not jobs.approve_job(conn, job_id, request.actor):
            job = jobs.select_job(conn, job_id)
            if job and job["status"] == "suspended":
                raise Forbidden(f"Job {job_id} is yours; a second person must approve it")
            _refuse(conn, job_id, "approved", "suspended")
        audit.insert_audit(conn, _moved(request, "job.approved", job_id, "suspended", "queued"))


def _held(conn: Connection, request: Request, job_id: int) -> str | None:
    """Its status, which stays so until the transaction ends. Raises Forbidden for whoever could not
    have asked for it."""
    before = jobs.lock_job(conn, job_id)
    job = jobs.select_job(conn, job_id)
    if job and not request.principal.may(needed := kind_of(job["type"]).permission):
        raise Forbidden(f"The role {request.principal.role} may not do this; it needs {needed}")
    return before


def _refuse(conn: Connection, job_id: int, act: str, states: str) -> NoReturn:
    job = jobs.select_job(conn, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}")
    raise Conflict(
        f"Job {job_id} is {job['status']}; only a job that is {states} can be {act}",
        code="state_conflict",
    )


def _moved(request: Request, action: str, job_id: int, before: str | None, after: str) -> Entry:
    details = {"before": {"status": before}, "after": {"status": after}}
    return request.entry(action, "job", job_id, job_id=job_id, details=details)
