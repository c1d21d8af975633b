"""Schools and what they belong to."""

from typing import Any

from coreskills.errors import NotFound
from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("orgs")
Row = dict[str, Any]


def select_orgs(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_orgs"], after=after, limit=limit)


def select_org(conn: Connection, id: int) -> Row:
    """Raises NotFound."""
    row = one(conn, SQL["select_org"], id=id)
    if row is None:
        raise NotFound(f"There is no school {id}")
    return row


def select_school(conn: Connection, id: int) -> Row:
    """Raises NotFound, also for a district or a department."""
    row = select_org(conn, id)
    if row["type"] != "school":
        raise NotFound(f"{row['name']} is no school, but a {row['type']}")
    return row


def insert_org(conn: Connection, row: Row) -> int:
    """Raises Conflict `duplicate_org`, NotFound for a parent or feeder that is not there."""
    return int(value(conn, SQL["insert_org"], **row))


def update_org(conn: Connection, id: int, version: int, row: Row) -> bool:
    """False: it is not this version any more."""
    return run(conn, SQL["update_org"], id=id, version=version, **row) == 1
