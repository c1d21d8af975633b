"""What the API counts. The names of the two HTTP metrics are those of the original's lessons."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from coreskills.telemetry.families import Family, Server

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
BOTH: tuple[Server, ...] = ("api", "worker")
registry = CollectorRegistry()

REQUESTS = Family(
    "flask_http_request_total",
    "counter",
    "Requests answered. `route` is the template, `none` where no route matches.",
    ("method", "status", "route"),
)
request_seconds = Family(
    "flask_http_request_duration_seconds",
    "histogram",
    "Time from the first byte read to the answer handed over.",
    ("method", "status", "route"),
).histogram(BUCKETS, registry)
jobs_accepted = Family(
    "coreskills_jobs_accepted_total", "counter", "Jobs answered with 202, by type.", ("type",)
).counter(registry)
logins = Family(
    "coreskills_logins_total",
    "counter",
    "Logins: accepted, or the code of the refusal.",
    ("outcome",),
).counter(registry)
jobs_finished = Family(
    "coreskills_jobs_finished_total",
    "counter",
    "Jobs that ended: completed, failed with a code, dead, or cancelled. The API counts those that "
    "were cancelled, a worker all others: add them up over both.",
    ("type", "outcome", "code"),
    BOTH,
).counter(registry)

BUILD = Family(
    "coreskills_build_info",
    "gauge",
    "Always 1; says which release of which service runs on which Python.",
    ("version", "python", "service"),
    BOTH,
)
POOL_CONNECTIONS = Family(
    "coreskills_db_pool_connections",
    "gauge",
    "Connections to PostgreSQL for requests or jobs: of all processes of the API, or of a worker.",
    ("state",),
    BOTH,
)
POOL_MAX = Family(
    "coreskills_db_pool_connections_max",
    "gauge",
    "How many of these connections there may be.",
    servers=BOTH,
)
POOL_WAITING = Family(
    "coreskills_db_pool_waiting",
    "gauge",
    "Requests or jobs that wait for such a connection.",
    servers=BOTH,
)


def start_at_zero(kinds: Iterable[str]) -> None:
    """What can be counted is there before it happens: rate() does not see a series begin with 1."""
    for kind in kinds:
        jobs_accepted.labels(kind)
    logins.labels("accepted")


def observe_request(method: str, status: int, route: str, seconds: float) -> None:
    _duration(method, str(status), route).observe(seconds)


@cache
def _duration(*labels: str) -> Any:
    """The library looks it up under a lock each time."""
    return request_seconds.labels(*labels)


def with_requests(counted: Iterable[Metric]) -> Iterator[Metric]:
    """The histogram has counted the requests, too: a second count would cost each of them a third
    of what it costs to be counted, and might differ."""
    for metric in counted:
        yield metric
        if metric.name == "flask_http_request_duration_seconds":
            counts = [s for s in metric.samples if s.name.endswith("_count")]
            yield REQUESTS.of(([s.labels[n] for n in REQUESTS.labels], s.value) for s in counts)


def pool(stats: Mapping[str, int]) -> Iterator[Metric]:
    """Of this process alone, from what its pool says of itself."""
    used, idle = _used_and_idle(stats)
    yield POOL_CONNECTIONS.of([(["used"], used), (["idle"], idle)])
    yield POOL_MAX.value(stats["pool_max"])
    yield POOL_WAITING.value(stats["requests_waiting"])


class PoolGauges:
    """The same where several processes share their counters: each tells its own from time to time,
    and a scrape adds up those of the living. To be made when the sharing has begun."""

    def __init__(self) -> None:
        connections = POOL_CONNECTIONS.gauge()
        self._used, self._idle = connections.labels("used"), connections.labels("idle")
        self._max, self._waiting = POOL_MAX.gauge(), POOL_WAITING.gauge()

    def tell(self, stats: Mapping[str, int]) -> None:
        used, idle = _used_and_idle(stats)
        self._used.set(used)
        self._idle.set(idle)
        self._max.set(stats["pool_max"])
        self._waiting.set(stats["requests_waiting"])


def _used_and_idle(stats: Mapping[str, int]) -> tuple[int, int]:
    idle = stats["pool_available"]
    return max(0, stats["pool_size"] - idle), idle
