import csv
import io
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import UnsupportedMediaType

from coreskills.actions.csv_import import LARGEST_FILE, request_import
from coreskills.actions.jobs import Accepted
from coreskills.api import schemas
from coreskills.api.answers import PageQuery, Row, accepted, page
from coreskills.api.context import asked, db, services
from coreskills.api.headers import IDEMPOTENCY_KEY, idempotency_key, takes
from coreskills.api.permissions import requires
from coreskills.domain.csv_roster import FIELDS
from coreskills.domain.people import Id, Planned, Why
from coreskills.errors import NotFound
from coreskills.store import imports, jobs, oneroster
from coreskills.store.db import Connection, Database

blueprint = APIBlueprint("imports", __name__, url_prefix="/api/v1/imports", tag="Imports")
CSV: dict[int | str, Any] = {200: {"description": "CSV", "content": {"text/csv": {}}}}
CHUNK = 256 * 1024
COLUMNS = ("Type", *FIELDS)


class ImportQuery(BaseModel):
    """`plan_id`: the dry run whose plan is followed; `override`: why in a freeze window."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = False
    plan_id: Id | None = None
    override: Why = ""
    filename: Annotated[str, Field(max_length=200)] = ""

    def planned(self) -> Planned:
        return Planned(dry_run=self.dry_run, plan_id=self.plan_id, override=self.override)


def body_of(kind: str) -> dict[str, Any]:
    """What the description of a route says of a file that is its body."""
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "content": content}}


def taken_in(
    query: ImportQuery, kind: str, largest: int, request_job: Callable[..., Accepted]
) -> Response:
    """The body, as it comes, becomes the input of a job; it may have so many bytes."""
    if request.mimetype != kind:
        raise UnsupportedMediaType(f"Send the file as Content-Type: {kind}")
    request.max_content_length = largest + 1
    done = request_job(
        db(),
        services().queue,
        asked(idempotency_key()),
        _chunks(),
        filename=query.filename,
        planned=query.planned(),
    )
    return accepted(done.job_id, done.status)


def _chunks() -> Iterator[bytes]:
    while chunk := request.stream.read(CHUNK):
        yield chunk


RowAction = Literal["created", "updated", "unchanged", "skipped", "rejected", "disabled", "closed"]


class RowsQuery(PageQuery):
    """`file`: of a package, without .csv"""

    action: RowAction | None = None
    file: Annotated[str, Field(max_length=40)] | None = None


@blueprint.post("")
@requires("imports.write")
@takes(IDEMPOTENCY_KEY)
@blueprint.input(ImportQuery, location="query", arg_name="query")
@blueprint.output(schemas.Accepted, status_code=202)
@blueprint.doc(extensions=body_of("text/csv"))
def post_import(query: ImportQuery) -> Response:
    """Import a roster: the CSV file is the body, Content-Type: text/csv"""
    return taken_in(query, "text/csv", LARGEST_FILE, request_import)


@blueprint.get("/<int:id>/rows")
@requires("people.read")
@blueprint.input(RowsQuery, location="query", arg_name="query")
@blueprint.output(schemas.ImportRows)
def list_rows(id: int, query: RowsQuery) -> Response:
    """What became of each row, in the order of the file"""
    packed = _import(id)["type"] == "oneroster_import"
    with db().reading() as conn:
        return page(
            "rows",
            query,
            lambda limit: (oneroster.select_results if packed else _simple_results)(
                conn,
                job_id=id,
                action=query.action,
                file=query.file,
                after=query.after(),
                limit=limit,
            ),
        )


@blueprint.get("/<int:id>/rejected.csv")
@requires("people.read")
@blueprint.doc(responses=CSV)
def get_rejected(id: int) -> Response:
    """The rejected rows with their reasons; those of a simple roster can be mended and sent"""
    packed = _import(id)["type"] == "oneroster_import"
    lines = _packed_lines(db(), id) if packed else _rejected_lines(db(), id)
    return Response(lines, content_type="text/csv; charset=utf-8")


def _import(id: int) -> Row:
    with db().reading() as conn:
        row = jobs.select_job(conn, id)
    if row is None or row["type"] not in ("import_users", "oneroster_import"):
        raise NotFound(f"There is no import {id}")
    return row


def _rejected_lines(database: Database, id: int) -> Iterator[str]:
    yield _csv_line([*COLUMNS, "Line", "Reason"])
    after = 0
    while True:
        with database.reading() as conn:
            rows = imports.select_rejected_records(conn, job_id=id, after=after, limit=1000)
        if not rows:
            return
        for row in rows:
            reason = "; ".join(f"{f['at']}: {f['message']}" for f in row["faults"])
            values = [row["record"].get(name, "") for name in COLUMNS]
            yield _csv_line([*map(_harmless, values), str(row["line"]), _harmless(reason)])
        after = rows[-1]["line"]


def _packed_lines(database: Database, id: int) -> Iterator[str]:
    """A line for each fault: the file to mend is the one that the roster's system writes."""
    yield _csv_line(["File", "Line", "SourcedId", "Field", "Code", "Reason"])
    after = 0
    while True:
        with database.reading() as conn:
            rows = oneroster.select_results(
                conn, job_id=id, action="rejected", file=None, after=after, limit=1000
            )
        if not rows:
            return
        for row in rows:
            for f in row["faults"]:
                where = [f"{row['file']}.csv", str(row["line"]), row["sourced_id"] or ""]
                told = [*where, f["at"], f["code"], f["message"]]
                yield _csv_line([_harmless(value) for value in told])
        after = rows[-1]["number"]


def _simple_results(conn: Connection, *, file: str | None, **wanted: Any) -> list[Row]:
    """`file` has no meaning: there is one."""
    return imports.select_results(conn, **wanted)


def _harmless(value: str) -> str:
    """A spreadsheet must not take a cell for a formula (OWASP, CSV injection)."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _csv_line(values: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
