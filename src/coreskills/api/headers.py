"""Headers that a route may take, read and described in one place."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import request

from coreskills.errors import Fault, Invalid

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A repeated request with the same key gets the job of the first one",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version that the change is based on",
    "schema": {"type": "string"},
}
REASON = {
    "name": "X-Reason",
    "in": "header",
    "description": "Why; it stands in the audit trail",
    "schema": {"type": "string", "maxLength": 200},
}
_KEY = re.compile(r"[!-~]{1,255}\Z")
_F = TypeVar("_F", bound=Callable[..., Any])


def takes(*described: dict[str, Any]) -> Callable[[_F], _F]:
    """Put these into the description of a route."""

    def mark(view: _F) -> _F:
        # a function may carry anything
        view.headers = described  # type: ignore[attr-defined]
        return view

    return mark


def taken_by(view: Callable[..., Any]) -> list[dict[str, Any]]:
    return list(getattr(view, "headers", ()))


def reason() -> str | None:
    """Of any change. Other letters than ASCII arrive as UTF-8."""
    given = request.headers.get("X-Reason", "")
    text = given.encode("latin-1", "replace").decode("utf-8", "replace").strip()
    if len(text) > 200 or not text.isprintable():
        fault = Fault("X-Reason", "bad_reason", "must be at most 200 characters, on one line")
        raise Invalid("The reason is not valid", [fault])
    return text or None


def idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.match(key):
        fault = Fault("Idempotency-Key", "bad_key", "must be 1 to 255 visible ASCII characters")
        raise Invalid("The Idempotency-Key is not valid", [fault])
    return key
