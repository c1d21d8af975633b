from apiflask import APIBlueprint
from flask import Response

from coreskills.api import schemas
from coreskills.api.accounts import take_in
from coreskills.api.answers import PageQuery, Row, versioned
from coreskills.api.context import db
from coreskills.api.headers import IDEMPOTENCY_KEY, takes
from coreskills.api.listings import Listing
from coreskills.api.permissions import requires
from coreskills.domain.accounts import NewStaff
from coreskills.domain.text import Label
from coreskills.errors import NotFound
from coreskills.store import users
from coreskills.store.db import Connection

blueprint = APIBlueprint("staff", __name__, url_prefix="/api/v1", tag="People")


class StaffQuery(PageQuery):
    department: Label | None = None


def _select(conn: Connection, query: StaffQuery, limit: int) -> list[Row]:
    department = query.department
    return users.select_staff(conn, department=department, after=query.after(), limit=limit)


LISTING = Listing("staff", "/api/v1/staff", "people.read", StaffQuery, _select)


@blueprint.get("/staff")
@requires(LISTING.permission)
@blueprint.input(StaffQuery, location="query", arg_name="query")
@blueprint.output(schemas.StaffList)
def list_staff(query: StaffQuery) -> Response:
    """Members of staff, oldest first"""
    return LISTING.answer(query)


@blueprint.get("/staff/<employee_id>")
@requires("people.read")
@blueprint.output(schemas.User)
def get_staff(employee_id: str) -> Response:
    """One member of staff, by the school's id"""
    with db().reading() as conn:
        id = users.select_user_id(conn, "staff", employee_id)
        if id is None:
            raise NotFound(f"There is no member of staff {employee_id}")
        return versioned(users.select_user(conn, id))


@blueprint.post("/staff")
@requires("people.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(NewStaff, arg_name="staff")
@blueprint.output(schemas.Accepted, status_code=202)
def post_staff(staff: NewStaff) -> Response:
    """Create an account for a member of staff by a job"""
    return take_in("create_staff", "staff", staff)


@blueprint.post("/users/staff")
@requires("people.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(NewStaff, arg_name="staff")
@blueprint.output(schemas.Accepted, status_code=202)
def post_user_staff(staff: NewStaff) -> Response:
    """The same, beside POST /users/student"""
    return take_in("create_staff", "staff", staff)
