"""Apps under other circumstances: other settings, a database or a queue that is not there."""

from dataclasses import replace
from typing import Any

from coreskills.broker.streams import Queue, RedisQueue
from coreskills.config import Settings
from coreskills.server import create_app
from coreskills.store.db import Database
from tests.client import Client
from tests.people import GRACE
from tests.ports import free_port


def client_of(
    db: Database, queue: Queue, settings: Settings, tokens: dict[str, str] | None = None
) -> Client:
    """Grace's, or nobody's when there are no tokens."""
    return Client(create_app(db, queue, settings), tokens or {}, GRACE if tokens else None)


def absent_database(settings: Settings) -> Database:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    return Database(
        replace(settings, database_url=url, pool_wait_seconds=0.1), smallest=0, largest=2
    )


def absent_queue() -> RedisQueue:
    return RedisQueue(f"redis://127.0.0.1:{free_port()}/0", answer_within=0.2)


def bearer(token: str) -> dict[str, Any]:
    return {"Authorization": f"Bearer {token}"}
