"""The turn of the year: who is concerned, and which school has stepped already."""

from typing import Any

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, send, value

SQL = queries.load("cohorts")
Row = dict[str, Any]


def select_pupils_of_school(conn: Connection, school_id: int) -> list[int]:
    return [row["id"] for row in every(conn, SQL["select_pupils_of_school"], school_id=school_id)]


def select_pupils_of_class(
    conn: Connection, graduation_year: int, school_id: int | None
) -> list[int]:
    rows = every(
        conn, SQL["select_pupils_of_class"], graduation_year=graduation_year, school_id=school_id
    )
    return [row["id"] for row in rows]


def count_pupils(conn: Connection, school_id: int | None) -> int:
    return int(value(conn, SQL["count_pupils"], school_id=school_id))


def select_cohort_step(conn: Connection, school_year: int, school_id: int) -> Row | None:
    return one(conn, SQL["select_cohort_step"], school_year=school_year, school_id=school_id)


def insert_cohort_step(conn: Connection, school_year: int, school_id: int, job_id: int) -> None:
    """Raises Conflict when the school has stepped in this year."""
    args = {"school_year": school_year, "school_id": school_id, "job_id": job_id}
    send(conn, SQL["insert_cohort_step"], **args)


def hasten_recomputation(conn: Connection) -> None:
    """Groups and licences are recomputed at the next tick of the schedules."""
    send(conn, SQL["hasten_recomputation"])


def select_cohort_steps(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_cohort_steps"], after=after, limit=limit)
