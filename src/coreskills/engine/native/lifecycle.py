"""Accounts that are stopped, ended, brought back and forgotten. The moves: domain/lifecycle.py."""

from typing import Any

from coreskills.domain import lifecycle
from coreskills.domain.lifecycle import LEAVER, Event
from coreskills.engine.native.answers import (
    Answer,
    Facts,
    account_of,
    change,
    days_later,
    fact,
    moment,
    refusal,
)
from coreskills.engine.native.changes import unit_of
from coreskills.engine.parameters import (
    DisableAccount,
    Nothing,
    RemoveAccount,
    RestoreAccount,
    SuspendAccount,
)

GRACE_DAYS = {"student": 30, "staff": 60}
ARCHIVE_DAYS = 365
# What a purge forgets; the name lives on as a tombstone that only the store can compare with.
PERSONAL = (
    *("FirstName", "LastName", "Email", "Aliases", "OU", "OriginalOU", "Groups"),
    *("RememberedGroups", "GradeLevel", "GraduationYear", "Department", "Role"),
)


def suspend_account(_: SuspendAccount, facts: Facts) -> Answer:
    """Bars the login for a while. Place and groups stay, and no timer runs."""
    account = account_of(facts)
    if account["State"] == "suspended":
        return _told(account, change("disable", {}, {}), RevokeSessions=False)
    after = {"State": lifecycle.after("suspend", account["State"])}
    return _told(account, change("disable", account, after), RevokeSessions=True)


def resume_account(_: Nothing, facts: Facts) -> Answer:
    """Opens what was suspended, or staged for a later day."""
    account = account_of(facts)
    if account["State"] == "active":
        return _told(account, change("enable", {}, {}))
    event: Event = "resume" if account["State"] == "suspended" else "activate"
    return _told(
        account, change("enable", account, {"State": lifecycle.after(event, account["State"])})
    )


def disable_account(wanted: DisableAccount, facts: Facts) -> Answer:
    """Ends the login, remembers groups and unit, moves to OU=Disabled. For a leaver DeleteAfter
    says when the grace is over; admin, security and leave never run out. Another reason replaces
    the earlier one, and with it the timer. Devices still held are told, and block later."""
    account = account_of(facts)
    reason = LEAVER if wanted.Reason == "deprovision" else wanted.Reason
    again = account["State"] == "disabled"
    after: dict[str, Any] = {"DisableReason": reason}
    if not again:
        after = (
            {"State": lifecycle.after("disable", account["State"])}
            | after
            | _put_away(account, facts)
        )
    answer = change("update" if again else "disable", account, after)
    days = GRACE_DAYS[account["Kind"]]
    timed = reason == LEAVER and answer["Changed"]
    return _told(
        account,
        answer,
        Disabled=not again,
        Reason=wanted.Reason,
        DeleteAfter=days_later(facts, "GraceDays", days) if timed else None,
        CancelTimers=answer["Changed"] and reason != LEAVER,
        RevokeSessions=not again,
        DevicesHeld=facts.get("DevicesHeld", []),
    )


def restore_account(wanted: RestoreAccount, facts: Facts) -> Answer:
    """Brings back who was disabled or archived: same username, groups, and unit unless another is
    given; timers end."""
    account = account_of(facts)
    if account["State"] == "active":
        return _told(account, change("enable", {}, {}), CancelTimers=False)
    groups = [*account["Groups"], *account["RememberedGroups"]]
    after = {
        "State": lifecycle.after("restore", account["State"]),
        "DisableReason": None,
        "OU": wanted.OU or account["OriginalOU"] or unit_of(account, facts),
        "OriginalOU": None,
        "Groups": list(dict.fromkeys(groups)),
        "RememberedGroups": [],
    }
    return _told(account, change("enable", account, after), CancelTimers=True)


def remove_account(wanted: RemoveAccount, facts: Facts) -> Answer:
    """Archives who is disabled, or purges who is archived. A timer, ByTimer, only touches leavers
    whose DeleteAfter is over. Devices held block both, a legal hold blocks the purge."""
    account = account_of(facts)
    if wanted.Username not in (None, account["Username"]):
        raise refusal("validation_failed", "Username is not that of the account in the context")
    done = {"archive": "archived", "purge": "purged"}[wanted.Stage]
    if account["State"] == done:
        return _told(account, change(wanted.Stage, {}, {}))
    state = lifecycle.after(wanted.Stage, account["State"])
    if facts.get("DevicesHeld"):
        raise refusal("device_held", f"Still held: {', '.join(facts['DevicesHeld'])}")
    if wanted.ByTimer:
        _refuse_timer(account, facts)
    if wanted.Stage == "purge":
        return _purged(account, facts)
    answer = change("archive", account, {"State": state, "Groups": []})
    return _told(account, answer, PurgeAfter=days_later(facts, "ArchiveDays", ARCHIVE_DAYS))


def _purged(account: dict[str, Any], facts: Facts) -> Answer:
    if facts.get("LegalHold"):
        raise refusal("legal_hold", "A legal hold keeps this account")
    answer = change("purge", {"State": account["State"]}, {"State": "purged"})
    return _told(account, answer, Tombstone=account["Username"], Erase=list(PERSONAL))


def _refuse_timer(account: dict[str, Any], facts: Facts) -> None:
    if account["DisableReason"] != LEAVER:
        raise refusal("state_conflict", f"Disabled for {account['DisableReason']}: no timer runs")
    if moment(facts) < moment(facts, "DeleteAfter"):
        raise refusal("too_early", f"The time runs until {facts['DeleteAfter']}")


def _put_away(account: dict[str, Any], facts: Facts) -> dict[str, Any]:
    month = moment(facts).strftime("%Y-%m")
    return {
        "OU": f"OU={month},OU=Disabled,{fact(facts, 'DirectorySuffix')}",
        "OriginalOU": account["OU"],
        "Groups": [],
        "RememberedGroups": account["Groups"],
    }


def _told(account: dict[str, Any], answer: Answer, **more: Any) -> Answer:
    return {"Username": account["Username"]} | answer | more
