from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import schools as actions
from coreskills.api import schemas_people as schemas
from coreskills.api.answers import PageQuery, Row, expected_version, page, versioned
from coreskills.api.context import asked, db
from coreskills.api.headers import IF_MATCH, takes
from coreskills.api.permissions import requires
from coreskills.domain.schools import School, SchoolChange
from coreskills.store import orgs

blueprint = APIBlueprint("schools", __name__, url_prefix="/api/v1/schools", tag="Schools")


@blueprint.get("")
@requires("people.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.SchoolList)
def list_schools(query: PageQuery) -> Response:
    """Schools, and the organisations they belong to, oldest first"""
    with db().reading() as conn:
        return page(
            "schools",
            query,
            lambda limit: orgs.select_orgs(conn, after=query.after(), limit=limit),
        )


@blueprint.get("/<int:id>")
@requires("people.read")
@blueprint.output(schemas.School)
def get_school(id: int) -> Response:
    """One school"""
    return versioned(_school(id))


@blueprint.post("")
@requires("people.write")
@blueprint.input(School, arg_name="school")
@blueprint.output(schemas.School, status_code=201)
def post_school(school: School) -> Response:
    """Add a school"""
    row = actions.found_school(db(), asked(), school)
    response = versioned(row, 201)
    response.headers["Location"] = f"/api/v1/schools/{row['id']}"
    return response


@blueprint.patch("/<int:id>")
@requires("people.write")
@takes(IF_MATCH)
@blueprint.input(SchoolChange, arg_name="change")
@blueprint.output(schemas.School)
def patch_school(id: int, change: SchoolChange) -> Response:
    """Change a school, its last grade, or the school that follows; If-Match is required"""
    version = expected_version(_school(id), f"school {id}")
    return versioned(actions.change_school(db(), asked(), id, version, change))


def _school(id: int) -> Row:
    with db().reading() as conn:
        return orgs.select_org(conn, id)
