"""What a group and a licence must look like.

Rules are over the facts of an account, as commands name them: {"Field": "GradeLevel", "Op": "ge",
"Value": 11}.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from coreskills.domain.people import Change, Strict
from coreskills.domain.rule_faults import Rule
from coreskills.domain.text import Identifier, Label

Seats = Annotated[int, Field(ge=0, le=1_000_000)]


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
