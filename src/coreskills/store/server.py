"""What the server says about itself: for health checks and for the schema's proof."""

from typing import Any

from coreskills.store import queries
from coreskills.store.db import RESERVE, Connection, every, one, run, send, value

SQL = queries.load("server")


def select_server(conn: Connection) -> dict[str, Any]:
    """Version, whether it is read-only, connections used and allowed, newest migration."""
    row = one(conn, SQL["select_server"])
    assert row is not None
    return row


def select_uptime(conn: Connection) -> int:
    return int(value(conn, SQL["select_uptime"]))


def select_table_sizes(conn: Connection) -> dict[str, int]:
    return {row["name"]: row["rows"] for row in every(conn, SQL["select_table_sizes"])}


def select_privileges(conn: Connection) -> dict[str, bool]:
    """What this connection's role must not be able to do."""
    row = one(conn, SQL["select_privileges"])
    assert row is not None
    return row


def select_versions(conn: Connection) -> set[str]:
    return {row["version"] for row in every(conn, SQL["select_versions"])}


def select_sessions(conn: Connection) -> list[dict[str, Any]]:
    return every(conn, SQL["select_sessions"])


def select_database(conn: Connection) -> dict[str, Any]:
    """Its size and counters, and what holds for the whole server."""
    row = one(conn, SQL["select_database"])
    assert row is not None
    return row


def select_lock_held(conn: Connection) -> float:
    """For how long somebody has held up others, in seconds."""
    return float(value(conn, SQL["select_lock_held"]))


def count_locks(conn: Connection) -> list[dict[str, Any]]:
    return every(conn, SQL["count_locks"])


def be_patient(conn: Connection, seconds: float) -> None:
    """Allow each statement of the open transaction so much time."""
    run(conn, SQL["set_statement_timeout"], timeout=f"{seconds:.0f}s")
    conn.patience = seconds + RESERVE


def relax_durability(conn: Connection) -> None:
    """Of the open transaction, for what would be repeated anyway, or is flushed later."""
    send(conn, SQL["relax_durability"])


def flush(conn: Connection) -> None:
    """When the open transaction has committed, everything that committed before is on the disk."""
    send(conn, SQL["flush"])
