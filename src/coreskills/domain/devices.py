"""What a device is. `device_type` keeps the four kinds lessons know; `platform` says what runs."""

from typing import Annotated, Literal

from pydantic import Field

from coreskills.domain.people import Change, Strict
from coreskills.domain.text import Identifier, Label

DeviceType = Literal["laptop", "desktop", "tablet", "mobile"]
Platform = Literal["windows", "macos", "chromeos", "ipados", "linux"]
Compliance = Literal["compliant", "non_compliant", "unknown"]
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
