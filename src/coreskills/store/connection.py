"""Connections as we want them: they give up, and they tell the trace."""

from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.rows import DictRow

from coreskills.store import queries
from coreskills.telemetry import traces


class Connection(psycopg.Connection[DictRow]):
    """One that gives up on a server which takes a statement and never answers.

    The server's statement_timeout covers a slow statement; a server that is frozen, or cut off by
    a network that swallows everything, cannot even say that.
    """

    patience: float | None = None  # seconds for each answer; None: for ever
    usual_patience: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()  # the answer may still come, and would be taken for the next one
            raise psycopg.OperationalError("the server did not answer in time") from None


class TracedConnection(Connection):
    """Tells the current trace of each statement. In a pipeline that is the time it took to send."""

    def execute(self, query: Any, *args: Any, **more: Any) -> psycopg.Cursor[DictRow]:
        name = queries.name_of(query) or "statement"
        with traces.span(name, system="postgresql", statement=name):
            return super().execute(query, *args, **more)
