"""Registering, changing and retiring devices."""

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
        id = devices.insert_device(conn, device.model_dump())
        audit.insert_audit(
            conn,
            request.entry(
                "device.registered", "device", id, details={"after": device.model_dump(mode="json")}
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
        if not devices.update_device(conn, before["id"], version, row):
            raise StaleVersion(f"Device {device_id} was changed meanwhile; read it again")
        delta = difference(before, row)
        audit.insert_audit(
            conn, request.entry("device.changed", "device", before["id"], details=delta)
        )
        return _existing(conn, device_id)


def retire_device(db: Database, request: Request, device_id: str, version: int) -> Row:
    """It stays in the books, unassigned and unchangeable. Raises as change_device does."""
    with db.transaction() as conn:
        before = _existing(conn, device_id)
        _refuse_retired(before)
        if not devices.retire_device(conn, before["id"], version):
            raise StaleVersion(f"Device {device_id} was changed meanwhile; read it again")
        delta = {"before": {"retired": False}, "after": {"retired": True}}
        audit.insert_audit(
            conn, request.entry("device.retired", "device", before["id"], details=delta)
        )
        return _existing(conn, device_id)


def _existing(conn: Connection, device_id: str) -> Row:
    row = devices.select_device(conn, device_id)
    if row is None:
        raise NotFound(f"There is no device {device_id}")
    return row


def _refuse_retired(row: Row) -> None:
    if row["retired_at"]:
        raise Conflict(f"Device {row['device_id']} is retired", code="state_conflict")
