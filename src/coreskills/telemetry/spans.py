"""Traces with OpenTelemetry. Imported only when they are wanted: see traces.py."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode

from coreskills import __version__
from coreskills.domain.jobs import Job
from coreskills.telemetry.batch_spans import OpenBatch
from coreskills.telemetry.kept_spans import KeptSpans
from coreskills.telemetry.span import OpenSpan, code_of, context_of, named, traceparent

EXPORT_EVERY_MS = 200  # whoever asks for the trace of a job that just ended waits no longer
EXPORT_WITHIN = 3.0  # seconds, for a collector that does not answer
WAITING_SPANS = 32_768  # then they are dropped: nobody grows for want of a collector
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_NOWHERE = OpenSpan(trace.INVALID_SPAN)


class Tracer:
    """Hands its spans to a collector (OTLP over HTTP), to files in a folder, or to both."""

    def __init__(self, service: str, endpoint: str, folder: str) -> None:
        self._everything = bool(endpoint)
        # Whether a request is traced is not for its caller to say: some would rather not be seen.
        self._provider = TracerProvider(ALWAYS_ON, _resource(service))
        for exporter in _exporters(service, endpoint, folder):
            self._provider.add_span_processor(
                BatchSpanProcessor(
                    exporter,
                    max_queue_size=WAITING_SPANS,
                    max_export_batch_size=2048,
                    schedule_delay_millis=EXPORT_EVERY_MS,
                )
            )
        self._tracer = self._provider.get_tracer("coreskills", __version__)

    def close(self) -> None:
        self._provider.shutdown()

    @contextmanager
    def request(self, method: str, traceparent: str | None) -> Iterator[OpenSpan]:
        """Without a collector, a class that reads would soon push out what it did."""
        if method in _SAFE and not self._everything:
            yield _NOWHERE
            return
        with self._open(method, SpanKind.SERVER, {}, context_of(traceparent)) as span:
            yield span

    def answered(self, method: str, route: str, status: int, request_id: str) -> None:
        span = trace.get_current_span()
        span.update_name(f"{method} {route}" if route != "none" else method)
        OpenSpan(span).set(method=method, route=route, status=status, request_id=request_id)
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))

    @contextmanager
    def step(self, name: str, attributes: dict[str, Any]) -> Iterator[OpenSpan]:
        """A worker that looks for work is in no trace, and looks several times a second."""
        if not trace.get_current_span().is_recording():
            yield _NOWHERE
            return
        kind = SpanKind.CLIENT if "system" in attributes else SpanKind.INTERNAL
        with self._open(name, kind, attributes) as span:
            yield span

    @contextmanager
    def accepting(self, job_type: str) -> Iterator[OpenSpan]:
        name = f"accept {job_type}"
        with self._open(name, SpanKind.PRODUCER, {"job_type": job_type}) as span:
            yield span

    def parent(self) -> str | None:
        return traceparent()

    def trace_id(self) -> str | None:
        context = trace.get_current_span().get_span_context()
        return trace.format_trace_id(context.trace_id) if context.is_valid else None

    def batch(self, jobs: list[Job], asked_at: int) -> OpenBatch:
        return OpenBatch(self._tracer, jobs, asked_at)

    @contextmanager
    def _open(
        self, name: str, kind: SpanKind, attributes: dict[str, Any], context: Context | None = None
    ) -> Iterator[OpenSpan]:
        span = self._tracer.start_span(name, context, kind, named(attributes))
        opened = OpenSpan(span)
        with trace.use_span(span, True, record_exception=False, set_status_on_exception=False):
            try:
                yield opened
            except BaseException as exc:  # whatever it is, the trace tells of it, and it goes on
                opened.fail(code_of(exc))
                raise


def _exporters(service: str, endpoint: str, folder: str) -> Iterator[SpanExporter]:
    if folder:
        yield KeptSpans(folder, service)
    if endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        yield OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_WITHIN)


def _resource(service: str) -> Resource:
    return Resource.create(
        {
            "service.name": service,
            "service.namespace": "coreskills",
            "service.version": __version__,
            "service.instance.id": str(os.getpid()),
        }
    )
