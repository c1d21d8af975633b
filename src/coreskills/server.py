"""The application factory. Collaborators come in as arguments, so tests need no patching."""

import gc
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from apiflask import APIFlask
from flask.json.provider import DefaultJSONProvider

from coreskills import __version__, config, failpoints
from coreskills.actions.backlog import Backlog
from coreskills.api import (
    acts,
    audit,
    change_control,
    cohorts,
    compliance,
    custody,
    description,
    devices,
    document,
    errors,
    groups,
    imports,
    jobs,
    licences,
    lifecycle,
    oneroster,
    operators,
    permissions,
    policies,
    privacy,
    requests,
    schools,
    sessions,
    staff,
    students,
    system,
    tokens,
    users,
)
from coreskills.api import (
    traces as job_traces,
)
from coreskills.api.admission import Admission
from coreskills.api.bodies import LARGEST_BODY
from coreskills.api.context import KEY, Services
from coreskills.api.express import Express
from coreskills.api.figures import Figures
from coreskills.api.identity import Identities
from coreskills.api.limits import Limits
from coreskills.api.traced import Traced
from coreskills.broker import streams
from coreskills.broker.streams import Queue
from coreskills.config import LOOPBACK, Settings
from coreskills.domain.kinds import KINDS
from coreskills.errors import Fault, Invalid
from coreskills.store.db import Database
from coreskills.telemetry import logs, metrics, traces
from coreskills.telemetry.metrics import PoolGauges
from coreskills.telemetry.shared import Shared

MODULES = (
    system,
    description,
    sessions,
    tokens,
    operators,
    users,
    students,
    staff,
    acts,
    schools,
    groups,
    licences,
    cohorts,
    change_control,
    lifecycle,
    devices,
    custody,
    policies,
    compliance,
    jobs,
    job_traces,
    imports,
    oneroster,
    audit,
    privacy,
)
LISTINGS = [module.LISTING for module in (users, students, staff, devices, policies)]
POOL_EVERY = 1.0  # seconds


class OrjsonProvider(DefaultJSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


def create_app(
    db: Database,
    queue: Queue,
    settings: Settings,
    modules: Sequence[Any] = MODULES,
    counters: Shared | None = None,
) -> APIFlask:
    """Raises RuntimeError for a route without a permission, Invalid for unsafe settings."""
    reached_at = settings.api_published or settings.api_host
    if settings.open_access and reached_at not in LOOPBACK:
        fault = Fault("CORESKILLS_OPEN_ACCESS", "unsafe", "is for loopback only")
        raise Invalid("An open sandbox must not be reachable from other machines", [fault])
    app = APIFlask(
        "coreskills.api",
        title="CoreSkills Command Center",
        version=__version__,
        docs_path=None,
        spec_path=None,
        json_errors=False,
        static_folder=None,  # type: ignore[arg-type]  # Flask takes None: no such route
    )
    app.json = OrjsonProvider(app)
    app.config.update(
        OPENAPI_VERSION="3.1.0",
        MAX_CONTENT_LENGTH=LARGEST_BODY + 1,  # bodies.py tells just enough from too much
        SECURITY_SCHEMES={"bearer": {"type": "http", "scheme": "bearer"}},
        AUTO_OPERATION_ID=True,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
    )
    app.extensions[KEY] = _services(db, queue, settings, counters)
    errors.register(app)
    for module in modules:
        app.register_blueprint(module.blueprint)
    app.spec_processor(partial(document.complete, app))
    permissions.refuse_undeclared(app)
    requests.install(app, settings)
    return app


def _services(db: Database, queue: Queue, settings: Settings, counters: Shared | None) -> Services:
    return Services(
        db,
        queue,
        settings,
        Identities(db, settings),
        Limits(settings),
        Backlog(db, settings.queue_limit),
        Figures(db, queue, settings.figures_seconds),
        counters,
    )


def express_lane(app: APIFlask) -> Express:
    """The app behind the lane for its hot lists. Not for an open sandbox, which checks hosts."""
    return Express(app.wsgi_app, app.extensions[KEY], LISTINGS)


def wsgi() -> Any:
    """What the web server loads, once in each of its processes."""
    settings = config.load()
    logs.configure("api", settings.log_level, settings.log_format)
    failpoints.enable(settings.failpoints)
    traces.enable("api", settings)
    share = max(1, settings.api_processes)
    db = Database(
        settings,
        smallest=max(1, -(-settings.pool_min // share)),
        largest=max(1, settings.pool_max // share),
    )
    queue = streams.connect(settings.redis_url)
    counters = _counters(settings, db)
    app = create_app(db, queue, settings, counters=counters)
    lane = app.wsgi_app if settings.open_access else express_lane(app)
    admitted = Admission(lane, settings.api_threads)
    gc.collect()
    gc.freeze()  # what is there now stays: no pause of a later collection looks at it again
    return Traced(admitted) if traces.on() else admitted


def _counters(settings: Settings, db: Database) -> Shared | None:
    if not settings.metrics_dir:
        return None
    counters = Shared(Path(settings.metrics_dir))
    counters.begin()
    metrics.start_at_zero(KINDS)
    threading.Thread(target=_tell_pool, args=[db], name="pool figures", daemon=True).start()
    return counters


def _tell_pool(db: Database) -> None:
    """For as long as the process lives: whoever is scraped can look into no pool but its own."""
    gauges = PoolGauges()
    while True:
        gauges.tell(db.stats())
        time.sleep(POOL_EVERY)
