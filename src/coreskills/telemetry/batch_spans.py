"""The spans of jobs that a worker claims and ends together; each job has a trace of its own."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind

from coreskills.domain.jobs import Job
from coreskills.telemetry.span import OpenSpan, code_of, context_of, named


class OpenBatch:
    """What traces.BatchTrace promises."""

    def __init__(self, tracer: trace.Tracer, jobs: list[Job], asked_at: int) -> None:
        self._tracer = tracer
        self._company = len(jobs)
        self._contexts = {job.id: context_of(job.trace_parent) for job in jobs}
        self._spans: dict[int, trace.Span] = {}
        for job in jobs:
            self._tell_of_claim(job, asked_at)

    @contextmanager
    def running(self, job: Job) -> Iterator[None]:
        with _current(self._span(job)):
            yield

    @contextmanager
    def committing(self, jobs: list[Job]) -> Iterator[None]:
        """One transaction, which each job has in its trace. What happens in it is told in that of
        the first, to which the others link."""
        first, *others = jobs
        began = time.time_ns()
        commit = self._commit(first, began, len(jobs))
        try:
            with _current(commit):
                yield
        except BaseException as exc:  # whatever it is, the trace tells of it, and it goes on
            OpenSpan(commit).fail(code_of(exc))
            raise
        finally:
            commit.end()
            for job in others:
                self._commit(job, began, len(jobs), commit).end()

    def ended(self, job: Job, outcome: str, code: str = "") -> None:
        span = self._span(job)
        OpenSpan(span).set(outcome=outcome)
        if code:
            OpenSpan(span).fail(code)
        del self._spans[job.id]
        span.end()

    def close(self) -> None:
        while self._spans:
            self._spans.popitem()[1].end()

    def _span(self, job: Job) -> trace.Span:
        if job.id not in self._spans:
            told = {"job_id": job.id, "job_type": job.job_type, "attempt": job.attempt}
            self._spans[job.id] = self._tracer.start_span(
                f"run {job.job_type}",
                self._contexts[job.id],
                SpanKind.CONSUMER,
                named(told | {"batch": self._company}),
            )
        return self._spans[job.id]

    def _commit(
        self, job: Job, began: int, company: int, written_in: trace.Span | None = None
    ) -> trace.Span:
        return self._tracer.start_span(
            "commit",
            trace.set_span_in_context(self._span(job)),
            attributes=named({"batch": company}),
            links=[Link(written_in.get_span_context())] if written_in else [],
            start_time=began,
        )

    def _tell_of_claim(self, job: Job, asked_at: int) -> None:
        """How long it was due PostgreSQL says, by its own clock; it counts to a moment between the
        question and the answer. What nobody asked for (a schedule's job) has no trace before it
        runs."""
        if job.trace_parent is None:
            return
        queued = min(time.time_ns() - int(job.queued_seconds * 1e9), asked_at)
        for name, began, ended in (("queue", queued, asked_at), ("claim", asked_at, None)):
            told = named({"job_id": job.id, "attempt": job.attempt})
            context = self._contexts[job.id]
            self._tracer.start_span(name, context, attributes=told, start_time=began).end(ended)


def _current(span: trace.Span) -> AbstractContextManager[trace.Span]:
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)
