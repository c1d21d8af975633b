"""Removes what has outlived its technical use, by the real time. Rules for personal data:
store/retention.py."""

from coreskills.store import queries, server
from coreskills.store.db import Connection, run

SQL = queries.load("housekeeping")


def sweep(conn: Connection) -> dict[str, int]:
    """Returns how many rows of each kind went."""
    server.be_patient(conn, 120)
    return {
        "idempotency_keys": run(conn, SQL["delete_old_keys"]),
        "sessions": run(conn, SQL["delete_old_sessions"]),
        "login_throttle": run(conn, SQL["delete_old_throttles"]),
        "exports": run(conn, SQL["delete_old_exports"]),
    }
