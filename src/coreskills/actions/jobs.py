"""Accepting, cancelling and re-driving work.

Accepted means: the job and its audit row are committed, and on the disk. Redis is told after the
commit and best-effort (if that fails, the relay of a worker does it), and before the disk has it:
a worker may begin while the caller still waits. Nobody is answered before.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from coreskills.actions.request import Request
from coreskills.broker.streams import Queue
from coreskills.domain.kinds import HANDFUL, kind_of, unique_key
from coreskills.errors import (
    Forbidden,
    Frozen,
    IdempotencyMismatch,
    Unavailable,
)
from coreskills.failpoints import reach
from coreskills.store import audit, jobs, leases, plans, server
from coreskills.store.db import Connection, Database
from coreskills.store.jobs import Key, NewJob
from coreskills.telemetry import metrics, traces


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
    digest = work.digest if request.idempotency_key else b""
    if replay := _replay(db, request, digest):
        return replay
    _refuse_untimely(db, request, [work])
    with traces.accepting(work.job_type) as span:
        try:
            accepted = _insert(db, request, work, digest)
        except _KeyTaken:
            return _replay(db, request, digest) or _vanished()
        span.set(job_id=accepted.job_id)
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
    _refuse_untimely(db, request, works)
    with traces.accepting("jobs") as span:
        try:
            rows = _insert_many(db, request, works, digest)
        except _KeyTaken:
            return _replays(db, request, digest) or [_vanished()]
        span.set(batch=len(works))
        for work in works:
            metrics.jobs_accepted.labels(work.job_type).inc()
        _settle(db, queue, [row["id"] for row in rows])
    return [Accepted(row["id"], row["status"]) for row in rows]


class _KeyTaken(Exception):
    """Another request with this Idempotency-Key committed between our look and our insert."""


def _insert(db: Database, request: Request, work: Work, digest: bytes) -> Accepted:
    """One statement, unless there is something to fill."""
    key = Key(request.idempotency_key, digest)
    details = {"why": request.why} if request.why else {}
    with db.transaction() if work.fill else db.reading() as conn:
        reach("submit.before_commit")
        row = jobs.accept_job(conn, _new_job(request, work), key, details)
        if row is None:
            raise _KeyTaken
        if work.fill:
            work.fill(conn, row["id"])
    return Accepted(row["id"], row["status"])


def _insert_many(
    db: Database, request: Request, works: list[Work], digest: bytes
) -> list[dict[str, Any]]:
    with db.pipelined() as conn:
        server.relax_durability(conn)
        rows = jobs.insert_jobs(conn, [_new_job(request, work) for work in works])
        ids = [row["id"] for row in rows]
        if request.idempotency_key and not jobs.insert_key(
            conn, request.actor, Key(request.idempotency_key, digest), ids
        ):
            raise _KeyTaken
        audit.insert_audits(
            conn,
            [
                request.entry(f"{work.job_type}.requested", "job", id, job_id=id, status="pending")
                for work, id in zip(works, ids, strict=True)
            ],
        )
    return rows


def _refuse_untimely(db: Database, request: Request, works: list[Work]) -> None:
    """In a freeze window. To plan is allowed, and an admin may override it by saying why; many
    small ends are a mass change, too."""
    if any(w.parameters.get("override") for w in works) and not request.principal.may(
        "jobs.limits"
    ):
        raise Forbidden("Only an admin may override a freeze window")
    real = [
        w for w in works if not {"dry_run", "override"} & {k for k, v in w.parameters.items() if v}
    ]
    ends = [work for work in real if kind_of(work.job_type).ends]
    if not (any(kind_of(work.job_type).mass for work in real) or len(ends) > HANDFUL):
        return
    with db.reading() as conn:
        window = plans.select_freeze(conn)
    if window:
        raise Frozen(window["reason"], window["ends_at"])


def _new_job(request: Request, work: Work) -> NewJob:
    return NewJob(
        job_type=work.job_type,
        parameters=work.parameters,
        unique_key=unique_key(work.job_type, work.parameters),
        deadline_seconds=kind_of(work.job_type).deadline,
        requested_by=request.actor,
        request_id=request.request_id,
        trace_parent=traces.parent(),
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
        with traces.span("publish", system="redis"):
            queue.publish(job_ids)
    except Unavailable:
        published = False  # committed; the relay of a worker publishes, or a worker polls
    reach("submit.after_publish")
    with db.reading() as conn, conn.pipeline() as pipeline:
        server.flush(conn)
        pipeline.sync()  # what follows would hold the row while the disk writes, and a worker waits
        if published:
            leases.mark_new_published(conn, job_ids)
