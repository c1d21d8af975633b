"""Devices: registered, handed out, taken back, written off."""

from typing import Any

from coreskills.engine.native.answers import Answer, Facts, account_of, change, fact, refusal
from coreskills.engine.parameters import (
    DeviceAssignment,
    DeviceReturn,
    RegisterDevice,
    SetDevice,
)

# A device that somebody holds can break or be lost; it must come back before it is put away.
STATUS_MOVES = {
    "in_stock": ("repair", "lost", "retired"),
    "repair": ("in_stock", "lost", "retired"),
    "lost": ("in_stock", "retired"),
    "assigned": ("repair", "lost"),
    "retired": (),
}
_RETURNED = {"good": "in_stock", "damaged": "repair", "lost": "lost"}


def register_device(wanted: RegisterDevice, facts: Facts) -> Answer:
    """Puts a device into stock. The same once more changes nothing; another device under the same
    id is refused."""
    values = wanted.model_dump()
    existing = fact(facts, "Device")
    if existing is None:
        after = values | {"Status": "in_stock", "AssignedTo": None}
        given = {name: value for name, value in after.items() if value is not None}
        return {"DeviceID": wanted.DeviceID, "Created": True} | change("create", {}, given)
    if any(existing.get(name) != value for name, value in values.items() if value is not None):
        raise refusal("duplicate_device", f"{wanted.DeviceID} is another device already")
    return {"DeviceID": wanted.DeviceID, "Created": False} | change("create", {}, {})


def set_device(wanted: SetDevice, facts: Facts) -> Answer:
    """Changes what is known of a device, or its status."""
    device = _device(facts)
    after = wanted.model_dump(exclude_unset=True)
    status = after.get("Status", device["Status"])
    if status != device["Status"]:
        _refuse_move(device, status)
    elif device["Status"] == "retired":
        raise refusal("state_conflict", f"{device['DeviceID']} is retired")
    return {"DeviceID": device["DeviceID"]} | change("update", device, after)


def add_device_assignment(wanted: DeviceAssignment, facts: Facts) -> Answer:
    """Hands a device from stock to a person. One device, one person."""
    device, account = _device(facts, wanted.DeviceID), account_of(facts)
    holder = account["PersonKey"]
    if device["AssignedTo"] not in (None, holder):
        raise refusal("device_held", f"{wanted.DeviceID} is with {device['AssignedTo']}")
    if device["AssignedTo"] is None:
        if device["Status"] != "in_stock":
            raise refusal("state_conflict", f"{wanted.DeviceID} is {device['Status']}")
        if account["State"] not in ("staged", "active"):
            raise refusal("state_conflict", f"The account is {account['State']}")
        after = {"Status": "assigned", "AssignedTo": holder}
    else:
        after = {}
    return {"DeviceID": wanted.DeviceID} | change("assign", device, after)


def remove_device_assignment(wanted: DeviceReturn, facts: Facts) -> Answer:
    """Takes a device back; its condition decides where it goes."""
    device = _device(facts, wanted.DeviceID)
    after: dict[str, Any] = {}
    if device["AssignedTo"] is not None:
        after = {"Status": _RETURNED[wanted.Condition], "AssignedTo": None}
    answer = change("return", device, after)
    return {"DeviceID": wanted.DeviceID, "Condition": wanted.Condition} | answer


def _device(facts: Facts, id: str | None = None) -> dict[str, Any]:
    device: dict[str, Any] | None = fact(facts, "Device")
    if device is None:
        raise refusal("not_found", "There is no such device")
    if id not in (None, device["DeviceID"]):
        raise refusal("validation_failed", "DeviceID is not that of the device in the context")
    return device


def _refuse_move(device: dict[str, Any], status: str) -> None:
    if status in STATUS_MOVES[device["Status"]]:
        return
    if device["AssignedTo"] is not None:
        raise refusal("device_held", f"{device['DeviceID']} is with {device['AssignedTo']}")
    raise refusal("state_conflict", f"{device['DeviceID']} is {device['Status']}, not {status}")
