"""The application factory. Collaborators come in as arguments, so tests need no patching."""

from collections.abc import Sequence
from functools import partial
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
from coreskills.api.admission import Admission
from coreskills.api.bodies import LARGEST_BODY
from coreskills.api.context import KEY, Services
from coreskills.api.express import Express
from coreskills.api.identity import Identities
from coreskills.api.limits import Limits
from coreskills.broker import streams
from coreskills.broker.streams import Queue
from coreskills.config import Settings
from coreskills.errors import Fault, Invalid
from coreskills.store.db import Database
from coreskills.telemetry import logs

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
    imports,
    oneroster,
    audit,
    privacy,
)
LISTINGS = [module.LISTING for module in (users, students, staff, devices, policies)]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class OrjsonProvider(DefaultJSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


def create_app(
    db: Database, queue: Queue, settings: Settings, modules: Sequence[Any] = MODULES
) -> APIFlask:
    """Raises RuntimeError for a route without a permission, Invalid for unsafe settings."""
    if settings.open_access and settings.api_host not in LOOPBACK:
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
    app.extensions[KEY] = _services(db, queue, settings)
    errors.register(app)
    for module in modules:
        app.register_blueprint(module.blueprint)
    app.spec_processor(partial(document.complete, app))
    permissions.refuse_undeclared(app)
    requests.install(app, settings)
    return app


def _services(db: Database, queue: Queue, settings: Settings) -> Services:
    return Services(
        db,
        queue,
        settings,
        Identities(db, settings),
        Limits(settings),
        Backlog(db, settings.queue_limit),
    )


def express_lane(app: APIFlask) -> Express:
    """The app behind the lane for its hot lists. Not for an open sandbox, which checks hosts."""
    return Express(app.wsgi_app, app.extensions[KEY], LISTINGS)


def wsgi() -> Any:
    """What the web server loads, once in each of its processes."""
    settings = config.load()
    logs.configure("api", settings.log_level, settings.log_format)
    failpoints.enable(settings.failpoints)
    share = max(1, settings.api_processes)
    db = Database(
        settings,
        smallest=max(1, -(-settings.pool_min // share)),
        largest=max(1, settings.pool_max // share),
    )
    queue = streams.connect(settings.redis_url)
    app = create_app(db, queue, settings)
    lane = app.wsgi_app if settings.open_access else express_lane(app)
    return Admission(lane, settings.api_threads)
