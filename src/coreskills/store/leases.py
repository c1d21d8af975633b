"""Jobs as workers see them: claimed, renewed, ended, and taken back from the dead.

Every write names the attempt it belongs to. A worker that was paused past its lease, or whose job
was cancelled, finds no such row and must discard its outcome: that is the fence.
"""

from typing import Any

from psycopg.types.json import Jsonb

from coreskills.domain.jobs import MAX_CRASHES, Job
from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("leases")
Row = dict[str, Any]


def claim_job(conn: Connection, id: int, *, worker: str, engine: str, lease: float) -> Job | None:
    """None: somebody has it, or it is not due, or it has ended."""
    row = one(conn, SQL["claim_job"], id=id, worker=worker, engine=engine, lease=lease)
    return Job(**row) if row else None


def claim_next_job(conn: Connection, *, worker: str, engine: str, lease: float) -> Job | None:
    row = one(conn, SQL["claim_next_job"], worker=worker, engine=engine, lease=lease)
    return Job(**row) if row else None


def renew_lease(conn: Connection, job: Job, *, lease: float, progress: Row | None = None) -> bool:
    """False: the job is not ours any more."""
    return (
        run(
            conn,
            SQL["renew_lease"],
            id=job.id,
            attempt=job.attempt,
            lease=lease,
            progress=Jsonb(progress) if progress else None,
        )
        == 1
    )


def lock_running(conn: Connection, job: Job) -> bool:
    """False: the job is not ours any more. True: it stays ours until this transaction ends."""
    return value(conn, SQL["lock_running"], id=job.id, attempt=job.attempt) is not None


def finish_job(conn: Connection, job: Job, result: Row) -> bool:
    done = run(conn, SQL["finish_job"], id=job.id, attempt=job.attempt, result=Jsonb(result))
    return done == 1 and _end(conn, job, "completed")


def fail_job(conn: Connection, job: Job, code: str, message: str) -> bool:
    done = run(
        conn,
        SQL["fail_job"],
        id=job.id,
        attempt=job.attempt,
        error_code=code,
        error_message=message,
    )
    return done == 1 and _end(conn, job, "failed", code, message)


def retry_job(conn: Connection, job: Job, code: str, message: str, delay: float) -> bool:
    done = run(
        conn,
        SQL["retry_job"],
        id=job.id,
        attempt=job.attempt,
        error_code=code,
        error_message=message,
        delay=delay,
    )
    return done == 1 and _end(conn, job, "retried", code, message)


def release_job(conn: Connection, job: Job, delay: float) -> bool:
    done = run(conn, SQL["release_job"], id=job.id, attempt=job.attempt, delay=delay)
    return done == 1 and _end(conn, job, "released")


def reap_jobs(conn: Connection) -> list[Row]:
    """Take back what dead workers held; returns id, status, job_type, requested_by of each."""
    return every(conn, SQL["reap_jobs"], max_crashes=MAX_CRASHES)


def lock_unpublished(conn: Connection, grace: float) -> list[int]:
    return [row["id"] for row in every(conn, SQL["lock_unpublished"], grace=grace)]


def mark_published(conn: Connection, ids: list[int]) -> None:
    run(conn, SQL["mark_published"], ids=ids)


def unpublish_stale(conn: Connection) -> int:
    return run(conn, SQL["unpublish_stale"])


def unpublish_all(conn: Connection) -> int:
    return run(conn, SQL["unpublish_all"])


def select_epoch(conn: Connection) -> str:
    return str(value(conn, SQL["select_epoch"]))


def update_epoch(conn: Connection, epoch: str) -> None:
    run(conn, SQL["update_epoch"], epoch=epoch)


def fire_schedules(conn: Connection) -> int:
    """Insert a job for every schedule whose time has come; returns how many came."""
    due = every(conn, SQL["lock_due_schedules"])
    for schedule in due:
        run(
            conn,
            SQL["fire_schedule"],
            name=schedule["name"],
            job_type=schedule["job_type"],
            parameters=Jsonb(schedule["parameters"]),
            fire_at=schedule["next_at"],
        )
        run(conn, SQL["advance_schedule"], name=schedule["name"])
    return len(due)


def try_lead(conn: Connection) -> bool:
    """Held by this connection until it closes; exactly one worker process has it."""
    return bool(value(conn, SQL["try_lead"]))


def stop_leading(conn: Connection) -> None:
    value(conn, SQL["stop_leading"])


def _end(
    conn: Connection, job: Job, outcome: str, code: str | None = None, message: str | None = None
) -> bool:
    run(
        conn,
        SQL["end_attempt"],
        id=job.id,
        attempt=job.attempt,
        outcome=outcome,
        error_code=code,
        error_message=message,
    )
    return True
