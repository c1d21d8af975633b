"""Writes finished spans into the files of trace_files.py."""

from collections.abc import Sequence
from typing import Any

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from coreskills.telemetry.trace_files import TraceFile


class KeptSpans(SpanExporter):
    def __init__(self, folder: str, service: str) -> None:
        self._file = TraceFile(folder, service)
        self._service = service

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """A full disk costs the traces of a moment, and nothing else."""
        lines = b"".join(self._line(span) for span in spans)
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
