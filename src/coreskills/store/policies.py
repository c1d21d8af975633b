"""The district's policies."""

from typing import Any

from psycopg.types.json import Jsonb

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("policies")
Row = dict[str, Any]


def select_policies(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_policies"], after=after, limit=limit)


def select_policy(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_policy"], id=id)


def insert_policy(conn: Connection, row: Row) -> int:
    """Raises Conflict `duplicate_policy`."""
    return int(value(conn, SQL["insert_policy"], **_stored(row)))


def update_policy(conn: Connection, id: int, version: int, row: Row) -> bool:
    """False: it is not this version any more, or retired."""
    return run(conn, SQL["update_policy"], id=id, version=version, **_stored(row)) == 1


def retire_policy(conn: Connection, id: int, version: int) -> bool:
    return run(conn, SQL["retire_policy"], id=id, version=version) == 1


def _stored(row: Row) -> Row:
    return row | {"rule": Jsonb(row["rule"]) if row["rule"] is not None else None}
