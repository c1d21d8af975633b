"""One pool, two ways to use it, one place where the driver's errors change type."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from coreskills.config import Settings
from coreskills.errors import AppError, Conflict, Invalid, NotFound, Unavailable, UsernameTaken

Connection = psycopg.Connection[DictRow]

# Constraint -> what it means to a person. A rule not listed is still refused, as a plain conflict.
_RULES: dict[str, Callable[[], AppError]] = {
    "users_username_unique": partial(UsernameTaken, "The username was taken in the meantime"),
    "users_email_unique": partial(UsernameTaken, "The e-mail address was taken in the meantime"),
    "users_student_id_unique": partial(
        Conflict, "There is a student with this id already", code="duplicate_person"
    ),
    "users_employee_id_unique": partial(
        Conflict, "There is a member of staff with this id already", code="duplicate_person"
    ),
    "devices_device_id_unique": partial(
        Conflict, "There is a device with this id already", code="duplicate_device"
    ),
    "policies_name_unique": partial(
        Conflict, "There is a policy with this name already", code="duplicate_policy"
    ),
    "jobs_open_unique": partial(
        Conflict,
        "The same work is already queued or running; wait for it or cancel it",
        code="job_open",
    ),
    "operators_username_unique": partial(
        Conflict, "There is an operator with this name already", code="duplicate_operator"
    ),
    "devices_assigned_user_id_fkey": partial(
        NotFound, "There is no user with this assigned_user_id"
    ),
}


class Database:
    """`reading` for single statements, `transaction` for everything that changes something.

    Both wait at most `pool_wait_seconds` for a connection and raise Unavailable after that, and
    whenever PostgreSQL does not answer. `open` does not wait for the server to be there.
    """

    def __init__(self, settings: Settings, *, smallest: int, largest: int) -> None:
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            settings.database_url,
            connection_class=psycopg.Connection[DictRow],
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

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Every statement stands alone; nothing is left open between them."""
        with _translated(), self._pool.connection() as conn:
            yield conn

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commits on success, rolls back on any exception."""
        with _translated(), self._pool.connection() as conn, conn.transaction():
            yield conn

    def stats(self) -> dict[str, int]:
        return self._pool.get_stats()

    def close(self) -> None:
        self._pool.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation) as exc:
        rule = exc.diag.constraint_name or ""
        known = _RULES.get(rule)
        if known:
            raise known() from exc
        raise Conflict("A rule of the database forbids it", constraint=rule) from exc
    except psycopg.errors.CheckViolation as exc:
        raise Invalid(f"It breaks the rule {exc.diag.constraint_name}") from exc
    except psycopg.DataError as exc:
        raise Invalid("It holds a value that the database cannot store") from exc
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled) as exc:
        raise Unavailable("The database is busy; try again", retry_after=1) from exc
    except (PoolTimeout, TooManyRequests) as exc:
        raise Unavailable("No database connection became free in time; try again") from exc
    except (psycopg.OperationalError, psycopg.InterfaceError) as exc:
        raise Unavailable("The database does not answer; try again") from exc


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
    return conn.execute(query, args).rowcount


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
