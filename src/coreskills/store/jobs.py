"""Jobs as callers see them: accepted, listed, cancelled, driven again."""

from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

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


def insert_job(conn: Connection, job: NewJob) -> Row:
    """Returns id and status. Raises Conflict `job_open` when the same work is open already."""
    row = one(
        conn,
        SQL["insert_job"],
        job_type=job.job_type,
        parameters=Jsonb(job.parameters),
        unique_key=job.unique_key,
        deadline_seconds=job.deadline_seconds,
        requested_by=job.requested_by,
        request_id=job.request_id,
    )
    assert row is not None
    return row


def select_jobs(conn: Connection, *, before: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_jobs"], before=before, limit=limit)


def select_jobs_by_status(conn: Connection, *, status: str, before: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_jobs_by_status"], status=status, before=before, limit=limit)


def select_job(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_job"], id=id)


def select_attempts(conn: Connection, job_id: int) -> list[Row]:
    return every(conn, SQL["select_attempts"], job_id=job_id)


def cancel_job(conn: Connection, id: int) -> bool:
    """False: it had ended already."""
    return value(conn, SQL["cancel_job"], id=id) is not None


def redrive_job(conn: Connection, id: int) -> bool:
    """False: it is not failed, dead or cancelled."""
    return run(conn, SQL["redrive_job"], id=id) == 1


def insert_key(conn: Connection, actor: str, key: str, request_hash: bytes, job_id: int) -> bool:
    """False: this actor used this key before."""
    return (
        value(
            conn, SQL["insert_key"], actor=actor, key=key, request_hash=request_hash, job_id=job_id
        )
        is not None
    )


def select_key(conn: Connection, actor: str, key: str) -> Row | None:
    return one(conn, SQL["select_key"], actor=actor, key=key)


def count_jobs(conn: Connection) -> list[Row]:
    return every(conn, SQL["count_jobs"])


def select_backlog(conn: Connection) -> Row:
    row = one(conn, SQL["select_backlog"])
    assert row is not None
    return row
