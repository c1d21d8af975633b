"""Licences with a number of seats, who has one, and the rule that says who should."""

from typing import Any

from psycopg.types.json import Jsonb

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, send, value

SQL = queries.load("licences")
Row = dict[str, Any]


def select_licences(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_licences"], after=after, limit=limit)


def select_licence(conn: Connection, id: int) -> Row | None:
    return one(conn, SQL["select_licence"], id=id)


def insert_licence(conn: Connection, row: Row) -> int:
    """Raises Conflict `duplicate_licence`."""
    return int(value(conn, SQL["insert_licence"], **_ruled(row)))


def update_licence(conn: Connection, id: int, version: int, row: Row) -> bool:
    """False: it is not this version any more. Raises Conflict `seats_in_use`."""
    return run(conn, SQL["update_licence"], id=id, version=version, **_ruled(row)) == 1


def delete_licence(conn: Connection, id: int, version: int) -> bool:
    """Its seats go with it. False: it is not this version any more."""
    return run(conn, SQL["delete_licence"], id=id, version=version) == 1


def select_assignments(conn: Connection, *, licence_id: int, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_assignments"], licence_id=licence_id, after=after, limit=limit)


def select_licence_rules(conn: Connection) -> list[Row]:
    return every(conn, SQL["select_licence_rules"])


def insert_assignments(conn: Connection, rows: list[Row]) -> None:
    """Rows of user_id and sku. Raises Conflict `seats_in_use` when there are not so many."""
    send(conn, SQL["insert_assignments"], rows=Jsonb(rows))


def delete_assignments(conn: Connection, rows: list[Row]) -> None:
    send(conn, SQL["delete_assignments"], rows=Jsonb(rows))


def release_seats(conn: Connection, user_ids: list[int]) -> None:
    """All of these people."""
    send(conn, SQL["release_seats"], user_ids=user_ids)


def _ruled(row: Row) -> Row:
    return row | {"rule": Jsonb(row["rule"])}
