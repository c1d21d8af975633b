"""What a device tells of itself. Names and shapes are its own; sizes are bounded."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from coreskills.domain.people import Strict

LARGEST = 8192  # characters of JSON as an engine gets it; see worker/compliance.py
DEEPEST = 4  # {"disk": {"c": {"free": [1, 2]}}} has four
LONGEST_NAME = 100
MOST_WHOLE = 2**53  # beyond it, programs that know only doubles read another number


def _bounded(facts: dict[str, Any]) -> dict[str, Any]:
    _look(facts, 1)  # first, so that nothing is deep when its size is taken
    if len(json.dumps(facts)) > LARGEST:
        raise PydanticCustomError(
            "facts_size", "must have at most {most} characters as JSON", {"most": LARGEST}
        )
    return facts


def _look(value: Any, depth: int) -> None:
    if depth > DEEPEST and isinstance(value, dict | list):
        raise PydanticCustomError("facts_depth", "must not be nested so deep")
    if isinstance(value, dict):
        for name in value:
            if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
                raise PydanticCustomError(
                    "facts_name", "must have names of 1 to 100 printable characters"
                )
    if isinstance(value, str) and "\0" in value:
        raise PydanticCustomError("facts_text", "must not contain the character NUL")
    if isinstance(value, int) and abs(value) > MOST_WHOLE:
        raise PydanticCustomError("facts_number", "must not contain so large a number")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _look(one, depth + 1)


Facts = Annotated[dict[str, Any], AfterValidator(_bounded)]


class CheckIn(Strict):
    facts: Facts
