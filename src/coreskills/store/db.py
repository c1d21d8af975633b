"""One pool, two ways to use it, one place where the driver's errors change type."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any, LiteralString

import psycopg
from psycopg.pq import PipelineStatus
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from coreskills.config import Settings
from coreskills.errors import AppError, Conflict, Invalid, Unavailable
from coreskills.store.connection import Connection as Connection  # all of store takes it from here
from coreskills.store.connection import TracedConnection
from coreskills.store.rules import CONSTRAINTS, TRIGGERS
from coreskills.telemetry import traces

RESERVE = 2.0  # seconds that the server gets, beyond its own timeout, to say that it was reached


_BUSY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.DeadlockDetected,
)
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,  # a standby: it takes over, or another server does
)


class Database:
    """`reading` for single statements, `transaction` for everything that changes something.

    Both wait at most `pool_wait_seconds` for a connection and raise Unavailable after that, and
    whenever PostgreSQL does not answer; a frozen one is given up on `RESERVE` seconds after it
    should have cancelled the statement. Opening does not wait for the server to be there.
    """

    def __init__(self, settings: Settings, *, smallest: int, largest: int) -> None:
        self.url = settings.database_url
        self._checked_at = 0.0
        self._patience = settings.statement_timeout_ms / 1000 + RESERVE
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            settings.database_url,
            connection_class=TracedConnection if traces.on() else Connection,
            configure=self._configure,
            kwargs={
                "row_factory": dict_row,
                "autocommit": True,  # a lone SELECT then costs one round trip, not three
                "connect_timeout": 3,
                "tcp_user_timeout": 10_000,
                "options": f"-c statement_timeout={settings.statement_timeout_ms}"
                " -c lock_timeout=2000 -c idle_in_transaction_session_timeout=30000",
            },
            min_size=smallest,
            max_size=largest,
            timeout=settings.pool_wait_seconds,
            max_waiting=200,
            max_lifetime=1800,
            reconnect_timeout=5,
            open=True,
        )

    def reading(self) -> AbstractContextManager[Connection]:
        """Every statement stands alone; nothing is left open between them."""
        return _Reading(self._pool, self._translated)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commits on success, rolls back on any exception."""
        with self.reading() as conn, conn.transaction():
            yield conn

    @contextmanager
    def pipelined(self) -> Iterator[Connection]:
        """A transaction whose statements do not wait for each other's answers, BEGIN and COMMIT
        included; only `one`, `every`, `value` and `run` wait, having something to tell. No COPY."""
        with self.reading() as conn, conn.pipeline(), conn.transaction():
            yield conn

    def _configure(self, conn: Connection) -> None:
        conn.usual_patience = conn.patience = self._patience

    def _translated(self, exc: psycopg.Error) -> AppError:
        rule = exc.diag.constraint_name or ""
        known = CONSTRAINTS.get(rule) or TRIGGERS.get(rule)
        if known:
            return known()
        if isinstance(exc, psycopg.errors.UniqueViolation | psycopg.errors.ForeignKeyViolation):
            return Conflict("A rule forbids it", constraint=rule)
        if isinstance(exc, psycopg.errors.CheckViolation):
            return Invalid(f"It breaks the rule {exc.diag.constraint_name}")
        if isinstance(exc, psycopg.DataError):
            return Invalid("It holds a value that the database cannot store")
        if isinstance(exc, _BUSY):
            return Unavailable("The database is busy; try again", retry_after=1)
        if isinstance(exc, PoolTimeout | TooManyRequests):
            return Unavailable("No database connection became free in time; try again")
        if isinstance(exc, _AWAY):
            self._discard_broken()
            return Unavailable("The database does not answer; try again")
        raise exc  # a wrong statement is a bug of ours, and should look like one

    def _discard_broken(self) -> None:
        """One connection broke, so probably all did: or each would fail somebody's request."""
        now = time.monotonic()
        if now > self._checked_at + 1.0:
            self._checked_at = now
            threading.Thread(target=self._pool.check, daemon=True).start()

    def stats(self) -> dict[str, int]:
        return self._pool.get_stats()

    def close(self) -> None:
        self._pool.close()


class _Reading:
    """A connection of the pool for a while. A class, since every request of every list has one."""

    __slots__ = ("_conn", "_pool", "_translated")

    def __init__(
        self, pool: ConnectionPool[Connection], translated: Callable[[psycopg.Error], AppError]
    ) -> None:
        self._pool = pool
        self._translated = translated

    def __enter__(self) -> Connection:
        try:
            self._conn = self._pool.getconn()
        except psycopg.Error as exc:
            raise self._translated(exc) from exc
        return self._conn

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._conn.patience = self._conn.usual_patience
        self._pool.putconn(self._conn)
        if isinstance(exc, psycopg.Error):
            raise self._translated(exc) from exc


def one(conn: Connection, query: LiteralString, **args: Any) -> dict[str, Any] | None:
    return conn.execute(query, args).fetchone()


def every(conn: Connection, query: LiteralString, **args: Any) -> list[dict[str, Any]]:
    return conn.execute(query, args).fetchall()


def value(conn: Connection, query: LiteralString, **args: Any) -> Any:
    """The first column of the first row; None without one."""
    row = conn.execute(query, args).fetchone()
    return next(iter(row.values())) if row else None


def run(conn: Connection, query: LiteralString, **args: Any) -> int:
    """Returns how many rows were touched."""
    if conn.pgconn.pipeline_status == PipelineStatus.OFF:
        return conn.execute(query, args).rowcount
    with conn.pipeline():  # nested: at its end, all answers are in
        cursor = conn.execute(query, args)
    return cursor.rowcount


def send(conn: Connection, query: LiteralString, **args: Any) -> None:
    """In a pipeline, its failure shows when the next answer is waited for."""
    conn.execute(query, args)


def wait_for_server(url: str, seconds: float) -> None:
    """Until it takes connections. Raises Unavailable when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(url, connect_timeout=3).close()
            return
        except psycopg.OperationalError as exc:
            if time.monotonic() > deadline:
                raise Unavailable(f"PostgreSQL did not answer within {seconds:.0f} s") from exc
            time.sleep(0.05)
