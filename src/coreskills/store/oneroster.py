"""Rosters in OneRoster's form: their rows, what we have of them, and the plan's effect."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from coreskills.store import queries, server
from coreskills.store.db import Connection, every, one, run, value
from coreskills.store.imports import LONGEST_STATEMENT

SQL = queries.load("oneroster")
Row = dict[str, Any]
# Number, id, key of the person it tells of, record, file, line.
Staged = tuple[int, str | None, str | None, dict[str, str], str, int]
FETCHED = 2000  # rows that a cursor brings at once


def copy_roster_rows(conn: Connection, job_id: int, rows: Iterable[Staged]) -> None:
    """Stream rows into the staging table."""
    server.be_patient(conn, LONGEST_STATEMENT)
    with conn.cursor() as cursor, cursor.copy(SQL["copy_roster_rows"]) as copy:
        for number, id, person, record, file, line in rows:
            copy.write_row((job_id, number, id, person, json.dumps(record), file, line))


def select_roster_rows(conn: Connection, *, job_id: int, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_roster_rows"], job_id=job_id, after=after, limit=limit)


def be_swift(conn: Connection) -> None:
    """For the statements of the open transaction that touch many rows at once."""
    server.be_patient(conn, LONGEST_STATEMENT)
    run(conn, SQL["prefer_hash_joins"])


def compare_rows(conn: Connection, job_id: int, file: str, left_out: list[str]) -> None:
    """Plan the rows that have no result yet; the columns `left_out` are not compared."""
    run(conn, SQL["compare_rows"], job_id=job_id, file=file, left_out=left_out)


def select_known(conn: Connection, file: str, told: str) -> dict[str, str]:
    rows = every(conn, SQL["select_known"], file=file, told=told)
    return {row["sourced_id"]: row["told"] for row in rows}


def select_everything(conn: Connection, files: list[str]) -> Iterator[Row]:
    """Within a transaction; row after row, none held longer than the next."""
    server.be_patient(conn, LONGEST_STATEMENT)
    with conn.cursor(name="everything") as cursor:
        cursor.itersize = FETCHED
        yield from cursor.execute(SQL["select_everything"], {"files": files})


def select_meant(conn: Connection, ids: list[str], keys: list[str]) -> list[int]:
    return [row["id"] for row in every(conn, SQL["select_meant"], ids=ids, keys=keys)]


def select_absentees(conn: Connection, job_id: int) -> list[str]:
    return [row["sourced_id"] for row in every(conn, SQL["select_absentees"], job_id=job_id)]


def count_population(conn: Connection) -> int:
    return int(value(conn, SQL["count_population"]))


def select_school_year(conn: Connection) -> int | None:
    found: int | None = value(conn, SQL["select_school_year"])
    return found


def select_fingerprints(conn: Connection, job_id: int) -> list[Row]:
    """By file and action: how many rows, and a digest of what becomes of them."""
    return every(conn, SQL["select_fingerprints"], job_id=job_id)


def select_planned_people(conn: Connection, job_id: int) -> list[Row]:
    return every(conn, SQL["select_planned_people"], job_id=job_id)


def update_planned_users(
    conn: Connection, job_id: int, *, actor: str, request_id: str | None, reason: str
) -> bool:
    """Change every known person of the plan, with audit rows. False: one of them is not any more
    what the plan was made for."""
    planned = int(value(conn, SQL["count_planned_updates"], job_id=job_id))
    if run(conn, SQL["update_planned_users"], job_id=job_id, reason=reason) != planned:
        return False
    run(
        conn,
        SQL["insert_update_audits"],
        job_id=job_id,
        actor=actor,
        request_id=request_id,
        reason=reason,
    )
    return True


def select_planned_moves(conn: Connection, job_id: int) -> list[Row]:
    return every(conn, SQL["select_planned_moves"], job_id=job_id)


def write_orgs(conn: Connection, job_id: int) -> int:
    """Each of these writes what the plan creates or updates, and returns how many rows."""
    written = run(conn, SQL["write_orgs"], job_id=job_id)
    run(conn, SQL["link_orgs"], job_id=job_id)
    return written


def write_sessions(conn: Connection, job_id: int) -> int:
    written = run(conn, SQL["write_sessions"], job_id=job_id)
    run(conn, SQL["link_sessions"], job_id=job_id)
    return written


def write_roles(conn: Connection, job_id: int) -> int:
    return run(conn, SQL["write_roles"], job_id=job_id)


def write_courses(conn: Connection, job_id: int) -> int:
    return run(conn, SQL["write_courses"], job_id=job_id)


def write_classes(conn: Connection, job_id: int) -> int:
    return run(conn, SQL["write_classes"], job_id=job_id)


def write_enrollments(conn: Connection, job_id: int) -> int:
    return run(conn, SQL["write_enrollments"], job_id=job_id)


def select_closings(conn: Connection, job_id: int, bulk: list[str]) -> list[Row]:
    """What is going to be closed, file by file; what is missing from those that are `bulk`, too."""
    return every(conn, SQL["select_closings"], job_id=job_id, bulk=bulk)


def close_absent(conn: Connection, job_id: int, file: str) -> int:
    """What a bulk file does not have any more; returns how many rows."""
    statements = {
        "academicSessions": SQL["close_sessions"],
        "roles": SQL["close_roles"],
        "courses": SQL["close_courses"],
        "classes": SQL["close_classes"],
        "enrollments": SQL["close_enrollments"],
    }
    return run(conn, statements[file], job_id=job_id) if file in statements else 0


def select_results(
    conn: Connection, *, job_id: int, action: str | None, file: str | None, after: int, limit: int
) -> list[Row]:
    return every(
        conn,
        SQL["select_results"],
        job_id=job_id,
        action=action,
        file=file,
        after=after,
        limit=limit,
    )


def delete_parts(conn: Connection, job_id: int) -> None:
    """What an attempt that died has left."""
    run(conn, SQL["delete_parts"], job_id=job_id)


def insert_part(conn: Connection, job_id: int, part: int, content: bytes) -> None:
    run(conn, SQL["insert_part"], job_id=job_id, part=part, content=content)


def select_part(conn: Connection, job_id: int, part: int) -> bytes | None:
    row = one(conn, SQL["select_part"], job_id=job_id, part=part)
    return bytes(row["content"]) if row else None
