"""Tables that must agree, compared."""

from typing import Any

from coreskills.store import queries, server
from coreskills.store.db import Connection, every, run

SQL = queries.load("reconcile")
Row = dict[str, Any]


def select_drift(conn: Connection) -> list[Row]:
    """`repair` is what can be done safely, or skip."""
    server.be_patient(conn, 120)
    return every(conn, SQL["select_drift"])


def cancel_stray_timers(conn: Connection, user_ids: list[int]) -> int:
    return run(conn, SQL["cancel_stray_timers"], user_ids=user_ids)
