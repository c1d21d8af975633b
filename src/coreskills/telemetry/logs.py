"""JSON lines for programs, readable lines for people; both on stderr."""

import logging
import sys
from typing import Any

import orjson
import structlog

from coreskills import config


def configure(service: str, level: str, style: str) -> None:
    """Once per process. `style` is json or text."""

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
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer)
        if style == "json"
        else structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _dumps(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=str)
