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


class UserChange(Change):
    """What may be changed directly. Names do not change a username: renaming is its own act."""

    first_name: Name | None = None
    last_name: Name | None = None
    grade_level: Grade | None = None
    graduation_year: Year | None = None
    department: Label | None = None
    role: Label | None = None


Person = Student | Staff
DATA = tuple(UserChange.model_fields)  # what is known of people, of either kind
OF_KIND = {
    "student": tuple(name for name in DATA if name in Student.model_fields),
    "staff": tuple(name for name in DATA if name in Staff.model_fields),
}


def faults(error: ValidationError, *, at: str = "/") -> list[Fault]:
    """Every problem pydantic found, as ours. `at` is put before the name of the field."""
    return [_fault(entry, at) for entry in error.errors(include_url=False, include_context=False)]


def _fault(entry: Any, at: str) -> Fault:
    where = at + "/".join(str(part) for part in entry["loc"])
    message = entry["msg"]
    if entry["type"] == "extra_forbidden":
        message = "is not a known field"
    elif entry["type"] == "missing":
        message = "is required"
    return Fault(where, entry["type"], message.removeprefix("Input "))
