"""Reconciliation: do the tables that must agree, agree? A line for each that does not."""

from collections import Counter
from dataclasses import replace
from typing import Any

from coreskills.domain.trail import Reconcile
from coreskills.store import audit, reconcile
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome
from coreskills.worker.plans import Change, Plan, carried_out

Row = dict[str, Any]


def compare(context: Context) -> Outcome:
    """Only what cannot do harm is repaired, and only if that is asked for: timers of people who did
    not leave. Everything else is for a person to decide."""
    wanted = Reconcile.model_validate(context.job.parameters)
    with context.db.transaction() as conn:
        drift = reconcile.select_drift(conn)
    lines = [_line(row, repair=wanted.repair) for row in drift]
    strays = sorted({row["user_id"] for row in drift if wanted.repair and row["repair"] != "skip"})

    def write(conn: Connection) -> None:
        if strays:
            done = reconcile.cancel_stray_timers(conn, strays)
            details = {"after": {"timers_cancelled": done}, "users": strays}
            entry = context.audit("drift.repaired", None, details)
            audit.insert_audit(conn, replace(entry, resource_type="timer"))

    counts = dict(sorted(Counter(row["code"] for row in drift).items()))
    return carried_out(context, Plan(lines, write, {"Drift": counts}))


def _line(row: Row, *, repair: bool) -> Change:
    action = row["repair"] if repair else "skip"
    return Change(row["key"], action, code=row["code"], message=row["message"])
