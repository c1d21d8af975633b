from apiflask import APIBlueprint
from flask import Response

from coreskills.api import schemas_devices as schemas
from coreskills.api.answers import PageQuery, page
from coreskills.api.context import db
from coreskills.api.permissions import requires
from coreskills.errors import NotFound
from coreskills.store import custody, devices, users

blueprint = APIBlueprint("custody", __name__, url_prefix="/api/v1", tag="Devices")


class DevicesOfUserQuery(PageQuery):
    held: bool | None = None


@blueprint.get("/devices/<device_id>/assignments")
@requires("devices.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.AssignmentList)
def list_assignments(device_id: str, query: PageQuery) -> Response:
    """Who has a device, and who had it before, newest first"""
    with db().reading() as conn:
        device = devices.select_device(conn, device_id)
        if device is None:
            raise NotFound(f"There is no device {device_id}")
        return page(
            "assignments",
            query,
            lambda limit: custody.select_assignments(
                conn, device["id"], before=query.before(), limit=limit
            ),
        )


@blueprint.get("/users/<int:id>/devices")
@requires("devices.read")
@blueprint.input(DevicesOfUserQuery, location="query", arg_name="query")
@blueprint.output(schemas.DevicesOfUser)
def list_devices_of_user(id: int, query: DevicesOfUserQuery) -> Response:
    """What a person holds, and held before, newest first; `held` for one of the two"""
    with db().reading() as conn:
        users.select_user(conn, id)  # or it is unknown
        return page(
            "devices",
            query,
            lambda limit: custody.select_assignments_of_user(
                conn, id, held=query.held, before=query.before(), limit=limit
            ),
        )


@blueprint.get("/devices/held-by-leavers")
@requires("devices.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.HeldByLeavers)
def list_held_by_leavers(query: PageQuery) -> Response:
    """Devices to collect: of people who left, and cannot be archived before"""
    with db().reading() as conn:
        return page(
            "devices",
            query,
            lambda limit: custody.select_held_by_leavers(conn, after=query.after(), limit=limit),
        )
