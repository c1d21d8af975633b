import orjson
from apiflask import APIBlueprint
from flask import Response

from coreskills.actions import sessions
from coreskills.api import schemas
from coreskills.api.answers import answer, conditional
from coreskills.api.context import asked, db, principal, services
from coreskills.api.permissions import public, requires
from coreskills.errors import AppError, Unauthenticated
from coreskills.telemetry import metrics

blueprint = APIBlueprint("sessions", __name__, url_prefix="/api/v1/auth", tag="Access")


@blueprint.post("/login")
@public
@blueprint.input(schemas.Login, arg_name="login")
@blueprint.output(schemas.Grant)
def post_login(login: schemas.Login) -> Response:
    """Exchange name and password for a pair of tokens"""
    try:
        grant = sessions.log_in(db(), services().settings, login.username, login.password)
    except AppError as exc:
        metrics.logins.labels(exc.code).inc()
        raise
    metrics.logins.labels("accepted").inc()
    return _granted(grant)


@blueprint.post("/refresh")
@public
@blueprint.input(schemas.Refresh, arg_name="body")
@blueprint.output(schemas.Grant)
def post_refresh(body: schemas.Refresh) -> Response:
    """Exchange a refresh token for the next pair; each is good once"""
    try:
        return _granted(sessions.refresh(db(), services().settings, body.refresh_token))
    except Unauthenticated:
        services().identities.forget()  # it may have ended a session whose tokens are remembered
        raise


@blueprint.post("/logout")
@requires("session.own")
@blueprint.output({}, status_code=204)
def post_logout() -> Response:
    """End this session and all its tokens"""
    sessions.log_out(db(), asked())
    services().identities.forget()
    return Response(status=204)


@blueprint.get("/me")
@requires("session.own")
@blueprint.output(schemas.Me)
def get_me() -> Response:
    """Who this token stands for"""
    me = {"name": principal().name, "role": principal().role}
    return conditional(orjson.dumps(me))


def _granted(grant: sessions.Grant) -> Response:
    return answer(
        {
            "access_token": grant.access_token,
            "refresh_token": grant.refresh_token,
            "token_type": "Bearer",
            "expires_in": grant.expires_in,
            "role": grant.role,
        }
    )
