from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import operators
from coreskills.api import schemas
from coreskills.api.answers import PageQuery, answer, page
from coreskills.api.context import asked, db, services
from coreskills.api.permissions import requires
from coreskills.store import access

blueprint = APIBlueprint("operators", __name__, url_prefix="/api/v1/operators", tag="Access")


@blueprint.get("")
@requires("operators.write")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.OperatorList)
def list_operators(query: PageQuery) -> Response:
    """Who may use the system"""
    with db().reading() as conn:
        return page(
            "operators",
            query,
            lambda limit: access.select_operators(conn, after=query.after(), limit=limit),
        )


@blueprint.post("")
@requires("operators.write")
@blueprint.input(schemas.NewOperator, arg_name="wanted")
@blueprint.output(schemas.Me, status_code=201)
def post_operator(wanted: schemas.NewOperator) -> Response:
    """Let somebody in"""
    id = operators.add_operator(db(), asked(), wanted.username, wanted.role, wanted.password)
    return answer({"id": id, "name": wanted.username, "role": wanted.role}, 201)


@blueprint.patch("/<int:id>")
@requires("operators.write")
@blueprint.input(schemas.OperatorChange, arg_name="change")
@blueprint.output({}, status_code=204)
def patch_operator(id: int, change: schemas.OperatorChange) -> Response:
    """Change role or password, or lock somebody out; their sessions end"""
    operators.change_operator(
        db(),
        asked(),
        id,
        role=change.role,
        is_active=change.is_active,
        password=change.password,
    )
    services().identities.forget()
    return Response(status=204)
