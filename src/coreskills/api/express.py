"""The express lane: plain GETs of the hot lists are answered before Flask.

Flask's routing, contexts and response objects cost more than the query of such a list. The lane
uses the same identities, limits, queries and headers; whatever is not plain (another method, a
condition, an origin, anything that goes wrong) takes the ordinary way, which then also words the
error. tests/contract/test_express.py holds that both give the same answer.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from coreskills.api.answers import JSON, Page, written
from coreskills.api.bodies import parsed
from coreskills.api.context import Services
from coreskills.api.listings import Listing
from coreskills.api.requests import HEADERS, KEPT, request_id
from coreskills.domain.access import Principal
from coreskills.errors import AppError
from coreskills.telemetry import logs, metrics, traces

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
_FIXED = [("Content-Type", JSON), ("Cache-Control", KEPT), *HEADERS]


class Express:
    def __init__(self, app: Wsgi, services: Services, listings: Sequence[Listing]) -> None:
        self._app = app
        self._services = services
        self._listings = {listing.path: listing for listing in listings}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.perf_counter()
        listing = self._listings.get(environ["PATH_INFO"])
        if listing is None or not _plain(environ):
            return self._app(environ, start_response)
        try:
            who = self._authorised(environ, listing)
            made = self._page(environ, listing)
        except AppError:
            return self._app(environ, start_response)
        name = request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response("200 OK", _headers(made, name))
        spent = time.perf_counter() - began
        metrics.observe_request("GET", 200, listing.path, spent)
        traces.answered("GET", listing.path, 200, name)
        logs.access(
            method="GET",
            path=listing.path,
            status=200,
            ms=round(spent * 1000, 2),
            request_id=name,
            actor=who.name,
        )
        return [made.body]

    def _authorised(self, environ: Environ, listing: Listing) -> Principal:
        who = self._services.identities.principal(environ.get("HTTP_AUTHORIZATION"))
        if not who.may(listing.permission):
            raise AppError("the ordinary way says it")
        self._services.limits.count(who.name, "GET")
        return who

    def _page(self, environ: Environ, listing: Listing) -> Page:
        arguments = _arguments(environ.get("QUERY_STRING", ""))
        query: Any = parsed(listing.query, arguments, at="?")
        with self._services.db.reading() as conn:
            rows = listing.select(conn, query, query.limit + 1)
        return written(listing.name, query, rows, listing.path, arguments)


def _plain(environ: Environ) -> bool:
    return (
        environ["REQUEST_METHOD"] == "GET"
        and "HTTP_IF_NONE_MATCH" not in environ
        and "HTTP_ORIGIN" not in environ
    )


def _arguments(query_string: str) -> dict[str, str]:
    """Of a name that is given twice, the first counts, as in Werkzeug."""
    if not query_string:
        return {}
    arguments: dict[str, str] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        arguments.setdefault(name, value)
    return arguments


def _headers(made: Page, name: str) -> list[tuple[str, str]]:
    headers = [
        *_FIXED,
        ("Content-Length", str(len(made.body))),
        ("ETag", made.etag),
        ("X-Request-ID", name),
    ]
    if made.link:
        headers.append(("Link", made.link))
    return headers
