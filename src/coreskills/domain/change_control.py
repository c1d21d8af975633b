"""When a mass change needs a second person, and when there must be none."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from coreskills.domain.people import Strict


def _written(value: object) -> object:
    """A number is no moment here, though pydantic would take it for seconds since 1970."""
    if not isinstance(value, str | datetime):
        raise PydanticCustomError("moment", "must be a moment like 2027-06-15T00:00:00Z")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written)]


class FreezeWindow(Strict):
    starts_at: Moment
    ends_at: Moment
    reason: Annotated[str, Field(min_length=1, max_length=200)]

    @model_validator(mode="after")
    def _goes_forward(self) -> "FreezeWindow":
        if self.starts_at >= self.ends_at:
            raise PydanticCustomError("order", "must end after it starts")
        return self

    def row(self) -> dict[str, object]:
        return {
            "starts_at": self.starts_at.astimezone(UTC),
            "ends_at": self.ends_at.astimezone(UTC),
            "reason": self.reason,
        }


class Threshold(Strict):
    most: Annotated[int, Field(ge=0, le=10_000_000)]
    percent: Annotated[int, Field(ge=0, le=100)]
