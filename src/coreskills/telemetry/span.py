"""A span of OpenTelemetry, under our names. Imported only when traces are wanted."""

from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

# As in the semantic conventions of OpenTelemetry, where they have a name for it.
NAMES = {
    "attempt": "coreskills.job.attempt",
    "batch": "coreskills.batch.jobs",
    "code": "error.type",
    "command": "coreskills.command",
    "engine": "coreskills.engine",
    "job_id": "coreskills.job.id",
    "job_type": "coreskills.job.type",
    "method": "http.request.method",
    "outcome": "coreskills.job.outcome",
    "request_id": "coreskills.request.id",
    "route": "http.route",
    "statement": "db.query.summary",
    "status": "http.response.status_code",
    "system": "db.system.name",
}
_CARRIER = TraceContextTextMapPropagator()


class OpenSpan:
    """What traces.Span promises."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, **attributes: Any) -> None:
        self._span.set_attributes(named(attributes))

    def fail(self, code: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, code))
        self._span.set_attribute(NAMES["code"], code)


def named(attributes: dict[str, Any]) -> dict[str, Any]:
    return {NAMES[name]: value for name, value in attributes.items()}


def code_of(exc: BaseException) -> str:
    """What an exception says may name somebody; its code does not."""
    return getattr(exc, "code", None) or type(exc).__name__


def context_of(traceparent: str | None) -> Context:
    """Empty without one, and then what begins in it is a trace of its own."""
    return _CARRIER.extract({"traceparent": traceparent or ""}, Context())


def traceparent() -> str | None:
    """Of the current span."""
    carrier: dict[str, str] = {}
    _CARRIER.inject(carrier)
    return carrier.get("traceparent")
