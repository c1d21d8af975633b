"""Registering, changing and retiring devices, and hearing from them."""

from typing import Any

from coreskills.actions.request import Request, difference
from coreskills.domain.devices import Device, DeviceChange
from coreskills.errors import Conflict, NotFound, StaleVersion
from coreskills.store import audit, devices
from coreskills.store.db import Connection, Database

Row = dict[str, Any]
_FIELDS = tuple(DeviceChange.model_fields)


def register_device(db: Database, request: Request, device: Device) -> Row:
    with db.transaction() as conn:
        id = devices.insert_device(conn, device.model_dump(), actor=request.actor)
        audit.insert_audit(
            conn,
            request.entry(
                "device.registered",
                "device",
                id,
                user_id=device.assigned_user_id,
                details={"after": device.model_dump(mode="json")},
            ),
        )
        return _existing(conn, device.device_id)


def change_device(
    db: Database, request: Request, device_id: str, version: int, change: DeviceChange
) -> Row:
    """Raises NotFound, StaleVersion, or Conflict for a retired device."""
    with db.transaction() as conn:
        before = _existing(conn, device_id)
        _refuse_retired(before)
        row = {name: before[name] for name in _FIELDS} | change.model_dump(exclude_unset=True)
        if not devices.update_device(conn, before["id"], version, row, actor=request.actor):
            raise _changed(device_id)
        holder = before["assigned_user_id"] or row["assigned_user_id"]
        _tell(conn, request, "device.changed", before["id"], holder, difference(before, row))
        return _existing(conn, device_id)


def retire_device(db: Database, request: Request, device_id: str, version: int) -> Row:
    """It stays in the books, taken back and unchangeable. Raises as change_device does."""
    with db.transaction() as conn:
        before = _existing(conn, device_id)
        _refuse_retired(before)
        if before["assigned_user_id"]:
            row = {name: before[name] for name in _FIELDS} | {"assigned_user_id": None}
            if not devices.update_device(conn, before["id"], version, row, actor=request.actor):
                raise _changed(device_id)
            version += 1
        if not devices.retire_device(conn, before["id"], version):
            raise _changed(device_id)
        delta = {"before": {"retired": False}, "after": {"retired": True}}
        _tell(conn, request, "device.retired", before["id"], before["assigned_user_id"], delta)
        return _existing(conn, device_id)


def check_in(db: Database, request: Request, device_id: str, facts: Row) -> Row:
    """Keep what a device says of itself in place of what it said before. An audit row tells what is
    new; to say the same again is no news."""
    with db.transaction() as conn:
        before = _existing(conn, device_id)
        if not devices.check_in_device(conn, device_id, facts):
            raise Conflict(f"Device {device_id} is retired", code="state_conflict")
        told = dict.fromkeys(before["facts"]) | facts  # what it does not say any more is null
        delta = difference(before["facts"], told)
        if delta["after"]:
            holder = before["assigned_user_id"]
            _tell(conn, request, "device.checked_in", before["id"], holder, delta)
        return _existing(conn, device_id)


def _tell(
    conn: Connection, request: Request, action: str, id: int, holder: int | None, delta: Row
) -> None:
    """The line goes with the holder when they are forgotten: a device may say who uses it."""
    audit.insert_audit(conn, request.entry(action, "device", id, user_id=holder, details=delta))


def _existing(conn: Connection, device_id: str) -> Row:
    row = devices.select_device(conn, device_id)
    if row is None:
        raise NotFound(f"There is no device {device_id}")
    return row


def _refuse_retired(row: Row) -> None:
    if row["retired_at"]:
        raise Conflict(f"Device {row['device_id']} is retired", code="state_conflict")


def _changed(device_id: str) -> StaleVersion:
    return StaleVersion(f"Device {device_id} was changed meanwhile; read it again")
