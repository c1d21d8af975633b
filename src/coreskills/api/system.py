"""Health, metrics and the description: what machines ask first."""

from datetime import UTC, datetime
from typing import Any

import orjson
from apiflask import APIBlueprint
from flask import Response
from prometheus_client.core import Metric

from coreskills import __version__
from coreskills.api import schemas
from coreskills.api.answers import answer
from coreskills.api.context import services
from coreskills.api.permissions import public
from coreskills.broker.streams import NoQueue
from coreskills.health.probe import Probe, Result
from coreskills.health.probes import postgres, redis
from coreskills.telemetry import exposition, metrics

UNHEALTHY: dict[int | str, Any] = {
    503: {
        "description": "PostgreSQL does not answer; the body says what is wrong",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}},
    }
}
TEXT: dict[int | str, Any] = {200: {"description": "Text", "content": {"text/plain": {}}}}

blueprint = APIBlueprint("system", __name__, tag="System")


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
    things = services()
    counted = things.counters.collect() if things.counters else _of_this_process()
    found = [*metrics.with_requests(counted), exposition.build("api"), *things.figures.collect()]
    return Response(exposition.text_of(found), content_type=exposition.CONTENT_TYPE)


def _of_this_process() -> list[Metric]:
    return [*metrics.registry.collect(), *metrics.pool(services().db.stats())]


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
