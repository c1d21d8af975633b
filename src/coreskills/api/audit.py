from typing import Annotated

import orjson
from apiflask import APIBlueprint
from flask import Response
from pydantic import Field

from coreskills.api import schemas
from coreskills.api.answers import LAST, PageQuery, conditional, one_filter, page
from coreskills.api.context import db
from coreskills.api.permissions import requires
from coreskills.errors import NotFound
from coreskills.store import audit

blueprint = APIBlueprint("audit", __name__, url_prefix="/api/v1/audit", tag="Audit")
Id = Annotated[int, Field(ge=1, le=LAST)]


class AuditQuery(PageQuery):
    user_id: Id | None = None
    job_id: Id | None = None


@blueprint.get("")
@requires("audit.read")
@blueprint.input(AuditQuery, location="query", arg_name="query")
@blueprint.output(schemas.AuditList)
def list_audit(query: AuditQuery) -> Response:
    """The trail, newest first; of one person or one job if asked"""
    one_filter(query, "user_id", "job_id")
    with db().reading() as conn:
        if user := query.user_id:
            return page(
                "audit",
                query,
                lambda limit: audit.select_audit_of_user(
                    conn, user_id=user, before=query.before(), limit=limit
                ),
            )
        if job := query.job_id:
            return page(
                "audit",
                query,
                lambda limit: audit.select_audit_of_job(
                    conn, job_id=job, before=query.before(), limit=limit
                ),
            )
        return page(
            "audit",
            query,
            lambda limit: audit.select_audit(conn, before=query.before(), limit=limit),
        )


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
