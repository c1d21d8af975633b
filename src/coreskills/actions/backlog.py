"""The bound of the queue: work is refused while more waits than anybody could wait for."""

import time

from coreskills.errors import QueueFull
from coreskills.store import jobs
from coreskills.store.db import Database

FRESH = 1.0  # seconds for which a count holds


class Backlog:
    """One in each process of the API. Counts at most once a second, so it may let a second's worth
    of work too many in."""

    def __init__(self, db: Database, limit: int) -> None:
        self._db = db
        self._limit = limit
        self._counted_at = float("-inf")
        self._waiting = 0

    def refuse_when_full(self) -> None:
        """Raises QueueFull."""
        if time.monotonic() > self._counted_at + FRESH:
            self._counted_at = time.monotonic()
            with self._db.reading() as conn:
                self._waiting = jobs.count_waiting(conn, limit=self._limit)
        if self._waiting >= self._limit:
            raise QueueFull(
                f"{self._limit} jobs wait already; try again when some of them are done",
                retry_after=10,
            )
