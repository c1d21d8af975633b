"""What is wrong with a rule, before it is kept: everything at once, each with its place.

`rules.judge` takes whatever it is given and says "error"; a rule that passes here gives an error
only for a fact that is not what the rule expects.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from coreskills.domain import versions
from coreskills.domain.rules import DEEPEST, OPERATORS

LARGEST = 4096  # characters of JSON as an engine gets it; see worker/compliance.py
_CONDITION = {"Field", "Op", "Value"}
_SHAPES = "must be {Field, Op, Value}, {All: [...]}, {Any: [...]} or {Not: ...}"
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    place: Place
    code: str
    message: str


def wrongs(rule: Any) -> list[Wrong]:
    """At most a hundred. The size is looked at last: by then nothing is deep any more."""
    found = list(islice(_of_part(rule, (), 1), 100))
    if not found and len(json.dumps(rule)) > LARGEST:
        return [Wrong((), "rule_size", f"must have at most {LARGEST} characters as JSON")]
    return found


def _of_part(rule: Any, place: Place, depth: int) -> Iterator[Wrong]:
    if depth > DEEPEST:
        yield Wrong(place, "rule_depth", f"must not be deeper than {DEEPEST}")
    elif not isinstance(rule, dict):
        yield Wrong(place, "rule_shape", _SHAPES)
    elif set(rule) == {"Not"}:
        yield from _of_part(rule["Not"], (*place, "Not"), depth + 1)
    elif set(rule) in ({"All"}, {"Any"}):
        yield from _of_list(rule, place, depth)
    elif set(rule) == _CONDITION:
        yield from _of_condition(rule, place)
    else:
        yield Wrong(place, "rule_shape", _SHAPES)


def _of_list(rule: dict[str, Any], place: Place, depth: int) -> Iterator[Wrong]:
    ((word, parts),) = rule.items()
    if not isinstance(parts, list) or not parts:
        yield Wrong((*place, word), "rule_parts", "must be a list of at least one rule")
        return
    for number, part in enumerate(parts):
        yield from _of_part(part, (*place, word, number), depth + 1)


def _of_condition(rule: dict[str, Any], place: Place) -> Iterator[Wrong]:
    field, op, value = rule["Field"], rule["Op"], rule["Value"]
    if not isinstance(field, str) or not 1 <= len(field) <= 100:
        yield Wrong((*place, "Field"), "rule_field", "must be the name of a fact")
    if not isinstance(op, str) or op not in OPERATORS:
        yield Wrong((*place, "Op"), "rule_operator", "must be one of " + ", ".join(OPERATORS))
        return
    fits, wanted = _VALUES[op]
    if not fits(value):
        yield Wrong((*place, "Value"), "rule_value", f"must be {wanted} for {op}")


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _scalars(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_scalar(one) for one in value)


def _version(value: Any) -> bool:
    return isinstance(value, str) and versions.compare(value, value) is not None


def _boolean(value: Any) -> bool:
    return isinstance(value, bool)


_VALUES: dict[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("eq", "ne", "contains"), (_scalar, "a text, a number, true or false")),
    **dict.fromkeys(("lt", "le", "gt", "ge"), (_number, "a number")),
    "in": (_scalars, "a list of at least one text, number, true or false"),
    "exists": (_boolean, "true or false"),
    **dict.fromkeys(
        (op for op in OPERATORS if op.startswith("version_")),
        (_version, "a version like 10.0.22631"),
    ),
}


def _checked(rule: dict[str, Any]) -> dict[str, Any]:
    found = wrongs(rule)
    if found:
        raise ValidationError.from_exception_data("Rule", [_detail(one, rule) for one in found])
    return rule


def _detail(one: Wrong, rule: Any) -> InitErrorDetails:
    kind = PydanticCustomError(one.code, one.message)
    return InitErrorDetails(type=kind, loc=one.place, input=rule)


Rule = Annotated[dict[str, Any], AfterValidator(_checked)]
