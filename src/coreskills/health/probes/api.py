import json
from collections.abc import Callable

from coreskills.health.probe import Finding, Probe
from coreskills.health.probes import postgres, redis

Fetch = Callable[[str, bool], tuple[int, bytes]]  # path, with a token? -> status, body
FIX = "coreskills logs api, then coreskills start"
LIVE = "api.live"
SERVES = (postgres.ANSWERS, LIVE)  # what lists people and takes jobs


def probes(fetch: Fetch, round_trip: Callable[[], Finding]) -> list[Probe]:
    return [
        Probe(LIVE, "The API answers", lambda: status(fetch, "/health/live", 200), FIX),
        Probe("api.ready", "The API is ready", lambda: ready(fetch), FIX, (*SERVES, redis.ANSWERS)),
        Probe("api.closed", "Strangers are refused", lambda: closed(fetch), FIX, SERVES),
        Probe("api.users", "People can be listed", lambda: users(fetch), FIX, SERVES),
        Probe("api.metrics", "Metrics are exposed", lambda: metrics(fetch), FIX, (LIVE,)),
        Probe(
            "api.description", "The API describes itself", lambda: description(fetch), FIX, (LIVE,)
        ),
        Probe(
            "jobs.round_trip",
            "A job makes the round trip",
            round_trip,
            "coreskills logs worker",
            SERVES,
        ),
    ]


def status(fetch: Fetch, path: str, wanted: int) -> Finding:
    found, _ = fetch(path, True)
    return Finding(f"{found}", "" if found == wanted else f"{wanted} was expected")


def ready(fetch: Fetch) -> Finding:
    found, body = fetch("/health", False)
    health = json.loads(body) if body else {"status": f"HTTP {found}", "redis": ""}
    if health["status"] == "degraded" and health["redis"] == "absent":
        return Finding("degraded, as an instance without Redis is")
    well = health["status"] == "healthy"
    return Finding(health["status"], "" if well else "a dependency does not answer")


def closed(fetch: Fetch) -> Finding:
    found, _ = fetch("/api/v1/users", False)
    if found == 200:
        why = "everybody on this machine may read and write"
        return Finding("open sandbox", why, "start without --open")
    return Finding(f"{found} without a token", "" if found == 401 else "401 was expected")


def users(fetch: Fetch) -> Finding:
    found, body = fetch("/api/v1/users?limit=200", True)
    if found != 200:
        return Finding(f"{found}", "200 was expected")
    return Finding(f"{len(json.loads(body)['users'])} on the first page")


def metrics(fetch: Fetch) -> Finding:
    found, body = fetch("/metrics", False)
    lines = [line for line in body.decode().splitlines() if line and not line.startswith("#")]
    lacks = not any(line.startswith("flask_http_request_total") for line in lines)
    why = "flask_http_request_total is missing" if found != 200 or lacks else ""
    return Finding(f"{len(lines)} series", why)


def description(fetch: Fetch) -> Finding:
    found, body = fetch("/openapi.json", False)
    if found != 200:
        return Finding(f"{found}", "200 was expected")
    document = json.loads(body)
    return Finding(f"OpenAPI {document['openapi']}, {len(document['paths'])} paths")
