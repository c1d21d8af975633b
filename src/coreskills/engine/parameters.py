"""What each command takes, under the names the PowerShell module gives its parameters.

Facts are not listed here: they come from our own worker. docs/reference/commands.md has both.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from coreskills.domain.devices import DeviceType, Platform
from coreskills.domain.people import Grade, Strict, Year
from coreskills.domain.text import Identifier, Label, Line, Name

_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z")
_UNIT = re.compile(r"OU=[^,].*\Z")


def _day(value: str) -> str:
    if not _DAY.match(value):
        raise PydanticCustomError("day", "must be a day like 2027-08-30")
    return value


def _unit(value: str) -> str:
    if not _UNIT.match(value):
        raise PydanticCustomError("unit", "must be a path that begins with OU=")
    return value


Day = Annotated[str, AfterValidator(_day)]
Unit = Annotated[Line, AfterValidator(_unit)]
Reason = Literal["leaver", "deprovision", "admin", "security", "leave"]


class NewStudentAccount(Strict):
    StudentID: Identifier
    FirstName: Name
    LastName: Name
    GradeLevel: Grade
    GraduationYear: Year
    StartDate: Day | None = None


class NewStaffAccount(Strict):
    EmployeeID: Identifier
    FirstName: Name
    LastName: Name
    Department: Label
    Role: Label
    StartDate: Day | None = None


class NewAccountBatch(Strict):
    Rows: list[dict[str, Any]]


class _Some(Strict):
    """At least one of the fields must be given, and none of them as null."""

    @model_validator(mode="after")
    def _given(self) -> "_Some":
        if not self.model_fields_set or None in self.model_dump(exclude_unset=True).values():
            raise PydanticCustomError("nothing", "name at least one thing to change; null is none")
        return self


class SetAccount(_Some):
    FirstName: Name | None = None
    LastName: Name | None = None
    GradeLevel: Grade | None = None
    GraduationYear: Year | None = None
    Department: Label | None = None
    Role: Label | None = None


class RenameAccount(_Some):
    FirstName: Name | None = None
    LastName: Name | None = None


class MoveAccount(Strict):
    OU: Unit


class StepGrade(Strict):
    SchoolYear: Year
    Retained: bool = False


class Nothing(Strict):
    """The facts say it all."""


class SuspendAccount(Strict):
    Reason: Line | None = None


class DisableAccount(Strict):
    Reason: Reason


class RestoreAccount(Strict):
    OU: Unit | None = None


class RemoveAccount(Strict):
    Username: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    Stage: Literal["archive", "purge"] = "archive"
    ByTimer: bool = False


class OneAccount(Strict):
    Username: Annotated[str, Field(min_length=1, max_length=64)]


class DeviceAssignment(Strict):
    DeviceID: Identifier


class DeviceReturn(Strict):
    DeviceID: Identifier
    Condition: Literal["good", "damaged", "lost"] = "good"


class RegisterDevice(Strict):
    DeviceID: Identifier
    DeviceName: Label
    DeviceType: DeviceType
    Platform: Platform
    SerialNumber: Label | None = None
    OSVersion: Label | None = None


class SetDevice(_Some):
    DeviceName: Label | None = None
    OSVersion: Label | None = None
    Status: Literal["in_stock", "repair", "lost", "retired"] | None = None


class WriteAuditLog(Strict):
    Action: Label
    Details: dict[str, Any]
