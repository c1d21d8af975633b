"""Making responses: JSON, pages of lists, versions."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from flask import Response, g, request
from pydantic import BaseModel, ConfigDict, Field

from coreskills.errors import Fault, Invalid, StaleVersion, VersionRequired

JSON = "application/json"
LAST = 2**63 - 1
Row = dict[str, Any]


class PageQuery(BaseModel):
    """Base of the query of every list. `cursor` is what the last page's `next` said."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=100)] | None = None

    def after(self) -> int:
        """The id below which an ascending list goes on."""
        return _decoded(self.cursor) if self.cursor else 0

    def before(self) -> int:
        return _decoded(self.cursor) if self.cursor else LAST


def one_filter(query: PageQuery, *names: str) -> None:
    """Raises Invalid when more than one of these is given: no index serves two of them."""
    given = [name for name in names if getattr(query, name) is not None]
    if len(given) > 1:
        fault = Fault(f"?{given[1]}", "one_filter", f"cannot be joined with {given[0]}")
        raise Invalid("This list takes one filter at a time", [fault])


def answer(body: Any, status: int = 200, **headers: str) -> Response:
    response = Response(orjson.dumps(body), status, content_type=JSON)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


@dataclass(frozen=True, slots=True)
class Page:
    """The bytes of a page, and what its headers say."""

    body: bytes
    etag: str
    link: str | None


def page(name: str, query: PageQuery, select: Callable[[int], list[Row]]) -> Response:
    """`select(limit)` is asked for one row more than shown, which tells whether more follow."""
    rows = select(query.limit + 1)
    made = written(name, query, rows, request.path, request.args.to_dict())
    response = conditional(made.body)
    if made.link:
        response.headers["Link"] = made.link
    return response


def written(
    name: str, query: PageQuery, rows: list[Row], path: str, arguments: dict[str, str]
) -> Page:
    body: Row = {name: rows}
    link = None
    if len(rows) > query.limit:
        rows.pop()
        position = "id" if name != "rows" else "number" if "number" in rows[-1] else "line"
        body["next"] = _encoded(rows[-1][position])
        following = urlencode({**arguments, "cursor": body["next"]})
        link = f'<{path}?{following}>; rel="next"'
    data = orjson.dumps(body)
    return Page(data, _content_tag(data), link)


def conditional(body: bytes) -> Response:
    """A 304 if the caller has exactly these bytes already."""
    tag = _content_tag(body)
    if tag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    else:
        response = Response(body, 200, content_type=JSON)
    response.headers["ETag"] = tag
    return response


def versioned(row: Row, status: int = 200) -> Response:
    """One resource, with its version as ETag."""
    tag = _tag(row)
    if (
        status == 200
        and request.method == "GET"
        and tag in request.headers.get("If-None-Match", "")
    ):
        return Response(status=304, headers={"ETag": tag})
    return answer(row, status, ETag=tag)


def expected_version(row: Row | None, what: str) -> int:
    """The version the caller based a change on. Raises VersionRequired, StaleVersion."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        raise VersionRequired(f"Say which version of {what} you saw: If-Match with its ETag")
    if row is not None and given not in ("*", _tag(row)):
        raise StaleVersion(f"{what.capitalize()} was changed since you read it; read it again")
    return int(row["version"]) if row else 0


def accepted(job_id: int, status: str) -> Response:
    """202: the work is safe; where to see how it goes."""
    g.job_id = job_id  # for the log
    where = f"/api/v1/jobs/{job_id}"
    return answer({"job_id": job_id, "status": status}, 202, Location=where, Retry_After="1")


def _tag(row: Row) -> str:
    return f'"{row["id"]}-{row["version"]}"'


def _content_tag(body: bytes) -> str:
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def _encoded(last: int) -> str:
    return base64.urlsafe_b64encode(str(last).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> int:
    try:
        last = int(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        last = -1
    if not 0 <= last <= LAST:
        fault = Fault("?cursor", "bad_cursor", "is not what a `next` of this list said")
        raise Invalid("The cursor is not valid", [fault])
    return last
