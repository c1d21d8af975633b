"""Plans of jobs, their lines, and what may stop them: thresholds and freeze windows."""

from typing import Any

from psycopg.types.json import Jsonb

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("plans")
Row = dict[str, Any]


def insert_plan(conn: Connection, job_id: int, digest: bytes) -> None:
    run(conn, SQL["insert_plan"], job_id=job_id, digest=digest)


def select_plan(conn: Connection, job_id: int) -> Row | None:
    """With the kind, parameters and status of the job that made it."""
    return one(conn, SQL["select_plan"], job_id=job_id)


def mark_applied(conn: Connection, job_id: int, *, by: int) -> bool:
    """False: it was carried out already."""
    return run(conn, SQL["mark_applied"], job_id=job_id, applied_by=by) == 1


def replace_rows(conn: Connection, job_id: int, rows: list[Row]) -> None:
    """`rows` of key, action, before, after, code, message, in their order."""
    run(conn, SQL["delete_rows"], job_id=job_id)
    run(conn, SQL["insert_rows"], job_id=job_id, rows=Jsonb(rows))


def select_rows(
    conn: Connection, *, job_id: int, action: str | None, after: int, limit: int
) -> list[Row]:
    return every(conn, SQL["select_rows"], job_id=job_id, action=action, after=after, limit=limit)


def select_approval(conn: Connection, job_id: int) -> str | None:
    """Who approved the job; None if nobody did."""
    found: str | None = value(conn, SQL["select_approval"], job_id=job_id)
    return found


def select_thresholds(conn: Connection) -> list[Row]:
    return every(conn, SQL["select_thresholds"])


def select_thresholds_of(conn: Connection, job_type: str) -> list[Row]:
    return every(conn, SQL["select_thresholds_of"], job_type=job_type)


def update_threshold(
    conn: Connection, job_type: str, action: str, *, most: int, percent: int
) -> Row | None:
    """None: there is no such threshold."""
    return one(
        conn,
        SQL["update_threshold"],
        job_type=job_type,
        action=action,
        most=most,
        percent=percent,
    )


def select_freeze_windows(conn: Connection) -> list[Row]:
    return every(conn, SQL["select_freeze_windows"])


def select_freeze(conn: Connection) -> Row | None:
    return one(conn, SQL["select_freeze"])


def insert_freeze_window(conn: Connection, window: Row) -> Row:
    row = one(conn, SQL["insert_freeze_window"], **window)
    assert row is not None
    return row


def delete_freeze_window(conn: Connection, id: int) -> bool:
    return run(conn, SQL["delete_freeze_window"], id=id) == 1
