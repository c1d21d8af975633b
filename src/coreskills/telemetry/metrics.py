"""Every metric of the API, in one place. Names of the two HTTP metrics are those of the original's
lessons. Counters are shared among the API's processes through files (CORESKILLS_METRICS_DIR)."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
registry = CollectorRegistry()

requests_total = Counter(
    "flask_http_request",
    "Requests answered, by method, status and route template.",
    ["method", "status", "route"],
    registry=registry,
)
request_seconds = Histogram(
    "flask_http_request_duration_seconds",
    "Time from the first byte read to the answer handed over, in seconds.",
    ["method", "status", "route"],
    buckets=BUCKETS,
    registry=registry,
)
jobs_accepted = Counter(
    "coreskills_jobs_accepted", "Jobs answered with 202, by type.", ["type"], registry=registry
)
logins = Counter("coreskills_logins", "Logins, by outcome.", ["outcome"], registry=registry)


_children: dict[tuple[str, str, str], tuple[Any, Any]] = {}


def observe_request(method: str, status: int, route: str, seconds: float) -> None:
    key = (method, str(status), route)
    children = _children.get(key)
    if children is None:
        children = _children[key] = (requests_total.labels(*key), request_seconds.labels(*key))
    children[0].inc()
    children[1].observe(seconds)


class Figures:
    """A collector of numbers that somebody else keeps: (name, help, [(labels, value)])."""

    def __init__(self, rows: Iterable[tuple[str, str, list[tuple[dict[str, str], float]]]]) -> None:
        self._rows = rows

    def collect(self) -> Iterator[Metric]:
        for name, text, samples in self._rows:
            labels = sorted({key for keys, _ in samples for key in keys})
            family = GaugeMetricFamily(name, text, labels=labels)
            for keys, value in samples:
                family.add_metric([keys[label] for label in labels], value)
            yield family


def render(
    figures: Iterable[tuple[str, str, list[tuple[dict[str, str], float]]]], shared: str
) -> bytes:
    """The exposition. `shared` is the folder of the counters' files; empty: this process alone."""
    answer = CollectorRegistry()
    if shared:
        MultiProcessCollector(answer, path=shared)  # type: ignore[no-untyped-call]
    answer.register(Figures(figures))
    return (b"" if shared else generate_latest(registry)) + generate_latest(answer)


def clear(folder: Path) -> None:
    """Before the first process of a start: counters of an earlier run are not ours."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.db"):
        os.unlink(path)
