"""Commands that only look."""

import re

from coreskills.engine.native.answers import Answer, Facts, account_of, fact
from coreskills.engine.native.changes import mail_domain, unit_of
from coreskills.engine.parameters import Nothing, OneAccount, WriteAuditLog

USERNAME = re.compile(r"[a-z0-9][a-z0-9.]{0,19}\Z")
_ENDED = ("disabled", "archived")
_SECRET = re.compile("password|secret|token|credential|apikey|api_key|private_key")
MASK = "***"


def account_exists(wanted: OneAccount, facts: Facts) -> Answer:
    """Whether a username is taken. In PowerShell the answer is a plain boolean unless -Detailed."""
    exists = wanted.Username in fact(facts, "TakenUsernames")
    return {"Username": wanted.Username, "Exists": exists}


def look_at_account(_: Nothing, facts: Facts) -> Answer:
    """Looks at one account for what does not fit together: Problems, in a fixed order."""
    account = account_of(facts, changing=False)
    ended = account["State"] in _ENDED
    suffix = fact(facts, "DirectorySuffix")
    faults = {
        "username_shape": not USERNAME.match(account["Username"]),
        "email_mismatch": account["Email"]
        != f"{account['Username']}@{mail_domain(account, facts)}",
        "unit_unexpected": not account["OU"].endswith(f",OU=Disabled,{suffix}")
        if ended
        else account["OU"] != unit_of(account, facts),
        "reason_missing": ended and account["DisableReason"] is None,
        "reason_left_over": not ended and account["DisableReason"] is not None,
        "groups_left_over": ended and bool(account["Groups"]),
    }
    problems = [name for name, wrong in faults.items() if wrong]
    return {
        "Username": account["Username"],
        "State": account["State"],
        "Enabled": account["State"] == "active",
        "Healthy": not problems,
        "Problems": problems,
    }


def write_audit_log(wanted: WriteAuditLog, facts: Facts) -> Answer:
    """Builds an entry of the trail; values whose name tells of a secret are masked, at any depth.
    Writing it is the worker's part."""
    return {
        "Timestamp": fact(facts, "Now"),
        "Action": wanted.Action,
        "Actor": facts.get("Actor"),
        "Details": _masked(wanted.Details),
    }


def _masked(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: MASK if _SECRET.search(name.lower()) else _masked(inner)
            for name, inner in value.items()
        }
    return [_masked(inner) for inner in value] if isinstance(value, list) else value
