"""Jobs as workers see them: claimed, renewed, ended, and taken back from the dead.

Every write names the attempt it belongs to. A worker that was paused past its lease, or whose job
was cancelled, finds no such row and must discard its outcome: that is the fence.
"""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg.types.json import Jsonb

from coreskills.domain.jobs import LONG, MAX_CRASHES, Job
from coreskills.store import queries
from coreskills.store.db import Connection, every, run, value

SQL = queries.load("leases")
ALONE = sorted(LONG)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who holds a job, with which engine, and for how many seconds unless it is renewed."""

    worker: str
    engine: str
    lease: float


def claim_jobs(conn: Connection, ids: list[int], claimant: Claimant) -> tuple[list[Job], list[int]]:
    """Jobs to run together, and ids that must wait for their turn to run alone.

    Whatever is in neither is somebody else's, not due, or has ended.
    """
    rows = every(conn, SQL["claim_jobs"], ids=ids, alone=ALONE, **asdict(claimant))
    claimed = [Job(**row) for row in rows if row["attempt"] is not None]
    return claimed, [row["id"] for row in rows if row["attempt"] is None]


def claim_next_jobs(conn: Connection, limit: int, claimant: Claimant) -> list[Job]:
    rows = every(conn, SQL["claim_next_jobs"], limit=limit, alone=ALONE, **asdict(claimant))
    return [Job(**row) for row in rows]


def renew_leases(conn: Connection, jobs: list[Job], lease: float) -> set[int]:
    """The ids of those that are still ours."""
    ids, attempts = _fences(jobs)
    rows = every(conn, SQL["renew_leases"], ids=ids, attempts=attempts, lease=lease)
    return {row["id"] for row in rows}


def report_progress(conn: Connection, job: Job, progress: Row, lease: float) -> bool:
    """Renews the lease, too. False: the job is not ours any more."""
    return (
        run(
            conn,
            SQL["report_progress"],
            id=job.id,
            attempt=job.attempt,
            lease=lease,
            progress=Jsonb(progress),
        )
        == 1
    )


def lock_running(conn: Connection, job: Job) -> bool:
    """False: the job is not ours any more. True: it stays ours until this transaction ends."""
    return value(conn, SQL["lock_running"], id=job.id, attempt=job.attempt) is not None


def finish_jobs(conn: Connection, ended: list[tuple[Job, Row]]) -> bool:
    """False: at least one of them is not ours any more, and the transaction must not commit."""
    ids, attempts = _fences([job for job, _ in ended])
    results = [Jsonb(result) for _, result in ended]
    done = value(conn, SQL["finish_jobs"], ids=ids, attempts=attempts, results=results)
    return bool(done == len(ended))


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


def mark_new_published(conn: Connection, ids: list[int]) -> None:
    run(conn, SQL["mark_new_published"], ids=ids)


def count_published(conn: Connection) -> int:
    """Waiting jobs of which Redis should know."""
    return int(value(conn, SQL["count_published"]))


def unpublish_stale(conn: Connection, age: float) -> int:
    return run(conn, SQL["unpublish_stale"], age=age)


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


def _fences(jobs: list[Job]) -> tuple[list[int], list[int]]:
    return [job.id for job in jobs], [job.attempt for job in jobs]


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
