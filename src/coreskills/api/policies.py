from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import policies as actions
from coreskills.api import schemas
from coreskills.api.answers import PageQuery, Row, expected_version, versioned
from coreskills.api.context import asked, db
from coreskills.api.headers import IF_MATCH, takes
from coreskills.api.listings import Listing
from coreskills.api.permissions import requires
from coreskills.domain.policies import Policy, PolicyChange
from coreskills.errors import NotFound
from coreskills.store import policies
from coreskills.store.db import Connection

blueprint = APIBlueprint("policies", __name__, url_prefix="/api/v1/policies", tag="Policies")


def _select(conn: Connection, query: PageQuery, limit: int) -> list[Row]:
    return policies.select_policies(conn, after=query.after(), limit=limit)


LISTING = Listing("policies", "/api/v1/policies", "policies.read", PageQuery, _select)


@blueprint.get("")
@requires(LISTING.permission)
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.PolicyList)
def list_policies(query: PageQuery) -> Response:
    """Policies, oldest first"""
    return LISTING.answer(query)


@blueprint.get("/<int:id>")
@requires("policies.read")
@blueprint.output(schemas.Policy)
def get_policy(id: int) -> Response:
    """One policy"""
    return versioned(_policy(id))


@blueprint.post("")
@requires("policies.write")
@blueprint.input(Policy, arg_name="policy")
@blueprint.output(schemas.Policy, status_code=201)
def post_policy(policy: Policy) -> Response:
    """Set a policy"""
    row = actions.set_policy(db(), asked(), policy)
    response = versioned(row, 201)
    response.headers["Location"] = f"/api/v1/policies/{row['id']}"
    return response


@blueprint.patch("/<int:id>")
@requires("policies.write")
@takes(IF_MATCH)
@blueprint.input(PolicyChange, arg_name="change")
@blueprint.output(schemas.Policy)
def patch_policy(id: int, change: PolicyChange) -> Response:
    """Change a policy, or switch it on or off; If-Match is required"""
    version = expected_version(_policy(id), f"policy {id}")
    return versioned(actions.change_policy(db(), asked(), id, version, change))


@blueprint.delete("/<int:id>")
@requires("policies.write")
@takes(IF_MATCH)
@blueprint.output(schemas.Policy)
def delete_policy(id: int) -> Response:
    """Retire a policy; its name becomes free. If-Match is required"""
    version = expected_version(_policy(id), f"policy {id}")
    return versioned(actions.retire_policy(db(), asked(), id, version))


def _policy(id: int) -> Row:
    with db().reading() as conn:
        row = policies.select_policy(conn, id)
    if row is None:
        raise NotFound(f"There is no policy {id}")
    return row
