"""A connection beside the pool, for who must be answered when the pool is empty or waits."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.rows import dict_row

from coreskills.errors import Unavailable
from coreskills.store.db import Connection

CONNECT_SECONDS = 2  # the least that the driver knows
ALIVE_WITHIN = 0.5
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError)


class _Hurried(Connection):
    """One that has so much time for all its statements together."""

    until = math.inf  # of the monotonic clock

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        self.patience = max(0.0, self.until - time.monotonic())
        return super().wait(gen, interval, timeout)


class Apart:
    """Kept from one use to the next: a new one costs the server a process with empty caches. For
    one thread at a time."""

    def __init__(self, url: str, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._conn: _Hurried | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot. Raises Unavailable when it takes longer than CONNECT_SECONDS to connect, or
        than the given seconds to execute all statements; whatever was read until then is good."""
        try:
            conn = self._conn = self._alive() or self._connect()
            conn.until = time.monotonic() + self._seconds
            with conn.transaction():
                yield conn
        except _AWAY as exc:
            self.close()
            raise Unavailable("The database does not answer in time; try again") from exc

    def _alive(self) -> _Hurried | None:
        if self._conn is None:
            return None
        try:
            self._conn.until = time.monotonic() + ALIVE_WITHIN
            self._conn.execute("")  # an answer, whichever
        except _AWAY:
            self.close()
        return self._conn

    def _connect(self) -> _Hurried:
        conn = _Hurried.connect(
            self._url,
            row_factory=dict_row,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            options=f"-c statement_timeout={self._seconds * 1000:.0f}",
        )
        conn.isolation_level, conn.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        return conn

    def close(self) -> None:
        if self._conn:
            self._conn.close()
        self._conn = None

    __del__ = close
