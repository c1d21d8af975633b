"""JSON lines for programs, readable lines for people; both on stderr."""

import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from coreskills import config


def configure(service: str, level: str, style: str) -> None:
    """Once per process. `style` is json or text."""
    global _access
    lowest = logging.getLevelNamesMapping()[level.upper()]
    plain = style == "json" and lowest <= logging.INFO
    _access = _directly(service) if plain else _through_structlog

    def named(logger: Any, method: str, event: Any) -> Any:
        event["service"] = service
        return event

    shared: list[Any] = [
        named,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        )
        if style == "json"
        else structlog.processors.ExceptionPrettyPrinter(),
    ]
    renderer: Any = structlog.processors.JSONRenderer(serializer=_dumps)
    if style == "text":
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty() and config.colours_wanted()
        )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer)
        if style == "json"
        else structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def access(**fields: Any) -> None:
    """One line for an answered request. Written directly in JSON: there is one for each."""
    _access(fields)


def _through_structlog(fields: dict[str, Any]) -> None:
    structlog.get_logger().info("request", **fields)


_access: Callable[[dict[str, Any]], None] = _through_structlog


def _directly(service: str) -> Callable[[dict[str, Any]], None]:
    def write(fields: dict[str, Any]) -> None:
        line = {"event": "request", "service": service, "level": "info", **fields}
        line["timestamp"] = datetime.now(UTC)
        os.write(2, orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z))

    return write


def _dumps(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=str)
