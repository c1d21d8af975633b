"""The states of an account, and the moves between them.

A joiner is staged until the first day, then active. A leaver is disabled at once, archived after a
grace in which everything can be undone, and purged a year later: then nobody can tell any more who
it was. Who was disabled for another reason than leaving stays until a person decides.
"""

from typing import Annotated, Literal

from pydantic import Field

from coreskills.domain.people import Change, Id, Planned, Strict, Why
from coreskills.errors import EngineFailed

State = Literal["staged", "active", "suspended", "disabled", "archived", "purged", "failed"]
Event = Literal["activate", "fail", "suspend", "resume", "disable", "restore", "archive", "purge"]
Reason = Literal["leaver", "admin", "security", "leave"]
LEAVER: Reason = "leaver"  # the only reason after which time goes on to archive and purge

# The table lifecycle_moves says the same, and refuses everything else whoever writes.
MOVES: dict[Event, dict[State, State]] = {
    "activate": {"staged": "active", "failed": "active"},
    "fail": {"staged": "failed"},
    "suspend": {"active": "suspended"},
    "resume": {"suspended": "active"},
    "disable": dict.fromkeys(("staged", "active", "suspended", "failed"), "disabled"),
    "restore": {"disabled": "active", "archived": "active"},
    "archive": {"disabled": "archived"},
    "purge": {"archived": "purged"},
}


class AccountAct(Planned):
    """`by_timer` is set when no person asked; then only leavers are touched."""

    user_id: Id
    why: Why = ""
    by_timer: bool = False


class DisableAccount(AccountAct):
    reason: Reason = "admin"


class StepChange(Change):
    """Of the table of what follows an event."""

    offset_days: Annotated[int, Field(ge=0, le=3660)] | None = None
    enabled: bool | None = None


class LifecycleTick(Strict):
    """Queues the jobs of every timer whose time has come."""


def after(event: Event, state: State) -> State:
    """The state to which an event leads. Raises EngineFailed `state_conflict`."""
    found = MOVES[event].get(state)
    if found is None:
        usual = " or ".join(MOVES[event])
        raise EngineFailed(
            f"The account is {state}; to {event} it, it must be {usual}",
            permanent=True,
            code="state_conflict",
        )
    return found
