"""Writes finished spans into the files of trace_files.py."""

from collections.abc import Sequence
from typing import Any

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from coreskills.telemetry.span import NAMES
from coreskills.telemetry.trace_files import TraceFile


class KeptSpans(SpanExporter):
    def __init__(self, folder: str, service: str) -> None:
        self._file = TraceFile(folder, service)
        self._service = service

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """A full disk costs the traces of a moment, and nothing else."""
        lines = b"".join(self._line(span) for span in _worth_keeping(spans))
        if not lines:
            return SpanExportResult.SUCCESS
        return SpanExportResult.SUCCESS if self._file.append(lines) else SpanExportResult.FAILURE

    def _line(self, span: ReadableSpan) -> bytes:
        context, status = span.get_span_context(), span.status
        assert context is not None
        kept: dict[str, Any] = {
            "trace_id": format_trace_id(context.trace_id),
            "span_id": format_span_id(context.span_id),
            "parent_id": format_span_id(span.parent.span_id) if span.parent else None,
            "service": self._service,
            "name": span.name,
            "kind": span.kind.name.lower(),
            "began": span.start_time,
            "ended": span.end_time,
            "failed": status.status_code is StatusCode.ERROR,
            "attributes": dict(span.attributes or {}),
            "links": [format_span_id(link.context.span_id) for link in span.links],
        }
        return orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE)


def _worth_keeping(spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
    """All but those of refused requests, which cause no job: anybody can send them without a login,
    and would push out what others did, or write into a trace that is not theirs."""
    refused: set[int] = set()
    kept = []
    for span in reversed(spans):  # what a request caused has ended, and stands, before it
        if _is_refused(span) or _parent_id(span) in refused:
            refused.add(_id(span))
        else:
            kept.append(span)
    return kept[::-1]


def _is_refused(span: ReadableSpan) -> bool:
    status = (span.attributes or {}).get(NAMES["status"], 0)
    return span.kind is SpanKind.SERVER and isinstance(status, int) and 400 <= status < 500


def _id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    assert context is not None
    return context.span_id


def _parent_id(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None
