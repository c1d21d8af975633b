"""One worker process: a loop for jobs, a thread for everything that must happen by itself."""

import secrets
import signal
import socket
import threading

import structlog

from coreskills import config
from coreskills.broker import streams
from coreskills.engine.choice import engine_named
from coreskills.store.db import Database
from coreskills.telemetry import logs
from coreskills.worker.dispatcher import Dispatcher
from coreskills.worker.loop import Worker


def main() -> None:
    """Runs until SIGTERM or SIGINT; the job at hand is finished first."""
    settings = config.load()
    logs.configure("worker", settings.log_level, settings.log_format)
    db = Database(settings, smallest=1, largest=4)
    queue = streams.connect(settings.redis_url)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    name = f"{socket.gethostname()[:40]}-{secrets.token_hex(4)}"
    worker = Worker(db, queue, engine_named(settings.engine), settings, name)
    dispatcher = threading.Thread(
        target=Dispatcher(db, queue).run, args=(stop,), name="dispatcher", daemon=True
    )
    dispatcher.start()
    structlog.get_logger("worker").info("started", worker=name, engine=settings.engine)
    worker.run(stop)
    dispatcher.join(timeout=5)
    db.close()
