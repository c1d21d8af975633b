"""Removes what has outlived its use. The audit trail and the jobs stay."""

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
        "import_rows": run(conn, SQL["delete_old_import_rows"]),
        "import_results": run(conn, SQL["delete_old_import_results"]),
        "exports": run(conn, SQL["delete_old_exports"]),
    }
