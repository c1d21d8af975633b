"""Who holds which device, and who did before."""

from collections.abc import Sequence
from typing import Any

from coreskills.store import queries, server
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("custody")
Row = dict[str, Any]
MANY = 100
LONGEST_STATEMENT = 60.0  # seconds; triggers write the history, device by device


def select_custody(conn: Connection, device_id: str) -> Row | None:
    return one(conn, SQL["select_custody"], device_id=device_id)


def select_custody_of_cohort(
    conn: Connection, *, graduation_year: int | None, school_id: int | None
) -> list[Row]:
    return every(
        conn,
        SQL["select_custody_of_cohort"],
        graduation_year=graduation_year,
        school_id=school_id,
    )


def register_device(conn: Connection, row: Row) -> int:
    """Raises Conflict `duplicate_device` or `duplicate_serial`."""
    return int(value(conn, SQL["register_device"], **row))


def move_devices(
    conn: Connection, moves: Sequence[tuple[Row, str, int | None]], *, actor: str
) -> int:
    """(custody, new status, new holder) of each. Returns how many were still as they are given.

    Raises Conflict `state_conflict` for a move that there is not.
    """
    if len(moves) > MANY:
        server.be_patient(conn, LONGEST_STATEMENT)
    return run(
        conn,
        SQL["move_devices"],
        ids=[custody["id"] for custody, _, _ in moves],
        moves=[custody["moves"] for custody, _, _ in moves],
        statuses=[status for _, status, _ in moves],
        holders=[holder for _, _, holder in moves],
        actor=actor,
    )


def describe_device(
    conn: Connection, custody: Row, *, device_name: str, os_version: str | None
) -> bool:
    """False: it was changed since."""
    done = run(
        conn,
        SQL["describe_device"],
        id=custody["id"],
        version=custody["version"],
        device_name=device_name,
        os_version=os_version,
    )
    return done == 1


def select_assignments(conn: Connection, id: int, *, before: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_assignments"], id=id, before=before, limit=limit)


def select_assignments_of_user(
    conn: Connection, user_id: int, *, held: bool | None, before: int, limit: int
) -> list[Row]:
    return every(
        conn,
        SQL["select_assignments_of_user"],
        user_id=user_id,
        held=held,
        before=before,
        limit=limit,
    )


def select_held_by_leavers(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_held_by_leavers"], after=after, limit=limit)


def count_custody(conn: Connection) -> int:
    """How many devices somebody holds."""
    return int(value(conn, SQL["count_custody"]))
