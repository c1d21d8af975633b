"""Writing what was decided about accounts: one or five thousand of them, in the same statements.

Everything runs in the transaction that ends the job. What was decided about an account that
somebody has changed since is not written, and the job decides anew.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from coreskills.domain.lifecycle import LEAVER
from coreskills.errors import ChangedMeanwhile
from coreskills.store import audit, groups, licences, lifecycle
from coreskills.store.db import Connection
from coreskills.worker.context import Context
from coreskills.worker.facts import columns_of, key_of
from coreskills.worker.plans import Change

Row = dict[str, Any]


@dataclass(frozen=True)
class Decision:
    """What a command answered about an account as it was read. `columns` are written beside those
    that the answer names; `event` starts the timers that follow it."""

    account: Row
    answer: Row
    trail: str
    columns: Row = field(default_factory=dict)
    event: str | None = None

    @property
    def after(self) -> Row:
        found: Row = self.answer["After"]
        return found

    @property
    def purges(self) -> bool:
        return bool(self.answer["Action"] == "purge")

    @property
    def change(self) -> Change:
        """As a line of a plan and of the report."""
        return Change(
            key=f"user:{self.account['id']}" if self.purges else key_of(self.account),
            action=self.answer["Action"],
            before=self.answer["Before"],
            after=self.after,
            version=self.account["version"],
        )


def write(conn: Connection, context: Context, decisions: list[Decision], why: str) -> None:
    """Raises ChangedMeanwhile."""
    for decision in decisions:
        if decision.purges and not lifecycle.purge_account(conn, decision.account):
            raise ChangedMeanwhile(f"User {decision.account['id']} was changed meanwhile")
    changed = [(d.account, columns_of(d.after) | d.columns) for d in decisions if not d.purges]
    if changed and not lifecycle.update_accounts(conn, changed, reason=why or None):
        raise ChangedMeanwhile("An account was changed meanwhile")
    _move_belongings(conn, decisions)
    _set_timers(conn, decisions)
    audit.insert_audits(conn, [_entry(context, decision, why) for decision in decisions])


def _entry(context: Context, decision: Decision, why: str) -> audit.Entry:
    details = {"why": why, "before": decision.answer["Before"], "after": decision.after}
    if decision.after.get("State") == "disabled" and decision.account["licences"]:
        details["licences_released"] = decision.account["licences"]
    return context.entry_of_user(decision.trail, decision.account["id"], details)


def _move_belongings(conn: Connection, decisions: list[Decision]) -> None:
    """Who is disabled has no groups and no seats; who comes back has the groups again."""
    ended = _ids(d for d in decisions if d.after.get("State") == "disabled")
    if ended:
        groups.remember_groups(conn, ended)
        licences.release_seats(conn, ended)
    back = ("disabled", "archived")
    restored = _ids(
        d for d in decisions if d.account["state"] in back and d.after.get("State") == "active"
    )
    if restored:
        groups.recall_groups(conn, restored)


def _set_timers(conn: Connection, decisions: list[Decision]) -> None:
    """A leaver's time begins; whoever comes back, or is gone for good, has none running."""
    ended = _ids(
        d
        for d in decisions
        if d.answer.get("CancelTimers") or d.purges or d.after.get("State") == "disabled"
    )
    if ended:
        lifecycle.cancel_timers(conn, ended)
    leavers = _ids(d for d in decisions if d.after.get("DisableReason") == LEAVER)
    if leavers:
        lifecycle.start_timers(conn, leavers, "left")
    for event in sorted({d.event for d in decisions if d.event}):
        lifecycle.start_timers(conn, _ids(d for d in decisions if d.event == event), event)


def _ids(decisions: Iterable[Decision]) -> list[int]:
    return [decision.account["id"] for decision in decisions]
