"""Accepting, cancelling and re-driving work.

Accepted means: the job and its audit row are committed, and on the disk. Redis is told after the
commit and best-effort (if that fails, the relay of a worker does it), and before the disk has it:
a worker may begin while the caller still waits. Nobody is answered before.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from coreskills.actions.request import Request
from coreskills.broker.streams import Queue
from coreskills.domain.deadlines import deadline_of
from coreskills.domain.jobs import MASS, unique_key
from coreskills.errors import (
    Conflict,
    Forbidden,
    Frozen,
    IdempotencyMismatch,
    NotFound,
    Unavailable,
)
from coreskills.failpoints import reach
from coreskills.store import audit, jobs, leases, plans, server
from coreskills.store.audit import Entry
from coreskills.store.db import Connection, Database
from coreskills.store.jobs import NewJob
from coreskills.telemetry import metrics


@dataclass(frozen=True, slots=True)
class Accepted:
    job_id: int
    status: str
    replayed: bool = False  # the answer to an Idempotency-Key seen before


@dataclass(frozen=True)
class Work:
    """What a job shall do. `fill` adds rows that belong to it, in the same transaction."""

    job_type: str
    parameters: dict[str, Any]
    body_hash: bytes | None = None  # of what was sent, if that is more than the parameters
    fill: Callable[[Connection, int], None] | None = None

    @property
    def digest(self) -> bytes:
        if self.body_hash:
            return self.body_hash
        text = json.dumps([self.job_type, self.parameters], sort_keys=True)
        return sha256(text.encode()).digest()


def submit(
    db: Database,
    queue: Queue,
    request: Request,
    work: Work,
) -> Accepted:
    """Queue a job.

    Raises Conflict `job_open` when the same work is under way, IdempotencyMismatch when the key
    came with another request before, Frozen for a mass change in a freeze window.
    """
    if replay := _replay(db, request, work.digest):
        return replay
    _refuse_frozen(db, work)
    try:
        accepted = _insert(db, request, work)
    except _KeyTaken:
        return _replay(db, request, work.digest) or _vanished()
    metrics.jobs_accepted.labels(work.job_type).inc()
    reach("submit.after_commit")
    _settle(db, queue, [accepted.job_id])
    reach("submit.before_answer")
    return accepted


def submit_many(db: Database, queue: Queue, request: Request, works: list[Work]) -> list[Accepted]:
    """Queue all of these jobs or none, in one transaction. Raises like `submit`.

    They share the request's key; none may `fill`.
    """
    digest = sha256(b"".join(work.digest for work in works)).digest()
    if replay := _replays(db, request, digest):
        return replay
    for work in works:
        _refuse_frozen(db, work)
    try:
        rows = _insert_many(db, request, works, digest)
    except _KeyTaken:
        return _replays(db, request, digest) or [_vanished()]
    for work in works:
        metrics.jobs_accepted.labels(work.job_type).inc()
    _settle(db, queue, [row["id"] for row in rows])
    return [Accepted(row["id"], row["status"]) for row in rows]


def cancel(db: Database, request: Request, job_id: int) -> None:
    """Final, also for a job that is running: its outcome is discarded."""
    with db.transaction() as conn:
        before = jobs.lock_job(conn, job_id)
        if not jobs.cancel_job(conn, job_id):
            _refuse(conn, job_id, "cancelled", "queued, running or suspended")
        audit.insert_audit(conn, _moved(request, "job.cancelled", job_id, before, "cancelled"))


def redrive(db: Database, request: Request, job_id: int) -> None:
    """Queue again what failed, died or was cancelled, with its counters at zero.

    The relay publishes it: a note of ours that it is published could come after its next attempt.
    """
    with db.transaction() as conn:
        before = jobs.lock_job(conn, job_id)
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


class _KeyTaken(Exception):
    """Another request with this Idempotency-Key committed between our look and our insert."""


def _insert(db: Database, request: Request, work: Work) -> Accepted:
    try:
        with _transaction(db, work) as conn:
            server.relax_durability(conn)
            row = jobs.insert_job(conn, _new_job(request, work))
            if request.idempotency_key and not jobs.insert_key(
                conn, request.actor, request.idempotency_key, work.digest, [row["id"]]
            ):
                raise _KeyTaken
            if work.fill:
                work.fill(conn, row["id"])
            action = f"{work.job_type}.requested"
            audit.insert_audit(conn, _entry(request, action, row["id"], "pending"))
            reach("submit.before_commit")
        return Accepted(row["id"], row["status"])
    except Conflict as exc:
        # The same request sent twice at once may lose on the unique work before its key counts.
        if exc.code == "job_open" and _replay(db, request, work.digest):
            raise _KeyTaken from exc
        raise


def _insert_many(
    db: Database, request: Request, works: list[Work], digest: bytes
) -> list[dict[str, Any]]:
    with db.pipelined() as conn:
        server.relax_durability(conn)
        rows = jobs.insert_jobs(conn, [_new_job(request, work) for work in works])
        ids = [row["id"] for row in rows]
        if request.idempotency_key and not jobs.insert_key(
            conn, request.actor, request.idempotency_key, digest, ids
        ):
            raise _KeyTaken
        audit.insert_audits(
            conn,
            [
                _entry(request, f"{work.job_type}.requested", id, "pending")
                for work, id in zip(works, ids, strict=True)
            ],
        )
    return rows


def _refuse_frozen(db: Database, work: Work) -> None:
    """To plan is allowed, and what is overridden says why."""
    if work.job_type not in MASS or {"dry_run", "override"} & {
        k for k, v in work.parameters.items() if v
    }:
        return
    with db.reading() as conn:
        window = plans.select_freeze(conn)
    if window:
        raise Frozen(window["reason"], window["ends_at"])


def _transaction(db: Database, work: Work) -> AbstractContextManager[Connection]:
    """What fills by COPY cannot go through a pipeline."""
    return db.transaction() if work.fill else db.pipelined()


def _new_job(request: Request, work: Work) -> NewJob:
    return NewJob(
        job_type=work.job_type,
        parameters=work.parameters,
        unique_key=unique_key(work.job_type, work.parameters),
        deadline_seconds=deadline_of(work.job_type),
        requested_by=request.actor,
        request_id=request.request_id,
    )


def _replay(db: Database, request: Request, digest: bytes) -> Accepted | None:
    found = _replays(db, request, digest)
    return found[0] if found else None


def _replays(db: Database, request: Request, digest: bytes) -> list[Accepted]:
    """What this key was answered with; nothing if it is new."""
    if not request.idempotency_key:
        return []
    with db.reading() as conn:
        rows = jobs.select_key(conn, request.actor, request.idempotency_key)
    if rows:  # whoever made them may still be waiting for the disk
        with db.pipelined() as conn:
            server.flush(conn)
    if rows and bytes(rows[0]["request_hash"]) != digest:
        raise IdempotencyMismatch(
            "This Idempotency-Key was used for another request; use a new key",
            job_id=rows[0]["job_id"],
        )
    return [Accepted(row["job_id"], row["status"], replayed=True) for row in rows]


def _vanished() -> Accepted:
    raise Unavailable("The first request with this Idempotency-Key is still running", retry_after=1)


def _settle(db: Database, queue: Queue, job_ids: list[int]) -> None:
    """Until Redis knows of them, or must learn it from the relay, and the disk has them."""
    published = True
    try:
        queue.publish(job_ids)
    except Unavailable:
        published = False  # committed; the relay of a worker publishes, or a worker polls
    reach("submit.after_publish")
    with db.pipelined() as conn:
        if published:
            leases.mark_new_published(conn, job_ids)
        server.flush(conn)


def _refuse(conn: Connection, job_id: int, act: str, states: str) -> None:
    job = jobs.select_job(conn, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}")
    raise Conflict(
        f"Job {job_id} is {job['status']}; only a job that is {states} can be {act}",
        code="state_conflict",
    )


def _entry(request: Request, action: str, job_id: int, status: str = "success") -> Entry:
    return request.entry(action, "job", job_id, job_id=job_id, status=status)


def _moved(request: Request, action: str, job_id: int, before: str | None, after: str) -> Entry:
    details = {"before": {"status": before}, "after": {"status": after}}
    return request.entry(action, "job", job_id, job_id=job_id, details=details)
