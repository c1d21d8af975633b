"""Students and staff: rows of the table users."""

from collections.abc import Collection
from typing import Any

from coreskills.errors import NotFound
from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("users")
Row = dict[str, Any]


def select_users(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_users"], after=after, limit=limit)


def select_active_users(conn: Connection, *, is_active: bool, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_active_users"], is_active=is_active, after=after, limit=limit)


def select_users_by_name(conn: Connection, *, last_name: str, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_users_by_name"], last_name=last_name, after=after, limit=limit)


def select_users_by_username(
    conn: Connection, *, username: str, after: int, limit: int
) -> list[Row]:
    return every(conn, SQL["select_users_by_username"], username=username, after=after, limit=limit)


def select_students(
    conn: Connection, *, grade_level: int | None, after: int, limit: int
) -> list[Row]:
    return every(conn, SQL["select_students"], grade_level=grade_level, after=after, limit=limit)


def select_staff(conn: Connection, *, department: str | None, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_staff"], department=department, after=after, limit=limit)


def select_user(conn: Connection, id: int) -> Row:
    """Raises NotFound."""
    row = one(conn, SQL["select_user"], id=id)
    if row is None:
        raise NotFound(f"There is no user {id}")
    return row


def select_user_id(conn: Connection, user_type: str, key: str) -> int | None:
    found: int | None = value(conn, SQL["select_user_id"], user_type=user_type, key=key)
    return found


def select_taken_usernames(
    conn: Connection, stems: Collection[str], *, widely: bool = False
) -> set[str]:
    """Of these stems; `widely`: also those made from another stem, which is rare and costs more."""
    query = SQL["select_taken_usernames_widely"] if widely else SQL["select_taken_usernames"]
    return {row["username"] for row in every(conn, query, stems=list(stems))}


def insert_user(conn: Connection, row: Row) -> int:
    """Raises UsernameTaken, or Conflict `duplicate_person`."""
    return int(value(conn, SQL["insert_user"], **row))


def update_user(conn: Connection, id: int, version: int, row: Row) -> bool:
    """False: it is not this version any more."""
    return run(conn, SQL["update_user"], id=id, version=version, **row) == 1


def count_people(conn: Connection) -> list[Row]:
    return every(conn, SQL["count_people"])
