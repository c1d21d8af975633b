"""An import's rows, its plan, and the plan's effect. Files pass through; none is held whole."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from coreskills.domain.people import DATA
from coreskills.store import queries, server
from coreskills.store.db import Connection, every, run

SQL = queries.load("imports")
Row = dict[str, Any]
LONGEST_STATEMENT = 300.0  # seconds; a whole roster is one statement, however long it is
RESULT_COLUMNS = (
    "line",
    "action",
    "person_key",
    "user_type",
    "student_id",
    "employee_id",
    *DATA,
    "username",
    "username_stem",
    "email",
    "ou",
    "sourced_id",
    "school",
    "user_id",
    "user_version",
    "state",
)


def copy_rows(
    conn: Connection, job_id: int, rows: Iterable[tuple[int, str | None, dict[str, str]]]
) -> None:
    """Stream (line, person_key, record) into the staging table."""
    server.be_patient(conn, LONGEST_STATEMENT)
    with conn.cursor() as cursor, cursor.copy(SQL["copy_rows"]) as copy:
        for line, key, record in rows:
            copy.write_row((job_id, line, key, json.dumps(record)))


def select_rows(conn: Connection, *, job_id: int, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_rows"], job_id=job_id, after=after, limit=limit)


def select_repeated_keys(conn: Connection, job_id: int) -> dict[str, Row]:
    server.be_patient(conn, LONGEST_STATEMENT)
    return {
        row["person_key"]: row for row in every(conn, SQL["select_repeated_keys"], job_id=job_id)
    }


def select_existing_people(
    conn: Connection, student_ids: list[str], employee_ids: list[str]
) -> dict[str, Row]:
    rows = every(
        conn,
        SQL["select_existing_people"],
        student_ids=student_ids,
        employee_ids=employee_ids,
    )
    return {row.pop("person_key"): row for row in rows}


def select_planned_usernames(
    conn: Connection, job_id: int, stems: Collection[str], *, widely: bool = False
) -> set[str]:
    query = SQL["select_planned_usernames_widely"] if widely else SQL["select_planned_usernames"]
    return {row["username"] for row in every(conn, query, job_id=job_id, stems=list(stems))}


def delete_results(conn: Connection, job_id: int) -> None:
    run(conn, SQL["delete_results"], job_id=job_id)


def copy_results(conn: Connection, job_id: int, results: Iterable[Row]) -> None:
    server.relax_durability(conn)  # the next attempt would repeat it
    with conn.cursor() as cursor, cursor.copy(SQL["copy_results"]) as copy:
        for row in results:
            told = [json.dumps(row[n]) if n in row else None for n in ("faults", "changes")]
            copy.write_row((job_id, *map(row.get, RESULT_COLUMNS), *told))


def insert_planned_users(
    conn: Connection, job_id: int, *, actor: str, request_id: str | None
) -> int:
    """Create every planned account with its audit row; returns how many.

    Raises UsernameTaken or Conflict when somebody was quicker than the plan: plan again.
    """
    server.be_patient(conn, LONGEST_STATEMENT)
    return run(conn, SQL["insert_planned_users"], job_id=job_id, actor=actor, request_id=request_id)


def count_results(conn: Connection, job_id: int) -> dict[str, int]:
    server.be_patient(conn, LONGEST_STATEMENT)
    counts = {
        row["action"]: row["rows"] for row in every(conn, SQL["count_results"], job_id=job_id)
    }
    return {action: counts.get(action, 0) for action in ("created", "unchanged", "rejected")}


def select_fingerprints(conn: Connection, job_id: int) -> list[Row]:
    return every(conn, SQL["select_fingerprints"], job_id=job_id)


def select_results(
    conn: Connection, *, job_id: int, action: str | None, after: int, limit: int
) -> list[Row]:
    return every(
        conn, SQL["select_results"], job_id=job_id, action=action, after=after, limit=limit
    )


def select_rejected_records(conn: Connection, *, job_id: int, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_rejected_records"], job_id=job_id, after=after, limit=limit)
