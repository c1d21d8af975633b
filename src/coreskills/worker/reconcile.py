"""Reconciliation: do the tables that must agree, agree? A line for each that does not."""

from collections import Counter
from typing import Any

from coreskills.domain.trail import Reconcile
from coreskills.store import audit, reconcile
from coreskills.store.db import Connection
from coreskills.worker.context import Context, Outcome
from coreskills.worker.facts import key_of
from coreskills.worker.membership import Verdict, What, overdue
from coreskills.worker.plans import Change, Plan, carried_out

Row = dict[str, Any]
RULED: dict[What, tuple[str, str]] = {
    "Groups": ("groups_differ", "group_recompute"),
    "Licences": ("licences_differ", "licence_recompute"),
}


def compare(context: Context) -> Outcome:
    """Only what cannot do harm is repaired, and only if that is asked for: timers of people who did
    not leave. Everything else is for a person to decide."""
    wanted = Reconcile.model_validate(context.job.parameters)
    with context.db.transaction() as conn:
        drift = reconcile.select_drift(conn)
    lines = [_line(row, repair=wanted.repair) for row in drift]
    lines += [_ruled(what, verdict) for what, verdict in overdue(context)]
    lines.sort(key=lambda line: (line.key, line.code or "", line.message))
    strays = sorted({row["user_id"] for row in drift if wanted.repair and row["repair"] != "skip"})

    def write(conn: Connection) -> None:
        if strays:
            done = reconcile.cancel_stray_timers(conn, strays)
            details = {"after": {"timers_cancelled": done}, "users": strays}
            audit.insert_audit(conn, context.entry("drift.repaired", "timer", details=details))

    counts = dict(sorted(Counter(line.code for line in lines).items()))
    return carried_out(context, Plan(lines, write, {"Drift": counts}))


def _line(row: Row, *, repair: bool) -> Change:
    action = row["repair"] if repair else "skip"
    return Change(row["key"], action, code=row["code"], message=row["message"])


def _ruled(what: What, verdict: Verdict) -> Change:
    """Nothing is wrong with what was changed a moment ago: the job that is named does it hourly."""
    code, job_type = RULED[what]
    owed = [f"{verb} {', '.join(names)}" for verb, names in _owed(verdict) if names]
    message = f"rules {' and '.join(owed)}; {job_type} does"
    before: Row = {what: verdict.has}
    after: Row = {what: verdict.gets}
    return Change(key_of(verdict.account), "skip", before, after, code=code, message=message)


def _owed(verdict: Verdict) -> list[tuple[str, list[str]]]:
    return [("give", verdict.given), ("take", verdict.taken)]
