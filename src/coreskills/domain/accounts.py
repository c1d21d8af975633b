"""What a job must be told that concerns a person who is there, or a whole cohort of them."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from coreskills.domain.lifecycle import AccountAct
from coreskills.domain.people import Grade, Id, Planned, Staff, Student, Why, Year
from coreskills.domain.text import Identifier, Label, Line, Name

_UNIT = re.compile(r"OU=[^,].*\Z")


def _unit(value: str) -> str:
    if not _UNIT.match(value):
        raise PydanticCustomError("unit", "must be a path that begins with OU=")
    return value


def _day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("day", "is no day of the calendar") from None
    return value


Unit = Annotated[Line, AfterValidator(_unit)]
Day = Annotated[str, AfterValidator(_day), Field(pattern="^20[2-6][0-9]-[01][0-9]-[0-3][0-9]$")]


class Joiner(Planned):
    """`starts_on`: before that day the account is staged. `revive`: somebody who was disabled or
    archived under this id comes back, instead of a refusal."""

    starts_on: Day | None = None
    revive: bool = False


class NewStudent(Student, Joiner):
    """A student, and how to take them in."""


class NewStaff(Staff, Joiner):
    """A member of staff, and how to take them in."""


class _Something(AccountAct):
    """One of the fields that are not those of every act must be given."""

    @model_validator(mode="after")
    def _given(self) -> "_Something":
        own = set(type(self).model_fields) - set(AccountAct.model_fields) - {"version"}
        if not own & {name for name in self.model_fields_set if getattr(self, name) is not None}:
            raise PydanticCustomError("nothing", "name at least one thing to change")
        return self


class UpdatePerson(_Something):
    """`version`: what the change is based on; refused if it is another one by then."""

    version: Annotated[int, Field(ge=1)] | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    grade_level: Grade | None = None
    graduation_year: Year | None = None
    department: Label | None = None
    role: Label | None = None


class RenameAccount(_Something):
    first_name: Name | None = None
    last_name: Name | None = None


class MoveAccount(_Something):
    ou: Unit | None = None
    school_id: Id | None = None


class LookAtAccount(Planned):
    """Looks, and changes nothing."""

    user_id: Id


class Recompute(Planned):
    """Of one person, or of all."""

    user_id: Id | None = None
    why: Why = ""
    by_timer: bool = False


class PromoteCohort(Planned):
    """`retained`: ids of pupils who stay in their grade."""

    school_year: Year
    school_id: Id
    retained: Annotated[list[Identifier], Field(max_length=2000, default_factory=list)]
    why: Why = ""


class GraduateCohort(Planned):
    """All who leave in that year; with `school_id`, those of one school."""

    graduation_year: Year
    school_id: Id | None = None
    why: Why = ""
