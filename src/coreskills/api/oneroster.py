from collections.abc import Iterator
from typing import Any

from apiflask import APIBlueprint
from flask import Response

from coreskills.actions.oneroster_import import request_oneroster_import
from coreskills.actions.oneroster_zip import LARGEST_PACKAGE
from coreskills.actions.privacy import note_download
from coreskills.api import schemas
from coreskills.api.accounts import handed_in
from coreskills.api.context import asked, db
from coreskills.api.headers import IDEMPOTENCY_KEY, takes
from coreskills.api.imports import ImportQuery, body_of, taken_in
from coreskills.api.permissions import requires
from coreskills.domain.roster_jobs import OneRosterExport
from coreskills.errors import Conflict, NotFound
from coreskills.store import jobs, oneroster
from coreskills.store.db import Database

blueprint = APIBlueprint("oneroster", __name__, url_prefix="/api/v1", tag="Imports")
ZIP: dict[int | str, Any] = {200: {"description": "zip", "content": {"application/zip": {}}}}


@blueprint.post("/imports/oneroster")
@requires("imports.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(ImportQuery, location="query", arg_name="query")
@blueprint.output(schemas.Accepted, status_code=202)
@blueprint.doc(extensions=body_of("application/zip"))
def post_oneroster_import(query: ImportQuery) -> Response:
    """Import a OneRoster 1.2 package: the zip is the body, Content-Type: application/zip"""
    return taken_in(query, "application/zip", LARGEST_PACKAGE, request_oneroster_import)


@blueprint.post("/exports/oneroster")
@requires("exports.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(OneRosterExport, arg_name="wanted")
@blueprint.output(schemas.Accepted, status_code=202)
def post_oneroster_export(wanted: OneRosterExport) -> Response:
    """Export everybody as a OneRoster 1.2 package; purpose and party go into the trail"""
    return handed_in("oneroster_export", wanted)


@blueprint.get("/exports/<int:id>/package.zip")
@requires("exports.write")
@blueprint.doc(responses=ZIP)
def get_package(id: int) -> Response:
    """The package of an export that is done; it is kept for a day"""
    with db().reading() as conn:
        job = jobs.select_job(conn, id)
        if job is None or job["type"] != "oneroster_export":
            raise NotFound(f"There is no export {id}")
        if job["status"] != "completed":
            raise Conflict(f"Export {id} is {job['status']}", code="state_conflict")
        first = oneroster.select_part(conn, id, 0)
    if first is None:
        raise NotFound(f"The package of export {id} was removed; make a new one")
    note_download(db(), asked(), id)
    disposition = f'attachment; filename="oneroster-{id}.zip"'
    return Response(
        _parts(db(), id, first),
        content_type="application/zip",
        headers={"Content-Disposition": disposition, "Cache-Control": "no-store"},
    )


def _parts(database: Database, id: int, first: bytes) -> Iterator[bytes]:
    part: bytes | None = first
    number = 0
    while part is not None:
        yield part
        number += 1
        with database.reading() as conn:
            part = oneroster.select_part(conn, id, number)
