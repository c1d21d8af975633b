"""What the platform says of itself at a scrape; whichever process is asked, it says the same."""

import time
from collections.abc import Iterator
from itertools import product
from typing import Any, get_args

from prometheus_client.core import Metric

from coreskills.api.inquiry import Inquiry
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
WITHIN = 1.5  # seconds that a scrape waits for PostgreSQL and Redis, connecting included
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
        no_redis = [] if isinstance(queue, NoQueue) else [figures.REDIS_UP.value(0)]
        self._inquiries = (
            Inquiry(self._of_postgres, [figures.PG_UP.value(0)], seconds),
            Inquiry(self._of_redis, no_redis, seconds),
        )

    def collect(self) -> list[Metric]:
        """Takes WITHIN seconds at most, for as long as a server is away or held: to notice that may
        take longer, and is then gone on with after the scrape."""
        deadline = time.monotonic() + WITHIN
        begun = [(each, each.begin()) for each in self._inquiries]
        return [metric for each, answer in begun for metric in each.told(answer, deadline)]

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
    yield figures.LOCK_HELD.value(server.select_lock_held(conn))
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
