"""What happens around every request: name it, know the caller, refuse, count, log."""

import re
import secrets
import time
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, request

from coreskills.api.context import services
from coreskills.api.permissions import PUBLIC, permission_of
from coreskills.config import Settings
from coreskills.domain.access import Principal
from coreskills.errors import Forbidden
from coreskills.telemetry import metrics

log = structlog.get_logger("api")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_NOBODY = Principal("anonymous", "student")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _CSP,
    "Cross-Origin-Resource-Policy": "same-origin",
}
_children: dict[tuple[str, str, str], tuple[Any, Any]] = {}


def install(app: Flask, settings: Settings) -> None:
    permissions = {name: permission_of(view) for name, view in app.view_functions.items()}
    origins = frozenset(filter(None, settings.cors_origins.split(",")))

    def before() -> None:
        g.started = time.perf_counter()
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
        g.principal = _NOBODY
        if settings.open_access:
            _refuse_foreign_host()
        if request.method not in _SAFE:
            _refuse_cross_site(origins)
        _authorise(permissions.get(request.endpoint or "", PUBLIC))

    def after(response: Response) -> Response:
        response.headers.update(_HEADERS)
        response.headers["X-Request-ID"] = g.get("request_id", "")
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = (
                "no-store" if response.status_code > 399 else "private, no-cache"
            )
        origin = request.headers.get("Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Vary"] = "Origin"
        _observe(response)
        return response

    app.before_request(before)
    app.after_request(after)


def _authorise(permission: str | None) -> None:
    things = services()
    if permission == PUBLIC or permission is None:  # no route: 404 and 405 are for everybody
        things.limits.count(f"address:{request.remote_addr}", request.method)
        return
    who = things.identities.principal(request.headers.get("Authorization"))
    g.principal = who
    things.limits.count(who.name, request.method)
    if not who.may(permission):
        raise Forbidden(f"The role {who.role} may not do this; it needs {permission}")


def _refuse_cross_site(origins: frozenset[str]) -> None:
    """A browser says where a request comes from; other programs say nothing and may pass."""
    origin = request.headers.get("Origin")
    if origin in origins:
        return
    site = request.headers.get("Sec-Fetch-Site", "none")
    foreign = origin is not None and origin.partition("://")[2] != request.host
    if site not in ("same-origin", "none") or foreign:
        raise Forbidden("This address takes no changes from pages of other sites")


def _refuse_foreign_host() -> None:
    """An open sandbox must not be reached through a name that somebody pointed at loopback."""
    host = urlsplit(f"//{request.host}").hostname
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise Forbidden("The open sandbox answers only at 127.0.0.1 and localhost")


def _observe(response: Response) -> None:
    spent = time.perf_counter() - g.get("started", time.perf_counter())
    route = request.url_rule.rule if request.url_rule else "none"
    key = (request.method, str(response.status_code), route)
    children = _children.get(key)
    if children is None:
        children = (
            metrics.requests_total.labels(*key),
            metrics.request_seconds.labels(*key),
        )
        _children[key] = children
    children[0].inc()
    children[1].observe(spent)
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=round(spent * 1000, 2),
        request_id=g.get("request_id"),
        actor=g.principal.name if "principal" in g else None,
    )
