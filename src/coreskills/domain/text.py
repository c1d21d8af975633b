"""What text we accept from outside, as annotated types that carry the rule into every schema."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_NAME_MARKS = frozenset(" '’.-\u200c\u200d")  # joiners belong to Persian and Indic spelling
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}\Z")


def _tidy(value: str) -> str:
    return unicodedata.normalize("NFC", value).strip()


def _identifier(value: str) -> str:
    value = value.strip()
    if not _IDENTIFIER.match(value):
        raise PydanticCustomError(
            "identifier",
            "must be 1 to 32 letters, digits, dots, underscores or hyphens, starting with a "
            "letter or digit",
        )
    return value


def _name(value: str) -> str:
    value = _tidy(value)
    if not 1 <= len(value) <= 100:
        raise PydanticCustomError("name_length", "must have 1 to 100 characters")
    if value.isascii() and value.isalpha():  # nearly every name; the loop below is for the rest
        return value
    letters = 0
    for char in value:
        kind = unicodedata.category(char)[0]
        letters += kind == "L"
        if kind not in "LM" and char not in _NAME_MARKS:
            raise PydanticCustomError(
                "name_character",
                "must not contain {char}; names have letters, spaces, apostrophes, hyphens "
                "and periods",
                {"char": repr(char)},
            )
    if not letters:
        raise PydanticCustomError("name_letters", "must contain at least one letter")
    return value


def _line(value: str, longest: int) -> str:
    value = _tidy(value)
    if not value:
        raise PydanticCustomError("empty", "must not be empty")
    if len(value) > longest:
        raise PydanticCustomError(
            "line_length", "must have at most {longest} characters", {"longest": longest}
        )
    if not value.isprintable():
        raise PydanticCustomError("unprintable", "must be one line of printable text")
    return value


def _label(value: str) -> str:
    return _line(value, 100)


def _long_line(value: str) -> str:
    return _line(value, 1000)


Identifier = Annotated[str, AfterValidator(_identifier), Field(json_schema_extra={"maxLength": 32})]
Name = Annotated[str, AfterValidator(_name), Field(json_schema_extra={"maxLength": 100})]
Label = Annotated[str, AfterValidator(_label), Field(json_schema_extra={"maxLength": 100})]
Line = Annotated[str, AfterValidator(_long_line), Field(json_schema_extra={"maxLength": 1000})]
