"""The steps of the lifecycle, and its clock, which may be turned to show what takes a year."""

from typing import Any

from coreskills.actions.request import Request, difference
from coreskills.domain.lifecycle import StepChange
from coreskills.errors import NotFound
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


def change_step(
    db: Database, request: Request, place: tuple[str, str, int], change: StepChange
) -> dict[str, Any]:
    """`place`: event, kind of person, position. Timers that run already keep their day."""
    with db.transaction() as conn:
        before = lifecycle.select_step(conn, *place)
        if before is None:
            raise NotFound(f"There is no step {'/'.join(map(str, place))}")
        after = before | change.model_dump(exclude_unset=True)
        lifecycle.update_step(conn, after)
        details = {"step": list(place), **difference(before, after)}
        entry = request.entry("lifecycle.step_changed", "lifecycle_step", None, details=details)
        audit.insert_audit(conn, entry)
        return after
