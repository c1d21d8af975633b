"""What a school must look like, and what schools belong to."""

from typing import Any, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from coreskills.domain.people import Change, Grade, Id, Strict
from coreskills.domain.text import Identifier, Label, Line

OrgType = Literal["district", "school", "department", "local", "state", "national"]


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
