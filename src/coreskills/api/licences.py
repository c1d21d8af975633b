from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import groups as actions
from coreskills.api import schemas_people as schemas
from coreskills.api.answers import PageQuery, Row, expected_version, page, versioned
from coreskills.api.context import asked, db
from coreskills.api.headers import IF_MATCH, takes
from coreskills.api.permissions import requires
from coreskills.domain.groups import Licence, LicenceChange
from coreskills.errors import NotFound
from coreskills.store import licences

blueprint = APIBlueprint(
    "licences", __name__, url_prefix="/api/v1/licences", tag="Groups and licences"
)


@blueprint.get("")
@requires("groups.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.LicenceList)
def list_licences(query: PageQuery) -> Response:
    """Licences with their seats, oldest first"""
    with db().reading() as conn:
        return page(
            "licences",
            query,
            lambda limit: licences.select_licences(conn, after=query.after(), limit=limit),
        )


@blueprint.get("/<int:id>")
@requires("groups.read")
@blueprint.output(schemas.Licence)
def get_licence(id: int) -> Response:
    """One licence with its rule"""
    return versioned(_licence(id))


@blueprint.post("")
@requires("groups.write")
@blueprint.input(Licence, arg_name="licence")
@blueprint.output(schemas.Licence, status_code=201)
def post_licence(licence: Licence) -> Response:
    """Add a licence; its seats are given by licence_recompute, within the hour"""
    row = actions.make_licence(db(), asked(), licence)
    response = versioned(row, 201)
    response.headers["Location"] = f"/api/v1/licences/{row['id']}"
    return response


@blueprint.patch("/<int:id>")
@requires("groups.write")
@takes(IF_MATCH)
@blueprint.input(LicenceChange, arg_name="change")
@blueprint.output(schemas.Licence)
def patch_licence(id: int, change: LicenceChange) -> Response:
    """Change a licence; not to fewer seats than are used. If-Match is required"""
    version = expected_version(_licence(id), f"licence {id}")
    return versioned(actions.change_licence(db(), asked(), id, version, change))


@blueprint.delete("/<int:id>")
@requires("groups.write")
@takes(IF_MATCH)
@blueprint.output({}, status_code=204)
def delete_licence(id: int) -> Response:
    """Remove a licence with all its seats; If-Match is required"""
    version = expected_version(_licence(id), f"licence {id}")
    actions.remove_licence(db(), asked(), id, version)
    return Response(status=204)


@blueprint.get("/<int:id>/assignments")
@requires("groups.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.SeatList)
def list_assignments(id: int, query: PageQuery) -> Response:
    """Who has a seat"""
    _licence(id)
    with db().reading() as conn:
        return page(
            "assignments",
            query,
            lambda limit: licences.select_assignments(
                conn, licence_id=id, after=query.after(), limit=limit
            ),
        )


def _licence(id: int) -> Row:
    with db().reading() as conn:
        row = licences.select_licence(conn, id)
    if row is None:
        raise NotFound(f"There is no licence {id}")
    return row
