"""Jobs as workers see them: claimed, renewed, ended, and taken back from the dead.

Every write names the attempt it belongs to, and its worker: a claim that PostgreSQL forgot in a
crash is made again with the same number. A worker that was paused past its lease, or whose job was
cancelled, finds no such row and must discard its outcome: that is the fence.
"""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg.types.json import Jsonb

from coreskills.domain.jobs import MAX_CRASHES, Job
from coreskills.domain.kinds import KINDS, kind_of, unique_key
from coreskills.store import queries
from coreskills.store.db import Connection, every, run, send, value

SQL = queries.load("leases")
ALONE = sorted(name for name, kind in KINDS.items() if kind.alone)
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
    if len(ids) == 1:  # which is always in company enough, and costs half of it
        who = {"worker": claimant.worker, "engine": claimant.engine, "lease": claimant.lease}
        rows = every(conn, SQL["claim_job"], id=ids[0], **who)
        return [Job(**row) for row in rows], []
    rows = every(conn, SQL["claim_jobs"], ids=ids, alone=ALONE, **asdict(claimant))
    claimed = [Job(**row) for row in rows if row["attempt"] is not None]
    return claimed, [row["id"] for row in rows if row["attempt"] is None]


def claim_next_jobs(
    conn: Connection, limit: int, claimant: Claimant, *, overdue: float = 0.0
) -> list[Job]:
    """The oldest that have been due for `overdue` seconds."""
    rows = every(
        conn,
        SQL["claim_next_jobs"],
        limit=limit,
        overdue=overdue,
        alone=ALONE,
        **asdict(claimant),
    )
    return [Job(**row) for row in rows]


def renew_leases(conn: Connection, jobs: list[Job], lease: float) -> set[int]:
    """The ids of those that are still ours."""
    rows = every(conn, SQL["renew_leases"], lease=lease, **_fences(jobs))
    return {row["id"] for row in rows}


def report_progress(conn: Connection, job: Job, progress: Row, lease: float) -> bool:
    """Renews the lease, too. False: the job is not ours any more."""
    return (
        run(
            conn,
            SQL["report_progress"],
            **_fence(job),
            lease=lease,
            progress=Jsonb(progress),
        )
        == 1
    )


def lock_running(conn: Connection, job: Job) -> bool:
    """False: the job is not ours any more. True: it stays ours until this transaction ends."""
    return value(conn, SQL["lock_running"], **_fence(job)) is not None


def finish_jobs(conn: Connection, ended: list[tuple[Job, Row]]) -> bool:
    """False: at least one of them is not ours any more, and the transaction must not commit."""
    fences = _fences([job for job, _ in ended])
    results = [Jsonb(result) for _, result in ended]
    done = value(conn, SQL["finish_jobs"], results=results, **fences)
    return bool(done == len(ended))


def fail_job(conn: Connection, job: Job, code: str, message: str) -> bool:
    done = run(
        conn,
        SQL["fail_job"],
        **_fence(job),
        error_code=code,
        error_message=message,
    )
    return done == 1 and _end(conn, job, "failed", code, message)


def suspend_job(conn: Connection, job: Job, code: str, message: str) -> bool:
    """It waits for a person."""
    done = run(conn, SQL["suspend_job"], **_fence(job), error_code=code, error_message=message)
    return done == 1 and _end(conn, job, "released", code, message)


def retry_job(conn: Connection, job: Job, code: str, message: str, delay: float) -> bool:
    done = run(
        conn,
        SQL["retry_job"],
        **_fence(job),
        error_code=code,
        error_message=message,
        delay=delay,
    )
    return done == 1 and _end(conn, job, "retried", code, message)


def release_job(conn: Connection, job: Job, delay: float) -> bool:
    done = run(conn, SQL["release_job"], delay=delay, **_fence(job))
    return done == 1 and _end(conn, job, "released")


def reap_jobs(conn: Connection) -> list[Row]:
    """Take back what dead workers held; returns id, status, job_type, requested_by, error_code."""
    return every(conn, SQL["reap_jobs"], max_crashes=MAX_CRASHES)


def lock_unpublished(conn: Connection, grace: float) -> list[int]:
    return [row["id"] for row in every(conn, SQL["lock_unpublished"], grace=grace)]


def mark_published(conn: Connection, ids: list[int]) -> None:
    run(conn, SQL["mark_published"], ids=ids)


def mark_new_published(conn: Connection, ids: list[int]) -> None:
    send(conn, SQL["mark_new_published"], ids=ids)


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
            deadline_seconds=kind_of(schedule["job_type"]).deadline,
            unique_key=unique_key(schedule["job_type"], schedule["parameters"]),
            fire_at=schedule["next_at"],
        )
        run(conn, SQL["advance_schedule"], name=schedule["name"])
    return len(due)


def try_lead(conn: Connection) -> bool:
    """Held by this connection until it closes; exactly one worker process has it."""
    return bool(value(conn, SQL["try_lead"]))


def depose_leader(conn: Connection, silence: float) -> bool:
    """Whether there was one that has been silent for so many seconds."""
    return bool(value(conn, SQL["depose_leader"], silence=silence))


def stop_leading(conn: Connection) -> None:
    value(conn, SQL["stop_leading"])


def _fence(job: Job) -> Row:
    return {"id": job.id, "attempt": job.attempt, "worker": job.worker}


def _fences(jobs: list[Job]) -> Row:
    """Of jobs that were claimed together."""
    return {
        "ids": [job.id for job in jobs],
        "attempts": [job.attempt for job in jobs],
        "worker": jobs[0].worker,
    }


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
