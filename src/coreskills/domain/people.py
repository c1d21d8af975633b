"""Who is in the district: what a student and a member of staff must look like."""

from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from coreskills.domain.text import Identifier, Label, Name
from coreskills.errors import Fault

# A high school. The years are a sanity range that catches 1999 and 2207 and never goes stale
# within the life of a database; the table users carries the same two rules.
LAST_GRADE = 12
Grade = Annotated[int, Field(ge=9, le=LAST_GRADE)]
Year = Annotated[int, Field(ge=2020, le=2060)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]  # a number of ours
Why = Annotated[str, Field(max_length=200)]


class Strict(BaseModel):
    """Base of everything that comes in: unknown fields and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Change(Strict):
    """Base of every partial change: what is left out stays, and null empties what may be empty."""

    may_be_empty: ClassVar[frozenset[str]] = frozenset()
    elsewhere: ClassVar[dict[str, str]] = {}  # how fields are changed that are none of these

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: object, info: ValidationInfo) -> object:
        if value is None and info.field_name not in cls.may_be_empty:
            raise PydanticCustomError("null", "must not be null; leave it out to keep it")
        return value


class Planned(Strict):
    """Base of the parameters of work that can be looked at before it is done.

    `plan_id` is the job that made the plan to be followed; `override` the reason to act although
    mass changes are frozen.
    """

    dry_run: bool = False
    plan_id: Id | None = None
    override: Why = ""


class Student(Strict):
    student_id: Identifier
    first_name: Name
    last_name: Name
    grade_level: Grade
    graduation_year: Year

    @property
    def key(self) -> str:
        return self.student_id


class Staff(Strict):
    employee_id: Identifier
    first_name: Name
    last_name: Name
    department: Label
    role: Label

    @property
    def key(self) -> str:
        return self.employee_id


Person = Student | Staff
NAMES = ("first_name", "last_name")
PLACE = ("grade_level", "graduation_year", "department", "role")  # what moves a person
DATA = (*NAMES, *PLACE)  # of either kind


class UserChange(Change):
    """What may be changed directly: how a name is written. It does not change the username."""

    elsewhere = dict.fromkeys(
        PLACE, "is changed by the job update_person, so that unit, groups and licences follow"
    ) | {"username": "is changed by the job rename_account, so that the old one is kept"}

    first_name: Name | None = None
    last_name: Name | None = None


def faults(
    error: ValidationError, *, at: str = "/", model: type[BaseModel] | None = None
) -> list[Fault]:
    """Every problem pydantic found, as ours. `at` is put before the name of the field. A `model`
    may know how fields are changed that it does not have."""
    elsewhere = getattr(model, "elsewhere", {})
    entries = error.errors(include_url=False, include_context=False)
    return [_fault(entry, at, elsewhere) for entry in entries]


def _fault(entry: Any, at: str, elsewhere: dict[str, str]) -> Fault:
    field = "/".join(str(part) for part in entry["loc"])
    where, message = at + field, entry["msg"]
    if entry["type"] == "extra_forbidden":
        message = elsewhere.get(field, "is not a known field")
    elif entry["type"] == "missing":
        message = "is required"
    return Fault(where, entry["type"], message.removeprefix("Input "))
