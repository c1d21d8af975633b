"""The text that Prometheus reads."""

from collections.abc import Callable, Iterable, Iterator
from platform import python_version

import structlog
from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import Metric

from coreskills import __version__
from coreskills.telemetry.metrics import BUILD

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
log = structlog.get_logger("metrics")


class Asked:
    """What the library calls a collector: numbers asked for at every scrape."""

    def __init__(self, ask: Callable[[], Iterable[Metric]]) -> None:
        self._ask = ask

    def collect(self) -> Iterator[Metric]:
        yield from self._ask()


def build(service: str) -> Metric:
    return BUILD.of([((__version__, python_version(), service), 1)])


def text_of(metrics: Iterable[Metric]) -> bytes:
    """Only counters with an exporter's name, which end in nothing, are of no known kind to the
    library."""
    text = generate_latest(Asked(lambda: metrics))
    return text.replace(b" untyped\n", b" counter\n")


def serve(host: str, port: int, registry: CollectorRegistry) -> None:
    """At `/metrics` of a port of its own, from threads that end with the process. A port that is
    taken stops no worker: it says so, and Prometheus sees it as down."""
    try:
        start_http_server(port, host, registry)
    except OSError as exc:
        log.error("metrics_not_served", host=host, port=port, why=str(exc))
