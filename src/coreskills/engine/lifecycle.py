"""The reference commands that move an account through its life.

`Account` of the facts: Username, Email, OU, OriginalOU, State, DisableReason, DevicesHeld,
LegalHold, PersonKey. Each answers Action, Changed, Before and After, of the changed fields only; a
second run changes nothing.
"""

from typing import Any

from coreskills.domain import lifecycle
from coreskills.domain.lifecycle import LEAVER, Event
from coreskills.errors import EngineFailed

Facts = dict[str, Any]
Answer = dict[str, Any]


def suspend_account(parameters: Facts, facts: Facts) -> Answer:
    return _moved("suspend", _account(facts))


def resume_account(parameters: Facts, facts: Facts) -> Answer:
    return _moved("resume", _account(facts))


def disable_account(parameters: Facts, facts: Facts) -> Answer:
    """The account stands in OU=Disabled until it is restored or purged."""
    account = _account(facts)
    unit = f"OU=Disabled,{facts['DirectorySuffix']}"
    changes = {"DisableReason": parameters["Reason"], "OriginalOU": account["OU"], "OU": unit}
    answer = _moved("disable", account, **changes)
    return answer | {"Disabled": answer["Changed"], "Reason": parameters["Reason"]}


def restore_account(parameters: Facts, facts: Facts) -> Answer:
    account = _account(facts)
    home = account["OriginalOU"] or account["OU"]
    return _moved("restore", account, DisableReason=None, OriginalOU=None, OU=home)


def remove_account(parameters: Facts, facts: Facts) -> Answer:
    """`Stage`: archive, then purge. What time does by itself, it does to leavers only."""
    account = _account(facts)
    event: Event = "purge" if parameters["Stage"] == "purge" else "archive"
    if parameters.get("ByTimer") and account["DisableReason"] != LEAVER:
        raise _refused("not_a_leaver", "Only the account of a leaver goes on by itself")
    if account["State"] in lifecycle.MOVES[event]:
        _refuse_kept(account, event)
    return _moved(event, account)


def _refuse_kept(account: Facts, event: Event) -> None:
    if account["LegalHold"] and event == "purge":
        raise _refused("legal_hold", "The account is under legal hold; lift the hold first")
    if held := account["DevicesHeld"]:
        devices = ", ".join(held)
        raise _refused("device_held", f"{devices} must be returned before the account can go")


def _account(facts: Facts) -> Facts:
    account: Facts | None = facts["Account"]
    if account is None:
        raise _refused("not_found", "There is no such account")
    return account


def _moved(event: Event, account: Facts, **changes: object) -> Answer:
    state = account["State"]
    common = {"Username": account["Username"], "Action": event}
    if state in lifecycle.MOVES[event].values():
        return common | {"Action": "noop", "Changed": False, "Before": {}, "After": {}}
    wanted = {"State": lifecycle.after(event, state)} | changes
    before = {name: account[name] for name in wanted}
    return common | {"Changed": True, "Before": before, "After": wanted}


def _refused(code: str, message: str) -> EngineFailed:
    return EngineFailed(message, permanent=True, code=code)
