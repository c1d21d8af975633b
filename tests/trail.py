"""A trail to look at, and somebody who may do anything to it."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from coreskills.config import Settings
from coreskills.domain.jobs import Job
from coreskills.engine.native import NativeEngine
from coreskills.store import audit, seals
from coreskills.store.audit import Entry
from coreskills.store.db import Connection, Database
from coreskills.worker.context import Context
from coreskills.worker.trail import audit_verify
from tests.pipeline import in_background


def context(db: Database, settings: Settings, kind: str, **parameters: Any) -> Context:
    """What a handler gets when nobody else works."""
    job = Job(1, kind, parameters, 1, "w", 0, 60, "admin:grace", None, datetime.now(UTC))
    return Context(db, NativeEngine(), settings, job, lambda progress: None)


def verified(db: Database, settings: Settings, **parameters: Any) -> dict[str, Any]:
    return audit_verify(context(db, settings, "audit_verify", **parameters)).result


def seal(db: Database) -> None:
    """Twice: what a transaction of the first look was writing, the second sees."""
    for _ in range(2):
        with db.transaction() as conn:
            seals.seal_rows(conn, most=100_000)


def fill(db: Database, rows: int, seed: int = 1) -> None:
    """With all kinds of values, and with gaps between the numbers."""
    chance = random.Random(seed)
    for n in range(rows):
        entry = Entry(
            action=chance.choice(["student.changed", "job.cancelled", "policy.created"]),
            actor=chance.choice(["admin:grace", "service:robo", "instructor:ivan"]),
            resource_type=chance.choice(["user", "job"]),
            resource_id=chance.choice([None, n, 2**62]),
            job_id=chance.choice([None, n]),
            request_id=chance.choice([None, "", "null", f"request-{n}"]),
            details=chance.choice([{}, {"n": [n, None]}, {"é": "\u202e", "": {"a": 1.5}}]),
            status=chance.choice(["success", "failure", "pending"]),
        )
        try:
            with db.transaction() as conn:
                audit.insert_audit(conn, entry)
                if n % 7 == 3:
                    raise Undone
        except Undone:
            pass


def write(conn: Connection, action: str) -> None:
    audit.insert_audit(conn, Entry(action=action, actor="admin:grace", resource_type="user"))


@contextmanager
def running_writers(db: Database, count: int) -> Iterator[threading.Event]:
    """Each writes a few rows at a time, waits in the middle of it, and sometimes gives up."""
    stop = threading.Event()

    def work(n: int) -> None:
        chance = random.Random(n)
        while not stop.is_set():
            try:
                with db.transaction() as conn:
                    for _ in range(chance.randint(1, 3)):
                        write(conn, f"writer.{n}")
                        time.sleep(chance.choice([0, 0, 0.02]))
                    if chance.random() < 0.2:
                        raise Undone
            except Undone:
                pass

    with ExitStack() as stack:
        for n in range(count):
            stack.enter_context(in_background(partial(work, n)))
        stack.callback(stop.set)
        yield stop


class Undone(Exception):
    pass


@contextmanager
def mighty(site):
    """The superuser, whom no trigger and no constraint between tables stops."""
    with site.admin() as conn:
        conn.execute("SET session_replication_role = replica")
        yield conn
