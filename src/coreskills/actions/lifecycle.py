"""The clock of the lifecycle, which a teacher may turn to show what takes a year."""

from typing import Any

from coreskills.actions.request import Request
from coreskills.store import audit, lifecycle
from coreskills.store.db import Database


def turn_clock(db: Database, request: Request, days: int) -> dict[str, Any]:
    """So many days ahead of where it is; 0 sets it back to the real time. Timers that are due
    then fire at the next tick, within a minute."""
    with db.transaction() as conn:
        before = lifecycle.select_clock(conn)["ahead"]
        if days:
            lifecycle.turn_clock(conn, days)
        else:
            lifecycle.reset_clock(conn)
        after = lifecycle.select_clock(conn)
        details = {"before": {"ahead": before}, "after": {"ahead": after["ahead"]}}
        entry = request.entry("lifecycle.clock_turned", "clock", None, details=details)
        audit.insert_audit(conn, entry)
        return after
