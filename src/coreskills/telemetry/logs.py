"""JSON lines for programs, readable lines for people; both on stderr.

A line that cannot be written, for the disk is full, is dropped: no request and no job fails for
want of a log (lines.py).

Every line of a request or a job carries their ids, and that of their trace where there is one.
Secrets are taken out (redaction.py). A line names things by their numbers, never a person: not who
they are, and not what a database or an exception says of a value, except where somebody chose the
level debug.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
import structlog

from coreskills import config
from coreskills.telemetry import traces
from coreskills.telemetry.lines import Lines
from coreskills.telemetry.redaction import redacted

_KNOW_NO_VALUES = ("psycopg.pool", "opentelemetry", "urllib3", "granian", "_granian")


def configure(service: str, level: str, style: str) -> None:
    """Once per process. `style` is json or text."""
    global _access
    lowest = logging.getLevelNamesMapping()[level.upper()]
    plain = style == "json" and lowest <= logging.INFO
    lines = Lines(service)
    _access = _directly(service, lines) if plain else _through_structlog

    def named(logger: Any, method: str, event: Any) -> Any:
        event["service"] = service
        if trace_id := traces.trace_id():
            event["trace_id"] = trace_id
        return event

    shared: list[Any] = [
        named,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(partial(_where, lowest <= logging.DEBUG)),
        _without_secrets,
    ]
    renderer: Any = structlog.processors.JSONRenderer(serializer=_dumps)
    if style == "text":
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty() and config.colours_wanted()
        )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=lambda *_: _Logger(lines.write if style == "json" else _show),
        cache_logger_on_first_use=True,
    )
    logging.getLogger().handlers = [_Foreign(logging.WARNING)]


def _without_secrets(logger: Any, method: str, event: Any) -> Any:
    return redacted(event)


class _Foreign(logging.Handler):
    """What libraries have to say, in the same form. One that knows values is only named, except
    where somebody chose the level debug."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger("library")
        told = {"logger": record.name, "where": f"{record.filename}:{record.lineno}"}
        if record.name.startswith(_KNOW_NO_VALUES):
            told["text"] = record.getMessage()
        log.log(record.levelno, "library", **told)
        if "text" not in told:
            log.debug("library", **told, text=record.getMessage())


def _where(frankly: bool, failure: Any) -> str:
    """Kind and places of an exception and of its causes; what it says only `frankly`."""
    exc: BaseException | None = failure[1]
    lines: list[str] = []
    while exc is not None:
        told = f": {exc}" if frankly else ""
        lines.append(f"{type(exc).__module__}.{type(exc).__qualname__}{told}")
        places = traceback.extract_tb(exc.__traceback__)
        lines += [f"  {place.filename}:{place.lineno} in {place.name}" for place in places]
        exc = exc.__cause__ or exc.__context__
    return "\n".join(lines)


def access(**fields: Any) -> None:
    """One line for an answered request, a moment later. Made directly, since there is one for each:
    so none of its fields may hold a secret; api/requests.py sees to that."""
    if trace_id := traces.trace_id():
        fields["trace_id"] = trace_id
    _access(fields)


def _through_structlog(fields: dict[str, Any]) -> None:
    structlog.get_logger().info("request", **fields)


_access: Callable[[dict[str, Any]], None] = _through_structlog


def _directly(service: str, lines: Lines) -> Callable[[dict[str, Any]], None]:
    always = orjson.dumps({"event": "request", "service": service, "level": "info"})[:-1] + b","

    def write(fields: dict[str, Any]) -> None:
        fields["timestamp"] = datetime.now(UTC)
        lines.write_soon(always + orjson.dumps(fields, option=orjson.OPT_UTC_Z)[1:])

    return write


class _Logger:
    """What structlog hands its lines to."""

    def __init__(self, write: Callable[[Any], None]) -> None:
        self.msg = self.debug = self.info = self.warning = self.error = self.critical = write


def _show(line: str) -> None:
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)  # noqa: T201  for people, on stderr


def _dumps(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=str)
