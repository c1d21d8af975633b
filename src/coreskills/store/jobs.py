"""Jobs as callers see them: accepted, listed, cancelled, driven again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from coreskills.errors import Conflict
from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("jobs")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    job_type: str
    parameters: Row
    unique_key: str | None
    deadline_seconds: int
    requested_by: str
    request_id: str | None
    trace_parent: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An Idempotency-Key, and the digest of the request that came with it."""

    text: str | None
    request_hash: bytes


def accept_job(conn: Connection, job: NewJob, key: Key, details: Row) -> Row | None:
    """Id and status; None when its actor used the key before.

    `details` are those of its line of the trail. Raises Conflict `job_open` when the same work is
    open already, `request_in_progress` when another request with this key is long in committing.
    """
    with _key_in_use():
        return one(
            conn,
            SQL["accept_job"],
            job_type=job.job_type,
            parameters=Jsonb(job.parameters),
            unique_key=job.unique_key,
            deadline_seconds=job.deadline_seconds,
            requested_by=job.requested_by,
            request_id=job.request_id,
            trace_parent=job.trace_parent,
            key=key.text,
            request_hash=key.request_hash,
            action=f"{job.job_type}.requested",
            details=Jsonb(details),
        )


def insert_jobs(conn: Connection, jobs: list[NewJob]) -> list[Row]:
    """Without keys and trail: for all of them or none, in their order, id and status.

    Raises Conflict `job_open`.
    """
    return every(
        conn,
        SQL["insert_jobs"],
        job_types=[job.job_type for job in jobs],
        parameters=[Jsonb(job.parameters) for job in jobs],
        unique_keys=[job.unique_key for job in jobs],
        deadlines=[job.deadline_seconds for job in jobs],
        actors=[job.requested_by for job in jobs],
        request_ids=[job.request_id for job in jobs],
        trace_parents=[job.trace_parent for job in jobs],
    )


def select_jobs(conn: Connection, *, before: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_jobs"], before=before, limit=limit)


def select_jobs_by_status(conn: Connection, *, status: str, before: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_jobs_by_status"], status=status, before=before, limit=limit)


def select_job(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_job"], id=id)


def select_attempts(conn: Connection, job_id: int) -> list[Row]:
    return every(conn, SQL["select_attempts"], job_id=job_id)


def lock_job(conn: Connection, id: int) -> str | None:
    """Its status, until the transaction ends; None: there is no such job."""
    found: str | None = value(conn, SQL["lock_job"], id=id)
    return found


def cancel_job(conn: Connection, id: int) -> str | None:
    """Its type; None: it had ended already."""
    job_type: str | None = value(conn, SQL["cancel_job"], id=id)
    if job_type:
        run(conn, SQL["end_cancelled_attempt"], id=id)
    return job_type


def redrive_job(conn: Connection, id: int) -> bool:
    """False: it is not failed, dead or cancelled."""
    return run(conn, SQL["redrive_job"], id=id) == 1


def approve_job(conn: Connection, id: int, approved_by: str) -> bool:
    """False: it does not wait, or it is the approver who asked for it."""
    return run(conn, SQL["approve_job"], id=id, approved_by=approved_by) == 1


def insert_key(conn: Connection, actor: str, key: Key, job_ids: list[int]) -> bool:
    """False: this actor used this key before. Raises like accept_job."""
    with _key_in_use():
        values = {"key": key.text, "request_hash": key.request_hash, "job_ids": job_ids}
        return value(conn, SQL["insert_key"], actor=actor, **values) is not None


@contextmanager
def _key_in_use() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable as exc:
        if "idempotency_keys" not in (exc.diag.context or ""):
            raise  # waited for something else, as for a migration that holds the whole table
        raise Conflict(
            "The first request with this Idempotency-Key is still being answered; repeat this one",
            code="request_in_progress",
        ) from exc


def select_key(conn: Connection, actor: str, key: str) -> list[Row]:
    """A row for each job that the request with this key made; none if the key is new."""
    return every(conn, SQL["select_key"], actor=actor, key=key)


def count_waiting(conn: Connection, *, limit: int) -> int:
    """At most `limit`."""
    return int(value(conn, SQL["count_waiting"], limit=limit))


def count_jobs(conn: Connection) -> list[Row]:
    return every(conn, SQL["count_jobs"])


def select_backlog(conn: Connection) -> Row:
    row = one(conn, SQL["select_backlog"])
    assert row is not None
    return row
