"""What a worker counts.

Each function is called after the commit of what it counts, so a worker that lost its job counts
nothing; one that is killed between the two has counted too little.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from coreskills.errors import EngineFailed
from coreskills.telemetry.families import Family, Few, Server
from coreskills.telemetry.metrics import jobs_finished

WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)
RUNS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)
WORKER: tuple[Server, ...] = ("worker",)
DEAD = "worker_lost"  # the code of every job that is given up (reap_jobs in leases.sql)
registry = CollectorRegistry()
registry.register(jobs_finished)

jobs_retried = Family(
    "coreskills_jobs_retried_total",
    "counter",
    "Attempts that failed and were queued again.",
    ("type",),
    WORKER,
).counter(registry)
jobs_crashed = Family(
    "coreskills_jobs_crashed_total",
    "counter",
    "Attempts whose worker vanished, counted by the one that found out.",
    ("type",),
    WORKER,
).counter(registry)
queued_seconds = Family(
    "coreskills_job_queued_seconds",
    "histogram",
    "Time from when a job was due until a worker took it, of each attempt.",
    ("type",),
    WORKER,
).histogram(WAITS, registry)
run_seconds = Family(
    "coreskills_job_run_seconds",
    "histogram",
    "Time a worker spent on an attempt that completed, failed or is to be tried again.",
    ("type",),
    WORKER,
).histogram(RUNS, registry)
engine_calls = Family(
    "coreskills_engine_calls_total",
    "counter",
    "Commands that an engine executed: ok, or the code of the refusal.",
    ("engine", "command", "outcome"),
    WORKER,
).counter(registry)
engine_seconds = Family(
    "coreskills_engine_call_seconds",
    "histogram",
    "Time until an engine answered a command.",
    ("engine", "command"),
    WORKER,
).histogram(RUNS, registry)
engine_restarts = Family(
    "coreskills_engine_restarts_total",
    "counter",
    "Hosts of the PowerShell engine that were given up: recycled in time, or the failure's code.",
    ("reason",),
    WORKER,
).counter(registry)
leader = Family(
    "coreskills_leader",
    "gauge",
    "1 on the worker that publishes, reaps, fires schedules and seals; 0 on all others.",
    servers=WORKER,
).gauge(registry)
ENGINE = Family(
    "coreskills_engine_info",
    "gauge",
    "Always 1; says which engine executes commands, and its version once it is known.",
    ("engine", "version"),
    WORKER,
)


_bounded = Few(200)  # codes come from engines, too, and a confused one must not invent series


def start_at_zero(kinds: Iterable[str]) -> None:
    """As in metrics.py. Codes of failures are not known before they happen, but that of death."""
    for kind in kinds:
        _child(jobs_finished, kind, "completed", "")
        _child(jobs_finished, kind, "dead", DEAD)
        _child(jobs_retried, kind)
        _child(jobs_crashed, kind)


def claimed(kind: str, queued: float) -> None:
    _child(queued_seconds, kind).observe(queued)


def ended(kind: str, outcome: str, code: str, spent: float) -> None:
    _child(jobs_finished, kind, outcome, _bounded(code)).inc()
    _child(run_seconds, kind).observe(spent)


def blamed(kind: str, code: str, spent: float, *, again: bool) -> None:
    """It failed; `again`: and is tried once more."""
    if again:
        _child(jobs_retried, kind).inc()
        _child(run_seconds, kind).observe(spent)
    else:
        ended(kind, "failed", code, spent)


def crashed(kind: str, *, dead: bool, code: str) -> None:
    _child(jobs_crashed, kind).inc()
    if dead:
        _child(jobs_finished, kind, "dead", code).inc()


def restarted(reason: str) -> None:
    _child(engine_restarts, reason).inc()


@contextmanager
def engine_call(engine: str, command: str) -> Iterator[None]:
    began, outcome = time.perf_counter(), "ok"
    try:
        yield
    except EngineFailed as exc:
        outcome = exc.code
        raise
    finally:
        _child(engine_calls, engine, command, _bounded(outcome)).inc()
        _child(engine_seconds, engine, command).observe(time.perf_counter() - began)


def engine(name: str, version: str) -> Metric:
    return ENGINE.of([((name, version), 1)])


@cache
def _child(metric: Any, *labels: str) -> Any:
    """The library looks them up under a lock each time."""
    return metric.labels(*labels)
