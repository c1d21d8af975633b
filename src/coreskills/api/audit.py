from datetime import UTC, datetime
from typing import Annotated

import orjson
from apiflask import APIBlueprint
from flask import Response
from pydantic import AwareDatetime, Field

from coreskills.api import schemas
from coreskills.api.answers import PageQuery, Row, answer, conditional, one_filter, page
from coreskills.api.context import db
from coreskills.api.permissions import requires
from coreskills.api.schemas_privacy import AuditHead
from coreskills.domain.people import Id
from coreskills.errors import NotFound
from coreskills.store import audit, seals
from coreskills.store.db import Connection

blueprint = APIBlueprint("audit", __name__, url_prefix="/api/v1/audit", tag="Audit")
FILTERS = ("user_id", "job_id", "actor", "action")
FIRST, LAST_MOMENT = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class AuditQuery(PageQuery):
    """One of user, job, actor and action; of any time, or from `since` until before `until`."""

    user_id: Id | None = None
    job_id: Id | None = None
    actor: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    action: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


@blueprint.get("")
@requires("audit.read")
@blueprint.input(AuditQuery, location="query", arg_name="query")
@blueprint.output(schemas.AuditList)
def list_audit(query: AuditQuery) -> Response:
    """The trail, newest first; of one person, job, actor or action, and of a time, if asked"""
    one_filter(query, *FILTERS)
    span = {"since": query.since or FIRST, "until": query.until or LAST_MOMENT}
    with db().reading() as conn:
        return page("audit", query, lambda limit: _select(conn, query, limit, span))


def _select(conn: Connection, query: AuditQuery, limit: int, span: Row) -> list[Row]:
    more = span | {"before": query.before(), "limit": limit}
    if query.user_id:
        return audit.select_audit_of_user(conn, user_id=query.user_id, **more)
    if query.job_id:
        return audit.select_audit_of_job(conn, job_id=query.job_id, **more)
    if query.actor:
        return audit.select_audit_of_actor(conn, actor=query.actor, **more)
    if query.action:
        return audit.select_audit_of_action(conn, action=query.action, **more)
    return audit.select_audit(conn, **more)


@blueprint.get("/head")
@requires("audit.read")
@blueprint.output(AuditHead)
def get_audit_head() -> Response:
    """The end of the sealed trail; kept elsewhere, it proves later that nothing was rewritten"""
    with db().reading() as conn:
        head = seals.select_head(conn)
    return answer({**head, "head": f"{head['seq']}:{head['hash']}"})


@blueprint.get("/<int:id>")
@requires("audit.read")
@blueprint.output(schemas.AuditEntry)
def get_audit_entry(id: int) -> Response:
    """One entry of the trail"""
    with db().reading() as conn:
        row = audit.select_audit_entry(conn, id)
    if row is None:
        raise NotFound(f"There is no audit entry {id}")
    return conditional(orjson.dumps(row))
