"""What the platform says of itself at a scrape; whichever process is asked, it says the same."""

import threading
import time
from collections.abc import Iterator
from itertools import product
from typing import Any, get_args

from prometheus_client.core import Metric

from coreskills.broker.streams import NoQueue, Queue
from coreskills.domain.devices import Compliance
from coreskills.domain.jobs import ENDED, OPEN
from coreskills.domain.lifecycle import State
from coreskills.domain.policies import OUTCOMES
from coreskills.errors import Unavailable
from coreskills.store import compliance, devices, jobs, seals, server, users
from coreskills.store.apart import Apart
from coreskills.store.db import Connection, Database
from coreskills.telemetry import figures
from coreskills.telemetry.families import filled

Row = dict[str, Any]
PATIENCE = 1.0  # seconds for all questions to PostgreSQL together
POLICIES = 100  # the most that have figures of their own
KINDS = ("student", "staff")


class Figures:
    """Asks PostgreSQL and Redis; what was found is told for `seconds`, also that there was nothing.

    Asks PostgreSQL on a connection of its own: with the pool's, an API under load would have to
    wait for one, and could not tell a busy pool from a PostgreSQL that is away.
    """

    def __init__(self, db: Database, queue: Queue, seconds: float) -> None:
        self._postgres = Apart(db.url, PATIENCE)
        self._queue = queue
        self._seconds = seconds
        self._turn = threading.Lock()
        self._found: list[Metric] = []
        self._until = 0.0

    def collect(self) -> list[Metric]:
        """While one thread waits for servers that may be away, the others tell what is known."""
        if self._turn.acquire(blocking=not self._found):
            try:
                self._ask()
            finally:
                self._turn.release()
        return self._found

    def _ask(self) -> None:
        if time.monotonic() >= self._until:
            self._found = [*self._of_postgres(), *self._of_redis()]
            self._until = time.monotonic() + self._seconds

    def _of_postgres(self) -> list[Metric]:
        """As far as it answers: a table that is locked takes neither the server's figures, nor its
        being up."""
        found: list[Metric] = []
        try:
            with self._postgres.reading() as conn:
                for part in (_server, _work, _inventory):
                    found += part(conn)
        except Unavailable:
            return [figures.PG_UP.value(1 if found else 0), *found]
        return [figures.PG_UP.value(1), *found]

    def _of_redis(self) -> list[Metric]:
        if isinstance(self._queue, NoQueue):
            return []
        try:
            info, depth = self._queue.info()
        except Unavailable:
            return [figures.REDIS_UP.value(0)]
        return [figures.REDIS_UP.value(1), *_redis(info, depth)]


def _server(conn: Connection) -> Iterator[Metric]:
    sessions = server.select_sessions(conn)
    yield figures.PG_SESSIONS.of([((r["datname"], r["state"]), r["sessions"]) for r in sessions])
    row = server.select_database(conn)
    ours = [row["datname"]]
    yield figures.PG_MAX_CONNECTIONS.value(row["max_connections"])
    yield figures.PG_STARTED.value(row["started"])
    yield figures.PG_SIZE.of([(ours, row["size"])])
    for column, family in figures.PG_DATABASE.items():
        yield family.of([(ours, row[column])])
    locks = server.count_locks(conn)
    yield figures.PG_LOCKS.of([([r["mode"]], r["locks"]) for r in locks])


def _work(conn: Connection) -> Iterator[Metric]:
    by_status = {(row["status"],): row["jobs"] for row in jobs.count_jobs(conn)}
    yield figures.JOBS.of(filled([(status,) for status in sorted(OPEN | ENDED)], by_status))
    yield figures.JOBS_OLDEST.value(jobs.select_backlog(conn)["oldest_seconds"])
    head = seals.select_head(conn)
    unsealed = seals.count_unsealed(conn, head["floor"])
    yield figures.AUDIT_RECORDS.value(head["seq"] + unsealed)
    yield figures.AUDIT_UNSEALED.value(unsealed)


def _inventory(conn: Connection) -> Iterator[Metric]:
    people = {(r["user_type"], r["state"]): r["people"] for r in users.count_people(conn)}
    yield figures.PEOPLE.of(filled(list(product(KINDS, get_args(State))), people))
    held = {(r["compliance_status"],): r["devices"] for r in devices.count_devices(conn)}
    yield figures.DEVICES.of(filled([(each,) for each in get_args(Compliance)], held))
    policies = compliance.select_stats(conn, after=0, limit=POLICIES)
    yield figures.RESULTS.of(
        ((row["policy_name"], outcome), row[outcome]) for row in policies for outcome in OUTCOMES
    )


def _redis(info: Row, depth: int) -> Iterator[Metric]:
    for name, family in figures.REDIS.items():
        yield family.value(float(info[name]))
    databases = {name: found["keys"] for name, found in info.items() if _is_database(name)}
    yield figures.REDIS_KEYS.of([([name], keys) for name, keys in databases.items()])
    yield figures.QUEUE_DEPTH.value(depth)


def _is_database(name: str) -> bool:
    return name.startswith("db") and name[2:].isdigit()
