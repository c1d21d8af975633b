"""Rules over facts: small, total, and honest about what is not known.

A rule is {"Field": f, "Op": o, "Value": v}, or {"All": [...]}, {"Any": [...]}, {"Not": rule}. Its
verdict is pass, fail, unknown (a fact is missing) or error (the rule or the fact makes no sense).
The same language says who is in a group and what a device must have.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from coreskills.domain import versions

Outcome = Literal["pass", "fail", "unknown", "error"]
DEEPEST = 10  # what a person would still understand, and what no recursion can be hurt by
_ALL: tuple[Outcome, ...] = ("fail", "error", "unknown", "pass")  # the first that occurs decides
_ANY: tuple[Outcome, ...] = ("pass", "error", "unknown", "fail")
_OPPOSITE: dict[Outcome, Outcome] = {"pass": "fail", "fail": "pass"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty after a pass."""

    outcome: Outcome
    reason: str = ""


def judge(rule: Any, facts: Mapping[str, Any], depth: int = 1) -> Verdict:
    if not isinstance(rule, dict) or depth > DEEPEST:
        return Verdict("error", "rule is malformed")
    if set(rule) == {"Field", "Op", "Value"}:
        return _compared(rule["Field"], rule["Op"], rule["Value"], facts)
    if set(rule) == {"Not"}:
        found = judge(rule["Not"], facts, depth + 1)
        outcome = _OPPOSITE.get(found.outcome, found.outcome)
        reason = "excluded condition holds" if found.outcome == "pass" else found.reason
        return Verdict(outcome, "" if outcome == "pass" else reason)
    for word, order in (("All", _ALL), ("Any", _ANY)):
        if set(rule) == {word} and isinstance(rule[word], list) and rule[word]:
            return _decided(order, [judge(part, facts, depth + 1) for part in rule[word]])
    return Verdict("error", "rule is malformed")


def _decided(order: tuple[Outcome, ...], verdicts: Iterable[Verdict]) -> Verdict:
    """Of equal ones the first, so that the reason does not depend on chance."""
    return min(verdicts, key=lambda verdict: order.index(verdict.outcome))


def _compared(field: Any, op: Any, wanted: Any, facts: Mapping[str, Any]) -> Verdict:
    if not isinstance(field, str) or op not in OPERATORS:
        return Verdict("error", "rule is malformed")
    found = facts.get(field)
    if op == "exists":
        if not isinstance(wanted, bool):
            return Verdict("error", "rule is malformed")
        return _said((found is not None) == wanted, field, op)
    if found is None:
        return Verdict("unknown", f"{field} is not known")
    holds = OPERATORS[op](found, wanted)
    if holds is None:
        return Verdict("error", f"{field} cannot be compared by {op}")
    return _said(holds, field, op)


def _said(holds: bool, field: str, op: str) -> Verdict:
    return Verdict("pass") if holds else Verdict("fail", f"{field} is not as {op} demands")


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    """What can be equal to what: 1 is 1.0, but true is not 1."""
    return "number" if _number(value) else type(value).__name__


def _equal(found: Any, wanted: Any) -> bool | None:
    if not (_scalar(found) and _scalar(wanted)) or _kind(found) != _kind(wanted):
        return None
    return bool(found == wanted)


def _unequal(found: Any, wanted: Any) -> bool | None:
    equal = _equal(found, wanted)
    return None if equal is None else not equal


def _among(found: Any, wanted: Any) -> bool | None:
    """`in`: the fact is one of the values listed."""
    if not _scalar(found) or not isinstance(wanted, list):
        return None
    return any(_equal(found, one) is True for one in wanted)


def _contains(found: Any, wanted: Any) -> bool | None:
    """The fact is a list with this value, or a text with this part."""
    if isinstance(found, str) and isinstance(wanted, str):
        return wanted in found
    return _among(wanted, found)


def _ordered(test: Callable[[float, float], bool]) -> Callable[[Any, Any], bool | None]:
    def holds(found: Any, wanted: Any) -> bool | None:
        return test(found, wanted) if _number(found) and _number(wanted) else None

    return holds


def _versions(test: Callable[[int], bool]) -> Callable[[Any, Any], bool | None]:
    def holds(found: Any, wanted: Any) -> bool | None:
        if not (isinstance(found, str) and isinstance(wanted, str)):
            return None
        order = versions.compare(found, wanted)
        return None if order is None else test(order)

    return holds


OPERATORS: dict[str, Callable[[Any, Any], bool | None]] = {
    "eq": _equal,
    "ne": _unequal,
    "lt": _ordered(lambda found, wanted: found < wanted),
    "le": _ordered(lambda found, wanted: found <= wanted),
    "gt": _ordered(lambda found, wanted: found > wanted),
    "ge": _ordered(lambda found, wanted: found >= wanted),
    "in": _among,
    "contains": _contains,
    "exists": _equal,
    "version_lt": _versions(lambda order: order < 0),
    "version_le": _versions(lambda order: order <= 0),
    "version_eq": _versions(lambda order: order == 0),
    "version_gt": _versions(lambda order: order > 0),
    "version_ge": _versions(lambda order: order >= 0),
}
