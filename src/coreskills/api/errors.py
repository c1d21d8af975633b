"""The one place where an exception becomes an HTTP response (RFC 9457 problem details)."""

from dataclasses import asdict
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException

from coreskills.errors import (
    AppError,
    ChangedMeanwhile,
    Conflict,
    EngineFailed,
    Forbidden,
    Frozen,
    IdempotencyMismatch,
    Invalid,
    LeaseLost,
    NeedsApproval,
    NotFound,
    QueueFull,
    RateLimited,
    StackFailed,
    StaleVersion,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UsernameTaken,
    VersionRequired,
)

log = structlog.get_logger("api")

STATUS: dict[type[AppError], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    ChangedMeanwhile: 409,
    UsernameTaken: 409,
    IdempotencyMismatch: 422,
    Frozen: 423,
    NeedsApproval: 409,
    StaleVersion: 412,
    VersionRequired: 428,
    TooLarge: 413,
    RateLimited: 429,
    Unavailable: 503,
    QueueFull: 503,
    EngineFailed: 502,
    LeaseLost: 409,
    StackFailed: 500,
}
# What the framework itself refuses, in words that say what to do.
_HTTP = {
    400: ("bad_request", "The request cannot be read"),
    404: ("not_found", "There is nothing at this address; GET /openapi.json lists the routes"),
    405: ("method_not_allowed", "This address does not take this method; see the Allow header"),
    413: ("too_large", "The body is larger than we accept: 64 KiB, or 32 MiB for a roster"),
}


def register(app: Flask) -> None:
    app.register_error_handler(AppError, _app_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _bug)


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    body = {
        "type": f"urn:coreskills:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": g.get("request_id"),
        **more,
    }
    return Response(
        orjson.dumps(body, default=str), status, content_type="application/problem+json"
    )


def _app_error(error: AppError) -> Response:
    more = dict(error.details)
    if isinstance(error, Invalid):
        more["errors"] = [asdict(fault) for fault in error.faults]
    response = problem(STATUS[type(error)], error.code, error.message, **more)
    if isinstance(error, RateLimited | Unavailable):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="coreskills"'
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    name = error.name.lower().replace(" ", "_")
    code, detail = _HTTP.get(status, (name, error.description or error.name))
    response = problem(status, code, detail)
    for header, value in error.get_headers():
        if header.lower() == "allow":
            response.headers[header] = value
    return response


def _bug(error: Exception) -> Response:
    log.error("unhandled", exc_info=error)
    return problem(500, "internal_error", "Something broke on our side; the log has the details")
