"""The district's devices."""

from typing import Any

from psycopg.types.json import Jsonb

from coreskills.store import queries
from coreskills.store.db import Connection, every, one, run, value

SQL = queries.load("devices")
Row = dict[str, Any]


def select_devices(conn: Connection, *, after: int, limit: int) -> list[Row]:
    return every(conn, SQL["select_devices"], after=after, limit=limit)


def select_devices_by_compliance(
    conn: Connection, *, compliance_status: str, after: int, limit: int
) -> list[Row]:
    return every(
        conn,
        SQL["select_devices_by_compliance"],
        compliance_status=compliance_status,
        after=after,
        limit=limit,
    )


def select_device(conn: Connection, device_id: str) -> Row | None:
    return one(conn, SQL["select_device"], device_id=device_id)


def insert_device(conn: Connection, row: Row, *, actor: str) -> int:
    """Raises Conflict `duplicate_device`, or NotFound for an unknown assigned_user_id."""
    return int(value(conn, SQL["insert_device"], **row, actor=actor))


def update_device(conn: Connection, id: int, version: int, row: Row, *, actor: str) -> bool:
    """`actor` stands in the history, if the holder changes. False: it is not this version any
    more, or retired."""
    return run(conn, SQL["update_device"], id=id, version=version, **row, actor=actor) == 1


def retire_device(conn: Connection, id: int, version: int) -> bool:
    """False as above. Raises Conflict `state_conflict` while somebody holds it."""
    return run(conn, SQL["retire_device"], id=id, version=version) == 1


def check_in_device(conn: Connection, device_id: str, facts: Row) -> bool:
    """False: there is none, or it is retired."""
    return run(conn, SQL["check_in_device"], device_id=device_id, facts=Jsonb(facts)) == 1


def count_devices(conn: Connection) -> list[Row]:
    return every(conn, SQL["count_devices"])
