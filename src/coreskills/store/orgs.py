"""Schools and what they belong to."""

from typing import Any

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("orgs")
Row = dict[str, Any]


def select_orgs(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_orgs"], after=after, limit=limit)


def select_org(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_org"], id=id)


def insert_org(conn: Connection, row: Row) -> int:
    """Raises Conflict `duplicate_org`, NotFound for a parent or feeder that is not there."""
    return int(value(conn, SQL["insert_org"], **row))


def update_org(conn: Connection, id: int, version: int, row: Row) -> bool:
    """False: it is not this version any more."""
    return run(conn, SQL["update_org"], id=id, version=version, **row) == 1
