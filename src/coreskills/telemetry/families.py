"""What a metric is called, what its labels are, and what it means. Every one of the system is
declared with this, in this package; docs/reference/metrics.md is made from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import Metric

Kind = Literal["counter", "gauge", "histogram"]
Server = Literal["api", "worker"]
Sample = tuple[Sequence[str], float]  # the values of the labels, in their order, and the number
_M = TypeVar("_M", Counter, Gauge, Histogram)
NAMES: dict[str, "Family"] = {}

# When a counter began is nobody's question here, and costs a series each.
# The library has no types here
disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Family:
    """`name` as Prometheus shows it; of a histogram without the endings. Declared once."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ("api",)  # whose /metrics has it

    def __post_init__(self) -> None:
        if self.name in NAMES:
            raise ValueError(f"The metric {self.name} is declared twice")
        if not self.text.endswith("."):
            raise ValueError(f"The metric {self.name} needs a sentence that says what it means")
        NAMES[self.name] = self

    def counter(self, *registries: CollectorRegistry) -> Counter:
        return _registered(Counter(self.name, self.text, self.labels, registry=None), registries)

    def gauge(self, *registries: CollectorRegistry) -> Gauge:
        """Of several processes that share their counters, the living are added up."""
        made = Gauge(self.name, self.text, self.labels, registry=None, multiprocess_mode="livesum")
        return _registered(made, registries)

    def histogram(self, buckets: Sequence[float], *registries: CollectorRegistry) -> Histogram:
        made = Histogram(self.name, self.text, self.labels, registry=None, buckets=buckets)
        return _registered(made, registries)

    def of(self, samples: Iterable[Sample]) -> Metric:
        """Numbers that somebody else keeps. A counter of an exporter's name has no _total, which
        the library cannot say: it goes as unknown, and exposition.py puts it right."""
        foreign = self.kind == "counter" and not self.name.endswith("_total")
        kind = "unknown" if foreign else self.kind
        metric = Metric(self.name.removesuffix("_total"), self.text, kind)
        for values, number in samples:
            metric.add_sample(self.name, dict(zip(self.labels, values, strict=True)), number)
        return metric

    def value(self, number: float) -> Metric:
        return self.of([((), number)])


class Few:
    """The first `most` values of a label as they are; what comes then is `other`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if value not in self._known and len(self._known) >= self._most:
            return "other"
        self._known.add(value)
        return value


def filled(known: Iterable[tuple[str, ...]], found: Mapping[Any, float]) -> list[Sample]:
    """A sample for each that there can be: what is not found counts as 0, and is no gap."""
    return [(values, found.get(values, 0)) for values in known]


def _registered(made: _M, registries: Sequence[CollectorRegistry]) -> _M:
    for registry in registries:
        registry.register(made)
    return made
