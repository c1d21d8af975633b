"""How commands read their facts, refuse, and tell what is to be changed."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from coreskills.errors import EngineFailed

Facts = dict[str, Any]
Answer = dict[str, Any]
_MOMENT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z\Z")
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def refusal(code: str, message: str) -> EngineFailed:
    """For good: the same question would get the same answer."""
    return EngineFailed(message, permanent=True, code=code)


def fact(facts: Facts, name: str) -> Any:
    """Raises EngineFailed `fact_missing` when the caller did not say."""
    if name not in facts:
        raise refusal("fact_missing", f"The context does not say {name}")
    return facts[name]


def account_of(facts: Facts, *, changing: bool = True) -> dict[str, Any]:
    """Raises EngineFailed `not_found`, or `protected_target` when it is to be changed."""
    account: dict[str, Any] | None = fact(facts, "Account")
    if account is None:
        raise refusal("not_found", "There is no such account")
    if changing and account["Username"] in facts.get("ProtectedUsernames", ()):
        raise refusal("protected_target", f"{account['Username']} is protected")
    return account


def moment(facts: Facts, name: str = "Now") -> datetime:
    text = fact(facts, name)
    try:
        if isinstance(text, str) and (found := _MOMENT.match(text)):
            # By hand in a tenth of the time: every device has such a moment for every policy.
            year, month, day, hour, minute, second = map(int, found.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        pass
    raise refusal("validation_failed", f"{name} must be a moment like 2027-08-30T07:00:00Z")


def days_later(facts: Facts, name: str, default: int) -> str:
    """When a time that begins now is over."""
    days = facts.get(name, default)
    return (moment(facts) + timedelta(days=days)).strftime(_FORMAT)


def change(action: str, before: dict[str, Any], after: dict[str, Any]) -> Answer:
    """Only what differs is told; when nothing does, the action is noop."""
    names = [name for name in after if before.get(name) != after[name]]
    return {
        "Action": action if names else "noop",
        "Changed": bool(names),
        "Before": {name: before.get(name) for name in names},
        "After": {name: after[name] for name in names},
    }
