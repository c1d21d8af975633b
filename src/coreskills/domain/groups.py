"""What a group, a licence and a school must look like.

Rules are over the facts of an account, as commands name them: {"Field": "GradeLevel", "Op": "ge",
"Value": 11}.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from coreskills.domain.people import Change, Grade, Id, Strict
from coreskills.domain.rule_faults import Rule
from coreskills.domain.text import Identifier, Label, Line

Seats = Annotated[int, Field(ge=0, le=1_000_000)]
OrgType = Literal["district", "school", "department", "local", "state", "national"]


class Group(Strict):
    """Static: people are put in and taken out. Rule: who fits is in, and nobody else."""

    name: Label
    kind: Literal["static", "rule"] = "static"
    rule: Rule | None = None
    description: Annotated[str, Field(max_length=1000)] = ""

    @model_validator(mode="after")
    def _ruled(self) -> "Group":
        if (self.kind == "rule") != (self.rule is not None):
            raise PydanticCustomError("rule", "a group of kind rule has a rule, and no other")
        return self


class GroupChange(Change):
    name: Label | None = None
    rule: Rule | None = None
    description: Annotated[str, Field(max_length=1000)] | None = None


class Licence(Strict):
    sku: Identifier
    name: Label
    seats: Seats
    rule: Rule


class LicenceChange(Change):
    name: Label | None = None
    seats: Seats | None = None
    rule: Rule | None = None


class School(Strict):
    """`top_grade` is the last one taught there; `feeder_id`, the school that takes its pupils."""

    sourced_id: Identifier
    name: Label
    type: OrgType = "school"
    identifier: Line | None = None
    parent_id: Id | None = None
    top_grade: Grade | None = None
    feeder_id: Id | None = None

    @model_validator(mode="after")
    def _taught(self) -> "School":
        given: list[Any] = [self.top_grade, self.feeder_id]
        if self.type != "school" and any(given):
            raise PydanticCustomError("school", "only a school has top_grade and feeder_id")
        return self


class SchoolChange(Change):
    may_be_empty = frozenset({"identifier", "parent_id", "top_grade", "feeder_id"})

    name: Label | None = None
    identifier: Line | None = None
    parent_id: Id | None = None
    top_grade: Grade | None = None
    feeder_id: Id | None = None


class StepChange(Change):
    """Of the table of what follows an event."""

    offset_days: Annotated[int, Field(ge=0, le=3660)] | None = None
    enabled: bool | None = None
