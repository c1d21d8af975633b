"""One worker process: a loop for jobs, a thread for everything that must happen by itself."""

import gc
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric

from coreskills import config, failpoints
from coreskills.broker import streams
from coreskills.broker.streams import Queue
from coreskills.config import Settings
from coreskills.engine.base import Engine
from coreskills.engine.choice import engine_named
from coreskills.store.db import Database
from coreskills.telemetry import exposition, logs, metrics, traces, work
from coreskills.worker.dispatcher import Dispatcher
from coreskills.worker.handlers import HANDLERS, Handler
from coreskills.worker.loop import Worker

STATEMENT_TIMEOUT_MS = 10_000
EX_TEMPFAIL = 75  # sysexits.h: try again later


def main(handlers: dict[str, Handler] = HANDLERS) -> None:
    """Runs until SIGTERM or SIGINT; the job at hand is finished first."""
    settings = config.load()
    _tell_of(settings)
    patient = replace(settings, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    db = Database(patient, smallest=1, largest=4)
    queue = streams.connect(settings.redis_url)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    name = f"{socket.gethostname()[:40]}-{secrets.token_hex(4)}"
    engine = engine_named(settings.engine, settings.pwsh)
    worker = Worker(db, queue, engine, settings, name, handlers=handlers)
    dispatching = _Dispatching(patient, queue, stop)
    dispatching.start()
    structlog.get_logger("worker").info("started", worker=name, engine=engine.name)
    threading.Thread(target=_end_when, args=[worker.blocked], daemon=True).start()
    gc.collect()
    gc.freeze()  # what is there now stays: no pause of a later collection looks at it again
    _tell(settings, handlers, served(db, engine))
    worker.run(stop)
    dispatching.join(timeout=5)
    engine.close()
    db.close()
    traces.disable()
    if dispatching.broken:
        raise SystemExit(1)


def _tell(settings: Settings, handlers: dict[str, Handler], registry: CollectorRegistry) -> None:
    work.start_at_zero(handlers)
    if settings.metrics_port:
        exposition.serve(settings.metrics_host, settings.metrics_port, registry)


def served(db: Database, engine: Engine) -> CollectorRegistry:
    """All that a worker tells at a scrape."""

    def asked() -> Iterator[Metric]:
        yield exposition.build("worker")
        yield work.engine(engine.name, engine.version)
        yield from metrics.pool(db.stats())

    registry = CollectorRegistry()
    registry.register(work.registry)
    registry.register(exposition.Asked(asked))
    return registry


def _tell_of(settings: Settings) -> None:
    logs.configure("worker", settings.log_level, settings.log_format)
    failpoints.enable(settings.failpoints)
    traces.enable("worker", settings)


def _end_when(blocked: threading.Event) -> None:
    """At once: it is the main thread that is blocked."""
    blocked.wait()
    os._exit(EX_TEMPFAIL)


class _Dispatching(threading.Thread):
    """A bug in it ends the process, which is then started anew: half a worker helps nobody.

    It has connections of its own: a pool gives its connections in turn, and the loop is quicker
    with one that is warm.
    """

    def __init__(self, settings: Settings, queue: Queue, stop: threading.Event) -> None:
        super().__init__(name="dispatcher", daemon=True)
        self.broken = False
        self._db = Database(settings, smallest=1, largest=2)
        self._dispatcher = Dispatcher(self._db, queue, amnesty=settings.lease_seconds / 2)
        self._ending = stop

    def run(self) -> None:
        try:
            self._dispatcher.run(self._ending)
        except BaseException:  # the process ends with it, and says so by its exit code
            self.broken = True
            raise
        finally:
            self._ending.set()
            self._db.close()
