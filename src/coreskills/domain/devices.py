"""What a device is. `device_type` keeps the four kinds lessons know; `platform` says what runs."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from coreskills.domain.people import Change, Planned, Strict, Year
from coreskills.domain.text import Identifier, Label

DeviceType = Literal["laptop", "desktop", "tablet", "mobile"]
Platform = Literal["windows", "macos", "chromeos", "ipados", "linux"]
Compliance = Literal["compliant", "non_compliant", "unknown"]
Status = Literal["in_stock", "assigned", "repair", "lost", "retired"]
Condition = Literal["good", "damaged", "lost"]
UserId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Device(Strict):
    device_id: Identifier
    device_name: Label
    device_type: DeviceType
    platform: Platform
    os_version: Label | None = None
    serial_number: Label | None = None
    assigned_user_id: UserId | None = None
    compliance_status: Compliance = "unknown"


class DeviceChange(Change):
    may_be_empty = frozenset({"os_version", "serial_number", "assigned_user_id"})

    device_name: Label | None = None
    device_type: DeviceType | None = None
    platform: Platform | None = None
    os_version: Label | None = None
    serial_number: Label | None = None
    assigned_user_id: UserId | None = None
    compliance_status: Compliance | None = None


class DeviceAct(Planned):
    """Base of the jobs about one device."""

    device_id: Identifier
    why: Annotated[str, Field(max_length=200)] = ""


class RegisterDevice(DeviceAct):
    device_name: Label
    device_type: DeviceType
    platform: Platform
    os_version: Label | None = None
    serial_number: Label | None = None


class AssignDevice(DeviceAct):
    user_id: UserId


class ReturnDevice(DeviceAct):
    condition: Condition = "good"


class SetDevice(DeviceAct):
    """What is left out stays. To retire is a job of its own."""

    device_name: Label | None = None
    os_version: Label | None = None
    status: Literal["in_stock", "repair", "lost"] | None = None

    @model_validator(mode="after")
    def _given(self) -> "SetDevice":
        if (self.device_name, self.os_version, self.status) == (None, None, None):
            raise PydanticCustomError("nothing", "name at least one thing to change")
        return self


class ReturnCohort(Planned):
    """Everything held by a year's students, or by everybody of a school, or by that year there."""

    graduation_year: Year | None = None
    school: Annotated[str, Field(min_length=1, max_length=255)] | None = None  # its sourced_id
    condition: Condition = "good"
    why: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _narrowed(self) -> "ReturnCohort":
        if self.graduation_year is None and self.school is None:
            raise PydanticCustomError("nothing", "name a graduation_year, a school, or both")
        return self
