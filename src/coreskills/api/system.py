"""Health, metrics and the description: what machines ask first."""

from datetime import UTC, datetime
from typing import Any

import orjson
from apiflask import APIBlueprint
from flask import Response

from coreskills import __version__
from coreskills.api import schemas
from coreskills.api.answers import answer
from coreskills.api.context import services
from coreskills.api.permissions import public
from coreskills.broker.streams import NoQueue
from coreskills.errors import Unavailable
from coreskills.health.probe import Probe, Result
from coreskills.health.probes import postgres, redis
from coreskills.store import devices, jobs, users
from coreskills.telemetry import metrics

UNHEALTHY: dict[int | str, Any] = {
    503: {
        "description": "PostgreSQL does not answer; the body says what is wrong",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}},
    }
}
TEXT: dict[int | str, Any] = {200: {"description": "Text", "content": {"text/plain": {}}}}

blueprint = APIBlueprint("system", __name__, tag="System")
Figure = tuple[str, str, list[tuple[dict[str, str], float]]]


@blueprint.get("/health")
@public
@blueprint.output(schemas.Health)
@blueprint.doc(responses=UNHEALTHY)
def get_health() -> Response:
    """Whether the API can do its work, and each dependency's own verdict"""
    return _health()


@blueprint.get("/health/ready")
@public
@blueprint.output(schemas.Health)
@blueprint.doc(responses=UNHEALTHY)
def get_ready() -> Response:
    """The same, under the name that load balancers ask for"""
    return _health()


@blueprint.get("/health/live")
@public
def get_live() -> Response:
    """Whether the process answers at all; asks nobody else"""
    return answer({"status": "alive"})


@blueprint.get("/metrics")
@public
@blueprint.doc(responses=TEXT)
def get_metrics() -> Response:
    """Metrics in the text format of Prometheus"""
    text = metrics.render(_figures(), services().settings.metrics_dir)
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _health() -> Response:
    things = services()
    database = Probe("database", "", lambda: postgres.answers(things.db), postgres.FIX).run()
    queue = Probe("redis", "", lambda: redis.answers(things.queue), redis.FIX).run()
    status = "unhealthy" if database.verdict != "ok" else "healthy"
    if status == "healthy" and queue.verdict != "ok":
        status = "degraded"  # workers poll PostgreSQL: slower, nothing lost
    body: dict[str, Any] = {
        "status": status,
        "timestamp": datetime.now(UTC).isoformat(),
        "service": "coreskills-api",
        "version": __version__,
        "database": _word(database),
        "redis": "absent" if isinstance(things.queue, NoQueue) else _word(queue),
        "checks": [_check(database), _check(queue)],
    }
    response = Response(orjson.dumps(body), 503 if status == "unhealthy" else 200)
    response.content_type = "application/json"
    response.headers["Cache-Control"] = "no-store"
    return response


def _word(result: Result) -> str:
    return "connected" if result.verdict == "ok" else "unreachable"


def _check(result: Result) -> dict[str, Any]:
    found = {"name": result.id, "verdict": result.verdict, "milliseconds": result.milliseconds}
    return found | ({"why": result.why} if result.why else {})


def _figures() -> list[Figure]:
    """What PostgreSQL knows. When it is down, that is the one figure there is."""
    try:
        with services().db.reading() as conn:
            backlog = jobs.select_backlog(conn)
            by_state = [
                ({"type": r["job_type"], "status": r["status"]}, r["jobs"])
                for r in jobs.count_jobs(conn)
            ]
            people = [
                ({"type": r["user_type"], "state": r["state"]}, r["people"])
                for r in users.count_people(conn)
            ]
            held = [
                ({"compliance": r["compliance_status"]}, r["devices"])
                for r in devices.count_devices(conn)
            ]
    except Unavailable:
        return [_figure("coreskills_database_up", "Whether PostgreSQL answered this scrape.", 0)]
    return [
        _figure("coreskills_database_up", "Whether PostgreSQL answered this scrape.", 1),
        ("coreskills_jobs", "Jobs, by type and status.", by_state),
        _figure(
            "coreskills_jobs_waiting", "Jobs that are due and not claimed.", backlog["waiting"]
        ),
        _figure(
            "coreskills_jobs_oldest_seconds",
            "How long the oldest of them has waited.",
            backlog["oldest_seconds"],
        ),
        ("coreskills_people", "People, by type and state of their account.", people),
        ("coreskills_devices", "Devices in use, by compliance.", held),
        *_pool(),
    ]


def _pool() -> list[Figure]:
    pool = services().db.stats()
    size = pool.get("pool_size", 0)
    return [
        _figure("coreskills_pool_connections", "Connections of the process that answered.", size),
        _figure(
            "coreskills_pool_in_use",
            "Of these, how many a request holds.",
            size - pool.get("pool_available", 0),
        ),
    ]


def _figure(name: str, text: str, value: float) -> Figure:
    return name, text, [({}, value)]
