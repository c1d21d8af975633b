from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import tokens
from coreskills.api import schemas
from coreskills.api.answers import PageQuery, answer, page
from coreskills.api.context import asked, db, principal, services
from coreskills.api.permissions import requires
from coreskills.store import access

blueprint = APIBlueprint("tokens", __name__, url_prefix="/api/v1/tokens", tag="Access")


@blueprint.get("")
@requires("tokens.own")
@blueprint.input(PageQuery, location="query", arg_name="query")
@blueprint.output(schemas.TokenList)
def list_tokens(query: PageQuery) -> Response:
    """The caller's own tokens, without their secret"""
    with db().reading() as conn:
        return page(
            "tokens",
            query,
            lambda limit: access.select_api_tokens(
                conn, principal().id or 0, after=query.after(), limit=limit
            ),
        )


@blueprint.post("")
@requires("tokens.own")
@blueprint.input(schemas.NewToken, arg_name="wanted")
@blueprint.output(schemas.Token, status_code=201)
def post_token(wanted: schemas.NewToken) -> Response:
    """A new personal token; it is shown this once"""
    id, token = tokens.create_token(db(), asked(), wanted.name, wanted.days)
    return answer({"id": id, "token": token}, 201)


@blueprint.delete("/<int:id>")
@requires("tokens.own")
@blueprint.output({}, status_code=204)
def delete_token(id: int) -> Response:
    """Revoke one of the caller's tokens"""
    tokens.revoke_token(db(), asked(), id)
    services().identities.forget()
    return Response(status=204)
