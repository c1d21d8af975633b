"""A connection beside the pool, for who must be answered when the pool is empty or waits."""

import math
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.rows import dict_row

from coreskills.errors import Unavailable
from coreskills.store.db import Connection

CONNECT_SECONDS = 2  # the least that the driver knows


class _Hurried(Connection):
    """One that has so much time for all its statements together."""

    until = math.inf  # of the monotonic clock

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        self.patience = max(0.0, self.until - time.monotonic())
        return super().wait(gen, interval, timeout)


@contextmanager
def connected(url: str, seconds: float) -> Iterator[Connection]:
    """To read, in one snapshot. Raises Unavailable when it takes longer than CONNECT_SECONDS to
    connect, or than `seconds` to execute all statements."""
    try:
        conn = _Hurried.connect(
            url,
            row_factory=dict_row,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            options=f"-c statement_timeout={seconds * 1000:.0f}",
        )
        conn.until = time.monotonic() + seconds
        conn.isolation_level, conn.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        with closing(conn), conn.transaction():
            yield conn
    except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
        raise Unavailable("The database does not answer in time; try again") from exc
