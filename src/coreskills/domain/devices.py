"""What a device is. `device_type` keeps the four kinds lessons know; `platform` says what runs."""

from typing import Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from coreskills.domain.people import Change, Id, Planned, Strict, Why, Year
from coreskills.domain.text import Identifier, Label

DeviceType = Literal["laptop", "desktop", "tablet", "mobile"]
Platform = Literal["windows", "macos", "chromeos", "ipados", "linux"]
Compliance = Literal["compliant", "non_compliant", "unknown"]
Status = Literal["in_stock", "assigned", "repair", "lost", "retired"]
Condition = Literal["good", "damaged", "lost"]


class Device(Strict):
    device_id: Identifier
    device_name: Label
    device_type: DeviceType
    platform: Platform
    os_version: Label | None = None
    serial_number: Label | None = None
    assigned_user_id: Id | None = None
    compliance_status: Compliance = "unknown"


class DeviceChange(Change):
    may_be_empty = frozenset({"os_version", "serial_number", "assigned_user_id"})

    device_name: Label | None = None
    device_type: DeviceType | None = None
    platform: Platform | None = None
    os_version: Label | None = None
    serial_number: Label | None = None
    assigned_user_id: Id | None = None
    compliance_status: Compliance | None = None


class DeviceAct(Planned):
    """Base of the jobs about one device."""

    device_id: Identifier
    why: Why = ""


class RegisterDevice(DeviceAct):
    device_name: Label
    device_type: DeviceType
    platform: Platform
    os_version: Label | None = None
    serial_number: Label | None = None


class AssignDevice(DeviceAct):
    user_id: Id


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
    school_id: Id | None = None
    condition: Condition = "good"
    why: Why = ""

    @model_validator(mode="after")
    def _narrowed(self) -> "ReturnCohort":
        if self.graduation_year is None and self.school_id is None:
            raise PydanticCustomError("nothing", "name a graduation_year, a school_id, or both")
        return self
