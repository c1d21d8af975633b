from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import groups as actions
from coreskills.api import schemas_people as schemas
from coreskills.api.answers import PageQuery, Row, expected_version, page, versioned
from coreskills.api.context import asked, db
from coreskills.api.headers import IF_MATCH, takes
from coreskills.api.permissions import requires
from coreskills.domain.groups import Group, GroupChange
from coreskills.errors import NotFound
from coreskills.store import groups

blueprint = APIBlueprint("groups", __name__, url_prefix="/api/v1/groups", tag="Groups and licences")


@blueprint.get("")
@requires("groups.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.GroupList)
def list_groups(query: PageQuery) -> Response:
    """Groups of the directory, oldest first"""
    with db().reading() as conn:
        return page(
            "groups",
            query,
            lambda limit: groups.select_groups(conn, after=query.after(), limit=limit),
        )


@blueprint.get("/<int:id>")
@requires("groups.read")
@blueprint.output(schemas.Group)
def get_group(id: int) -> Response:
    """One group with its rule and the number of its members"""
    return versioned(_group(id))


@blueprint.post("")
@requires("groups.write")
@blueprint.input(Group, arg_name="group")
@blueprint.output(schemas.Group, status_code=201)
def post_group(group: Group) -> Response:
    """Make a group; one with a rule is filled by group_recompute, within the hour"""
    row = actions.make_group(db(), asked(), group)
    response = versioned(row, 201)
    response.headers["Location"] = f"/api/v1/groups/{row['id']}"
    return response


@blueprint.patch("/<int:id>")
@requires("groups.write")
@takes(IF_MATCH)
@blueprint.input(GroupChange, arg_name="change")
@blueprint.output(schemas.Group)
def patch_group(id: int, change: GroupChange) -> Response:
    """Change a group or its rule; If-Match is required"""
    version = expected_version(_group(id), f"group {id}")
    return versioned(actions.change_group(db(), asked(), id, version, change))


@blueprint.delete("/<int:id>")
@requires("groups.write")
@takes(IF_MATCH)
@blueprint.output({}, status_code=204)
def delete_group(id: int) -> Response:
    """Remove a group with its memberships; If-Match is required"""
    version = expected_version(_group(id), f"group {id}")
    actions.remove_group(db(), asked(), id, version)
    return Response(status=204)


@blueprint.get("/<int:id>/members")
@requires("groups.read")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.MemberList)
def list_members(id: int, query: PageQuery) -> Response:
    """Who is in it; `remembered` members are disabled, and come back when they are restored"""
    _group(id)
    with db().reading() as conn:
        return page(
            "members",
            query,
            lambda limit: groups.select_members(
                conn, group_id=id, after=query.after(), limit=limit
            ),
        )


@blueprint.put("/<int:id>/members/<int:user_id>")
@requires("groups.write")
@blueprint.output({}, status_code=204)
def put_member(id: int, user_id: int) -> Response:
    """Put somebody into a static group"""
    actions.put_in(db(), asked(), id, user_id)
    return Response(status=204)


@blueprint.delete("/<int:id>/members/<int:user_id>")
@requires("groups.write")
@blueprint.output({}, status_code=204)
def delete_member(id: int, user_id: int) -> Response:
    """Take somebody out of a static group"""
    actions.take_out(db(), asked(), id, user_id)
    return Response(status=204)


def _group(id: int) -> Row:
    with db().reading() as conn:
        row = groups.select_group(conn, id)
    if row is None:
        raise NotFound(f"There is no group {id}")
    return row
