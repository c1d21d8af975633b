"""One trace for a request and all the work that it causes.

Off unless CORESKILLS_TRACING is true, and then the cost of one comparison. OpenTelemetry is the
optional part `tracing`: only `enable` imports it, through spans.py.
"""

import time
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from coreskills.config import Settings
from coreskills.domain.jobs import Job
from coreskills.errors import Fault, Invalid

if TYPE_CHECKING:
    from coreskills.telemetry.spans import Tracer

INSTALL = "pip install 'coreskills[tracing]'"
_tracer: "Tracer | None" = None


class Span(Protocol):
    def set(self, **attributes: Any) -> None:
        """Names as in `job_id`; what they are called in OpenTelemetry, spans.py says."""

    def fail(self, code: str) -> None: ...


class BatchTrace(Protocol):
    """Of jobs that a worker runs together: each has its own trace."""

    def running(self, job: Job) -> AbstractContextManager[object]: ...

    def committing(self, jobs: list[Job]) -> AbstractContextManager[object]: ...

    def ended(self, job: Job, outcome: str, code: str = "") -> None: ...

    def close(self) -> None:
        """What has not ended until now ends without an outcome."""


class _Off:
    """Stands for every span when nobody traces."""

    __slots__ = ()

    def __enter__(self) -> "_Off":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set(self, **attributes: Any) -> None:
        return None

    def fail(self, code: str) -> None:
        return None

    def running(self, job: Job) -> "_Off":
        return self

    def committing(self, jobs: list[Job]) -> "_Off":
        return self

    def ended(self, job: Job, outcome: str, code: str = "") -> None:
        return None

    def close(self) -> None:
        return None


_OFF = _Off()


def enable(service: str, settings: Settings) -> None:
    """Once in every process, after its last fork. Raises Invalid when the part is not installed."""
    global _tracer
    if not settings.tracing:
        return
    try:
        from coreskills.telemetry.spans import Tracer
    except ModuleNotFoundError as exc:
        fault = Fault("CORESKILLS_TRACING", "bad_setting", f"needs {exc.name}: {INSTALL}")
        raise Invalid(f"Traces need an optional part: {INSTALL}", [fault]) from exc
    _tracer = Tracer(service, settings.otlp_endpoint, settings.traces_dir)


def installed() -> bool:
    """Whether the optional part is there; asks without importing it."""
    names = ("opentelemetry", "opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
    try:
        return all(find_spec(name) for name in names)
    except ModuleNotFoundError:  # of a parent
        return False


def disable() -> None:
    """Hands on what there is, which takes a few seconds at most; then nothing is traced."""
    global _tracer
    ending, _tracer = _tracer, None
    if ending:
        ending.close()


def on() -> bool:
    return _tracer is not None


def now() -> int:
    """Nanoseconds of the wall clock; 0 when nobody traces."""
    return time.time_ns() if _tracer else 0


def request(method: str, traceparent: str | None) -> AbstractContextManager[Span]:
    """Of the server. Goes on in the caller's trace if there is one."""
    return _tracer.request(method, traceparent) if _tracer else _OFF


def answered(method: str, route: str, status: int, request_id: str) -> None:
    """Tell the request's span what it was; to be called where no other span is open."""
    if _tracer:
        _tracer.answered(method, route, status, request_id)


def span(name: str, **attributes: Any) -> AbstractContextManager[Span]:
    """A step of what is going on; outside of any trace, nothing."""
    return _tracer.step(name, attributes) if _tracer else _OFF


def accepting(job_type: str) -> AbstractContextManager[Span]:
    return _tracer.accepting(job_type) if _tracer else _OFF


def parent() -> str | None:
    """The `traceparent` for what the current span causes."""
    return _tracer.parent() if _tracer else None


def trace_id() -> str | None:
    return _tracer.trace_id() if _tracer else None


def batch(jobs: list[Job], asked_at: int) -> BatchTrace:
    """`jobs` were claimed just now, by a question asked at `asked_at`."""
    return _tracer.batch(jobs, asked_at) if _tracer else _OFF
