from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import devices as actions
from coreskills.api import schemas
from coreskills.api.answers import PageQuery, Row, expected_version, versioned
from coreskills.api.context import asked, db
from coreskills.api.headers import IF_MATCH, takes
from coreskills.api.listings import Listing
from coreskills.api.permissions import requires
from coreskills.domain.devices import Compliance, Device, DeviceChange
from coreskills.errors import NotFound
from coreskills.store import devices
from coreskills.store.db import Connection

blueprint = APIBlueprint("devices", __name__, url_prefix="/api/v1/devices", tag="Devices")


class DevicesQuery(PageQuery):
    compliance_status: Compliance | None = None


def _select(conn: Connection, query: DevicesQuery, limit: int) -> list[Row]:
    after = query.after()
    if status := query.compliance_status:
        return devices.select_devices_by_compliance(
            conn, compliance_status=status, after=after, limit=limit
        )
    return devices.select_devices(conn, after=after, limit=limit)


LISTING = Listing("devices", "/api/v1/devices", "devices.read", DevicesQuery, _select)


@blueprint.get("")
@requires(LISTING.permission)
@blueprint.input(DevicesQuery, location="query", arg_name="query")
@blueprint.output(schemas.DeviceList)
def list_devices(query: DevicesQuery) -> Response:
    """Devices, oldest first"""
    return LISTING.answer(query)


@blueprint.get("/<device_id>")
@requires("devices.read")
@blueprint.output(schemas.Device)
def get_device(device_id: str) -> Response:
    """One device, by the id on its label"""
    return versioned(_device(device_id))


@blueprint.post("")
@requires("devices.write")
@blueprint.input(Device, arg_name="device")
@blueprint.output(schemas.Device, status_code=201)
def post_device(device: Device) -> Response:
    """Register a device"""
    response = versioned(actions.register_device(db(), asked(), device), 201)
    response.headers["Location"] = f"/api/v1/devices/{device.device_id}"
    return response


@blueprint.patch("/<device_id>")
@requires("devices.write")
@takes(IF_MATCH)
@blueprint.input(DeviceChange, arg_name="change")
@blueprint.output(schemas.Device)
def patch_device(device_id: str, change: DeviceChange) -> Response:
    """Change, assign or take back a device; If-Match is required"""
    version = expected_version(_device(device_id), f"device {device_id}")
    return versioned(actions.change_device(db(), asked(), device_id, version, change))


@blueprint.delete("/<device_id>")
@requires("devices.write")
@takes(IF_MATCH)
@blueprint.output(schemas.Device)
def delete_device(device_id: str) -> Response:
    """Retire a device; it stays in the books. If-Match is required"""
    version = expected_version(_device(device_id), f"device {device_id}")
    return versioned(actions.retire_device(db(), asked(), device_id, version))


def _device(device_id: str) -> Row:
    with db().reading() as conn:
        row = devices.select_device(conn, device_id)
    if row is None:
        raise NotFound(f"There is no device {device_id}")
    return row
