"""What happens around every request: name it, know the caller, refuse, count, log."""

import re
import secrets
import time
from contextlib import suppress
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars
from werkzeug.exceptions import ClientDisconnected

from coreskills.api.admission import REFUSED
from coreskills.api.bodies import LARGEST_BODY
from coreskills.api.context import services
from coreskills.api.headers import IDEMPOTENCY_KEY, taken_by
from coreskills.api.permissions import PUBLIC, permission_of
from coreskills.config import LOOPBACK, Settings
from coreskills.domain.access import Principal
from coreskills.errors import Forbidden, Unauthenticated, Unavailable
from coreskills.telemetry import logs, metrics, traces
from coreskills.telemetry.redaction import redacted_text

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_PERSONAL = frozenset({"student_id", "employee_id"})  # parts of an address
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _SAFE | {"POST", "PUT", "PATCH", "DELETE"}
_NOBODY = Principal("anonymous", "student")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = [  # of every answer
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", _CSP),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
KEPT = "private, no-cache"  # a browser may keep it, and asks each time whether it is still so
_FOR_BROWSERS = {  # of a configured origin
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-None-Match,"
    " Idempotency-Key, X-Reason, X-Request-ID",
    "Access-Control-Expose-Headers": "ETag, Link, Location, Retry-After, X-Request-ID",
    "Access-Control-Max-Age": "600",
    "Vary": "Origin",
}


def install(app: Flask, settings: Settings) -> None:
    permissions = {name: permission_of(view) for name, view in app.view_functions.items()}
    creating = _creating(app)
    origins = frozenset(filter(None, settings.cors_origins.split(",")))

    def before() -> Response | None:
        _name()
        _refuse_without_place()
        if settings.open_access:
            _refuse_foreign_host()
        if request.method == "OPTIONS" and request.headers.get("Origin") in origins:
            return Response(status=204)  # a preflight, which carries no token
        _refuse_cross_site(origins)
        endpoint = request.endpoint or ""
        _authorise(permissions.get(endpoint, PUBLIC))
        _refuse_when_full(endpoint in creating)
        return None

    def after(response: Response) -> Response:
        response.headers.extend(HEADERS)
        response.headers["X-Request-ID"] = g.get("request_id", "")
        if "Cache-Control" not in response.headers:
            kept = response.status_code < 400 and request.method in _SAFE
            response.headers["Cache-Control"] = KEPT if kept else "no-store"
        if request.headers.get("Origin") in origins:
            response.headers.update(
                _FOR_BROWSERS | {"Access-Control-Allow-Origin": request.headers["Origin"]}
            )
        _observe(response)
        return response

    app.before_request(before)
    app.after_request(after)
    app.after_request(_read_rest)  # the last of these is called first


def _creating(app: Flask) -> frozenset[str]:
    """The routes that create jobs."""
    views = app.view_functions.items()
    return frozenset(name for name, view in views if IDEMPOTENCY_KEY in taken_by(view))


def _read_rest(response: Response) -> Response:
    """Of a small body that nobody wanted: the web server may close a connection with something
    unread in it, without a word, and the caller's next request is lost."""
    if 0 < (request.content_length or 0) <= LARGEST_BODY:
        with suppress(ClientDisconnected):
            request.stream.read()
    return response


def _name() -> None:
    g.started = time.perf_counter()
    g.request_id = request_id(request.headers.get("X-Request-ID", ""))
    g.principal = _NOBODY
    bind_contextvars(request_id=g.request_id)  # until the next request of this thread


def request_id(given: str) -> str:
    """The caller's own, if it is harmless in a log: no token that got into the wrong header."""
    if _REQUEST_ID.match(given) and redacted_text(given) == given:
        return given
    return secrets.token_hex(8)


def _authorise(permission: str | None) -> None:
    things = services()
    address = f"address:{request.remote_addr}"
    if permission == PUBLIC or permission is None:  # no route: 404 and 405 are for everybody
        things.limits.count(address, request.method)
        return
    try:
        who = things.identities.principal(request.headers.get("Authorization"))
    except Unauthenticated:
        things.limits.count(address, request.method)
        raise
    g.principal = who
    things.limits.count(who.name, request.method)
    if not who.may(permission):
        raise Forbidden(f"The role {who.role} may not do this; it needs {permission}")


def _refuse_without_place() -> None:
    if request.environ.get(REFUSED):
        raise Unavailable("Everything here waits for something slow; try again", retry_after=1)


def _refuse_when_full(creates: bool) -> None:
    if creates:
        services().backlog.refuse_when_full()


def _refuse_cross_site(origins: frozenset[str]) -> None:
    """A browser says where a request comes from; other programs say nothing and may pass."""
    origin = request.headers.get("Origin")
    if request.method in _SAFE or origin in origins:
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    foreign = origin is not None and origin.partition("://")[2] != request.host
    if site not in ("same-origin", "none") or foreign:
        raise Forbidden("This address takes no changes from pages of other sites")


def _refuse_foreign_host() -> None:
    """An open sandbox must not be reached through a name that somebody pointed at loopback."""
    host = urlsplit(f"//{request.host}").hostname
    if host not in LOOPBACK:
        raise Forbidden("The open sandbox answers only at 127.0.0.1 and localhost")


def _path(route: str) -> str:
    """A school's id of a person is not for the log; our number is. Where no route matches, nobody
    knows what the path says."""
    if route == "none":
        return route
    named = request.view_args and _PERSONAL & request.view_args.keys()
    return route if named else request.path


def _observe(response: Response) -> None:
    spent = time.perf_counter() - g.get("started", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in _METHODS else "other"  # anybody may invent one
    metrics.observe_request(method, response.status_code, route, spent)
    traces.answered(method, route, response.status_code, g.get("request_id", ""))
    logs.access(
        method=request.method,
        path=_path(route),
        status=response.status_code,
        ms=round(spent * 1000, 2),
        request_id=g.get("request_id"),
        actor=g.principal.name if "principal" in g else None,
        **({"job_id": g.job_id} if "job_id" in g else {}),
    )
